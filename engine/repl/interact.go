//go:build linux || darwin

package repl

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	prompt "github.com/c-bata/go-prompt"
	"github.com/mattn/go-runewidth"
	"golang.org/x/sys/unix"

	"logquarry/engine/sqltext"
)

const (
	firstPrompt  = "quarry> "
	morePrompt   = "   ...> "
	searchPrompt = "search> "
)

// interact is the loop of the shell: a line, what it completes, the next line.
func (s *session) interact(ctx context.Context) error {
	// Ctrl-C between two statements must not end the program.
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	winch := make(chan os.Signal, 1)
	signal.Notify(winch, unix.SIGWINCH)
	defer signal.Stop(winch)

	var err error
	if s.history, err = openHistory(s.cfg.History); err != nil {
		s.note("history is not kept: %v", err)
	}
	if _, err := s.catalogue(ctx); err != nil {
		s.note("no completion: %v", err)
	}
	if s.cfg.Greeting != "" && !s.cfg.Quiet {
		s.note("%s", s.cfg.Greeting)
	}
	defer s.closeOutput(context.WithoutCancel(ctx))

	k := &keys{term: s.term, done: ctx.Done(), winch: winch}
	e := &editor{s: s, keys: k}
	e.prompt = prompt.New(nil, e.complete, e.options()...)
	begun := false // the line has text in it already
	for !s.quit && ctx.Err() == nil {
		line, ok := "", false
		if !begun {
			line, ok = k.line()
		}
		begun = false
		if ok {
			io.WriteString(s.cfg.Err, e.prefix()+line+"\n")
		} else {
			prompt.OptionHistory(e.past())(e.prompt)
			line = e.prompt.Input()
			e.search = false
			switch k.why() {
			case left:
				if ctx.Err() == nil && sqltext.FirstKeyword(s.input.pending) != "" {
					s.note("the unfinished statement was not run")
				}
				s.quit = true
				continue
			case resized:
				e.redraw(line)
				begun = true
				continue
			}
		}
		s.stopped = false
		s.feed(ctx, line)
		if s.stopped {
			k.discard()
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return s.closeOutput(context.WithoutCancel(ctx))
}

// editor is the state of the line that is edited. go-prompt calls it from the
// goroutine of Input, one call at a time.
type editor struct {
	s      *session
	keys   *keys
	prompt *prompt.Prompt

	search bool   // Ctrl-R: the line is what to look for in the history
	saved  string // the line before Ctrl-R

	// The last answer of complete. go-prompt counts into it, so that the same
	// line must have the same answer for as long as it stands.
	text    string
	cursor  int
	items   []prompt.Suggest
	sep     string
	answers bool
}

func (e *editor) options() []prompt.Option {
	opts := []prompt.Option{
		prompt.OptionParser(e.keys),
		prompt.OptionWriter(&writer{ConsoleWriter: prompt.NewStderrWriter(), colour: e.s.cfg.Colour}),
		prompt.OptionLivePrefix(func() (string, bool) { return e.prefix(), true }),
		prompt.OptionMaxSuggestion(8),
		prompt.OptionPrefixTextColor(prompt.Cyan),
		prompt.OptionPreviewSuggestionTextColor(prompt.Cyan),
		prompt.OptionSuggestionTextColor(prompt.White),
		prompt.OptionSuggestionBGColor(prompt.DarkBlue),
		prompt.OptionDescriptionTextColor(prompt.LightGray),
		prompt.OptionDescriptionBGColor(prompt.Black),
		prompt.OptionSelectedSuggestionTextColor(prompt.Black),
		prompt.OptionSelectedSuggestionBGColor(prompt.Turquoise),
		prompt.OptionSelectedDescriptionTextColor(prompt.Black),
		prompt.OptionSelectedDescriptionBGColor(prompt.LightGray),
		prompt.OptionScrollbarBGColor(prompt.DarkBlue),
		prompt.OptionScrollbarThumbColor(prompt.LightGray),
		prompt.OptionAddASCIICodeBind(wordKeys...),
		prompt.OptionAddKeyBind(
			prompt.KeyBind{Key: prompt.ControlC, Fn: e.clear},
			prompt.KeyBind{Key: prompt.ControlD, Fn: func(*prompt.Buffer) { e.keys.resume() }},
			prompt.KeyBind{Key: prompt.ControlR, Fn: e.startSearch},
			prompt.KeyBind{Key: prompt.ControlE, Fn: e.takeFound},
			prompt.KeyBind{Key: prompt.ControlG, Fn: e.leaveSearch},
			prompt.KeyBind{Key: prompt.ControlLeft, Fn: prompt.GoLeftWord},
			prompt.KeyBind{Key: prompt.ControlRight, Fn: prompt.GoRightWord},
		),
	}
	return opts
}

func (e *editor) prefix() string {
	switch {
	case e.search:
		return searchPrompt
	case e.s.input.pending != "":
		return morePrompt
	}
	return firstPrompt
}

// past is what Up goes through: the history and the lines of the statement
// that has been begun.
func (e *editor) past() []string {
	past := slices.Clone(e.s.history.entries)
	for line := range strings.Lines(e.s.input.pending) {
		if line = strings.TrimSpace(line); line != "" {
			past = append(past, line)
		}
	}
	return past
}

// clear is Ctrl-C: go-prompt has emptied the line, the statement goes too.
func (e *editor) clear(*prompt.Buffer) {
	e.search = false
	e.s.input.pending = ""
}

func (e *editor) startSearch(buf *prompt.Buffer) {
	e.search, e.saved, e.answers = true, buf.Text(), false
}

func (e *editor) leaveSearch(buf *prompt.Buffer) {
	if e.search {
		e.search, e.answers = false, false
		replace(buf, e.saved)
	}
}

// takeFound ends the search with what was chosen, else with the newest match.
func (e *editor) takeFound(buf *prompt.Buffer) {
	if !e.search {
		return
	}
	e.search, e.answers = false, false
	if text := buf.Text(); !slices.Contains(e.s.history.entries, text) {
		if found := e.s.history.search(text); len(found) > 0 && text != "" {
			replace(buf, found[0])
		} else {
			replace(buf, e.saved)
		}
	}
}

func replace(buf *prompt.Buffer, text string) {
	prompt.GoLineEnd(buf)
	buf.DeleteBeforeCursor(len([]rune(buf.Text())))
	buf.InsertText(text, false, true)
}

// complete implements prompt.Completer.
func (e *editor) complete(d prompt.Document) []prompt.Suggest {
	before, after := d.TextBeforeCursor(), d.TextAfterCursor()
	e.keys.at(runewidth.StringWidth(e.prefix() + before))
	if e.answers && e.text == d.Text && e.cursor == len(before) {
		return e.items
	}
	width, height := e.keys.term.size()
	e.text, e.cursor, e.answers, e.items, e.sep = d.Text, len(before), true, nil, " "
	var found []suggestion
	switch {
	case width < 40 || height < 12: // no room for a list
	case e.search:
		e.sep = "\x00" // what is chosen takes the place of the whole line
		if before != "" {
			for _, entry := range e.s.history.search(before) {
				found = append(found, suggestion{text: entry})
			}
		}
	case before != "":
		found, e.sep = e.s.complete(before, after)
	}
	for _, f := range found[:min(len(found), 100)] {
		e.items = append(e.items, prompt.Suggest{Text: visible(f.text), Description: visible(f.doc)})
	}
	if before != "" { // an empty line is also what go-prompt asks for to forget an answer
		prompt.OptionCompletionWordSeparator(e.sep)(e.prompt)
	}
	return e.items
}

// redraw takes away the line go-prompt left on the screen when the window
// changed, and begins it again in the new width.
func (e *editor) redraw(line string) {
	width, _ := e.keys.term.size()
	cells := runewidth.StringWidth(e.prefix() + line)
	e.keys.at(cells)
	n := (cells + width - 1) / width
	fmt.Fprintf(e.s.cfg.Err, "\x1b[%dA\r\x1b[J", max(1, n))
	prompt.OptionInitialBufferText(line)(e.prompt)
}

// writer is go-prompt's writer without the title it sets, and without colours
// where there are to be none.
type writer struct {
	prompt.ConsoleWriter
	colour bool
}

func (w *writer) ClearTitle() {}

func (w *writer) SetColor(fg, bg prompt.Color, bold bool) {
	switch {
	case w.colour:
		w.ConsoleWriter.SetColor(fg, bg, bold)
	case bold: // go-prompt has only what is selected bold
		w.WriteRawStr("\x1b[0;7m")
	default:
		w.WriteRawStr("\x1b[0m")
	}
}
