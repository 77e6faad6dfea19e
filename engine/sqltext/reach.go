package sqltext

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Reach is a place in a text at which it wants more than to read tables.
type Reach struct {
	Line int    // from 1
	What string // such as "read_csv() reads files"
}

// questions are the first words of statements that only ask.
var questions = []string{"SELECT", "FROM", "WITH", "VALUES", "TABLE", "DESCRIBE", "DESC", "SHOW", "SUMMARIZE"}

// reaching are DuckDB's functions that read or write files, run other text as
// SQL, or change what the database does. A test holds all table functions that
// DuckDB has against them, and against those known to be harmless.
var reaching = []struct {
	names *regexp.Regexp
	what  string
}{
	{regexp.MustCompile(`^(scan|read_\w+|(seq|index|arrow|parquet|csv|json|pandas|sqlite|postgres|mysql|iceberg|delta)_scan\w*|parquet_\w+|glob|sniff_csv|st_read\w*|getenv|duckdb_(secrets|extensions|external_file_cache|logs|log_contexts)|which_secret)$`),
		"reads files or the machine"},
	{regexp.MustCompile(`^(write_log|(copy|import)_database|(force_)?checkpoint|truncate_duckdb_logs|nextval|shell\w*|http_(get|post)\w*|load_aws_credentials|add_parquet_key)$`),
		"writes or reaches out"},
	{regexp.MustCompile(`^((enable|disable)_\w+|verify_(external|fetch_row|parallelism|serializer)|setseed|pragma_\w+|all_profiling_output|check_peg_parser|sleep_ms)$`),
		"changes or shows how the database runs"},
	{regexp.MustCompile(`^(query|query_table|json_execute_serialized_sql|json_serialize_plan|sql_auto_complete|test_(all|vector)_types)$`),
		"runs text as SQL or tests the database"},
}

// Question finds what keeps sql from being one question to tables: another or
// further statement, a function that reaches the machine, a file named in place
// of a table. It goes by the words, to say what is wrong and where before the
// database is asked. It is not what keeps the text from doing so: a view may
// hide what its name does not say, and DuckDB refuses that itself.
func Question(sql string) (Reach, bool) {
	some := false
	for _, s := range Split(sql) {
		if s.SQL == "" {
			continue
		}
		word := FirstKeyword(s.SQL)
		switch {
		case some:
			return Reach{s.Line, "a second statement"}, true
		case !slices.Contains(questions, word):
			if word == "" {
				word = "this"
			}
			return Reach{s.Line, word + " is no question: only a SELECT may run here"}, true
		case !ReadsOnly(s.SQL):
			return Reach{s.Line, "the statement writes"}, true
		}
		some = true
	}
	return Outside(sql)
}

// Outside finds the first place at which sql, of whatever kind, names a
// function or a file that is not the database's own.
func Outside(sql string) (Reach, bool) {
	tokens := meaningful(sql)
	var open []string // the function of each bracket that is open; "" for none
	for i, t := range tokens {
		text := t.Text(sql)
		before := func(n int) string {
			if i < n {
				return ""
			}
			return strings.ToUpper(tokens[i-n].Text(sql))
		}
		at := func(what string, args ...any) (Reach, bool) {
			return Reach{1 + strings.Count(sql[:t.Start], "\n"), fmt.Sprintf(what, args...)}, true
		}
		switch {
		case text == "(":
			open = append(open, "")
			if i == 0 || tokens[i-1].Kind != Ident && tokens[i-1].Kind != QuotedIdent {
				continue
			}
			name := strings.ToLower(Name(tokens[i-1].Text(sql)))
			open[len(open)-1] = name
			for _, r := range reaching {
				if r.names.MatchString(name) {
					return at("%s() %s", name, r.what)
				}
			}
		case text == ")" && len(open) > 0:
			open = open[:len(open)-1]
		case before(1) != "FROM" && before(1) != "JOIN":
		case t.Kind == String || t.Kind == EString || t.Kind == DollarQuote:
			// IS DISTINCT FROM 'a', extract(hour FROM '…') and their kind.
			if before(2) == "DISTINCT" && before(3) != "SELECT" || len(open) > 0 && slices.Contains([]string{"extract", "substring", "trim", "overlay"}, open[len(open)-1]) {
				continue
			}
			return at("a file in place of a table: %s", text)
		case t.Kind == QuotedIdent && file.MatchString(Name(text)):
			return at("a file in place of a table: %s", text)
		}
	}
	return Reach{}, false
}

// file is a name that can only be a file's.
var file = regexp.MustCompile(`[/\\*?]|(?i)\.(csv|tsv|json|jsonl|ndjson|parquet|txt|log|gz|zst|xlsx|db|duckdb|sqlite)$`)

// Name is what a name in SQL text stands for: without its quotes.
func Name(text string) string {
	if len(text) < 2 || text[0] != '"' {
		return text
	}
	return strings.ReplaceAll(strings.TrimSuffix(text[1:], `"`), `""`, `"`)
}
