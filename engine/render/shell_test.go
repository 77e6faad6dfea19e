package render

import (
	"os/exec"
	"testing"
)

func TestShellWord(t *testing.T) {
	for in, want := range map[string]string{
		"":               "''",
		"key=AKIA0":      "key=AKIA0",
		"a b":            "'a b'",
		"it's":           `'it'\''s'`,
		"$(reboot)`x`;&": "'$(reboot)`x`;&'",
		"~":              "'~'",
		"a\nb":           `'a\nb'`,
		"\x1b[2J":        `'\x1b[2J'`,
		"a\u202eb":       `'a\u202eb'`,
		"grün":           "'grün'",
	} {
		got := ShellWord(in)
		if got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
		sh, err := exec.LookPath("sh")
		if err != nil {
			continue
		}
		out, err := exec.Command(sh, "-c", "printf %s "+got).Output()
		if err != nil || (string(out) == in) != Pasteable(in) {
			t.Errorf("%q: the shell takes %s for %q (%v), pasteable: %v", in, got, out, err, Pasteable(in))
		}
	}
}
