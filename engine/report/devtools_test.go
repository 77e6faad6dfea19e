package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// browserWait is how long the browser may take to start, and for one answer.
const browserWait = 40 * time.Second

// browser is a headless Chromium of our own, spoken to by the DevTools protocol
// over a pipe: messages of JSON, each ended by a NUL.
type browser struct {
	t       *testing.T
	to      *os.File
	answers chan reply
	next    int
	session string
	console []string // what pages complained about
}

type reply struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct{ Message string }
}

// chromium finds one. Without it the test is skipped, but not in CI.
func chromium(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const lacks = "no chromium here, so the report was not tried in a browser: apt-get install chromium"
	if os.Getenv("CI") != "" {
		t.Fatal(lacks)
	}
	t.Skip(lacks)
	return ""
}

func startBrowser(t *testing.T) *browser {
	path := chromium(t)
	ours, theirs, err := os.Pipe() // what it reads
	if err != nil {
		t.Fatal(err)
	}
	heard, says, err := os.Pipe() // what it writes
	if err != nil {
		t.Fatal(err)
	}
	// As root, or in a container, its own sandbox does not start; it opens our files alone.
	c := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	c.ExtraFiles = []*os.File{ours, says} // 3 and 4
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ours.Close()
	says.Close()
	b := &browser{t: t, to: theirs, answers: make(chan reply, 1024)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer close(b.answers)
		listen(heard, b.answers)
	}()
	t.Cleanup(func() {
		theirs.Close() // which ends it
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			c.Process.Kill()
			<-ended
		}
		heard.Close()
		<-done
	})
	return b
}

// listen passes on what the browser says until it ends.
func listen(from io.Reader, to chan<- reply) {
	var held []byte
	buf := make([]byte, 1<<20)
	for {
		n, err := from.Read(buf)
		held = append(held, buf[:n]...)
		for {
			text, rest, whole := bytes.Cut(held, []byte{0})
			if !whole {
				break
			}
			var r reply
			if json.Unmarshal(text, &r) == nil {
				to <- r
			}
			held = rest
		}
		if err != nil {
			return
		}
	}
}

// call asks the browser and takes its answer apart into result; nil: no matter what.
func (b *browser) call(method string, params map[string]any, result any) {
	b.t.Helper()
	b.next++
	id := b.next
	m := map[string]any{"id": id, "method": method, "params": params}
	if params == nil {
		m["params"] = map[string]any{}
	}
	if b.session != "" {
		m["sessionId"] = b.session
	}
	text, err := json.Marshal(m)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	r, err := b.until(func(r reply) bool { return r.ID == id })
	switch {
	case err != nil:
		b.t.Fatalf("%s: %v", method, err)
	case r.Error != nil:
		b.t.Fatalf("%s: %s", method, r.Error.Message)
	case result != nil:
		if err := json.Unmarshal(r.Result, result); err != nil {
			b.t.Fatalf("%s: %v in %.200s", method, err, r.Result)
		}
	}
}

// until waits for an answer or event, and notes the complaints before it.
func (b *browser) until(wanted func(reply) bool) (reply, error) {
	late := time.After(browserWait)
	for {
		select {
		case r, ok := <-b.answers:
			if !ok {
				return r, errors.New("the browser ended")
			}
			if slices.Contains([]string{"Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled", "Page.javascriptDialogOpening", "Security.securityStateChanged"}, r.Method) {
				b.console = append(b.console, r.Method+" "+string(r.Params))
			}
			if wanted(r) {
				return r, nil
			}
		case <-late:
			return reply{}, fmt.Errorf("no answer within %v", browserWait)
		}
	}
}

// open makes a page of a given size and shows the file in it.
func (b *browser) open(path string, width, height int, script bool) {
	b.t.Helper()
	b.session = ""
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var at struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &at)
	b.session = at.SessionID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	b.call("Emulation.setScriptExecutionDisabled", map[string]any{"value": !script}, nil)
	b.load(path)
}

func (b *browser) load(path string) {
	b.t.Helper()
	loaded := false
	b.call("Page.navigate", map[string]any{"url": "file://" + path}, nil)
	for !loaded {
		r, err := b.until(func(r reply) bool { return r.Method == "Page.loadEventFired" })
		if err != nil {
			b.t.Fatalf("load %s: %v", path, err)
		}
		loaded = r.Method != ""
	}
}

// eval is the value of an expression in the page. It works without the page's
// own script being run, too.
func eval[T any](b *browser, expression string) (out T) {
	b.t.Helper()
	var r struct {
		Result struct {
			Value json.RawMessage
		}
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &r)
	if r.ExceptionDetails != nil {
		b.t.Fatalf("%s: %s %s", expression, r.ExceptionDetails.Text, r.ExceptionDetails.Exception.Description)
	}
	if err := json.Unmarshal(r.Result.Value, &out); err != nil {
		b.t.Fatalf("%s: %v in %.200s", expression, err, r.Result.Value)
	}
	return out
}

// quiet fails where a page complained.
func (b *browser) quiet(what string) {
	b.t.Helper()
	if len(b.console) > 0 {
		b.t.Errorf("%s: the page complains: %s", what, strings.Join(b.console, "\n"))
	}
	b.console = nil
}
