package watch

import (
	"slices"
	"strings"

	"logquarry/engine/hunt"
	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// EventWise reports whether a hunt judges each event by itself, so that it can be
// run on new events alone: it is one SELECT over one source, its view of events,
// or the view of all events, and uses no function but those known to take one
// value and give one. It is false where that is not sure.
func EventWise(h *hunt.Hunt, sources []*schema.Source) bool {
	if _, judges := h.Param(hunt.BaselineUntil); judges {
		return false
	}
	var words []string // names in small letters, and marks
	for _, t := range sqltext.Tokens(h.SQL) {
		switch t.Kind {
		case sqltext.Space, sqltext.Comment:
		case sqltext.Ident:
			words = append(words, strings.ToLower(t.Text(h.SQL)))
		case sqltext.QuotedIdent:
			words = append(words, sqltext.Name(t.Text(h.SQL)))
		case sqltext.Op:
			words = append(words, t.Text(h.SQL))
		default:
			words = append(words, "'")
		}
	}
	selects, froms := 0, 0
	for i, word := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case slices.Contains(together, word):
			return false
		case word == "select":
			selects++
		case word == "from":
			froms++
			if !relation(next, sources) || i+2 < len(words) && !slices.Contains(behindRelation, words[i+2]) {
				return false
			}
		case next == "(" && isName(word) && !slices.Contains(single, word):
			return false
		}
	}
	return selects == 1 && froms == 1
}

func isName(word string) bool {
	return word != "" && (word[0] == '_' || word[0] >= 'a' && word[0] <= 'z' || word[0] >= 'A' && word[0] <= 'Z' || word[0] >= 0x80)
}

func relation(name string, sources []*schema.Source) bool {
	if name == "events" {
		return true
	}
	return slices.ContainsFunc(sources, func(s *schema.Source) bool { return name == s.Name || name == s.Name+"_events" })
}

// together are words that put rows together, or choose among them by others.
var together = []string{"group", "join", "over", "distinct", "exists", "having", "limit", "offset", "fetch", "with", "union", "intersect", "except",
	"qualify", "window", "lateral", "pivot", "unpivot", "tablesample", "using", "asof", "any", "some", "all"}

// behindRelation are what may follow the name of the relation.
var behindRelation = []string{"where", "order", ")", "'"}

// single are the functions that take values of one row, and the keywords that a
// bracket may follow.
var single = []string{
	"and", "or", "not", "in", "case", "when", "then", "else", "between", "like", "is", "as", "where", "select", "by", "interval", "values", "array",
	"abs", "access_key_account", "array_join", "arrays_overlap", "asn", "as_org", "aws_region", "aws_service", "bitwise_and", "cast", "ceil", "coalesce",
	"concat", "concat_ws", "contains", "date_add", "date_diff", "date_trunc", "day", "day_of_week", "element_at", "floor", "format_datetime", "from_iso8601_timestamp",
	"from_unixtime", "geo_city", "geo_country", "greatest", "hour", "if", "ip_in_cidr", "is_ip", "is_private_ip", "json_array_contains", "json_array_length",
	"json_extract", "json_extract_scalar", "json_format", "json_parse", "least", "length", "lower", "ltrim", "minute", "mod", "nullif", "regexp_extract",
	"regexp_like", "regexp_matches", "regexp_replace", "replace", "reverse", "round", "rtrim", "scanner", "split", "split_part", "starts_with", "strpos", "substr",
	"substring", "to_unixtime", "trim", "try", "try_cast", "upper", "url_decode", "year",
	// types with a length
	"varchar", "decimal", "timestamp",
}
