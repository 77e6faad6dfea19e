package repl

import (
	"strings"
	"testing"
)

// TestVisibleHides: what steers a terminal or hides on it is shown as an escape.
func TestVisibleHides(t *testing.T) {
	for in, want := range map[string]string{
		"plain é 日本 \n":          "plain é 日本 \n",
		"\x1b]0;x\a":             `\x1b]0;x\x07`,
		"\u009b31m":              `\u009b31m`,
		"\u202ea\u2069\u061c":    `\u202ea\u2069\u061c`,
		"a\u200bb\ufeff\u00ad":   `a\u200bb\ufeff\u00ad`,
		"\u2028\U000e0041\ufe0f": `\u2028\U000e0041\ufe0f`,
		"\xff\xc3":               `\xff\xc3`,
	} {
		if got := visible(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
		var b strings.Builder
		v := &visibleWriter{w: &b}
		for i := range len(in) {
			if _, err := v.Write([]byte{in[i]}); err != nil {
				t.Fatal(err)
			}
		}
		if err := v.flush(); err != nil || b.String() != want {
			t.Errorf("%q by bytes: %q, %v", in, b.String(), err)
		}
	}
}
