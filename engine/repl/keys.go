//go:build linux || darwin

package repl

import (
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	prompt "github.com/c-bata/go-prompt"
)

const (
	ctrlC, ctrlD, ctrlE, ctrlG, ctrlR = 0x03, 0x04, 0x05, 0x07, 0x12

	tab, enter, escape, del = '\t', '\r', 0x1b, 0x7f
)

var errNoInput = errors.New("no input")

// ending is why Input of go-prompt returned.
type ending uint8

const (
	entered ending = iota // Enter
	left                  // Ctrl-D, or the session ends
	resized               // the window has another size
)

// keys is the prompt.ConsoleParser of the shell. go-prompt calls Setup and
// TearDown around each line, and Read from a goroutine of its own. Read hands
// out one key or one run of text at a time, and nothing after a key that may
// end the line: what was typed ahead or pasted waits for the next line.
type keys struct {
	term  *terminal
	done  <-chan struct{}  // ends the session
	winch <-chan os.Signal // the window has another size

	mu        sync.Mutex
	pending   []byte // read from the terminal, not yet handed out
	since     time.Time
	hold      bool // hand out nothing until Setup or resume
	end       ending
	ends      int  // keys handed out since done was closed
	pasting   bool // between the marks of a bracketed paste
	searching bool // Ctrl-R was handed out: keys have another meaning
	width     int  // of the window when the line was begun
	cursor    int  // cells from the start of the prompt to the cursor
}

// Setup implements prompt.ConsoleParser.
func (k *keys) Setup() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hold, k.end, k.searching = false, entered, false
	k.width, _ = k.term.size()
	if err := k.term.editing(); err != nil {
		return err
	}
	_, err := io.WriteString(k.term.file, pasteOn)
	return err
}

// TearDown implements prompt.ConsoleParser.
func (k *keys) TearDown() error {
	k.term.running()
	return nil
}

// GetWinSize implements prompt.ConsoleParser. The height is a made-up large
// one: where go-prompt thinks a line too long for the window it wipes the
// screen to say so.
func (k *keys) GetWinSize() *prompt.WinSize {
	w, _ := k.term.size()
	return &prompt.WinSize{Row: 1 << 15, Col: uint16(w)}
}

// Read implements prompt.ConsoleParser. An error means that there is nothing
// to hand out now.
func (k *keys) Read() ([]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case <-k.done: // clear the line, then leave it
		k.ends++
		if k.ends == 1 {
			k.searching = false
			return []byte{ctrlC}, nil
		}
		k.hold, k.end = true, left
		return []byte{ctrlD}, nil
	default:
	}
	if k.hold {
		return nil, errNoInput
	}
	select {
	case <-k.winch:
		if !k.searching && !k.pasting {
			k.widen()
			k.hold, k.end = true, resized
			return []byte{enter}, nil
		}
	default:
	}
	if err := k.fill(); err != nil { // hung up
		k.hold, k.end = true, left
		return []byte{ctrlD}, nil
	}
	return k.next()
}

// widen keeps go-prompt from wiping lines above its own. It will go up as many
// lines as the line took in the old width; where the window is wider now the
// terminal has made that fewer.
func (k *keys) widen() {
	if width, _ := k.term.size(); width > k.width && k.width > 0 {
		io.WriteString(k.term.file, strings.Repeat("\n", k.cursor/k.width-k.cursor/width))
	}
}

// at says how many cells from the start of the prompt the cursor stands.
func (k *keys) at(cells int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cursor = cells
}

// fill adds what the terminal has. The caller holds the lock.
func (k *keys) fill() error {
	b, err := k.term.read(0)
	if len(b) > 0 {
		k.pending = append(k.pending, b...)
		k.since = time.Now()
	}
	return err
}

// escapeWait is how long the rest of an escape sequence may take; the Escape
// key alone sends nothing more.
const escapeWait = 50 * time.Millisecond

// next hands out the next key of pending.
func (k *keys) next() ([]byte, error) {
	for len(k.pending) > 0 {
		c := k.pending[0]
		switch {
		case c == escape:
			n := escapeSequence(k.pending)
			if n == 0 && time.Since(k.since) < escapeWait {
				return nil, errNoInput
			}
			seq := string(k.take(max(n, 1)))
			switch {
			case seq == "\x1b[200~":
				k.pasting = true
			case seq == "\x1b[201~":
				k.pasting = false
			case k.pasting:
			case k.searching && seq == "\x1b":
				k.searching = false
				return []byte{ctrlG}, nil
			case known(seq):
				return []byte(seq), nil
			}
		case c == '\r' || c == '\n':
			k.take(1)
			if c == '\r' && len(k.pending) > 0 && k.pending[0] == '\n' {
				k.take(1)
			}
			if k.searching { // take what was found into the line
				k.searching = false
				return []byte{ctrlE}, nil
			}
			k.hold, k.end = true, entered
			return []byte{enter}, nil
		case c == tab && k.pasting: // indentation, not the key
			k.take(1)
			return []byte("    "), nil
		case c < ' ' || c == del:
			k.take(1)
			if k.pasting {
				continue
			}
			if b, ok := k.control(c); ok {
				return b, nil
			}
		default:
			if b := k.text(); b != nil {
				return b, nil
			}
			if len(k.pending) > 0 { // the rest of a rune is still to come
				if time.Since(k.since) < escapeWait {
					return nil, errNoInput
				}
				k.take(1) // not UTF-8
			}
		}
	}
	return nil, errNoInput
}

// control is what a control key is handed out as.
func (k *keys) control(c byte) ([]byte, bool) {
	switch {
	case c == 0 || c == escape:
		return nil, false
	case c == ctrlC:
		k.searching = false
	case k.searching && c == ctrlR:
		c = tab // the next match
	case k.searching && (c == ctrlG || c == ctrlD):
		k.searching = false
		c = ctrlG
	case c == ctrlR:
		k.searching = true
	case c == ctrlD: // leaves on an empty line, else deletes: resume tells
		k.hold, k.end = true, left
	}
	return []byte{c}, true
}

// text takes the run of whole, visible runes at the start of pending.
func (k *keys) text() []byte {
	n := 0
	var out []byte
	for n < len(k.pending) && k.pending[n] >= ' ' && k.pending[n] != del {
		if !utf8.FullRune(k.pending[n:]) {
			break
		}
		r, size := utf8.DecodeRune(k.pending[n:])
		if !(r == utf8.RuneError && size == 1) && !control(r) {
			out = append(out, k.pending[n:n+size]...)
		}
		n += size
	}
	k.take(n)
	return out
}

func (k *keys) take(n int) []byte {
	b := append([]byte(nil), k.pending[:n]...)
	k.pending = k.pending[n:]
	return b
}

// resume says that the key handed out last did not end the line.
func (k *keys) resume() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.end == left && k.ends == 0 {
		k.hold, k.end = false, entered
	}
}

// why is how the last line ended.
func (k *keys) why() ending {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.end
}

// line takes a whole line that was pasted or typed ahead, so that many need
// no editing one by one. ok is false where the next input is not such a line.
func (k *keys) line() (line string, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fill() != nil {
		return "", false
	}
	for i, c := range k.pending {
		switch {
		case c == '\r' || c == '\n':
			if !utf8.Valid(k.pending[:i]) {
				return "", false
			}
			b := k.take(i + 1)[:i]
			if c == '\r' && len(k.pending) > 0 && k.pending[0] == '\n' {
				k.take(1)
			}
			return strings.Map(func(r rune) rune {
				if control(r) {
					return -1
				}
				return r
			}, strings.ReplaceAll(string(b), "\t", "    ")), true
		case c < ' ' && !(c == tab && k.pasting) || c == del:
			return "", false
		}
	}
	return "", false
}

// discard forgets what was typed ahead.
func (k *keys) discard() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pending, k.pasting = nil, false
}

// escapeSequence is the length of the escape sequence s starts with, 0 while
// it may still go on.
func escapeSequence(s []byte) int {
	if len(s) < 2 {
		return 0
	}
	switch s[1] {
	case '[':
		i := 2
		if i < len(s) && s[i] == '[' { // Linux console: ESC [ [ A
			i++
		}
		for i < len(s) && s[i] >= 0x20 && s[i] < 0x40 {
			i++
		}
		if i < len(s) {
			return i + 1
		}
		return 0
	case 'O':
		if len(s) < 3 {
			return 0
		}
		return 3
	case escape:
		return 1
	}
	return 2
}

// known reports whether the line editor has a use for an escape sequence:
// others would become text of the line.
func known(seq string) bool {
	for _, b := range wordKeys {
		if string(b.ASCIICode) == seq {
			return true
		}
	}
	return prompt.GetKey([]byte(seq)) != prompt.NotDefined
}

// wordKeys are Alt with a letter or Backspace.
var wordKeys = []prompt.ASCIICodeBind{
	{ASCIICode: []byte("\x1bb"), Fn: prompt.GoLeftWord},
	{ASCIICode: []byte("\x1bf"), Fn: prompt.GoRightWord},
	{ASCIICode: []byte("\x1b\x7f"), Fn: prompt.DeleteWord},
}
