package queries_test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"logquarry/engine/attack"
	"logquarry/engine/hunt"
)

// tactics are the folders of hunts that are packs of that name themselves.
var tactics = []string{"config",
	"orientation", "initial-access", "execution", "persistence", "privilege-escalation", "defense-evasion", "credential-access",
	"discovery", "lateral-movement", "collection", "command-and-control", "exfiltration", "impact", "cross-source",
}

// TestFrontMatter holds every shipped hunt to what its readers rely on.
func TestFrontMatter(t *testing.T) {
	titles := map[string]string{}
	for _, h := range library(t).Hunts() {
		if path.Base(h.File) != h.ID+".sql" {
			t.Errorf("%s: the file of %s bears another name", h.File, h.ID)
		}
		folder := path.Dir(h.File)
		if !slices.Contains(tactics, folder) || !slices.Contains(h.Packs, folder) {
			t.Errorf("%s: its folder %s is not among its packs", h.ID, folder)
		}
		if other, dup := titles[h.Title]; dup {
			t.Errorf("%s: has the title of %s", h.ID, other)
		}
		titles[h.Title] = h.ID
		for field, text := range map[string]string{"means": h.Means, "noise": h.Noise, "cite": h.Cite} {
			if len(text) < 20 {
				t.Errorf("%s: %s says %q", h.ID, field, text)
			}
		}
		if len(h.Attack) == 0 && h.Severity.Rank() > hunt.Low.Rank() {
			t.Errorf("%s: severity %s, and no ATT&CK technique", h.ID, h.Severity)
		}
		for _, id := range h.Attack {
			if _, ok := attack.Lookup(id); !ok {
				t.Errorf("%s: %s is no technique of ATT&CK %s", h.ID, id, attack.Version)
			}
		}
		if len(h.Next) == 0 && h.Severity.Rank() >= hunt.Medium.Rank() {
			t.Errorf("%s: severity %s, and nothing to look at next", h.ID, h.Severity)
		}
		for _, p := range h.Params {
			if p.Doc == "" || p.Required {
				t.Errorf("%s: parameter %s needs a doc and a default, so that a pack runs as it is", h.ID, p.Name)
			}
		}
		for _, bound := range []string{"$since", "$until"} {
			// A check of configurations asks what is at the end of the period.
			if bound == "$since" && folder == "config" {
				continue
			}
			// Once for each table that is read, at the least.
			if n := strings.Count(h.SQL, bound); n < len(h.Sources) {
				t.Errorf("%s: reads %d sources and uses %s %d times", h.ID, len(h.Sources), bound, n)
			}
		}
		prefix := map[string]string{"cloudtrail": "ct-", "vpc_flow": "flow-", "waf": "waf-"}[h.Sources[0]]
		if len(h.Sources) > 1 {
			prefix = "x-"
		}
		if !strings.HasPrefix(h.ID, prefix) {
			t.Errorf("%s: a hunt over %v begins with %s", h.ID, h.Sources, prefix)
		}
		if len(h.Sources) > 1 != (folder == "cross-source") {
			t.Errorf("%s: %d sources in folder %s", h.ID, len(h.Sources), folder)
		}
		for _, s := range []string{"cloudtrail", "vpc_flow", "waf"} {
			reads := regexp.MustCompile(`(?i)\b(FROM|JOIN) ` + s + `\b`).MatchString(h.SQL)
			if s == "cloudtrail" && strings.Contains(h.SQL, "config_changes") {
				reads = true // which joins the calls
			}
			if reads != slices.Contains(h.Sources, s) {
				t.Errorf("%s: reads %s: %v, names it: %v", h.ID, s, reads, !reads)
			}
		}
	}
}

// TestLibrarySize holds what was promised: a hundred and fifty hunts, fifteen
// of them over several sources, and no folder without one.
func TestLibrarySize(t *testing.T) {
	l := library(t)
	all, cross := len(l.Hunts()), 0
	for _, h := range l.Hunts() {
		if len(h.Sources) > 1 {
			cross++
		}
	}
	if all < 150 || cross < 15 {
		t.Errorf("%d hunts, %d across sources", all, cross)
	}
	for _, name := range tactics {
		if hunts, err := l.Select([]string{name}); err != nil || len(hunts) < 5 {
			t.Errorf("pack %s: %d hunts, %v", name, len(hunts), err)
		}
	}
	triage, err := l.Select(nil)
	if err != nil || len(triage) == 0 {
		t.Fatalf("the default pack: %d hunts, %v", len(triage), err)
	}
	for _, p := range l.Packs() {
		if p.Name != hunt.DefaultPack && !slices.Contains(tactics, p.Name) && !slices.Contains([]string{"network", "web", "data", "coverage"}, p.Name) {
			t.Errorf("pack %s (%s): a slip of the pen?", p.Name, p.Hunts[0].ID)
		}
	}
}

// forbidden is what Trino does not take, or takes otherwise.
var forbidden = map[string]*regexp.Regexp{
	"GROUP BY ALL":                        regexp.MustCompile(`(?i)\b(GROUP|ORDER)\s+BY\s+ALL\b`),
	"QUALIFY":                             regexp.MustCompile(`(?i)\bQUALIFY\b`),
	"EXCLUDE or REPLACE after *":          regexp.MustCompile(`(?i)\*\s*(EXCLUDE|REPLACE|RENAME)\b`),
	"ILIKE or SIMILAR":                    regexp.MustCompile(`(?i)\b(ILIKE|SIMILAR\s+TO|GLOB)\b`),
	":: casts":                            regexp.MustCompile(`::`),
	"-> or ->>":                           regexp.MustCompile(`->`),
	"list comprehension":                  regexp.MustCompile(`(?i)\[[^\]]*\bFOR\b[^\]]*\bIN\b`),
	"lambda":                              regexp.MustCompile(`(?i)\blambda\s+\w+\s*:`),
	"DuckDB's regexp names":               regexp.MustCompile(`(?i)\bregexp_(matches|full_match)\b`),
	"DuckDB's JSON names":                 regexp.MustCompile(`(?i)\b(json_extract_string|json_value|json_keys|json_each)\b`),
	"DuckDB's aggregates":                 regexp.MustCompile(`(?i)\b(list|string_agg|group_concat|first|last|any_value|arg_max|arg_min|quantile\w*|approx_count_distinct)\s*\(`),
	"DISTINCT in a window":                regexp.MustCompile(`(?i)\(\s*DISTINCT\b[^()]*\)\s*OVER\b`),
	"SEMI, ANTI, ASOF or POSITIONAL JOIN": regexp.MustCompile(`(?i)\b(SEMI|ANTI|ASOF|POSITIONAL)\s+JOIN\b`),
	"to_minutes and its kind":             regexp.MustCompile(`(?i)\b(to_(seconds|minutes|hours|days)|epoch(_ms)?|strftime|time_bucket|list_\w+|struct_pack|array_to_string)\s*\(`),
	"FROM first":                          regexp.MustCompile(`(?i)^\s*FROM\b`),
	"double-quoted text":                  regexp.MustCompile(`(?i)(=|<>|IN \()\s*"[^"]*"\s*(AND|OR|\)|,|$)`),
	"now":                                 regexp.MustCompile(`(?i)\b(now|today|current_date|current_timestamp|random|uuid)\b`),
}

// TestPortableSQL finds constructs that run on DuckDB alone.
func TestPortableSQL(t *testing.T) {
	for _, h := range library(t).Hunts() {
		sql := bare(h.SQL)
		for what, re := range forbidden {
			if m := re.FindString(sql); m != "" {
				t.Errorf("%s: %s: %q", h.ID, what, m)
			}
		}
	}
}

// TestPortableSQLFinds proves that the patterns find what they are for.
func TestPortableSQLFinds(t *testing.T) {
	for _, sql := range []string{
		"SELECT 1 GROUP BY ALL", "SELECT 1 QUALIFY x = 1", "SELECT * EXCLUDE (a) FROM t", "a ILIKE 'b'", "a::INT", "j->>'a'", "j -> 'a'",
		"[x + 1 FOR x IN l]", "list_transform(l, lambda x: x)", "regexp_matches(a, b)", "json_extract_string(a, b)", "string_agg(a, b)",
		"count(DISTINCT a) OVER (ORDER BY b)", "a ASOF JOIN b", "to_minutes(5)", "FROM t", `a = "b" AND c`, "now()",
	} {
		hit := false
		for _, re := range forbidden {
			hit = hit || re.MatchString(bare(sql))
		}
		if !hit {
			t.Errorf("%s passes", sql)
		}
	}
	if got := bare("/* a::b */ SELECT 'it''s ::' -- ::\n, \"x\""); strings.Contains(got, "::") || !strings.Contains(got, `"x"`) {
		t.Errorf("bare leaves %q", got)
	}
}

// apiName matches what AWS calls its APIs.
var apiName = regexp.MustCompile(`^[A-Z][a-z]+[A-Z][A-Za-z0-9]+$`)

var quoted = regexp.MustCompile(`(?s)/\*.*?\*/|--[^\n]*|'(?:[^']|'')*'`)

// bare is SQL without comments and with empty strings.
func bare(sql string) string {
	return quoted.ReplaceAllStringFunc(sql, func(s string) string {
		if s[0] == '\'' {
			return "''"
		}
		return " "
	})
}

// TestHuntsAskOnly: shipped hunts are what hunts of others must be, one question
// to the case.
func TestHuntsAskOnly(t *testing.T) {
	for _, h := range library(t).Hunts() {
		if err := h.CheckReach(); err != nil {
			t.Error(err)
		}
	}
}
