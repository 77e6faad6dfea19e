package render

import "strings"

// ShellWord makes one word for a POSIX shell, fit to be shown and pasted. A word
// with control or hidden characters cannot be both: it is quoted in its escaped
// form, and [Pasteable] says so.
func ShellWord(s string) string {
	s = Escape(s)
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r))
	}) < 0
	if plain {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// Pasteable reports whether the shell gives back s itself for its [ShellWord].
func Pasteable(s string) bool { return Escape(s) == s }
