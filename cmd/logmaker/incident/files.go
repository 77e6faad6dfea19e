package incident

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"github.com/klauspost/compress/gzip"

	"logquarry/cmd/logmaker/digests"
	"logquarry/cmd/logmaker/logfile"
	"logquarry/cmd/logmaker/record"
)

// folder is a folder of logs in memory.
type folder struct {
	files   map[string][]byte
	answers Answers
	seen    map[string]bool // recipient and eventID of CloudTrail rows
	keys    []byte          // public keys of the digests
	damaged *folder         // of the evidence: copies of its files that cannot be read whole
}

func newFolder() *folder {
	return &folder{files: map[string][]byte{}, seen: map[string]bool{}, answers: Answers{Sources: map[string]Load{}}}
}

// Sum is what a correct load of the folders written gives.
type Sum struct {
	Load
	Damaged *Load `json:"damaged,omitempty"` // nil: that folder was not asked for
}

// Write makes the evidence below dir, its answers in the file answers, and the
// public keys of CloudTrail's digests in dir.keys.json. With
// damaged not empty it makes there, under the same names, damaged copies of some
// of the evidence's files, and their answers beside it in damaged.answers.yaml.
// What stands in the folders already is left there.
func Write(dir, answers, damaged string) (Sum, error) {
	f, err := makeFolder()
	if err != nil {
		return Sum{}, err
	}
	sum := Sum{Load: f.answers.Totals}
	if err := f.write(dir, answers, answersHead); err != nil {
		return sum, err
	}
	if err := os.WriteFile(filepath.Clean(dir)+".keys.json", f.keys, 0o644); err != nil || damaged == "" {
		return sum, err
	}
	sum.Damaged = &f.damaged.answers.Totals
	return sum, f.damaged.write(damaged, filepath.Clean(damaged)+".answers.yaml", damagedHead)
}

// write puts the folder's files below dir and its answers, under head, in a file.
func (f *folder) write(dir, answers, head string) error {
	for path, data := range f.files {
		path = filepath.Join(dir, filepath.FromSlash(path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return err
		}
	}
	text, err := f.answers.text(head)
	if err != nil {
		return fmt.Errorf("write answers: %w", err)
	}
	return os.WriteFile(answers, text, 0o644)
}

func makeFolder() (*folder, error) {
	b := newBuilder()
	background(b)
	story(b)
	f := newFolder()
	f.damaged = newFolder()
	f.answers.Findings, f.answers.Near = b.findings, b.near
	for _, step := range []func(*builder) error{f.trails, f.insights, f.flows, f.parquet, f.webs, f.others, f.digests} {
		if err := step(b); err != nil {
			return nil, err
		}
	}
	f.put("README.txt", []byte(collectorNote))
	f.answers.Unknown = []string{"README.txt"}
	sort.SliceStable(f.answers.Findings, func(i, j int) bool { return f.answers.Findings[i].First < f.answers.Findings[j].First })
	return f, nil
}

const collectorNote = `Case 2026-014, example.com shop
Collected 2026-03-13 from s3://example-trail-logs, s3://example-flow-logs and s3://aws-waf-logs-example-shop with aws s3 sync.
Flow log objects were merged by hour to keep the copy small. CloudTrail and WAF objects are as delivered. Two objects that
came damaged were fetched again; the damaged copies are kept apart. The flow log export without header is from CloudWatch Logs.
Log file validation is on for the trail management, of which we have the digests of us-east-1.
Retention in eu-west-1 is shorter: Parquet there, as the data team has it.
`

func (f *folder) put(path string, data []byte) {
	if _, ok := f.files[path]; ok {
		panic("incident: internal error: two files at " + path)
	}
	f.files[path] = data
}

// add counts one file of a source.
func (f *folder) add(source string, l Load) {
	l.Files, l.Records = 1, l.Rows+l.Duplicates+l.Rejects
	f.answers.Sources[source] = f.answers.Sources[source].plus(l)
	f.answers.Totals = f.answers.Totals.plus(l)
}

// damage puts a file with one record that cannot be read.
func (f *folder) damage(source, path, why string, data []byte, rows int) {
	l := Load{Rows: rows, Rejects: 1}
	f.put(path, data)
	f.add(source, l)
	f.answers.Damaged = append(f.answers.Damaged, Damage{Path: path, Why: why, Rows: l.Rows, Rejects: l.Rejects})
}

func packed(data []byte) ([]byte, error) {
	var out bytes.Buffer
	err := logfile.Gzip(&out, data)
	return out.Bytes(), err
}

// group sorts values into lists by key and gives the keys in order.
func group[T any](list []T, key func(T) string) ([]string, map[string][]T) {
	lists := map[string][]T{}
	var keys []string
	for _, v := range list {
		k := key(v)
		if lists[k] == nil {
			keys = append(keys, k)
		}
		lists[k] = append(lists[k], v)
	}
	slices.Sort(keys)
	return keys, lists
}

// The account's trail is off between these; the organization's trail was on from
// begun to ended.
var (
	trailOff, trailOn = at("10 18:02:01"), at("10 23:40:00")
	begun, ended      = at("10 16:00:00"), at("11 02:00:00")
)

// broken is a record whose eventTime is no JSON value; those around it are well.
const broken = `{"eventVersion":"1.11","userIdentity":{"type":"IAMUser","userName":"dev"},"eventTime":2026-03-11T??,"eventSource":"s3.amazonaws.com","eventName":"ListBuckets"}`

func (f *folder) trails(b *builder) error {
	var own, org []placed
	for _, e := range b.events {
		if e.account != company || e.Time.Before(trailOff) || !e.Time.Before(trailOn) {
			own = append(own, e)
		}
		if e.account == company && e.Region == home && !e.Time.Before(begun) && e.Time.Before(ended) && e.Category != "NetworkActivity" {
			org = append(org, e)
		}
	}
	for _, trail := range []struct {
		organization string
		events       []placed
	}{{"", own}, {organization, org}} {
		keys, lists := group(trail.events, func(e placed) string {
			slot := 12 * time.Hour
			if e.Region == home && e.account == company {
				slot = 2 * time.Hour
			}
			kind := "CloudTrail"
			if e.Category == "NetworkActivity" {
				kind = "CloudTrail-NetworkActivity"
			}
			end := e.Time.Truncate(slot).Add(slot + 4*time.Minute)
			return logfile.TrailKey(trail.organization, e.account, kind, e.Region, end, "")
		})
		for _, key := range keys {
			events := lists[key]
			b.r.Shuffle(len(events), func(i, j int) { events[i], events[j] = events[j], events[i] })
			if err := f.trailFile(b, key, trail.organization, events); err != nil {
				return err
			}
		}
	}
	return nil
}

// digests are those of the account's own trail in its home Region. When it was
// stopped the chain ended, and another began when it was started again.
func (f *folder) digests(*builder) error {
	logs := map[string]func() ([]byte, error){}
	for key, data := range f.files {
		logs[key] = func() ([]byte, error) { return data, nil }
	}
	made, err := digests.Make(logs, digests.Options{Bucket: "example-trail-logs", Trail: "management", Off: [][2]time.Time{{trailOff, trailOn}},
		Only: []string{fmt.Sprintf("AWSLogs/%s/CloudTrail/%s/", company, home)}})
	if err != nil {
		return err
	}
	f.keys = made.Keys
	for key, data := range made.Files {
		f.put(key, data)
		f.add("cloudtrail_digest", Load{Rows: 1})
	}
	return nil
}

func (f *folder) trailFile(b *builder, key, organization string, events []placed) error {
	var l Load
	data := []byte(`{"Records":[`)
	middle := 0
	for i, e := range events {
		if i > 0 {
			data = append(data, ',')
		}
		if i == len(events)/2 {
			middle = len(data)
		}
		data = e.Append(data)
		if id := e.Recipient + " " + e.EventID; f.seen[id] {
			l.Duplicates++
		} else {
			f.seen[id] = true
			l.Rows++
		}
	}
	data = append(data, "]}"...)
	path := key[:len(key)-len(".json.gz")] + record.Base62(b.r, 16) + ".json.gz"
	f.add("cloudtrail", l)
	out, err := packed(data)
	if err != nil {
		return err
	}
	f.put(path, out)
	// One copy of an ordinary file of the sister account is damaged.
	if organization == "" && events[0].account == sister && f.damaged.answers.Sources["cloudtrail"].Files == 0 {
		out, err = packed(slices.Concat(data[:middle], []byte(broken+","), data[middle:]))
		f.damaged.damage("cloudtrail", path, "a broken record in the middle of Records", out, len(events))
	}
	return err
}

// insights writes the start and end of the burst of refused calls.
func (f *folder) insights(b *builder) error {
	shared := record.UUID(b.r)
	var records []m
	for i, state := range []string{"Start", "End"} {
		statistics := m{"baseline": m{"average": 0.0031}, "insight": m{"average": 5.3}, "insightDuration": 3, "baselineDuration": 10080}
		if state == "Start" {
			delete(statistics, "insightDuration")
		}
		records = append(records, m{"eventVersion": "1.11", "eventTime": at("10 15:08:00").Add(time.Duration(i*4) * time.Minute).Format(time.RFC3339), "awsRegion": home, "eventID": record.UUID(b.r),
			"eventType": "AwsCloudTrailInsight", "recipientAccountId": company, "sharedEventID": shared, "eventCategory": "Insight",
			"insightDetails": m{"state": state, "eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "insightType": "ApiErrorRateInsight", "errorCode": "AccessDenied",
				"insightContext": m{"statistics": statistics, "attributions": []m{{"attribute": "userIdentityArn", "insight": []m{{"value": userARN("ci-deploy"), "average": 5.3}}, "baseline": []m{{"value": "null", "average": 0.0031}}}}}}})
	}
	f.add("cloudtrail_insights", Load{Rows: len(records)})
	out, err := packed(toJSON(m{"Records": records}))
	f.put(logfile.TrailKey("", company, "CloudTrail-Insight", home, at("10 15:40:00"), record.Base62(b.r, 16)), out)
	return err
}

// shopFlowFormat is the order a person chose in the console.
const shopFlowFormat = "version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr protocol " +
	"bytes packets start end action tcp-flags flow-direction traffic-path region az-id log-status"

func (f *folder) flows(b *builder) error {
	formats := map[string]record.FlowFormat{shopFlowLog: record.NewFlowFormat(shopFlowFormat), plainFlowLog: record.NewFlowFormat(record.DefaultFlow)}
	var text []flow
	for _, r := range b.flows {
		if r.log != lakeFlowLog {
			text = append(text, r)
		}
	}
	const window = 6 * 3600
	keys, lists := group(text, func(r flow) string {
		end := time.Unix((r.End/window+1)*window, 0).UTC()
		return logfile.FlowKey(company, home, r.log, end, "")
	})
	last := keys[len(keys)-1]
	for _, key := range keys {
		rows := lists[key]
		slices.SortStableFunc(rows, func(a, c flow) int { return int(a.End - c.End) })
		format := formats[rows[0].log]
		path := key[:len(key)-len(".log.gz")] + record.Hex(b.r, 8) + ".log.gz"
		var data []byte
		if key == last && rows[0].log == plainFlowLog {
			// Logs exported from CloudWatch have no header.
			path = "export/" + record.UUID(b.r) + "/" + rows[0].Interface + "-all/000000.gz"
		} else {
			data = append(append(data, format.Header...), '\n')
		}
		for i := range rows {
			data = format.Append(data, &rows[i].Flow)
		}
		f.add("vpc_flow", Load{Rows: len(rows)})
		out, err := packed(data)
		if err != nil {
			return err
		}
		f.put(path, out)
	}
	return nil
}

func (f *folder) webs(b *builder) error {
	slices.SortStableFunc(b.webs, func(a, c record.Web) int { return a.Time.Compare(c.Time) })
	keys, lists := group(b.webs, func(w record.Web) string {
		return logfile.WAFKey(company, home, "shop-web", w.Time.Truncate(5*time.Minute), "")
	})
	for _, key := range keys {
		list := lists[key]
		var data []byte
		for i := range list {
			data = list[i].Append(data)
		}
		out, err := packed(data)
		if err != nil {
			return err
		}
		path := key[:len(key)-len(".log.gz")] + record.Hex(b.r, 8) + ".log.gz"
		f.add("waf", Load{Rows: len(list)})
		f.put(path, out)
		// One download of an ordinary evening broke off.
		if f.damaged.answers.Sources["waf"].Files == 0 && list[0].Time.After(at("11 17:00:00")) {
			cut := out[:len(out)*7/10]
			rows, err := wholeLines(cut)
			if err != nil {
				return err
			}
			f.damaged.damage("waf", path, "gzip cut off", cut, rows)
		}
	}
	return nil
}

// wholeLines counts the lines that a gzip cut off still holds whole.
func wholeLines(data []byte) (int, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return 0, err
	}
	in := bufio.NewReader(z)
	for n := 0; ; n++ {
		if _, err := in.ReadBytes('\n'); err != nil {
			if !errors.Is(err, io.ErrUnexpectedEOF) {
				return 0, fmt.Errorf("read the cut file: %w", err)
			}
			return n, nil
		}
	}
}
