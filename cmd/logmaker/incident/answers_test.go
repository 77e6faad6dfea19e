package incident

import (
	"bytes"
	"encoding/json"
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
		if strings.HasSuffix(path, ".parquet") {
			rows, err := parquet.Read[parquetFlow](bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			counts["vpc_flow"] += len(rows)
			continue
		}
		if !strings.HasSuffix(path, ".gz") {
			continue
		}
		z, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		text, _ := io.ReadAll(z) // one file is cut off
		switch {
		case strings.HasPrefix(string(text), "{\"Records\""):
			source := "cloudtrail"
			if strings.Contains(path, "Insight") {
				source = "cloudtrail_insights"
			}
			var doc struct {
				Records []struct{ EventID, RecipientAccountID string }
			}
			if err := json.Unmarshal(bytes.Replace(text, []byte(broken), []byte("{}"), 1), &doc); err != nil {
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
		default:
			for line := range strings.Lines(string(text)) {
				if !strings.Contains(line, "srcaddr") {
					counts["vpc_flow"]++
				}
			}
		}
	}
	return keys, counts
}

func TestAnswersAreTrue(t *testing.T) {
	f, err := makeFolder()
	if err != nil {
		t.Fatal(err)
	}
	keys, counts := readFolder(t, f)
	for source, l := range f.answers.Sources {
		if counts[source] != l.Records {
			t.Errorf("%s: the files hold %d records, the answers say %d", source, counts[source], l.Records)
		}
		if l.Records != l.Rows+l.Duplicates+l.Rejects {
			t.Errorf("%s: %+v does not add up", source, l)
		}
	}
	if got := len(f.files) - len(f.answers.Unknown); got != f.answers.Totals.Files {
		t.Errorf("%d files, the answers say %d", got, f.answers.Totals.Files)
	}
	var size int
	for _, data := range f.files {
		size += len(data)
	}
	if size > 1_500_000 {
		t.Errorf("the evidence has %d bytes; it lies in the tree and should stay small", size)
	}
	for _, finding := range f.answers.Findings {
		name := fmt.Sprintf("%s %s", finding.Hunt, finding.Says)
		if finding.Hunt == "" || finding.Says == "" || finding.First > finding.Last || finding.Count != len(finding.Keys) {
			t.Errorf("%s: incomplete: %+v", name, finding)
		}
		for _, k := range finding.Keys {
			if keys[k] == 0 && !strings.Contains(k, " ") { // keys of flows are made of several fields
				t.Errorf("%s: no record %s in the files", name, k)
			}
		}
	}
}
