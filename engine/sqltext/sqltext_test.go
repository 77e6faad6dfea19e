package sqltext

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestTokens(t *testing.T) {
	tests := []struct {
		sql  string
		want []string // kind-free: the meaningful tokens
	}{
		{"select 1", []string{"select", "1"}},
		{"a--b\nc", []string{"a", "c"}},
		{"/* a /* b */ ; */ x", []string{"x"}},
		{"'it''s; ok'", []string{"'it''s; ok'"}},
		{`'a\'b`, []string{`'a\'`, "b"}},
		{`e'a\'b;' c`, []string{`e'a\'b;'`, "c"}},
		{`"a""b" x`, []string{`"a""b"`, "x"}},
		{"$$a;'b$$ $t$;$$;$t$", []string{"$$a;'b$$", "$t$;$$;$t$"}},
		{"$ip and $1 ? ?2", []string{"$ip", "and", "$1", "?", "?2"}},
		{"a$b $", []string{"a$b", "$"}},
		{"1.5e-3 .5 0xFF 1_000 1..2 1e", []string{"1.5e-3", ".5", "0xFF", "1_000", "1", ".", ".2", "1", "e"}},
		{"a::int<=b->>'x'!~c", []string{"a", "::", "int", "<=", "b", "->>", "'x'", "!~", "c"}},
		{"größe=日本", []string{"größe", "=", "日本"}},
	}
	for _, tt := range tests {
		var got []string
		for _, tok := range meaningful(tt.sql) {
			got = append(got, tok.Text(tt.sql))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%q: %s", tt.sql, d)
		}
	}
}

func TestSplit(t *testing.T) {
	type stmt struct {
		SQL      string
		Offset   int
		Line     int
		Complete bool
	}
	tests := []struct {
		text string
		want []stmt
	}{
		{"", nil},
		{"select 1", []stmt{{"select 1", 0, 1, false}}},
		{"select 1;", []stmt{{"select 1", 0, 1, true}}},
		{"a; -- x;\n\n b ;c", []stmt{{"a", 0, 1, true}, {"b", 11, 3, true}, {"c", 14, 3, false}}},
		{"select ';' ; ", []stmt{{"select ';'", 0, 1, true}, {"", 13, 1, false}}},
		{"select $$;\n$$; x", []stmt{{"select $$;\n$$", 0, 1, true}, {"x", 15, 2, false}}},
		{"/* ; */ ;", []stmt{{"", 9, 1, true}}},
		{"select 'a;", []stmt{{"select 'a;", 0, 1, false}}},
	}
	for _, tt := range tests {
		var got []stmt
		for _, s := range Split(tt.text) {
			got = append(got, stmt{s.SQL, s.Offset, s.Line, s.Complete})
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%q: %s", tt.text, d)
		}
	}
}

func TestComplete(t *testing.T) {
	for text, want := range map[string]bool{
		"":                     true,
		"  -- nothing\n":       true,
		"/* open":              false,
		"select 1":             false,
		"select 1;":            true,
		"select 1; -- done":    true,
		"select 1; select":     false,
		"select ';":            false,
		"select $q$;":          false,
		"select $q$;$q$;":      true,
		`select "a;`:           false,
		"select 1 -- no;":      false,
		"select E'it\\'s; ' ;": true,
	} {
		if got := Complete(text); got != want {
			t.Errorf("Complete(%q) = %v", text, got)
		}
	}
}

func TestParams(t *testing.T) {
	got := Params("select $ip, '$no', $$ $no $$ /* $no */ where a = $since and b = $ip or c = ? or d = $2 -- $no")
	if d := cmp.Diff([]string{"ip", "since", "2"}, got); d != "" {
		t.Error(d)
	}
}

func TestReadsOnly(t *testing.T) {
	for sql, want := range map[string]bool{
		"select 1":                                     true,
		"SELECT 1; select 2;":                          true,
		"-- c\n (select 1)":                            true,
		"from cloudtrail":                              true,
		"with a as (select 1) select * from a":         true,
		"with a as (select 1) insert into t from a":    false,
		"with a as (delete from t returning *) from a": false,
		"with recursive a(x) as (values (1)) from a":   true,
		"with a as (select 1)":                         false,
		"describe cloudtrail":                          true,
		"show tables":                                  true,
		"summarize cloudtrail":                         true,
		"values (1)":                                   true,
		"table cloudtrail":                             true,
		"pragma version":                               true,
		"explain delete from t":                        true,
		"explain analyze select 1":                     true,
		"explain analyze delete from t":                false,
		"explain (analyze) delete from t":              false,
		"explain (analyze, format json) select 1":      true,
		"insert into t values (1)":                     false,
		"select 1; drop table t":                       false,
		"select 1 into t":                              false,
		"copy t to 'x'":                                false,
		"attach 'x'":                                   false,
		"set threads = 1":                              false,
		"":                                             false,
		";":                                            false,
		"select 'insert into t'":                       true,
		"select \"update\" from t where a in (select 1)": true,
		"explain":         true,
		"explain analyze": true,
	} {
		if got := ReadsOnly(sql); got != want {
			t.Errorf("ReadsOnly(%q) = %v", sql, got)
		}
	}
}

func TestNearest(t *testing.T) {
	tables := []string{"cloudtrail", "cloudtrail_insights", "vpc_flow", "waf", "events", "evidence"}
	for word, want := range map[string]string{
		"clodtrail":   "cloudtrail",
		"cloudtrial":  "cloudtrail",
		"CLOUDTRAILS": "cloudtrail",
		"vpcflow":     "vpc_flow",
		"wfa":         "waf",
		"event":       "events",
		"evnts":       "events",
		"guardduty":   "",
		"x":           "",
		"":            "",
	} {
		got, ok := Nearest(word, tables)
		if got != want || ok != (want != "") {
			t.Errorf("Nearest(%q) = %q, %v; want %q", word, got, ok, want)
		}
	}
}

func TestOneLine(t *testing.T) {
	tests := []struct{ in, want string }{
		{"select 1\n  from t;", "select 1 from t;"},
		{"select 1 -- one\nfrom t;", "select 1 /* one */ from t;"},
		{"select 1 -- */\nfrom t;", "select 1  from t;"},
		{"select 'it''s\n\\';", `select E'it''s\n\\';`},
		{"select $q$it's\n$q$;", `select E'it''s\n';`},
		{"select\t'a b'", "select 'a b'"},
		{"/* a\n b */ x", "/* a b */ x"},
	}
	for _, tt := range tests {
		if got, ok := OneLine(tt.in); !ok || got != tt.want {
			t.Errorf("OneLine(%q) = %q, %v", tt.in, got, ok)
		}
	}
	for _, in := range []string{"select 'a\n", "select \"a\nb\""} {
		if got, ok := OneLine(in); ok {
			t.Errorf("OneLine(%q) = %q, want none", in, got)
		}
	}
}

// The error texts are those of DuckDB 1.5.6.
func TestLocate(t *testing.T) {
	long := "select 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,usr_arn,41,42,43,44,45,46,47,48,49,50,51,52 from cloudtrail"
	wide := "select '日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本', usr_arn from cloudtrail"
	tests := []struct {
		name, sql, err string
		want           Place
	}{
		{"syntax", "selec 1", "Parser Error: syntax error at or near \"selec\"\n\nLINE 1: selec 1\n        ^",
			Place{Message: `Parser Error: syntax error at or near "selec"`, Line: 1, Column: 1, Name: "selec", What: Word}},
		{"table on line 2", "select *\nfrom clodtrail", "Catalog Error: Table with name clodtrail does not exist!\nDid you mean \"cloudtrail\"?\n\nLINE 2: from clodtrail\n             ^",
			Place{Message: "Catalog Error: Table with name clodtrail does not exist!\nDid you mean \"cloudtrail\"?", Line: 2, Column: 6, Offset: 14, Name: "clodtrail", What: Table, Candidates: []string{"cloudtrail"}}},
		{"column after umlauts", "select 'ééé', 日本 from cloudtrail", "Binder Error: Referenced column \"日本\" not found in FROM clause!\nCandidate bindings: \"a\"\n\nLINE 1: select 'ééé', 日本 from cloudtrail\n                      ^",
			Place{Message: "Binder Error: Referenced column \"日本\" not found in FROM clause!\nCandidate bindings: \"a\"", Line: 1, Column: 15, Offset: 17, Name: "日本", What: Column, Candidates: []string{"a"}}},
		{"cut line", long, "Binder Error: Referenced column \"usr_arn\" not found in FROM clause!\nCandidate bindings: \"user_arn\"\n\nLINE 1: ...,21,22,23,24,25,26,27,28,29,30,31,32,33,34,35,36,37,38,39,40,usr_arn,41,42,43,44,45,46,47,48,49,50,51,52 from cloudtrail\n                                                                        ^",
			Place{Message: "Binder Error: Referenced column \"usr_arn\" not found in FROM clause!\nCandidate bindings: \"user_arn\"", Line: 1, Column: strings.Index(long, "usr_arn") + 1, Offset: strings.Index(long, "usr_arn"), Name: "usr_arn", What: Column, Candidates: []string{"user_arn"}}},
		{"qualified column", "select c.foo from cloudtrail c", "Binder Error: Table \"c\" does not have a column named \"foo\"\n\nCandidate bindings: : \"a\"\n\nLINE 1: select c.foo from cloudtrail c\n               ^",
			Place{Message: "Binder Error: Table \"c\" does not have a column named \"foo\"\n\nCandidate bindings: : \"a\"", Line: 1, Column: 10, Offset: 9, Name: "foo", What: Column, Candidates: []string{"a"}}},
		{"function", "select * from read_csvv('x')", "Catalog Error: Table Function with name read_csvv does not exist!\nDid you mean \"read_csv\"?\n\nLINE 1: select * from read_csvv('x')\n                      ^",
			Place{Message: "Catalog Error: Table Function with name read_csvv does not exist!\nDid you mean \"read_csv\"?", Line: 1, Column: 15, Offset: 14, Name: "read_csvv", What: Function, Candidates: []string{"read_csv"}}},
		{"end of input", "select 1 where \n", "Parser Error: syntax error at end of input",
			Place{Message: "Parser Error: syntax error at end of input", Line: 1, Column: 15, Offset: 14}},
		{"no place", "select 1", "IO Error: disk full", Place{Message: "IO Error: disk full", Offset: -1}},
		{"no picture but a name", "select *\n from foo", "Catalog Error: Table with name foo does not exist!",
			Place{Message: "Catalog Error: Table with name foo does not exist!", Line: 2, Column: 7, Offset: 15, Name: "foo", What: Table}},
		{"line that is not there", "select 1", "Parser Error: x\n\nLINE 7: abc\n        ^", Place{Message: "Parser Error: x", Offset: -1}},
		{"wide letters before", wide,
			"Binder Error: Referenced column \"usr_arn\" not found in FROM clause!\n\nLINE 1: ...日本日本日本日本日本日本日本日本日本日本日本日本日本日本日本', usr_arn from cloudtrail\n                                                                      ^",
			Place{Message: "Binder Error: Referenced column \"usr_arn\" not found in FROM clause!", Line: 1, Column: utf8.RuneCountInString(wide[:strings.Index(wide, "usr_arn")]) + 1, Offset: strings.Index(wide, "usr_arn"), Name: "usr_arn", What: Column}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, Locate(tt.sql, tt.err)); d != "" {
				t.Error(d)
			}
		})
	}
}

func FuzzSplit(f *testing.F) {
	for _, s := range []string{"", "select 1; select 2", "/* /* */ ; */;'", "$a$ ; $a$; e'\\';", "\"a;\n-- x;\n", "\xff;$1;?1;日;$é$;$é$"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var whole strings.Builder
		end := 0
		for _, tok := range Tokens(text) {
			if tok.Start != end || tok.End <= tok.Start {
				t.Fatalf("token %+v after %d", tok, end)
			}
			end = tok.End
		}
		if end != len(text) {
			t.Fatalf("tokens end at %d of %d", end, len(text))
		}
		pieces := Split(text)
		for i, s := range pieces {
			whole.WriteString(s.Piece)
			if s.Complete != strings.HasSuffix(s.Piece, ";") && i < len(pieces)-1 {
				t.Fatalf("piece %q: complete %v", s.Piece, s.Complete)
			}
			if text[s.Offset:s.Offset+len(s.SQL)] != s.SQL {
				t.Fatalf("offset %d is not of %q", s.Offset, s.SQL)
			}
			again := Split(s.Piece)
			if len(again) != 1 || again[0].SQL != s.SQL || again[0].Complete != s.Complete {
				t.Fatalf("piece %q splits again into %+v", s.Piece, again)
			}
		}
		if whole.String() != text {
			t.Fatalf("pieces make %q of %q", whole.String(), text)
		}
		if c := Complete(text); c && len(pieces) > 0 && !pieces[len(pieces)-1].Complete && pieces[len(pieces)-1].SQL != "" {
			t.Fatalf("%q is called complete", text)
		}
		ReadsOnly(text)
		FirstKeyword(text)
		for _, p := range Params(text) {
			if p == "" {
				t.Fatalf("parameter without a name in %q", text)
			}
		}
		if line, ok := OneLine(text); ok && strings.ContainsAny(line, "\n\r\t") {
			t.Fatalf("OneLine(%q) = %q", text, line)
		}
	})
}

func FuzzLocate(f *testing.F) {
	f.Add("select x", "Binder Error: Referenced column \"x\" not found\n\nLINE 1: select x\n               ^")
	f.Add("a\nb", "LINE 2: ...b...\n   ^")
	f.Fuzz(func(t *testing.T, sql, errText string) {
		p := Locate(sql, errText)
		if p.Offset > len(sql) || (p.Offset < 0) != (p.Line == 0) {
			t.Fatalf("%+v in %q", p, sql)
		}
	})
}

// DuckDB reads what follows a carriage return as SQL: so must we, or a
// statement could hide behind a comment.
func TestCommentEndsAtCarriageReturn(t *testing.T) {
	text := "SELECT 1 -- one\r; DROP TABLE evidence"
	pieces := Split(text)
	if len(pieces) != 2 || pieces[1].SQL != "DROP TABLE evidence" {
		t.Fatalf("Split(%q) = %+v", text, pieces)
	}
	if ReadsOnly(text) {
		t.Errorf("%q is taken for a query", text)
	}
}
