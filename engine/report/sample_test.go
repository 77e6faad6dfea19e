package report

import (
	"fmt"
	"strings"
	"time"

	"logquarry/engine/coverage"
	"logquarry/engine/custody"
	"logquarry/engine/value"
)

var epoch = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

func at(hours float64) time.Time {
	return epoch.Add(time.Duration(hours * float64(time.Hour))).Truncate(time.Second)
}

// sample is the report of a made-up incident: a leaked key, reconnaissance,
// a new administrator, theft from a bucket, and a web attack before it.
func sample() Data {
	columns := func(own ...value.Column) []value.Column {
		lead := []value.Column{{Name: "time", Type: "TIMESTAMP"}, {Name: "source", Type: "VARCHAR"}, {Name: "principal", Type: "VARCHAR"}, {Name: "src_ip", Type: "VARCHAR"}, {Name: "target", Type: "VARCHAR"}, {Name: "summary", Type: "VARCHAR"}}
		return append(lead, own...)
	}
	deploy := "arn:aws:iam::111122223333:user/deploy"
	backup := "arn:aws:iam::111122223333:user/backup-svc"
	attacker, scanner := "203.0.113.77", "198.51.100.23"
	d := Data{
		Case: "case.duckdb", Version: "0.1.0", Generated: at(80.25), ReportFile: "report.html",
		Sources: []Source{
			{"cloudtrail", 64, 18_412, 18_209, 201, 2, 9_812_344, at(0.02), at(71.9)},
			{"vpc_flow", 144, 241_880, 241_880, 0, 0, 11_204_118, at(0), at(72)},
			{"waf", 71, 9_304, 9_303, 0, 1, 3_120_007, at(0.4), at(70.75)},
		},
		Aside: []Aside{
			{"evidence/cloudtrail/111122223333_CloudTrail_eu-west-1_20260303T0510Z_ab12.json.gz", "cloudtrail", "gzip stream ends early", "decompressed byte 131,072", 2},
			{"evidence/waf/2026/03/03/06/log-0007.gz", "waf", "invalid character in string", "line 212", 1},
			{"evidence/notes.txt", "", "", "", 0},
			{"evidence/vpc/broken\x1b[31m-name.log.gz", "", "no known source", "", 0},
		},
		Findings: []Finding{
			{
				Hunt: "ct_stop_logging", Title: "CloudTrail logging stopped or trail deleted", Severity: Critical, Attack: []string{"T1562.008"},
				Count: 2, First: at(29.31), Last: at(29.36),
				Meaning:  "A trail was stopped or its selectors narrowed. What happened until logging began again is not in these logs: look at other sources for that time.",
				Noise:    "Infrastructure code that rebuilds a trail stops it for seconds and starts it again from the same principal.",
				Citation: "ATT&CK T1562.008; CloudTrail User Guide, StopLogging",
				Columns:  columns(value.Column{Name: "error", Type: "VARCHAR"}),
				Rows: [][]any{
					{at(29.31), "cloudtrail", backup, attacker, "arn:aws:cloudtrail:us-east-1:111122223333:trail/main", "StopLogging in us-east-1", nil},
					{at(29.36), "cloudtrail", backup, attacker, "arn:aws:cloudtrail:us-east-1:111122223333:trail/main", "DeleteTrail in us-east-1", "AccessDenied"},
				},
			},
			{
				Hunt: "s3_mass_read", Title: "Many objects read by one principal in an hour", Severity: High, Attack: []string{"T1530", "T1567.002"},
				Count: 1_240, First: at(30.1), Last: at(33.8),
				Meaning:  "One principal read far more distinct objects in an hour than is usual for it. Bytes are those CloudTrail data events state.",
				Noise:    "Backup and analytics jobs read whole buckets by design; compare with the principal's other days.",
				Citation: "AWS Incident Response Playbooks, unauthorised data access",
				Columns:  columns(value.Column{Name: "objects", Type: "BIGINT"}, value.Column{Name: "bytes", Type: "BIGINT"}),
				Rows: func() (rows [][]any) {
					for i := range 12 {
						rows = append(rows, []any{at(30.1 + float64(i)*0.3), "cloudtrail", backup, attacker, fmt.Sprintf("arn:aws:s3:::example-customer-exports/2026/%02d/part-%04d.parquet", i+1, i*37), fmt.Sprintf("GetObject, %d objects", 90+i), int64(90 + i), int64(48_000_000 + i*1_310_720)})
					}
					return rows
				}(),
			},
			{
				Hunt: "iam_user_then_key", Title: "User created and given a key within ten minutes", Severity: High, Attack: []string{"T1136.003", "T1098.001"},
				Count: 1, First: at(28.9), Last: at(28.97), Meaning: "A new user got an access key soon after, from the same address: a common way to stay.",
				Noise: "Onboarding scripts.", Citation: "suzaku-rules, CreateUser then CreateAccessKey",
				Columns: columns(value.Column{Name: "request", Type: "STRUCT(\"userName\" VARCHAR)"}),
				Rows:    [][]any{{at(28.97), "cloudtrail", deploy, attacker, "backup-svc", "CreateUser, CreateAccessKey after 4 min 12 s", value.Struct{{Name: "userName", Value: "backup-svc"}}}},
			},
			{
				Hunt: "waf_block_then_api", Title: "Address blocked by WAF later succeeds against the AWS API", Severity: High, Attack: []string{"T1190", "T1078.004"},
				Count: 3, First: at(20.5), Last: at(28.2), Meaning: "The address that probed the web tier used valid keys of this account later.",
				Noise: "Shared egress addresses of offices and VPN services.", Citation: "cross-source hunt S3",
				Columns: columns(value.Column{Name: "user_agent", Type: "VARCHAR"}),
				Rows: [][]any{
					{at(20.5), "waf", nil, attacker, "GET /login", "BLOCK by AWSManagedRulesSQLiRuleSet", "<script>alert(document.domain)</script>"},
					{at(21.2), "waf", nil, attacker, "POST /api/search", "BLOCK by AWSManagedRulesSQLiRuleSet", "sqlmap/1.7 \x1b[2J\u202egpj.exe"},
					{at(28.2), "cloudtrail", deploy, attacker, "", "GetCallerIdentity", "aws-cli/2.15.0 md/Botocore#1.34.0"},
				},
			},
			{Hunt: "recon_burst", Title: "Burst of reconnaissance calls by one principal", Severity: Medium, Attack: []string{"T1580", "T1087.004"}, Count: 44, First: at(28.21), Last: at(28.6), Meaning: "Three or more distinct enumeration calls in one minute.", Noise: "Posture scanners; name them in the parameter exclude_agents.", Columns: columns(), Rows: [][]any{{at(28.21), "cloudtrail", deploy, attacker, "", "ListUsers, ListBuckets, DescribeInstances, GetAccountAuthorizationDetails"}}},
			{Hunt: "denied_burst", Title: "Burst of refused calls", Severity: Medium, Attack: []string{"T1087.004"}, Count: 61, First: at(28.3), Last: at(29.9), Columns: columns()},
			{Hunt: "flow_port_scan", Title: "Port scan from outside", Severity: Low, Attack: []string{"T1046"}, Count: 1_902, First: at(3.2), Last: at(69.4), Meaning: "One source, many ports, mostly rejected.", Noise: "The internet does this all day.", Columns: columns(value.Column{Name: "ports", Type: "BIGINT"}), Rows: [][]any{{at(3.2), "vpc_flow", nil, scanner, "10.0.3.17", "REJECT on 1,021 ports", int64(1021)}}},
			{Hunt: "console_no_mfa", Title: "Console login without MFA", Severity: Medium, Attack: []string{"T1078.004"}, Count: 1, First: at(9.5), Last: at(9.5), Columns: columns()},
			{Hunt: "new_region", Title: "First call in a region", Severity: Info, Attack: []string{"T1535"}, Count: 2, First: at(31), Last: at(31.2), Columns: columns()},
		},
		Principals: []Entity{
			{backup, 1_502, 61, at(28.98), at(33.8), []string{"cloudtrail"}, "in 4 findings"},
			{deploy, 311, 22, at(1.2), at(30.4), []string{"cloudtrail"}, "in 4 findings"},
			{"arn:aws:sts::111122223333:assumed-role/ci-runner/build-20260302-0417", 9_120, 0, at(0.1), at(71.9), []string{"cloudtrail"}, ""},
		},
		Addresses: []Entity{
			{attacker, 2_204, 96, at(20.4), at(33.8), []string{"cloudtrail", "vpc_flow", "waf"}, "in 6 findings"},
			{scanner, 1_902, 1_874, at(3.2), at(69.4), []string{"vpc_flow", "waf"}, "in 1 finding"},
			{"2001:db8::5:1", 410, 3, at(2), at(66), []string{"waf"}, ""},
		},
		Kept: []Kept{
			{Finding: custody.Finding{ID: 1, By: custody.By{OSUser: "ada", Host: "lab-3", Version: "0.1.0", At: at(80)}, Note: "the key's <b>first</b> use \u202egpj.exe",
				Query: custody.Query{Hunt: "recon_burst", Title: "Burst of reconnaissance calls by one principal", SQL: "SELECT *\nFROM cloudtrail WHERE event_time >= $since",
					Parameters: []custody.Parameter{{Name: "since", Type: "timestamp", Value: "2026-03-01T00:00:00Z"}}, Rows: 44},
				Columns: []value.Column{{Name: "calls", Type: "BIGINT"}, {Name: "who", Type: "VARCHAR"}}, RowsSHA256: strings.Repeat("0a", 32)},
				Sample: [][]any{{value.Number("12"), backup}, {value.Number("7"), nil}}},
			{Finding: custody.Finding{ID: 3, By: custody.By{OSUser: "ada", At: at(81)}, Query: custody.Query{SQL: "SELECT  count(*)\n FROM waf", Rows: 1},
				Columns: []value.Column{{Name: "n", Type: "BIGINT"}}, RowsSHA256: strings.Repeat("0b", 32)},
				Sample: [][]any{{value.Number("5")}}, Faults: []string{"its stored rows were changed"}},
		},
		Missing: []Gap{
			{"cloudtrail", "logging stopped", "trail/main, 111122223333 us-east-1", at(29.31), at(34.5), "StopLogging to StartLogging; data events of other trails may fill it"},
			{"cloudtrail", "no files", "111122223333 ap-south-1", at(24), at(48), "other days of this region have files"},
			{"vpc_flow", "SKIPDATA", "eni-0a1b2c3d4e5f60718", at(30.2), at(30.7), "3 records: flows were lost to a capacity limit"},
			{"waf", "no files", "example-web-acl", at(70.75), time.Time{}, "the last file ends here"},
		},
		Notes: []string{"No route table or DNS logs are in the case: names behind addresses are not known."},
	}
	d.Timeline = Timeline{Start: epoch, Step: time.Hour, Series: []Series{{Source: "cloudtrail"}, {Source: "vpc_flow"}, {Source: "waf"}}}
	for h := range int64(72) {
		day := 1 + (h%24)*(24-h%24)/16
		ct, waf := 120+day*18+(h*37)%50, 60+(h*53)%90
		if h >= 28 && h < 34 {
			ct += 900
		}
		if h >= 29 && h < 34 {
			ct = 40
		}
		if h >= 20 && h < 22 {
			waf += 1_600
		}
		d.Timeline.Series[0].Counts = append(d.Timeline.Series[0].Counts, ct)
		d.Timeline.Series[1].Counts = append(d.Timeline.Series[1].Counts, 2_600+day*90+(h*71)%400)
		d.Timeline.Series[2].Counts = append(d.Timeline.Series[2].Counts, waf)
	}
	d.Coverage = coverage.Map{Start: epoch, Step: time.Hour, N: 72, Outside: 3}
	for _, r := range []coverage.Row{{Source: "cloudtrail", Account: "111122223333", Region: "ap-south-1"}, {Source: "cloudtrail", Account: "111122223333", Region: "us-east-1"}, {Source: "vpc_flow", Account: "111122223333"}, {Source: "waf"}} {
		for h := range int64(72) {
			c := coverage.Cell{Hours: 1, Records: 100 + h*37%80}
			switch {
			case r.Region == "ap-south-1" && h >= 24 && h < 48:
				c = coverage.Cell{Hours: 1, Gap: 1}
			case r.Region == "us-east-1" && h >= 29 && h < 34:
				c = coverage.Cell{Hours: 1, Gap: 1, Explained: 1, Changed: h == 29}
			case r.Source == "vpc_flow" && h == 30:
				c.SkipData = 1
			case r.Source == "vpc_flow" && h == 50:
				c.Records, c.Little = 3, 1
			case r.Source == "waf" && h == 71:
				c = coverage.Cell{}
			}
			r.Cells = append(r.Cells, c)
		}
		d.Coverage.Rows = append(d.Coverage.Rows, r)
	}
	for _, f := range d.Findings {
		d.Hunts = append(d.Hunts, Hunt{ID: f.Hunt, Title: f.Title, Outcome: Hit, SQL: "SELECT event_time AS time, 'cloudtrail' AS source,\n       user_arn AS principal, source_ip_address AS src_ip\nFROM cloudtrail\nWHERE event_name IN ('StopLogging', 'DeleteTrail')\n\tAND event_time < $until\nORDER BY time", Params: []Param{{"until", "2026-03-05T00:00:00Z"}}, Rows: f.Count, Elapsed: 31 * time.Millisecond})
	}
	for i := range 22 {
		d.Hunts = append(d.Hunts, Hunt{ID: fmt.Sprintf("hunt_%02d", i), Title: "A hunt without hits", Outcome: Clean, SQL: "SELECT 1"})
	}
	d.Hunts = append(d.Hunts,
		Hunt{ID: "dns_tunnel", Title: "Tunnelling over DNS", Outcome: Skipped, Reason: "no route53_resolver logs in the case", SQL: "SELECT 1"},
		Hunt{ID: "kms_foreign", Title: "Objects encrypted with a foreign key", Outcome: Failed, Reason: "out of memory at 1.2 GiB", SQL: "SELECT 1"},
	)
	d.Since = at(-24)
	mass := &d.Findings[1]
	mass.Next = []Next{{"ct-key-many-addresses", "One key from many addresses", []string{"hunt", "ct-key-many-addresses", "-p", "key=AKIA`x"}}}
	for i := range mass.Rows {
		mass.Records = append(mass.Records, Record{FileID: 7, RecordNo: int64(i + 1), Path: "evidence/cloudtrail/a</script>.json.gz", Exact: i%2 == 0, Matches: int64(i)})
	}
	mass.Records[0].Text, mass.Records[0].Cut = "{\"eventName\":\"GetObject\",\"userAgent\":\"<img src=x onerror=alert(2)>\u202e\"}", 1200
	mass.Records[2].Why = "the evidence is not there any more"
	d.Verification = Verification{Done: true, Keys: 2, Files: 279, Bytes: 24_136_469, Unlisted: 3, Rows: 269_392, Actions: 4,
		Held: []Tally{{"same", 278}, {"changed", 1}}, Nowhere: []string{"/mnt/usb2"}, Notes: []string{"a manifest could not be read"},
		Problems: []Problem{{"changed, altered", "evidence/cloudtrail/x.json.gz", "its content is another than its digest says"}}, Omitted: 2,
		Trails: []Trail{{"main (us-east-1), account 111122223333", []Tally{{"valid", 64}, {"unproven", 2}}, []Tally{{"valid", 31}, {"changed", 1}},
			[]Stretch{{at(0), at(29), "proven", ""}, {at(29), at(34), "gap", "a chain ended and another began: logging was stopped"}, {at(34), at(72), "proven", ""}}}}}
	d.Chains = Chains{Named: true, Omitted: 3, Others: 1, Alone: 2,
		Actors: []Actor{{Name: deploy, Kind: "user", Account: "111122223333", Findings: 4, Weight: 12}, {Name: "arn:aws:iam::111122223333:role/ci/deployer", Kind: "role", Account: "111122223333", Role: "deployer", Findings: 1, Weight: 4},
			{Name: "arn:aws:iam::444455556666:role/<b>data</b>", Kind: "role", Account: "444455556666", Role: "<b>data</b>"}, {Name: "ec2.amazonaws.com", Kind: "service"}},
		Assumptions: []Assumption{{0, 1, 12, at(2), at(29)}, {1, 2, 1, at(28.5), at(28.5)}, {3, 1, 2400, at(0), at(72)}, {2, 1, 1, at(30), at(30)}, {2, 2, 1, at(30), at(30)}}}
	d.Traffic = Traffic{Start: epoch, Step: time.Hour, Any: true}
	for h := range int64(72) {
		out, in := Flows{3_000_000 + h*50_000, 40 + h%7, h % 3}, Flows{9_000_000 + h*h*1000, 60, 20 + h%11}
		if h == 31 {
			out.Bytes = 61_000_000
		}
		d.Traffic.Out, d.Traffic.In = append(d.Traffic.Out, out), append(d.Traffic.In, in)
	}
	d.Asked = []Asked{{What: "count principals", SQL: "SELECT 1\nFROM events", Params: []Param{{"named", strings.Repeat("x", 5000)}}, Rows: 12, Elapsed: 4200 * time.Microsecond}}
	return d
}
