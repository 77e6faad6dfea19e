package sqltext

import "strings"

// Ordered reports whether a query as a whole, not only a part of it in
// brackets, has an ORDER BY.
func Ordered(sql string) bool {
	depth, order := 0, false
	for _, t := range meaningful(sql) {
		switch word := strings.ToUpper(t.Text(sql)); {
		case word == "(" || word == "[" || word == "{":
			depth++
		case word == ")" || word == "]" || word == "}":
			depth--
		case depth == 0 && order && word == "BY":
			return true
		default:
			order = depth == 0 && t.Kind == Ident && word == "ORDER"
			continue
		}
		order = false
	}
	return false
}
