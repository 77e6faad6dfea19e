package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const anyStop = `title: Trail stopped
id: 3f1c2f0e-0000-4000-8000-000000000001
logsource: {product: aws, service: cloudtrail}
detection: {selection: {eventName: StopLogging}, condition: selection}
level: high
`

// watched is a folder that a process watches, and what it tells.
type watched struct {
	t          *testing.T
	dir        string
	source     string // its folder in, or another
	fed        int    // events
	files      int
	hunts      int // over the case, each of which finds every event
	more       int // findings besides
	out, case_ string
}

func newWatched(t *testing.T) *watched {
	dir := t.TempDir()
	w := &watched{t: t, dir: dir, source: filepath.Join(dir, "in"), out: filepath.Join(dir, "found.ndjson"), case_: filepath.Join(dir, "case.duckdb")}
	for name, text := range map[string]string{"rule.yml": anyStop, "in/.keep": ""} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// feed puts a file of n events into the folder, as one that is whole.
func (w *watched) feed(n int) {
	w.t.Helper()
	var b strings.Builder
	b.WriteString(`{"Records":[`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		w.fed++
		fmt.Fprintf(&b, `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","userName":"alice"},"eventTime":"2026-03-10T10:00:00Z","eventSource":"cloudtrail.amazonaws.com","eventName":"StopLogging","awsRegion":"eu-west-1","sourceIPAddress":"203.0.113.7","requestParameters":{"name":"main"},"responseElements":null,"eventID":"e%d","eventType":"AwsApiCall","readOnly":false,"recipientAccountId":"111122223333"}`, w.fed)
	}
	b.WriteString("]}")
	w.files++
	name := filepath.Join(w.dir, "in", fmt.Sprintf("%06d.json", w.files))
	if err := os.WriteFile(name+".tmp", []byte(b.String()), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(name+".tmp", name); err != nil {
		w.t.Fatal(err)
	}
}

// start starts quarry watch as a process of its own; more are arguments.
func (w *watched) start(more ...string) *exec.Cmd {
	w.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Args = append([]string{"quarry", "watch", w.source, "--case", w.case_, "--rules", filepath.Join(w.dir, "rule.yml"), "--to", "file:" + w.out, "--every", "50ms"}, more...)
	c.Stderr = w.t.Output()
	if err := c.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Process.Kill() })
	return c
}

// delivered counts the lines of the target by finding.
func (w *watched) delivered() map[string]int {
	w.t.Helper()
	f, err := os.Open(w.out)
	if err != nil {
		return nil
	}
	defer f.Close()
	out := map[string]int{}
	for s := bufio.NewScanner(f); s.Scan(); {
		var x struct {
			ID string `json:"finding_id"`
		}
		// A process that was killed may have left half a line.
		if json.Unmarshal(s.Bytes(), &x) == nil {
			out[x.ID]++
		}
	}
	return out
}

// ask is the one cell of a query's result.
func (w *watched) ask(sql string) string {
	w.t.Helper()
	exe, err := os.Executable()
	if err != nil {
		w.t.Fatal(err)
	}
	c := exec.Command(exe)
	c.Args = []string{"quarry", "--case", w.case_, "--format", "tsv", "-e", sql}
	out, err := c.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v: %s", sql, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

// whole checks that each event that was fed is a row, and a finding, once.
func (w *watched) whole() {
	w.t.Helper()
	want, found := fmt.Sprint(w.fed), fmt.Sprint(w.fed*(1+w.hunts)+w.more)
	if got := w.ask("SELECT count(*) FROM watch_findings WHERE finding_no IS NOT NULL"); got != found {
		w.t.Errorf("%s findings in the outbox, want %s", got, found)
	}
	for sql, what := range map[string]string{
		"SELECT count(*) FROM cloudtrail":                                                               "rows",
		"SELECT count(DISTINCT event_id) FROM cloudtrail":                                               "events",
		"SELECT count(DISTINCT json_extract_string(finding, '$.details.event_id')) FROM watch_findings": "events with findings",
	} {
		if got := w.ask(sql); got != want {
			w.t.Errorf("%s %s, want %s", got, what, want)
		}
	}
	if got := w.ask("SELECT count(*) FROM watch_arrivals WHERE state <> 'done'"); got != "0" {
		w.t.Errorf("%s arrivals are not done", got)
	}
	if got := fmt.Sprint(len(w.delivered())); got != found {
		w.t.Errorf("%s findings were delivered, of %s", got, found)
	}
}

// until waits for a condition.
func until(t *testing.T, what string, f func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !f(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestWatchKilled kills the process at random moments while files arrive. After
// the last run each event is a row once and a finding in the outbox once, and
// every finding was delivered.
func TestWatchKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 1))
	t.Logf("seed %d", seed)
	w := newWatched(t)
	// A hunt over the whole case finds each event, too.
	each := filepath.Join(w.dir, "each.sql")
	if err := os.WriteFile(each, []byte(`SELECT min(event_time) AS time, 'cloudtrail' AS source, event_id AS principal, NULL AS src_ip, NULL AS target, count(*) || ' times' AS summary
		FROM cloudtrail GROUP BY event_id`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.hunts = 1
	for range 5 {
		c := w.start("--rules", each)
		for end := time.Now().Add(time.Duration(400+r.IntN(1400)) * time.Millisecond); time.Now().Before(end); time.Sleep(25 * time.Millisecond) {
			w.feed(1 + r.IntN(20))
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		c.Wait()
	}
	c := w.start("--once", "--drain", "30s", "--rules", each)
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	w.whole()
	twice := 0
	for _, n := range w.delivered() {
		if n > 1 {
			twice++
		}
	}
	t.Logf("%d events in %d files; %d findings were delivered more than once", w.fed, w.files, twice)
}

// TestWatchPace: 1,000 events a second for some seconds, none lost and none
// twice, each at its target within 5 s; then SIGTERM, after which what had arrived
// is done. While nothing arrives, others may ask the case.
func TestWatchPace(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	w := newWatched(t)
	// One finding, of all that there is.
	many := filepath.Join(w.dir, "many.sql")
	if err := os.WriteFile(many, []byte(`SELECT min(event_time) AS time, 'cloudtrail' AS source, NULL AS principal, NULL AS src_ip, NULL AS target, count(*) || ' calls' AS summary
		FROM cloudtrail HAVING count(*) > 500`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.more = 1
	c := w.start("--every", "1s", "--rules", many)
	until(t, "the case", func() bool { _, err := os.Stat(w.case_ + ".watch"); return err == nil })
	start := time.Now()
	// The hunt over the case gets its turn though files never stop coming.
	hunted := false
	for i := 0; i < 40 || !hunted && i < 300; i++ {
		w.feed(100)
		time.Sleep(time.Until(start.Add(time.Duration(i+1) * 100 * time.Millisecond)))
		if text, err := os.ReadFile(w.out); err == nil && !hunted {
			hunted = strings.Contains(string(text), `"kind":"hunt"`)
		}
	}
	if !hunted {
		t.Error("the hunt over the case waits as long as files come")
	}
	last := time.Now()
	if err := w.start("--once").Wait(); err == nil {
		t.Error("two watches work on one case")
	}
	until(t, "the last finding", func() bool { return len(w.delivered()) >= w.fed+w.more })
	if late := time.Since(last); late > 5*time.Second {
		t.Errorf("the last finding came after %v", late)
	}
	if got := w.ask("SELECT count(*) FROM cloudtrail"); got != fmt.Sprint(w.fed) {
		t.Errorf("asked while it is watched, the case has %s rows of %d", got, w.fed)
	}
	w.feed(10)
	time.Sleep(300 * time.Millisecond) // that it is seen
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if err := w.start("--once", "--rules", many).Wait(); err != nil {
		t.Fatal(err)
	}
	w.whole()
	for id, n := range w.delivered() {
		if n > 1 {
			t.Errorf("finding %s was delivered %d times", id, n)
		}
	}
	if _, err := os.Stat(w.case_ + ".watch"); err == nil {
		t.Error("the side case was left behind")
	}
}

// TestWatchGone: a file that is gone before it is loaded is set aside and said, and
// the others of its round are loaded.
func TestWatchGone(t *testing.T) {
	w := newWatched(t)
	w.feed(3)
	// A link is taken for what it leads to, which goes away.
	gone := filepath.Join(w.dir, "gone.json")
	if err := os.WriteFile(gone, []byte(`{"Records":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	before := time.Now().Add(-time.Hour)
	if err := os.Chtimes(gone, before, before); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(gone, filepath.Join(w.dir, "in", "link.json")); err != nil {
		t.Skip(err)
	}
	// The round begins two seconds after the files were seen.
	c := w.start("--every", "2s")
	until(t, "the first round", func() bool { return len(w.delivered()) == 3 })
	w.feed(2)
	link := filepath.Join(w.dir, "in", "link2.json")
	if err := os.Symlink(gone, link); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // that it is seen
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	until(t, "the second round", func() bool { return len(w.delivered()) == 5 })
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		t.Errorf("it ended with %v", err)
	}
	if got := w.ask("SELECT count(*) FROM watch_arrivals WHERE state = 'aside' AND reason LIKE '%no such file%'"); got != "1" {
		t.Errorf("%s files were set aside", got)
	}
}
