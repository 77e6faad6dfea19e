package queries_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/store"
	"logquarry/engine/value"
	"logquarry/schemas"
)

// trinoFunctions are the functions and operators shipped SQL may use, as DuckDB's
// parser names them. All are Trino's too, under this name and with this meaning:
// https://trino.io/docs/current/functions/list.html
var trinoFunctions = words(`
	+ - * / % || ~~ !~~ like_escape not_like_escape
	abs ceil concat floor greatest least lower length lpad replace reverse round rtrim ltrim trim sign split_part strpos substr substring upper
	chr coalesce ln log10 nullif power sqrt asin cos radians sin split url_decode
	regexp_extract regexp_like regexp_replace
	count count_star sum avg min max min_by max_by bool_or bool_and array_agg stddev_samp stddev_pop approx_distinct approx_percentile count_if
	row_number rank dense_rank lag lead first_value last_value ntile
	date_add date_diff date_trunc day_of_week hour minute second day month year date_part extract
	from_iso8601_timestamp from_unixtime to_unixtime
	array_join array_sort array_distinct arrays_overlap cardinality contains element_at sequence unnest list_value row
	json_array_contains json_array_length json_extract json_extract_scalar json_format json_parse
	bitwise_and`)

// ownFunctions are in neither engine: schemas/functions.sql defines them, and says
// how Trino is given them.
var ownFunctions = words(`json_elements ip_in_cidr is_private_ip is_ip
	geo_country geo_city geo_lat geo_lon asn as_org aws_service aws_region access_key_account scanner enriched_by`)

func words(s string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(s) {
		out[w] = true
	}
	return out
}

// types are what a cast may give.
var castTypes = words("VARCHAR BIGINT INTEGER DOUBLE BOOLEAN TIMESTAMP DATE DECIMAL UUID")

// interval says whether a call is what the parser makes of INTERVAL '1' HOUR:
// to_hours of a constant that is cast, where a call written out has it bare.
func interval(n map[string]any) bool {
	name, _ := n["function_name"].(string)
	args, _ := n["children"].([]any)
	if !slices.Contains([]string{"to_seconds", "to_minutes", "to_hours", "to_days"}, name) || len(args) != 1 {
		return false
	}
	text, err := json.Marshal(args)
	return err == nil && bytes.Contains(text, []byte(`"class":"CAST"`)) && bytes.Contains(text, []byte(`"class":"CONSTANT"`)) &&
		!bytes.Contains(text, []byte("COLUMN_REF")) && !bytes.Contains(text, []byte("PARAMETER"))
}

// strange walks the tree DuckDB's parser makes of one SELECT and says what Trino
// would not take, or take otherwise.
func strange(node any, tableFunctions map[string]bool) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	var walk func(any)
	walk = func(node any) {
		switch n := node.(type) {
		case []any:
			for _, x := range n {
				walk(x)
			}
		case map[string]any:
			class, _ := n["class"].(string)
			kind, _ := n["type"].(string)
			name, _ := n["function_name"].(string)
			if interval(n) {
				return
			}
			switch {
			case name != "" && (class == "FUNCTION" || class == "WINDOW"):
				if !trinoFunctions[name] && !ownFunctions[name] && !tableFunctions[name] {
					say("function %s", name)
				}
				if n["distinct"] == true && class == "WINDOW" {
					say("DISTINCT in a window")
				}
			case class == "LAMBDA":
				say("a lambda")
			case class == "STAR":
				for _, list := range []string{"exclude_list", "replace_list", "rename_list", "qualified_exclude_list"} {
					if l, some := n[list].([]any); some && len(l) > 0 {
						say("* with %s", list)
					}
				}
				if n["columns"] == true {
					say("COLUMNS()")
				}
			case class == "CAST":
				if to, ok := n["cast_type"].(map[string]any); ok {
					id, _ := to["id"].(string)
					if info, _ := to["type_info"].(map[string]any); id == "UNBOUND" || id == "USER" {
						id, _ = info["name"].(string)
					}
					if !castTypes[strings.ToUpper(id)] {
						say("a cast to %s", id)
					}
				}
			case class == "SUBQUERY" && n["subquery_type"] == "ANY" && n["comparison_type"] != "COMPARE_EQUAL":
				// x IN (SELECT …) alone is in both.
				say("a quantified comparison")
			case kind == "TABLE_FUNCTION":
				if f, ok := n["function"].(map[string]any); ok {
					if name, _ := f["function_name"].(string); name != "unnest" && !tableFunctions[name] {
						say("table function %s", name)
					}
				}
			case kind == "JOIN":
				if t, _ := n["join_type"].(string); !slices.Contains([]string{"INNER", "LEFT", "RIGHT", "OUTER", "FULL"}, t) {
					say("%s JOIN", t)
				}
				if t, _ := n["ref_type"].(string); slices.Contains([]string{"ASOF", "POSITIONAL", "NATURAL"}, t) {
					say("%s JOIN", t)
				}
			case kind == "PIVOT" || kind == "SHOW_REF":
				say("%s", kind)
			case kind == "SELECT_NODE":
				if n["qualify"] != nil {
					say("QUALIFY")
				}
				if a, _ := n["aggregate_handling"].(string); a == "FORCE_AGGREGATES" {
					say("GROUP BY ALL")
				}
				if n["sample"] != nil {
					say("a sample")
				}
			}
			if orders, ok := n["orders"].([]any); ok {
				for _, o := range orders {
					if o, ok := o.(map[string]any); ok {
						if e, ok := o["expression"].(map[string]any); ok && e["class"] == "STAR" {
							say("ORDER BY ALL")
						}
					}
				}
			}
			for _, key := range slices.Sorted(maps.Keys(n)) {
				walk(n[key])
			}
		}
	}
	walk(node)
	slices.Sort(out)
	return slices.Compact(out)
}

// parse is the tree of one SELECT, as DuckDB's parser makes it.
func parse(t testing.TB, c *store.Case, sql string) any {
	t.Helper()
	var text string
	err := value.Each(context.Background(), c, "SELECT CAST(json_serialize_sql(CAST($sql AS VARCHAR)) AS VARCHAR)", map[string]any{"sql": sql},
		func(cells []any) { text = value.Text(cells[0]) })
	if err != nil {
		t.Fatal(err)
	}
	var tree struct {
		Error      bool   `json:"error"`
		Message    string `json:"error_message"`
		Statements []any  `json:"statements"`
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(text)))
	if err := dec.Decode(&tree); err != nil {
		t.Fatal(err)
	}
	if tree.Error || len(tree.Statements) != 1 {
		t.Fatalf("the parser says %q, %d statements, of:\n%s", tree.Message, len(tree.Statements), sql)
	}
	return tree.Statements[0]
}

// TestPortableTrees parses every shipped hunt and view: what they call must be
// Trino's, and what they are made of, too. TestPortableSQL sees what the parser
// makes no difference of: casts with ::, for one.
func TestPortableTrees(t *testing.T) {
	c := openCase(t)
	macros := map[string]bool{}
	for _, h := range library(t).Hunts() {
		if found := strange(parse(t, c, h.SQL), macros); found != nil {
			t.Errorf("%s: %s", h.ID, strings.Join(found, ", "))
		}
	}
	cross, err := fs.ReadFile(schemas.FS, "cross.sql")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{"cross.sql": string(cross)}
	for _, s := range schematest.Shipped(t) {
		texts[s.Name+"/views.sql"] = s.Views
	}
	head := regexp.MustCompile(`(?is)^\s*CREATE\s+(OR\s+REPLACE\s+)?VIEW\s+\S+\s+AS\b`)
	parsed := 0
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		views, err := schema.SplitViews(texts[name])
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range views {
			at := head.FindStringIndex(v.SQL)
			if at == nil {
				continue // a macro: a function of ours with a table for its value
			}
			parsed++
			if found := strange(parse(t, c, v.SQL[at[1]:]), macros); found != nil {
				t.Errorf("%s: view %s: %s", name, v.Name, strings.Join(found, ", "))
			}
		}
	}
	if parsed < 20 {
		t.Errorf("only %d views were parsed", parsed)
	}
}

// TestPortableTreesFinds proves that what runs on DuckDB alone is found.
func TestPortableTreesFinds(t *testing.T) {
	c := openCase(t)
	for sql, want := range map[string]string{
		"SELECT string_agg(a, ',') FROM t":                               "function string_agg",
		"SELECT list_filter(l, lambda x: x > 1) FROM t":                  "a lambda, function list_filter",
		"SELECT [x + 1 FOR x IN l] FROM t":                               "a lambda, function list_apply",
		"SELECT a, count(*) FROM t GROUP BY ALL":                         "GROUP BY ALL",
		"SELECT a FROM t ORDER BY ALL":                                   "COLUMNS(), ORDER BY ALL",
		"SELECT a FROM t QUALIFY row_number() OVER (ORDER BY a) = 1":     "QUALIFY",
		"SELECT * EXCLUDE (a) FROM t":                                    "* with exclude_list",
		"SELECT * REPLACE (1 AS a) FROM t":                               "* with replace_list",
		"SELECT COLUMNS('a.*') FROM t":                                   "COLUMNS()",
		"SELECT 1 FROM t WHERE a ILIKE 'b'":                              "function ~~*",
		"SELECT j ->> '$.a' FROM t":                                      "function ->>",
		"SELECT count(DISTINCT a) OVER () FROM t":                        "DISTINCT in a window",
		"SELECT a FROM t ASOF JOIN u ON t.x >= u.x":                      "ASOF JOIN",
		"SELECT a FROM t SEMI JOIN u ON t.x = u.x":                       "SEMI JOIN",
		"SELECT CAST(a AS JSON) FROM t":                                  "a cast to JSON",
		"SELECT CAST(a AS HUGEINT) FROM t":                               "a cast to HUGEINT",
		"SELECT * FROM read_csv('x')":                                    "function read_csv, table function read_csv",
		"SELECT to_minutes(5), to_hours(n) FROM t":                       "function to_hours, function to_minutes",
		"SELECT a FROM t USING SAMPLE 3":                                 "a sample",
		"WITH x AS (SELECT epoch_ms(a) FROM t) SELECT * FROM x":          "function epoch_ms",
		"SELECT 1 WHERE EXISTS (SELECT 1 FROM t WHERE len(a) > 0)":       "function len",
		"SELECT max(a) FILTER (WHERE strftime(b, '%Y') = '1') FROM t":    "function strftime",
		"SELECT a FROM t UNION ALL SELECT array_to_string(b, '') FROM t": "function array_to_string",
	} {
		if got := strings.Join(strange(parse(t, c, sql), nil), ", "); got != want {
			t.Errorf("%s: found %q, want %q", sql, got, want)
		}
	}
	if found := strange(parse(t, c, "SELECT coalesce(a, 'x') || CAST($n AS VARCHAR) FROM t JOIN u ON t.a = u.a WHERE a LIKE 'b%' AND b IN (SELECT c FROM v) GROUP BY 1 ORDER BY 1"), nil); found != nil {
		t.Errorf("found %v in what both take", found)
	}
}
