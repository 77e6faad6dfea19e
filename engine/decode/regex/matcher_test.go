package regex

import (
	"regexp"
	"testing"

	"logquarry/engine/schema"
	"logquarry/schemas"
)

// TestMatcher: what the beginning of a text tells never differs from what the
// expression itself says, for every first byte and what may follow.
func TestMatcher(t *testing.T) {
	exprs := []string{`^a`, `^(a|[b-d]x)`, `a`, `^a?`, `^$`, `^`, `^(?i:k)`, `^\s+x`, `^[^a]`, `^é`, `^.x`, `^(?s:.)`, `^a|^b`, `^a|b`, `^\bfoo`, `\Ax`, `(?m)^x`, `^REPORT (a|b)`, `^\d{2}`}
	sources, err := schema.Load(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sources {
		exprs = append(exprs, s.Patterns...)
		exprs = append(exprs, s.Recognise.Line, s.Begin)
	}
	texts := []string{"", "\n", "é", "é x", "REPORT a", "REPORT", "foo", "\nx", "K", "\u212a", "\xff\xfe", "<13>Jan  2 03:04:05 host app[1]: x"}
	for c := range 256 {
		for _, rest := range []string{"", "x", "12", "EPORT a", "a x"} {
			texts = append(texts, string([]byte{byte(c)})+rest)
		}
	}
	filtered := 0
	for _, expr := range exprs {
		m, err := NewMatcher(expr)
		if err != nil {
			t.Fatal(err)
		}
		re := regexp.MustCompile(expr)
		for _, text := range texts {
			if got, want := m.Match([]byte(text)), re.MatchString(text); got != want {
				t.Errorf("%s on %q: %v, want %v", expr, text, got, want)
			}
			if !m.Begins([]byte(text)) {
				filtered++
			}
		}
	}
	if filtered == 0 {
		t.Error("no text was told by its beginning")
	}
	if _, err := NewMatcher("("); err == nil {
		t.Error("no error for an expression that is none")
	}
}
