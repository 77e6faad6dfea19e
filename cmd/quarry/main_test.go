package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rogpeppe/go-internal/testscript"

	"logquarry/cmd/logmaker/digests"
	"logquarry/engine/custody"
	"logquarry/engine/enrich/geodb"
	"logquarry/engine/seal"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"quarry": func() { os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// The folder of the made-up incident, and that of damaged copies of some of its files.
const (
	incident = "../../testdata/evidence"
	damaged  = "../../testdata/damaged"
)

func TestScript(t *testing.T) {
	logs, err := filepath.Abs(incident)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := filepath.Abs(damaged)
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("LOGS", logs)
			e.Setenv("DAMAGED", bad)
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("TMPDIR", e.Getenv("TMPDIR"))
			e.Setenv("TERM", "xterm-256color")
			if err := documented(e.WorkDir); err != nil {
				return err
			}
			return os.MkdirAll(e.Getenv("TMPDIR"), 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"missing":  missing,
			"mode":     mode,
			"onefile":  onefile,
			"holding":  holding,
			"reading":  reading,
			"custody":  custodyOf,
			"sealed":   sealOf,
			"sealing":  caseAsSealed,
			"digests":  makeDigests,
			"spoil":    spoil,
			"geodb":    makeGeoDB,
			"serveS3":  serveS3,
			"serveAPI": serveAPI,
		},
	})
}

// fileInText is a file that schemas/README.md shows: its name and its content.
var fileInText = regexp.MustCompile("(?ms)^`(mine/[^`]+)`:\n\n```[a-z]+\n(.*?)^```$")

// documented writes the worked examples of schemas/README.md below dir.
func documented(dir string) error {
	text, err := os.ReadFile("../../schemas/README.md")
	if err != nil {
		return err
	}
	files := fileInText.FindAllSubmatch(text, -1)
	if len(files) < 3 {
		return fmt.Errorf("schemas/README.md shows %d files of worked examples", len(files))
	}
	for _, f := range files {
		path := filepath.Join(dir, filepath.FromSlash(string(f[1])))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, f[2], 0o600); err != nil {
			return err
		}
	}
	return nil
}

// makeDigests DIR KEYS [manifest] makes digests for the log files of CloudTrail
// in DIR, and the file KEYS of public keys.
func makeDigests(ts *testscript.TestScript, _ bool, args []string) {
	_, err := digests.Write(ts.MkAbs(args[0]), ts.MkAbs(args[1]), len(args) > 2, digests.Options{Bucket: "example-logs", Trail: "main"})
	ts.Check(err)
}

// makeGeoDB DIR makes databases of addresses in DIR: see [geodb.Folder].
func makeGeoDB(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(geodb.Folder(dir))
}

// spoil FILE changes one byte in the middle of a file; FILE may be a pattern, of
// which the first counts.
func spoil(ts *testscript.TestScript, _ bool, args []string) {
	found, err := filepath.Glob(ts.MkAbs(args[0]))
	if err != nil || len(found) == 0 {
		ts.Fatalf("%s: %v", args[0], err)
	}
	text, err := os.ReadFile(found[0])
	ts.Check(err)
	text[len(text)/2] ^= 1
	ts.Check(os.WriteFile(found[0], text, 0o600))
}

// exits CODE COMMAND… runs a command and wants that exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG…]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var ee *exec.ExitError
	if ok := asExit(err, &ee); ok {
		code = ee.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func asExit(err error, to **exec.ExitError) bool {
	e, ok := err.(*exec.ExitError)
	*to = e
	return ok
}

// missing FILE… wants that none of the files is there; FILE may be a pattern.
func missing(ts *testscript.TestScript, _ bool, args []string) {
	for _, p := range args {
		found, err := filepath.Glob(ts.MkAbs(p))
		if err != nil || len(found) > 0 {
			ts.Fatalf("found %v (%v)", found, err)
		}
	}
}

// mode PERM FILE wants the file's permissions.
func mode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// onefile DIR wants the folder to hold one file.
func onefile(ts *testscript.TestScript, _ bool, args []string) {
	entries, err := os.ReadDir(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(entries) != 1 {
		ts.Fatalf("%s holds %v", args[0], entries)
	}
}

// holding CASE COMMAND… runs a command, which is to fail, while another
// process has the case open for writing.
func holding(ts *testscript.TestScript, _ bool, args []string) {
	whileOpen(ts, args[0], "CREATE TABLE held (a INTEGER);", append([]string{"1"}, args[1:]...))
}

// reading CASE COMMAND… runs a command, which is to succeed, while another
// process has the case open to be read.
func reading(ts *testscript.TestScript, _ bool, args []string) {
	whileOpen(ts, args[0], "SELECT 0;", append([]string{"0"}, args[1:]...))
}

// whileOpen runs exits while another process, which has run a statement, has the
// case open.
func whileOpen(ts *testscript.TestScript, casePath, statement string, args []string) {
	holder := exec.Command(must(os.Executable()), "--case", ts.MkAbs(casePath), "-")
	holder.Args[0] = "quarry"
	in, err := holder.StdinPipe()
	ts.Check(err)
	out, err := holder.StdoutPipe()
	ts.Check(err)
	holder.Env = append(os.Environ(), "HOME="+ts.Getenv("HOME"))
	bin, err := exec.LookPath(filepath.Join(binOf(ts), "quarry"))
	ts.Check(err)
	holder.Path = bin
	ts.Check(holder.Start())
	defer func() {
		in.Close()
		holder.Wait()
	}()
	_, err = fmt.Fprintln(in, statement+"\nSELECT 'held';")
	ts.Check(err)
	buf := make([]byte, 64)
	_, err = out.Read(buf) // the case is open now
	ts.Check(err)
	exits(ts, false, args)
}

// custodyOf FILE… wants each file to be the one its record is of.
func custodyOf(ts *testscript.TestScript, _ bool, args []string) {
	for _, f := range args {
		_, err := custody.Check(ts.MkAbs(f))
		ts.Check(err)
	}
}

// sealOf MANIFEST KEY WHY wants a seal to hold; !: not to hold, for a reason that
// has WHY in it.
func sealOf(ts *testscript.TestScript, neg bool, args []string) {
	key, err := seal.ReadPublicKey(ts.MkAbs(args[1]))
	ts.Check(err)
	r, err := seal.Check(ts.MkAbs(args[0]), key)
	ts.Check(err)
	if r.Good == neg || neg && !strings.Contains(r.Why, args[2]) {
		ts.Fatalf("good %v: %s", r.Good, r.Why)
	}
}

// caseAsSealed MANIFEST CASE wants the case file to have the hash of its seal;
// !: another.
func caseAsSealed(ts *testscript.TestScript, neg bool, args []string) {
	text, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	var m seal.Manifest
	ts.Check(json.Unmarshal(text, &m))
	sum, size, err := custody.Sum(ts.MkAbs(args[1]))
	ts.Check(err)
	if same := sum == m.Case.SHA256 && size == m.Case.Bytes; same == neg {
		ts.Fatalf("%s has the hash %s, sealed was %s", args[1], sum, m.Case.SHA256)
	}
}

// binOf is the folder of the test's commands, first in its PATH.
func binOf(ts *testscript.TestScript) string {
	return filepath.SplitList(ts.Getenv("PATH"))[0]
}

func must(s string, err error) string {
	if err != nil {
		panic(err)
	}
	return s
}

// command is quarry as a process of its own, in folder dir.
func command(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	// testscript put the commands into PATH before the tests began.
	bin, err := exec.LookPath("quarry")
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), bin, args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+t.TempDir(), "TERM=xterm-256color", "QUARRY_CASE=")
	return c
}

// TestLoadAgreesWithAnswers compares load --json with what the folders are
// known to hold.
func TestLoadAgreesWithAnswers(t *testing.T) {
	t.Run("evidence", func(t *testing.T) { agreesWithAnswers(t, incident, exitDone) })
	t.Run("damaged", func(t *testing.T) { agreesWithAnswers(t, damaged, exitAside) })
}

func agreesWithAnswers(t *testing.T, folder string, exit int) {
	text, err := os.ReadFile(folder + ".answers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	type count struct{ Files, Records, Rows, Duplicates, Rejects int64 }
	var want struct {
		Totals  count
		Sources map[string]count
		Unknown []string `yaml:"unknown_files"`
	}
	if err := yaml.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	load := command(t, dir, "load", logs, "--json")
	out, err := load.Output()
	if load.ProcessState == nil || load.ProcessState.ExitCode() != exit {
		t.Fatalf("load: %v, want exit code %d", err, exit)
	}
	var got struct {
		count
		Skipped int64            `json:"files_skipped"`
		Sources map[string]count `json:"sources"`
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	if got.count != want.Totals || !reflect.DeepEqual(got.Sources, want.Sources) || got.Skipped != int64(len(want.Unknown)) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
}

// TestInterruptedLoad ends a load with a signal: it stops within a second, and
// the same command goes on.
func TestInterruptedLoad(t *testing.T) {
	dir := t.TempDir()
	logs := filepath.Join(dir, "logs")
	if err := os.Mkdir(logs, 0o700); err != nil {
		t.Fatal(err)
	}
	writeFlows(t, filepath.Join(logs, "flows.log"), 800_000)
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		c := command(t, dir, "load", "logs", "--threads", "1")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		waitFor(t, filepath.Join(dir, defaultCase))
		time.Sleep(300 * time.Millisecond) // into the load itself
		if err := c.Process.Signal(sig); err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		err := c.Wait()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("%v: stopped after %v", sig, took)
		}
		if c.ProcessState.ExitCode() != exitInterrupted {
			t.Errorf("%v: %v", sig, err)
		}
	}
	if out, err := command(t, dir, "load", "logs", "-q").CombinedOutput(); err != nil {
		t.Fatalf("again: %v: %s", err, out)
	}
	out, err := command(t, dir, "-e", "SELECT count(*) AS n FROM vpc_flow").Output()
	if err != nil || string(out) != "n\n800000\n" {
		t.Errorf("%v: %s", err, out)
	}
}

func waitFor(t *testing.T, path string) {
	t.Helper()
	for range 500 {
		if _, err := os.Stat(path); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%s did not come into being", path)
}

// writeFlows writes n flow records of the default format.
func writeFlows(t *testing.T, path string, n int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	buf := []byte("version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n")
	for i := range n {
		buf = fmt.Appendf(buf, "2 111122223333 eni-0a1b2c3d 10.0.%d.%d 192.0.2.%d %d 443 6 10 840 %d %d ACCEPT OK\n",
			i/250%250, i%250, i%200, 1024+i%60000, 1773100000+i, 1773100060+i)
		if len(buf) > 1<<20 || i == n-1 {
			if _, err := f.Write(buf); err != nil {
				t.Fatal(err)
			}
			buf = buf[:0]
		}
	}
}
