package load_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"logquarry/engine/load"
	"logquarry/engine/store"
	"logquarry/schemas"
)

// childVar makes the test binary load a folder instead of running tests.
const childVar = "QUARRY_TEST_LOAD_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVar); dir != "" {
		child(dir)
		return
	}
	code := m.Run()
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// child loads dir/evidence into dir/case.duckdb and says when it begins and ends.
func child(dir string) {
	t := new(testing.T)
	b := &bench{t: t, Dir: filepath.Join(dir, "evidence"), Case: filepath.Join(dir, "case.duckdb"), Threads: 2}
	c, err := store.Open(context.Background(), b.Case, store.Options{Create: true, ViewsLater: true, Schemas: schemas.FS, Threads: 2, Memory: "1GB"})
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	if os.Getenv(childVar+"_HOLD") != "" {
		fmt.Println("begin")
		bufio.NewReader(os.Stdin).ReadString('\n')
		c.Close()
		return
	}
	files := b.find()
	opts := b.options()
	opts.Progress = new(load.Progress)
	if at := os.Getenv(childVar + "_KILL"); at != "" {
		go killAt(at, opts.Progress)
	}
	fmt.Println("begin")
	sum, err := load.Load(context.Background(), c, files, opts)
	if err == nil {
		err = c.Close()
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
	fmt.Println("end", sum.Rows)
}

// killAt kills the process, as kill -9 does, once a share of the bytes has been
// read and a while has gone by: "0.73 2ms". A share of a load is the same
// moment on a fast machine and a slow one, which a time is not.
func killAt(at string, p *load.Progress) {
	var share float64
	var delay time.Duration
	text, rest, _ := strings.Cut(at, " ")
	share, err := strconv.ParseFloat(text, 64)
	if err == nil {
		delay, err = time.ParseDuration(rest)
	}
	if err != nil {
		panic(err)
	}
	for {
		if s := p.Snapshot(); s.BytesTotal > 0 && float64(s.Bytes) >= share*float64(s.BytesTotal) {
			break
		}
		time.Sleep(50 * time.Microsecond)
	}
	time.Sleep(delay)
	self, err := os.FindProcess(os.Getpid())
	if err != nil {
		panic(err)
	}
	self.Kill()
}

func startChild(t *testing.T, dir string, env ...string) (*exec.Cmd, *bufio.Reader, func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), append(env, childVar+"="+dir)...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(out)
	line, err := r.ReadString('\n')
	if line != "begin\n" {
		t.Fatalf("child says %q, %v", line, err)
	}
	return cmd, r, func() { in.Close() }
}

// TestKill kills loads at random moments; a further load must end with the rows
// of one that was let alone.
func TestKill(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	calm := newBench(t)
	calm.corpus(7, 40, 60)
	cmd, _, _ := startChild(t, filepath.Dir(calm.Dir))
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	want := calm.content()

	r := rand.New(rand.NewPCG(20260102, 1))
	midway := 0
	for i := range 20 {
		b := newBench(t)
		if err := os.Remove(b.Dir); err != nil {
			t.Fatal(err)
		}
		// The same paths: the case keeps them.
		b.Dir = calm.Dir
		dir := filepath.Dir(b.Case)
		if err := os.Symlink(calm.Dir, filepath.Join(dir, "evidence")); err != nil {
			t.Fatal(err)
		}
		// One in four while it commits, when all is read.
		after := fmt.Sprintf("%.3f %v", min(1, r.Float64()*4/3), time.Duration(r.Int64N(int64(4*time.Millisecond))))
		cmd, out, _ := startChild(t, dir, childVar+"_KILL="+after)
		line, _ := out.ReadString('\n')
		cmd.Wait()
		if !strings.HasPrefix(line, "end") {
			midway++
		}
		// The child named its files by the link.
		sum := b.loadFiles(b.find(filepath.Join(dir, "evidence")))
		if strings.HasPrefix(line, "end") && sum.Rows != 0 {
			t.Errorf("kill %d: a load that had ended was not whole: %+v", i, sum)
		}
		if b.content() != want {
			t.Errorf("kill %d, after %v: other rows than an undisturbed load", i, after)
		}
	}
	if midway < 10 {
		t.Errorf("only %d of 20 loads were killed before their end", midway)
	}
	t.Logf("%d of 20 loads were killed before their end", midway)
}

func TestTwoProcesses(t *testing.T) {
	b := newBench(t)
	b.write("a.json", []byte(records(event("a", 1, ""))))
	cmd, _, release := startChild(t, filepath.Dir(b.Dir), childVar+"_HOLD=1")
	_, err := store.Open(context.Background(), b.Case, store.Options{Create: true, Schemas: schemas.FS})
	if !errors.Is(err, store.ErrBusy) || !strings.Contains(err.Error(), b.Case) || !strings.Contains(err.Error(), fmt.Sprint(cmd.Process.Pid)) {
		t.Errorf("a second process is told %v", err)
	}
	release()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if sum := b.load(); sum.Rows != 1 {
		t.Errorf("then %+v", sum)
	}
}
