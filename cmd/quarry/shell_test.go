//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// screen collects what a program writes to its terminal.
type screen struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(p)
}

func (s *screen) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.String()
}

// await waits until the screen has shown text n times.
func (s *screen) await(t *testing.T, text string, n int) {
	t.Helper()
	for range 1000 {
		if strings.Count(s.text(), text) >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%q was not shown %d times:\n%q", text, n, s.text())
}

func TestShellOnTerminal(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, filepath.Join(dir, "flows.log"), 10)
	if out, err := command(t, dir, "load", "flows.log", "-q").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := command(t, dir)
	c.Env = append(c.Env, "XDG_STATE_HOME="+dir)
	tty, err := pty.StartWithSize(c, &pty.Winsize{Rows: 40, Cols: 160})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	s := new(screen)
	var read sync.WaitGroup
	read.Go(func() { _, _ = io.Copy(s, tty) })
	s.await(t, "LogQuarry", 1)
	s.await(t, "quarry>", 1)
	say := func(line string) {
		if _, err := tty.WriteString(line + "\r"); err != nil {
			t.Fatal(err)
		}
	}
	say("SELECT DISTINCT srcaddr FROM vpc_flow WHERE srcport = 1027;")
	s.await(t, "10.0.0.3", 1)
	s.await(t, "1 row", 1)
	say("FROM vpc_flwo;")
	s.await(t, "did you mean vpc_flow?", 1)
	// Ctrl-C ends the statement, not the shell.
	say("SELECT count(*) FROM range(1000000000) a, range(1000000) b;")
	time.Sleep(500 * time.Millisecond)
	if err := c.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	s.await(t, "cancelled", 1)
	// The case was opened to be read; this opens it for writing.
	say("CREATE TABLE mine AS SELECT 41 + 1 AS answer;")
	s.await(t, "done", 1)
	say("SELECT answer FROM mine;")
	s.await(t, "42", 1)
	say(".quit")
	if err := c.Wait(); err != nil {
		t.Errorf("the shell ended with %v\n%s", err, s.text())
	}
	read.Wait()
	info, err := os.Stat(filepath.Join(dir, "quarry", "history"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("history: %v, %v", info, err)
	}
}

// TestProgressOnTerminal: a load on a terminal shows how far it is, and leaves
// nothing of that behind.
func TestProgressOnTerminal(t *testing.T) {
	dir := t.TempDir()
	writeFlows(t, filepath.Join(dir, "flows.log"), 500_000)
	c := command(t, dir, "load", "flows.log", "--threads", "1")
	tty, err := pty.StartWithSize(c, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	s := new(screen)
	_, _ = io.Copy(s, tty) // ends with an error of its own once the process is gone
	if err := c.Wait(); err != nil {
		t.Fatalf("%v: %s", err, s.text())
	}
	shown, summary, ok := strings.Cut(s.text(), eraseLine+"loaded 500,000 rows")
	if !ok || !strings.Contains(shown, "vpc_flow 0/1 files") || strings.Contains(summary, "files,") {
		t.Errorf("got %q", s.text())
	}
}

// TestPassphraseInterrupted: Ctrl-C at the prompt ends the command.
func TestPassphraseInterrupted(t *testing.T) {
	c := command(t, t.TempDir(), "seal", "--make-key", "my.key")
	tty, err := pty.StartWithSize(c, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	s := new(screen)
	var read sync.WaitGroup
	read.Go(func() { _, _ = io.Copy(s, tty) })
	s.await(t, "passphrase of the key: ", 1)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait()
	read.Wait()
	if code := c.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(s.text(), "quarry: interrupted") {
		t.Errorf("exit code %d: %q", code, s.text())
	}
}

// TestPassphraseOnTerminal: a passphrase is asked twice, and not shown; where the
// two differ there is no key.
func TestPassphraseOnTerminal(t *testing.T) {
	dir := t.TempDir()
	c := command(t, dir, "seal", "--make-key", "my.key")
	tty, err := pty.StartWithSize(c, &pty.Winsize{Rows: 40, Cols: 120})
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	s := new(screen)
	var read sync.WaitGroup
	read.Go(func() { _, _ = io.Copy(s, tty) })
	for _, x := range [][2]string{{"passphrase of the key: ", "correct horse"}, {"once more: ", "correct house"}} {
		s.await(t, x[0], 1)
		// The prompt comes first, then the echo goes off.
		time.Sleep(100 * time.Millisecond)
		if _, err := tty.WriteString(x[1] + "\n"); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.Wait()
	read.Wait()
	if code := c.ProcessState.ExitCode(); code != exitFailed || !strings.Contains(s.text(), "the two passphrases differ") || strings.Contains(s.text(), "correct") {
		t.Errorf("exit code %d: %q", code, s.text())
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.key*")); err != nil || left != nil {
		t.Errorf("left %v, %v", left, err)
	}
}
