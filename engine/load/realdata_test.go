package load_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// dataDir is a folder of real logs, which is no part of the project.
func dataDir(t *testing.T) string {
	t.Helper()
	if dir := os.Getenv("QUARRY_TEST_DATA"); dir != "" {
		return dir
	}
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for ; filepath.Dir(dir) != dir; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			data := filepath.Join(dir, "..", "shared", "data")
			if _, err := os.Stat(data); err == nil {
				return data
			}
		}
	}
	t.Skip("SKIPPED: no folder of real logs: ../shared/data beside the module, or QUARRY_TEST_DATA")
	return ""
}

// TestRealData loads published logs: every record is a row or a duplicate.
func TestRealData(t *testing.T) {
	data := dataDir(t)
	for _, tt := range []struct {
		folder, table  string
		files, records int64 // known beforehand
	}{
		{"invictus-aws_dataset", "cloudtrail", 55, 2900},
		{"stratus-red-team", "cloudtrail", 35, 310},
		{"aws-waf-security-automations", "waf", 1, 228},
		{"aws-waf-security-automations", "cloudfront", 2, 29_101},
		{"cloud-custodian-events", "cloudtrail", 24, 24},
		{"cloud-custodian-events", "config_items", 3, 3},
		{"cloud-custodian-events", "eventbridge", 5, 5},
		{"cloud-custodian-events", "guardduty", 2, 2},
		{"cloud-custodian-events", "securityhub", 3, 3},
		{"cribl-vpc-flow", "vpc_flow", 1, 99},
		{"plaintext-labs", "guardduty", 1, 1},
	} {
		t.Run(tt.folder+"/"+tt.table, func(t *testing.T) {
			b := newBench(t)
			root := filepath.Join(data, tt.folder)
			if _, err := os.Stat(root); err != nil {
				t.Skipf("SKIPPED: %v", err)
			}
			sum := b.loadFiles(b.find(root))
			x := sum.Sources[tt.table]
			if x == nil {
				t.Fatalf("nothing of %s: %+v", tt.table, sum)
			}
			if x.Records != tt.records || x.Files != tt.files {
				t.Errorf("%s: %+v, want %d records in %d files", tt.table, *x, tt.records, tt.files)
			}
			// One log of a load balancer begins with a line that is nothing but "#".
			for _, row := range b.ask(`SELECT path, line, "offset", reason, left(decode(raw), 100) FROM rejects WHERE decode(raw) <> '#'`) {
				t.Errorf("reject: %s", row)
			}
			for _, row := range b.ask(fmt.Sprintf(`SELECT path, record_no, extra FROM %s r JOIN evidence e USING (file_id) WHERE extra IS NOT NULL LIMIT 5`, tt.table)) {
				t.Logf("extra: %s", row)
			}
		})
	}
	t.Run("opensearch-catalog", func(t *testing.T) {
		root := filepath.Join(data, "opensearch-catalog")
		if _, err := os.Stat(root); err != nil {
			t.Skipf("SKIPPED: %v", err)
		}
		b := newBench(t)
		b.loadFiles(b.find(root))
		got := b.ask(`SELECT regexp_replace(path, '.*/opensearch-catalog/', ''), source, records, loaded, rejected FROM evidence WHERE source IS NOT NULL ORDER BY 1`)
		want := []string{
			"amazon_cloudfront/raw.log|cloudfront|40|40|0",
			"amazon_cloudfront/sample.json|s3_access|13|13|0",
			"amazon_elb/raw.log|alb|63|63|0",
			"amazon_networkfirewall/sample.json|network_firewall|13|13|0",
			"amazon_rds/raw.log|rds_audit|402|402|0",
			"amazon_rds/sample.json|vpc_flow|3|3|0",
			"amazon_s3/raw.log|s3_access|18|18|0",
			"amazon_s3/sample.json|s3_access|5|5|0",
			"amazon_vpc_flow/sample.json|vpc_flow|22|22|0",
			"aws_cloudtrail/raw-sample.json|cloudtrail|1|1|0",
			// Its first document is no CloudTrail record but OpenSearch's form of
			// one, cut off.
			"aws_cloudtrail/samples-large.json|cloudtrail|793|792|1",
			"aws_waf/raw.log|waf|38|38|0",
			"http/aws-vpc-bulk_data.json|vpc_flow|22|22|0",
		}
		if !slices.Equal(got, want) {
			t.Errorf("ledger %q, want %q", got, want)
		}
	})
}
