package regex

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"logquarry/engine/schema/schematest"

	"github.com/google/go-cmp/cmp"
)

// TestMatcher: what the beginning of a text tells never differs from what the
// expression itself says, for every first byte and what may follow.
func TestMatcher(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	exprs := []string{`^a`, `^(a|[b-d]x)`, `a`, `^a?`, `^$`, `^`, `^(?i:k)`, `^\s+x`, `^[^a]`, `^é`, `^.x`, `^(?s:.)`, `^a|^b`, `^a|b`, `^\bfoo`, `\Ax`, `(?m)^x`, `^REPORT (a|b)`, `^\d{2}`, `^é+x`, `^.a`, `^[^|]*\|x`, `^(?i:ab)`, `^a{3}b?$`, `^\S \d`, `^(?:ab|a)c`, `ab|cd`, `(ab|a+)x`, `(?:ab|c*)x`, `^.(?:one|two|(?i:three))$`, `a|b|c|d|e|f|g|h|i`}
	sources := schematest.Shipped(t)
	for _, s := range sources {
		exprs = append(exprs, s.Patterns...)
		exprs = append(exprs, s.Recognise.Line, s.Begin)
	}
	texts := []string{"", "\n", "xone", "xtwo", "xTHREE", "cd", "xcdx", "aax", "i", "é", "é x", "REPORT a", "REPORT", "foo", "\nx", "K", "\u212a", "\xff\xfe", "<13>Jan  2 03:04:05 host app[1]: x"}
	for c := range 256 {
		for _, rest := range []string{"", "x", "12", "EPORT a", "a x", "026-01-02T03:04:05.678Z ", " 111122223333 eni-1", "é", "\xff|", "0 |"} {
			texts = append(texts, string([]byte{byte(c)})+rest, "2"+string([]byte{byte(c)})+rest, "ab"+string([]byte{byte(c)})+rest, "2026-01-0"+string([]byte{byte(c)})+rest)
		}
	}
	paths, err := filepath.Glob("../../../schemas/*/samples/*.log")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, strings.Split(string(text), "\n")...)
	}
	filtered, tables := 0, 0
	for _, expr := range exprs {
		m, err := NewMatcher(expr)
		if err != nil {
			t.Fatal(err)
		}
		re := regexp.MustCompile(expr)
		if m.table() != nil {
			tables++
		}
		for _, text := range texts {
			if got, want := m.Match([]byte(text)), re.MatchString(text); got != want {
				t.Errorf("%s on %q: %v, want %v", expr, text, got, want)
			}
			if d := cmp.Diff(re.FindStringSubmatchIndex(text), m.Submatches([]byte(text), nil)); d != "" {
				t.Errorf("%s on %q (-want +got):\n%s", expr, text, d)
			}
			if !m.Begins([]byte(text)) {
				filtered++
			}
		}
	}
	if filtered == 0 || tables == 0 {
		t.Errorf("%d texts were told by their beginning, %d expressions have a table", filtered, tables)
	}
	if _, err := NewMatcher("("); err == nil {
		t.Error("no error for an expression that is none")
	}
}

// TestTable: whatever is made of these, what a table says is what the expression
// itself does.
func TestTable(t *testing.T) {
	for _, tt := range []struct {
		expr  string
		table bool
	}{
		{`^$`, true}, {`^`, true}, {`^a*$`, true}, {`^(a|b*)$`, true}, {`^(?:(a)|(b))*$`, true}, {`^(a*)*$`, true}, {`^(?:a?){3}$`, false},
		{`^(a)?(b)?(c)?$`, true}, {`^(?:(a+),)+$`, true}, {`^((?:"[^"]*")+|[^,"]*),(x?)$`, true}, {`^'((?:[^'\\]|\\(?s:.))*)'(?:,(\d*))?$`, true},
		{`^.$`, true}, {`^(?s:.)$`, true}, {`^[^a]$`, true}, {`^\s+((?:\S(?s:.*))?)$`, true}, {`^(?i:ab)$`, true}, {`^(?i:k)$`, false}, {`^é$`, false},
		{`^[a-é]$`, false}, {`^(a.*?),(.*)$`, false}, {`^(ab|ac)$`, true}, {`^(?:ab|c|ac)$`, false}, {`^(a$|b)`, false}, {`^a(?:$|)`, true}, {`^(?:x|)$`, true},
		{`^a\b`, false}, {`(?m)^a$`, false}, {`a$`, false}, {`^a|b$`, false}, {`^(^a)$`, true}, {`^a(^b)?$`, true}, {`^(?:a$b|c)$`, false}, {`^[^\x00-\x{10FFFF}]$`, true}, {`^\d{4}(?:x|-\d)`, true},
	} {
		m, err := NewMatcher(tt.expr)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.table() != nil; got != tt.table {
			t.Errorf("%s: has a table: %v, want %v", tt.expr, got, tt.table)
		}
		alphabet := []string{"a", "b", "c", "k", ",", "'", "\"", "\\", "\n", " ", "1", "x", "é", "\u212a", "\xff", "\u2028", "-"}
		texts := []string{""}
		for from := 0; from < 500; from++ { // all of up to two, and some of three
			for _, a := range alphabet {
				texts = append(texts, texts[from]+a)
			}
		}
		for _, text := range texts {
			if d := cmp.Diff(m.Regexp.FindStringSubmatchIndex(text), m.Submatches([]byte(text), nil)); d != "" {
				t.Fatalf("%s on %q (-want +got):\n%s", tt.expr, text, d)
			}
			if got, want := m.Match([]byte(text)), m.Regexp.MatchString(text); got != want {
				t.Fatalf("%s on %q: %v, want %v", tt.expr, text, got, want)
			}
		}
	}
}
