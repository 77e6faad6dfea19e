package sqltext

import "strings"

// Literal is text as an SQL string constant of DuckDB. It is how a text gets into
// SQL where it cannot be bound: quotes are doubled, and what a statement cannot hold, a NUL, is
// written as chr(0). Bytes that are no UTF-8 become the replacement character.
func Literal(text string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	if !strings.Contains(text, "\x00") {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	var parts []string
	for i, piece := range strings.Split(text, "\x00") {
		if i > 0 {
			parts = append(parts, "chr(0)")
		}
		if piece != "" {
			parts = append(parts, "'"+strings.ReplaceAll(piece, "'", "''")+"'")
		}
	}
	return "(" + strings.Join(parts, " || ") + ")"
}
