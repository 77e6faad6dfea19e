package queries_test

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"logquarry/engine/hunt"
	"logquarry/engine/schema/schematest"
)

var update = flag.Bool("update", false, "rewrite want.ndjson of the hunts' archives")

// TestHunts runs each hunt over the records beside it. <id>.txtar holds
//
//	hit/FILE        records that must be found, loaded together
//	near/WHY/FILE   records that miss one condition, WHY; each WHY is loaded alone
//	params          name=value lines, where the defaults are too large for a sample
//	want.ndjson     the leading columns of the findings in hit, in order
func TestHunts(t *testing.T) {
	c, srcs := openCase(t), schematest.Shipped(t)
	for _, h := range library(t).Hunts() {
		t.Run(h.ID, func(t *testing.T) {
			name := strings.TrimSuffix(h.File, ".sql") + ".txtar"
			ar, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			hit := map[string][]byte{}
			near := map[string]map[string][]byte{}
			params := map[string]string{}
			var want []byte
			wantAt := -1
			for i, f := range ar.Files {
				parts := strings.Split(f.Name, "/")
				switch {
				case parts[0] == "hit" && len(parts) == 2:
					hit[parts[1]] = f.Data
				case parts[0] == "near" && len(parts) == 3:
					if near[parts[1]] == nil {
						near[parts[1]] = map[string][]byte{}
					}
					near[parts[1]][parts[2]] = f.Data
				case f.Name == "params":
					for _, line := range strings.Fields(string(f.Data)) {
						k, v, _ := strings.Cut(line, "=")
						params[k] = v
					}
				case f.Name == "want.ndjson":
					want, wantAt = f.Data, i
				default:
					t.Errorf("%s: what is %s?", name, f.Name)
				}
			}
			if len(hit) == 0 || len(near) == 0 {
				t.Fatalf("%s: a hunt needs hits and near-misses", name)
			}

			try := func(t *testing.T, files map[string][]byte) []row {
				t.Helper()
				clear(t, c, srcs)
				sum := loadPaths(t, c, srcs, writeFiles(t, files))
				if sum.Rejects > 0 || sum.FilesSkipped > 0 || sum.Duplicates > 0 {
					t.Fatalf("the sample does not load whole: %+v", sum)
				}
				for _, s := range h.Sources {
					if views[s] {
						continue
					}
					if n := sum.Sources[s]; n.Rows == 0 {
						t.Fatalf("the sample holds nothing of %s, so the hunt would be skipped", s)
					}
				}
				return findings(t, c, h, params)
			}

			var got bytes.Buffer
			for _, r := range try(t, hit) {
				got.WriteString(leading(r) + "\n")
			}
			if *update {
				f := txtar.File{Name: "want.ndjson", Data: got.Bytes()}
				if wantAt >= 0 {
					ar.Files[wantAt] = f
				} else {
					ar.Files = append(ar.Files, f)
				}
				if err := os.WriteFile(name, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if d := cmp.Diff(lines(want), lines(got.Bytes())); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
			if got.Len() == 0 {
				t.Error("the hits are not found")
			}
			for why, files := range near {
				t.Run(why, func(t *testing.T) {
					for _, r := range try(t, files) {
						t.Errorf("found: %s", leading(r))
					}
				})
			}
		})
	}
}

// views are what hunts name as sources and is no table of one.
var views = map[string]bool{"events": true, "geoip_databases": true, "aws_ip_ranges": true}

// leading writes the leading columns of a finding as one JSON object in their order.
func leading(r row) string {
	var b strings.Builder
	for i, name := range hunt.Leading() {
		if i > 0 {
			b.WriteByte(',')
		}
		var v bytes.Buffer
		enc := json.NewEncoder(&v)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(r[name]); err != nil {
			panic(err)
		}
		fmt.Fprintf(&b, "%q:%s", name, bytes.TrimSpace(v.Bytes()))
	}
	return "{" + b.String() + "}"
}

func lines(data []byte) []string {
	var out []string
	for _, l := range strings.Split(string(data), "\n") {
		if strings.TrimSpace(l) != "" {
			out = append(out, l)
		}
	}
	return out
}

// TestArchivesHaveHunts finds samples whose hunt is gone.
func TestArchivesHaveHunts(t *testing.T) {
	var files []string
	for _, h := range library(t).Hunts() {
		files = append(files, strings.TrimSuffix(h.File, ".sql")+".txtar")
	}
	dirs, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range dirs {
		if !d.IsDir() {
			continue
		}
		inside, err := os.ReadDir(d.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range inside {
			p := path.Join(d.Name(), f.Name())
			if path.Ext(p) != ".sql" && !slices.Contains(files, p) {
				t.Errorf("%s belongs to no hunt", p)
			}
		}
	}
}

// TestLeadingColumns runs every hunt over an empty case: it must be valid SQL
// there and begin with the leading columns.
func TestLeadingColumns(t *testing.T) {
	c := openCase(t)
	for _, h := range library(t).Hunts() {
		params, err := h.Bind(nil, time.Time{}, time.Time{})
		if err != nil {
			t.Error(err)
			continue
		}
		rows, err := c.Query(context.Background(), h.SQL, params)
		if err != nil {
			t.Errorf("%s: %v", h.ID, err)
			continue
		}
		cols := rows.Columns()
		if err := h.CheckColumns(cols); err != nil {
			t.Error(err)
		}
		seen := map[string]bool{}
		for i, col := range cols {
			if seen[col.Name] {
				t.Errorf("%s: two columns %s", h.ID, col.Name)
			}
			seen[col.Name] = true
			if i >= len(hunt.Leading()) {
				continue
			}
			wantType := "VARCHAR"
			if i == 0 {
				wantType = "TIMESTAMP"
			}
			if col.Name != hunt.Leading()[i] || col.Type != wantType {
				t.Errorf("%s: column %d is %s %s, want %s %s", h.ID, i+1, col.Name, col.Type, hunt.Leading()[i], wantType)
			}
		}
		if len(cols) < len(hunt.Leading()) {
			t.Errorf("%s: only %d columns", h.ID, len(cols))
		}
		for rows.Next() {
			t.Errorf("%s: finds something in nothing", h.ID)
		}
		if err := rows.Err(); err != nil {
			t.Errorf("%s: %v", h.ID, err)
		}
		rows.Close()
	}
}

// TestBaselinePeriod: with a period, what came in it is known, and only what
// comes after is judged.
func TestBaselinePeriod(t *testing.T) {
	c, srcs := openCase(t), schematest.Shipped(t)
	h, err := library(t).Select([]string{"ct-first-seen"})
	if err != nil {
		t.Fatal(err)
	}
	ar, err := txtar.ParseFile("baseline/ct-first-seen.txtar")
	if err != nil {
		t.Fatal(err)
	}
	// alice calls on 2 and 3 January, and does all that is new on the 4th.
	loadPaths(t, c, srcs, writeFiles(t, map[string][]byte{"cloudtrail.ndjson": ar.Files[0].Data}))
	for until, days := range map[string]int64{"2026-01-03": 1, "2026-01-04": 2, "2026-01-04T03:00:00Z": 2, "2026-01-04T03:00:01Z": 0} {
		found := findings(t, c, h[0], map[string]string{"baseline_until": until, "min_score": "0"})
		if days == 0 && len(found) > 0 || days > 0 && len(found) != 4 {
			t.Errorf("until %s: %d findings", until, len(found))
		}
		for _, f := range found {
			if f["days_before"] != days || f["score_habit"] != 10+10*days || f["score"] != 10+10*days+30+30 {
				t.Errorf("until %s: %v", until, f)
			}
		}
	}
}
