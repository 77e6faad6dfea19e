package incident

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/parquet-go/parquet-go"
)

// readFolder reads the folder as plainly as can be: keys of all records, by source.
func readFolder(t *testing.T, f *folder) (keys map[string]int, counts map[string]int) {
	t.Helper()
	keys, counts = map[string]int{}, map[string]int{}
	for path, data := range f.files {
		if strings.HasSuffix(path, ".gz.parquet") {
			continue // Security Lake's
		}
		if strings.HasSuffix(path, ".parquet") {
			rows, err := parquet.Read[parquetFlow](bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			counts["vpc_flow"] += len(rows)
			continue
		}
		if strings.HasPrefix(path, "queries/lookup") {
			counts["cloudtrail"] += strings.Count(string(data), `"CloudTrailEvent"`)
		}
		if strings.HasPrefix(path, "queries/athena") {
			counts["cloudtrail"] += strings.Count(string(data), "\n") - 1
		}
		if !strings.HasSuffix(path, ".gz") && !strings.HasPrefix(path, "firehose/cluster/") {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		text, err := io.ReadAll(z)
		if cut := errors.Is(err, io.ErrUnexpectedEOF); err != nil && !cut || cut != (f.why(path) == "gzip cut off") {
			t.Errorf("%s: %v, the answers say %q", path, err, f.why(path))
		}
		switch {
		case strings.HasPrefix(path, "firehose/cluster/"):
			counts["vpc_flow"] += strings.Count(string(text), "eni-0a1b2c3d4e5f60401 10.7.")
		case strings.HasPrefix(string(text), "{\"Records\""):
			source := "cloudtrail"
			if strings.Contains(path, "Insight") {
				source = "cloudtrail_insights"
			}
			var doc struct {
				Records []struct{ EventID, RecipientAccountID string }
			}
			if f.why(path) != "" {
				if json.Valid(text) {
					t.Errorf("%s is well", path)
				}
				text = bytes.Replace(text, []byte(broken), []byte("{}"), 1)
			}
			if err := json.Unmarshal(text, &doc); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for _, e := range doc.Records {
				counts[source]++
				keys[e.EventID]++
			}
		case strings.Contains(path, "waflogs"):
			for line := range strings.Lines(string(text)) {
				var w struct{ HTTPRequest struct{ RequestID string } }
				counts["waf"]++
				if json.Unmarshal([]byte(line), &w) == nil {
					keys[w.HTTPRequest.RequestID]++
				}
			}
		case strings.Contains(path, "vpcflowlogs") && !strings.Contains(path, "fl-0a1b2c3d4e5f60004"), strings.HasSuffix(path, "-all/000000.gz"):
			for line := range strings.Lines(string(text)) {
				if !strings.Contains(line, "srcaddr") {
					counts["vpc_flow"]++
				}
			}
		}
	}
	return keys, counts
}

// why is what the answers say is damaged in a file; empty: it is whole.
func (f *folder) why(path string) string {
	for _, d := range f.answers.Damaged {
		if d.Path == path {
			return d.Why
		}
	}
	return ""
}

// agree compares the answers' totals with what the files hold.
func agree(t *testing.T, f *folder, counts map[string]int) {
	t.Helper()
	var sum Load
	for source, l := range f.answers.Sources {
		// The further sources are counted by the program itself, in the tests of
		// the hunts.
		if n, ok := counts[source]; ok && n != l.Records {
			t.Errorf("%s: the files hold %d records, the answers say %d", source, counts[source], l.Records)
		}
		if l.Records != l.Rows+l.Duplicates+l.Rejects {
			t.Errorf("%s: %+v does not add up", source, l)
		}
		sum = sum.plus(l)
	}
	sum.Files -= mixed(f)
	if sum != f.answers.Totals || sum.Files != len(f.files)-len(f.answers.Unknown) {
		t.Errorf("%d files; the sources add up to %+v, the totals are %+v", len(f.files), sum, f.answers.Totals)
	}
}

// mixed is how many files of the folder hold a second source's records.
func mixed(f *folder) int {
	n := 0
	for path := range f.files {
		if strings.HasPrefix(path, "firehose/cluster/") {
			n++
		}
	}
	return n
}

// The damaged folder holds damaged copies of whole files of the evidence, one a format.
func TestDamaged(t *testing.T) {
	f, err := makeFolder()
	if err != nil {
		t.Fatal(err)
	}
	d := f.damaged
	_, counts := readFolder(t, d)
	agree(t, d, counts)
	if len(f.answers.Damaged) != 0 || f.answers.Totals.Rejects != 0 {
		t.Errorf("the evidence itself is damaged: %+v", f.answers.Damaged)
	}
	if len(d.files) != 2 || len(d.answers.Damaged) != 2 || d.answers.Totals.Rejects != 2 {
		t.Errorf("%d files, of which damaged %+v", len(d.files), d.answers.Damaged)
	}
	for path, data := range d.files {
		if whole, there := f.files[path]; !there || bytes.Equal(whole, data) || d.why(path) == "" {
			t.Errorf("%s is no damaged copy of a file of the evidence", path)
		}
	}
}

func TestAnswersAreTrue(t *testing.T) {
	f, err := makeFolder()
	if err != nil {
		t.Fatal(err)
	}
	keys, counts := readFolder(t, f)
	agree(t, f, counts)
	var size int
	for _, data := range f.files {
		size += len(data)
	}
	if size > 2_000_000 {
		t.Errorf("the evidence has %d bytes; it lies in the tree and should stay small", size)
	}
	for _, finding := range f.answers.Findings {
		name := fmt.Sprintf("%s %s", finding.Hunt, finding.Says)
		if finding.Hunt == "" || finding.Says == "" || finding.First > finding.Last || finding.Count == 0 || finding.Keys != nil && finding.Count != len(finding.Keys) {
			t.Errorf("%s: incomplete: %+v", name, finding)
		}
		for _, k := range finding.Keys {
			if keys[k] == 0 && !strings.Contains(k, " ") { // keys of flows are made of several fields
				t.Errorf("%s: no record %s in the files", name, k)
			}
		}
	}
}
