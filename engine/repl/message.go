package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mattn/go-runewidth"

	"logquarry/engine/sqltext"
)

// explain turns the error of a statement into one that shows the place, a
// caret and the name that was likely meant.
func (s *session) explain(ctx context.Context, sql string, err error) error {
	if errors.Is(err, errCancelled) || ctx.Err() != nil {
		return err
	}
	p := sqltext.Locate(sql, err.Error())
	if p.Name != "" {
		s.catalogue(ctx) // without it the names the error offers must do
	}
	text := p.Message
	meant := s.meant(sql, p)
	if meant != "" {
		text = strings.TrimSpace(didYouMean.ReplaceAllString(text, ""))
	}
	if p.Line > 0 {
		text += "\n\n" + picture(sql, p)
	}
	if meant != "" {
		text += "\ndid you mean " + meant + "?"
	}
	return &located{text, err}
}

var didYouMean = regexp.MustCompile(`(?m)\n*^(Did you mean|Candidate bindings|Candidate tables)\b[^\n]*$`)

type located struct {
	text string
	err  error
}

func (l *located) Error() string { return l.text }
func (l *located) Unwrap() error { return l.err }

// meant is the name of its kind that is nearest to the one the error is about.
func (s *session) meant(sql string, p sqltext.Place) string {
	if p.Name == "" {
		return ""
	}
	cat := s.cat
	var names []string
	switch p.What {
	case sqltext.Table:
		names = cat.names(false, nil)
		for _, t := range tablesIn(sql) {
			if t.alias != "" {
				names = append(names, t.alias)
			}
		}
		names = append(names, p.Candidates...)
	case sqltext.Column:
		var in []string
		for _, t := range tablesIn(sql) {
			in = append(in, strings.ToLower(t.name))
		}
		if len(in) > 0 {
			names = cat.names(true, in)
		}
		names = append(names, p.Candidates...)
	case sqltext.Function:
		names = append(append(names, cat.Functions...), p.Candidates...)
	case sqltext.Word:
		names = append(cat.keywords(), cat.names(false, nil)...)
	default:
		names = p.Candidates
	}
	name := p.Name
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		name = name[i+1:]
	}
	if n, ok := sqltext.Nearest(name, names); ok && !strings.EqualFold(n, name) {
		return n
	}
	if p.What == sqltext.Table {
		for _, r := range cat.Relations {
			if r.Args != nil && strings.EqualFold(r.Name, name) {
				return r.Name + "(" + strings.Join(r.Args, ", ") + ")"
			}
		}
		for _, h := range s.cfg.Engine.Hunts() {
			if strings.EqualFold(h.ID, name) {
				return ".run " + h.ID
			}
		}
	}
	if len(p.Candidates) > 0 && p.What != sqltext.Column {
		return p.Candidates[0]
	}
	return ""
}

// picture is the line of the place with a caret under it, cut to what fits.
func picture(sql string, p sqltext.Place) string {
	start := strings.LastIndexByte(sql[:p.Offset], '\n') + 1
	line, _, _ := strings.Cut(sql[start:], "\n")
	before, after := line[:p.Offset-start], line[p.Offset-start:]
	const room = 50 // characters kept on each side
	if n := utf8.RuneCountInString(before); n > room {
		before = "…" + string([]rune(before)[n-room+1:])
	}
	if r := []rune(after); len(r) > room {
		after = string(r[:room-1]) + "…"
	}
	before, after = visible(strings.ReplaceAll(before, "\t", " ")), visible(strings.ReplaceAll(after, "\t", " "))
	head := fmt.Sprintf("%4d | ", p.Line)
	return head + before + after + "\n" + strings.Repeat(" ", len(head)-2) + "| " + strings.Repeat(" ", runewidth.StringWidth(before)) + "^"
}

// visible is text with every control character, except the line feed, shown
// as an escape: text from a log must not drive the terminal.
func visible(text string) string {
	clean := true
	for _, r := range text {
		if control(r) {
			clean = false
			break
		}
	}
	if clean && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[i])
		case control(r) && r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case control(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case control(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[i : i+n])
		}
		i += n
	}
	return b.String()
}

// control reports whether r steers a terminal or leaves no trace on it: all but
// visible characters, the blank and the line feed. It is render's rule.
func control(r rune) bool {
	return r != '\n' && (!unicode.IsPrint(r) || unicode.In(r, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point))
}

// visibleWriter makes what is written visible. Tabs become blanks. It holds
// back a rune that is not whole yet until the next write or flush.
type visibleWriter struct {
	w    io.Writer
	rest []byte
	last byte // written last; 0 before anything was
}

func (v *visibleWriter) Write(p []byte) (int, error) {
	text := append(v.rest, p...)
	end := len(text)
	for i := 1; i < utf8.UTFMax && i <= len(text); i++ {
		if utf8.RuneStart(text[len(text)-i]) {
			if !utf8.FullRune(text[len(text)-i:]) {
				end = len(text) - i
			}
			break
		}
	}
	v.rest = append([]byte(nil), text[end:]...)
	if err := v.show(text[:end]); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (v *visibleWriter) flush() error {
	rest := v.rest
	v.rest = nil
	return v.show(rest)
}

func (v *visibleWriter) show(text []byte) error {
	if len(text) == 0 {
		return nil
	}
	v.last = text[len(text)-1]
	_, err := io.WriteString(v.w, visible(strings.NewReplacer("\r\n", "\n", "\t", "    ").Replace(string(text))))
	return err
}

func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int64, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

func duration(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < time.Minute:
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return d.Round(time.Second).String()
}
