//go:build linux || darwin

package repl

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// console is a shell in a terminal of its own.
type console struct {
	t       *testing.T
	pty     *os.File
	tty     *os.File
	before  unix.Termios
	cmd     *exec.Cmd
	history string

	mu   sync.Mutex
	text bytes.Buffer
	read chan struct{} // closed when the terminal has hung up
}

func start(t *testing.T, env ...string) *console {
	t.Helper()
	p, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	pty.Setsize(p, &pty.Winsize{Rows: 24, Cols: 100})
	before, err := unix.IoctlGetTermios(int(tty.Fd()), getTermios)
	if err != nil {
		t.Fatal(err)
	}
	c := &console{t: t, pty: p, tty: tty, before: *before, history: filepath.Join(t.TempDir(), "state", "history"), read: make(chan struct{})}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c.cmd = exec.Command(exe)
	c.cmd.Env = append(os.Environ(), "REPL_TEST_SHELL=1", "TERM=xterm", "PAGER=", "QUARRY_HISTORY="+c.history)
	c.cmd.Env = append(c.cmd.Env, env...)
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = tty, tty, tty
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(c.read)
		buf := make([]byte, 4096)
		for {
			n, err := p.Read(buf)
			c.mu.Lock()
			c.text.Write(buf[:n])
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		c.cmd.Process.Kill()
		c.cmd.Wait()
		tty.Close()
		p.Close()
		<-c.read
	})
	c.wait("quarry> ")
	return c
}

// wait waits for text to be shown and forgets what came up to it.
func (c *console) wait(text string) string {
	c.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for {
		c.mu.Lock()
		all := c.text.String()
		if i := strings.Index(all, text); i >= 0 {
			c.text.Next(i + len(text))
			c.mu.Unlock()
			return all[:i]
		}
		c.mu.Unlock()
		if time.Now().After(deadline) {
			c.t.Fatalf("%q was not shown; there is %q", text, all)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func (c *console) typed(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.pty, text); err != nil {
		c.t.Fatal(err)
	}
}

// ends waits for the shell to leave and checks that the terminal is as before.
func (c *console) ends() {
	c.t.Helper()
	if shown := c.wait("@@END"); strings.Contains(shown, "@@LEAK") {
		c.t.Errorf("goroutines are left: %s", shown)
	}
	done := make(chan error, 1)
	go func() { done <- c.cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		c.t.Fatal("the shell does not leave")
	}
	after, err := unix.IoctlGetTermios(int(c.tty.Fd()), getTermios)
	if err != nil {
		c.t.Fatal(err)
	}
	if *after != c.before {
		c.t.Errorf("modes of the terminal: %+v, before: %+v", *after, c.before)
	}
}

func TestStatement(t *testing.T) {
	c := start(t)
	c.typed("select 1;\r")
	c.wait("t|select 1\r\n")
	c.wait("1 row\r\n")
	c.wait("quarry> ")
	c.typed("\x04")
	c.ends()
}

func TestMultiLine(t *testing.T) {
	c := start(t)
	c.typed("select ';\r")
	c.wait("...> ")
	c.typed("', 2\r")
	c.wait("...> ")
	c.typed("from t; select 3;\r")
	c.wait("t|select '; ', 2 from t\r\n")
	c.wait("t|select 3\r\n")
	c.typed(".quit\r")
	c.ends()
}

func TestPasteOfLines(t *testing.T) {
	for _, p := range []struct{ begin, indent, end string }{{"", "    ", ""}, {"\x1b[200~", "\t", "\x1b[201~"}} {
		c := start(t)
		var lines strings.Builder
		for i := range 60 {
			fmt.Fprintf(&lines, "select%s%d\nfrom t;\n", p.indent, i)
		}
		c.typed(p.begin + lines.String() + p.end)
		for i := range 60 {
			c.wait(fmt.Sprintf("t|select    %d from t\r\n", i))
		}
		c.typed("\x04")
		c.ends()
	}
}

// A paste longer than one read of the terminal, with a rune across each border
// of 1,024 and 4,096 bytes.
func TestPasteOfRunes(t *testing.T) {
	c := start(t)
	text := "select '" + strings.Repeat("é日𝄞", 300) + "';"
	c.typed(text + "\r")
	c.wait("t|" + strings.TrimSuffix(text, ";"))
	c.typed("\x1b[200~x" + text + "\x1b[201~\r")
	c.wait("t|x" + strings.TrimSuffix(text, ";"))
	c.typed("\x04")
	c.ends()
}

func TestPastedControlCharacters(t *testing.T) {
	c := start(t)
	c.typed("\x1b[200~select \x03\x04\x1b[31m\u009b1;\x1b[201~\r")
	c.wait("t|select 1\r\n")
	c.typed("\x04")
	c.ends()
}

func TestCancelStatement(t *testing.T) {
	c := start(t)
	for range 3 {
		c.typed("select slow;\r")
		c.wait("@@RUNNING")
		c.typed("\x03")
		c.wait("cancelled")
		c.wait("quarry> ")
	}
	c.typed("select 2;\r")
	c.wait("t|select 2\r\n")
	c.typed("\x04")
	c.ends()
}

func TestInterruptAtPrompt(t *testing.T) {
	c := start(t)
	c.typed("select 1,\r")
	c.wait("...> ")
	c.typed("half")
	c.wait("half")
	c.typed("\x03")
	c.wait("quarry> ")
	c.typed("select 2;\r")
	c.wait("t|select 2\r\n")
	c.cmd.Process.Signal(os.Interrupt)
	c.typed("select 3;\r")
	c.wait("t|select 3\r\n")
	c.typed("\x04")
	c.ends()
}

// Ctrl-D on a line with text deletes a letter.
func TestDeleteWithControlD(t *testing.T) {
	c := start(t)
	c.typed("select 12;\x1b[D\x1b[D\x04\r")
	c.wait("t|select 1\r\n")
	c.typed("\x04")
	c.ends()
}

func TestTermination(t *testing.T) {
	for name, typed := range map[string]string{"at the prompt": "select 'half", "in a statement": "select slow;\r", "in the pager": "select rows 1000;\r"} {
		t.Run(name, func(t *testing.T) {
			c := start(t)
			c.typed(typed)
			c.wait(map[string]string{"at the prompt": "half", "in a statement": "@@RUNNING", "in the pager": "-- more --"}[name])
			c.cmd.Process.Signal(syscall.SIGTERM)
			c.ends()
		})
	}
}

func TestHangUp(t *testing.T) {
	c := start(t)
	c.cmd.Process.Signal(syscall.SIGHUP)
	c.ends()
}

func TestResize(t *testing.T) {
	c := start(t)
	c.typed("select 'before")
	c.wait("'before")
	for _, cols := range []uint16{40, 20, 200} {
		pty.Setsize(c.pty, &pty.Winsize{Rows: 24, Cols: cols})
		c.wait("quarry> ")
	}
	c.typed(" and after';\r")
	c.wait("t|select 'before and after'\r\n")
	c.typed("\x04")
	c.ends()
}

func TestPagerKeys(t *testing.T) {
	c := start(t)
	c.typed("select rows 1000000;\r")
	c.wait("t|23\r\n")
	if shown := c.wait("-- more --"); strings.Contains(shown, "t|24") {
		t.Errorf("more than a screen: %q", shown)
	}
	c.typed("\r")
	c.wait("t|24\r\n")
	c.wait("-- more --")
	c.typed(" ")
	c.wait("t|47\r\n")
	c.wait("-- more --")
	c.typed("q")
	c.wait("stopped after 47 rows")
	c.typed("select rows 5;\r")
	c.wait("t|5\r\n")
	c.wait("5 rows\r\n")
	c.typed("select rows 60;\r")
	c.wait("-- more --")
	c.typed("G")
	c.wait("t|60\r\n")
	c.wait("60 rows")
	c.typed("select rows 60;\r")
	c.wait("-- more --")
	c.typed("\x03")
	c.wait("quarry> ")
	c.typed("\x04")
	c.ends()
}

func TestPagerCommand(t *testing.T) {
	c := start(t, "PAGER=sed -e 's/^/paged /' -e 3q")
	c.typed("select rows 5;\r")
	if shown := c.wait("5 rows"); strings.Contains(shown, "paged") || !strings.Contains(shown, "t|5\r\n") {
		t.Errorf("a short result: %q", shown)
	}
	c.typed("select rows 1000000;\r")
	c.wait("paged t|3\r\n")
	c.wait("stopped after")
	c.typed("select 1;\r")
	c.wait("t|select 1\r\n")
	c.typed("\x04")
	c.ends()
}

func TestHistoryKeys(t *testing.T) {
	c := start(t)
	c.typed("select 'needle';\r")
	c.wait("t|select 'needle'\r\n")
	c.typed("select\r2;\r")
	c.wait("t|select 2\r\n")
	c.wait("quarry> ")
	c.typed("\x1b[A")
	c.wait("select 2;")
	c.typed("\r")
	c.wait("t|select 2\r\n")
	c.wait("quarry> ")
	c.typed("\x12nee\r") // Ctrl-R takes it into the line
	c.wait("search> ")
	c.wait("quarry> ")
	c.typed("\r")
	c.wait("t|select 'needle'\r\n")
	c.typed("\x12nee\x07select 3;\r") // Ctrl-G leaves the search
	c.wait("t|select 3\r\n")
	c.typed("\x04")
	c.ends()
	data, err := os.ReadFile(c.history)
	if err != nil {
		t.Fatal(err)
	}
	if want := "select 2;\nselect 'needle';\nselect 3;\n"; string(data) != want {
		t.Errorf("history %q, want %q", data, want)
	}
	if info, _ := os.Stat(c.history); info.Mode().Perm() != 0o600 {
		t.Errorf("history has mode %v", info.Mode())
	}
}

func TestCompletionKeys(t *testing.T) {
	c := start(t)
	c.typed("select * from cloudt\t")
	c.wait("cloudtrail")
	c.typed(";\r")
	c.wait("t|select * from cloudtrail\r\n")
	c.typed(".descr\t console\t\r")
	c.wait("t|mfa|BOOLEAN|")
	c.typed("\x04")
	c.ends()
}

func TestRawOnTerminal(t *testing.T) {
	c := start(t)
	c.typed(".raw 3 4\r")
	c.wait(`raw 3 4 \x1b[31mred\x1b]0;title\x07` + "\r\n")
	c.typed("\x04")
	c.ends()
}

func TestUnfinishedStatement(t *testing.T) {
	c := start(t)
	c.typed("select 1\r")
	c.wait("...> ")
	c.typed("\x04")
	c.wait("not run")
	c.ends()
}

// Statements come from the standard input where no terminal can be had, and
// where the standard input is none.
func TestNoTerminal(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), "REPL_TEST_SHELL=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no controlling terminal
	cmd.Stdin = strings.NewReader("select 1;\nselect 2")
	out, err := cmd.Output()
	if err != nil || string(out) != "c|select 1\nc|select 2\n" {
		t.Errorf("%q, %v", out, err)
	}

	p, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	defer p.Close()
	defer tty.Close()
	cmd = exec.Command(exe)
	cmd.Env = append(os.Environ(), "REPL_TEST_SHELL=1", "TERM=xterm")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // a terminal on stdin, but no /dev/tty
	cmd.Stdin = tty
	io.WriteString(p, "select 1;\n\x04")
	out, err = cmd.Output()
	if err != nil || string(out) != "c|select 1\n" {
		t.Errorf("%q, %v", out, err)
	}
}
