package delimited_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/decode/delimited"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
)

func flows(t testing.TB) *schema.Source {
	t.Helper()
	sources := schematest.Shipped(t)
	for _, s := range sources {
		if s.Name == "vpc_flow" {
			return s
		}
	}
	t.Fatal("no vpc_flow")
	return nil
}

// result is everything a decoder says about a file.
type result struct {
	Rows  []string
	Tally decode.Tally
	Err   string
}

// run decodes r as flow logs and checks what must hold of any input.
func run(t testing.TB, s *schema.Source, r io.Reader) result {
	t.Helper()
	p, err := delimited.NewPlan(s)
	if err != nil {
		t.Fatal(err)
	}
	d := delimited.NewDecoder(p, nil)
	var res result
	d.Reset(r, &res.Tally)
	cols := s.AllColumns()
	b := batch.New(decode.Types(s))
	for {
		done, err := d.Fill(b)
		for row := range b.Len() {
			var cells []string
			for c, col := range cols {
				v := b.Value(c, row)
				if v == nil || col.Name == "file_id" {
					continue
				}
				if col.Name == "extra" && !json.Valid([]byte(v.(string))) {
					t.Errorf("extra of row %d is no JSON: %q", row, v)
				}
				cells = append(cells, fmt.Sprintf("%s=%v", col.Name, v))
			}
			row := strings.Join(cells, " ")
			if !utf8.ValidString(row) {
				t.Errorf("a cell that is not UTF-8: %q", row)
			}
			res.Rows = append(res.Rows, row)
		}
		b.Reset()
		if err != nil {
			res.Err = err.Error()
		}
		if done {
			break
		}
	}
	ta := &res.Tally
	if ta.Records != ta.Rows+ta.Rejected || ta.Rows != int64(len(res.Rows)) {
		t.Errorf("records %d, rows %d (%d seen), rejected %d do not agree", ta.Records, ta.Rows, len(res.Rows), ta.Rejected)
	}
	return res
}

func same(t testing.TB, s *schema.Source, in []byte, want result) {
	t.Helper()
	for name, r := range map[string]io.Reader{
		"one byte at a time": iotest.OneByteReader(bytes.NewReader(in)),
		"half reads":         iotest.HalfReader(bytes.NewReader(in)),
	} {
		if d := cmp.Diff(want, run(t, s, r)); d != "" {
			t.Errorf("%s gives another answer (-whole +parts):\n%s", name, d)
		}
	}
}

const (
	header = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
	flow   = "2 111122223333 eni-0a1b2c3d4e5f60718 192.0.2.10 198.51.100.7 49152 443 6 20 4249 1767322800 1767322860 ACCEPT OK\n"
	row    = "version=2 account_id=111122223333 interface_id=eni-0a1b2c3d4e5f60718 srcaddr=192.0.2.10 dstaddr=198.51.100.7 srcport=49152 dstport=443 protocol=6 packets=20 bytes=4249 start=2026-01-02 03:00:00 +0000 UTC end=2026-01-02 03:01:00 +0000 UTC action=ACCEPT log_status=OK"
)

func TestDecode(t *testing.T) {
	s := flows(t)
	one, two := row+" record_no=1", row+" record_no=2"
	nodata := "version=2 account_id=111122223333 interface_id=eni-0a1b2c3d4e5f60718 start=2026-01-02 03:00:00 +0000 UTC end=2026-01-02 03:01:00 +0000 UTC log_status=NODATA record_no=1"
	tests := []struct {
		name, in string
		rows     []string
		rejects  []string
		note     string
		format   string
	}{
		{name: "nothing"},
		{name: "header alone", in: header, format: strings.TrimSpace(header)},
		{name: "with header", in: header + flow + flow, rows: []string{one, two}, format: strings.TrimSpace(header)},
		{name: "without header, last line without end", in: flow + strings.TrimSpace(flow), rows: []string{one, two}},
		{name: "CRLF, mark, blank lines", in: "\xef\xbb\xbf" + strings.ReplaceAll(header+"\n"+flow+" \t\n"+flow, "\n", "\r\n"), rows: []string{one, two}, format: strings.TrimSpace(header)},
		{name: "runs of blanks", in: "  " + strings.ReplaceAll(flow, " ", " \t  "), rows: []string{one}},
		{name: "header again", in: header + flow + header + flow, rows: []string{one, two}, format: strings.TrimSpace(header)},
		{name: "header in another order", in: header + flow + "end srcaddr start action\n1767322860 2001:db8::1 1767322800 REJECT\n",
			rows: []string{one, "srcaddr=2001:db8::1 start=2026-01-02 03:00:00 +0000 UTC end=2026-01-02 03:01:00 +0000 UTC action=REJECT record_no=2"}, format: strings.TrimSpace(header)},
		{name: "no data", in: "2 111122223333 eni-0a1b2c3d4e5f60718 - - - - - - - 1767322800 1767322860 - NODATA\n", rows: []string{nodata}},
		{name: "too few", in: flow + "2 111122223333\n" + flow, rows: []string{one, row + " record_no=3"}, rejects: []string{"#2 line 2 offset 113: a line of 2 fields where the default format names 14: 2 111122223333"}},
		{name: "too many", in: strings.TrimSpace(flow) + " a\"b \x01\n", rows: []string{row + ` extra={"field_15":"a\"b","field_16":"\u0001"} record_no=1`}},
		{name: "does not fit", in: strings.Replace(flow, " 443 6 ", " 4294967296 6.0 ", 1), note: `record 1: dstport: "4294967296" does not fit integer, kept in extra`,
			rows: []string{strings.Replace(row, "dstport=443 protocol=6 ", "", 1) + ` extra={"dstport":"4294967296","protocol":"6.0"} record_no=1`}},
		{name: "nothing fits", in: strings.Repeat("x.y ", 14) + "\n", rejects: []string{`#1 line 1 offset 0: most fields do not fit: version: "x.y" does not fit integer, kept in extra: ` + strings.Repeat("x.y ", 13) + "x.y"}},
		{name: "a field twice", in: "srcaddr srcaddr start log-status\n192.0.2.1 192.0.2.2 1767322800 OK\n", rows: []string{`srcaddr=192.0.2.1 start=2026-01-02 03:00:00 +0000 UTC log_status=OK extra={"srcaddr":"192.0.2.2"} record_no=1`}, format: "srcaddr srcaddr start log-status"},
		{name: "unknown field", in: "srcaddr new start\n192.0.2.1 v 1767322800\n", rows: []string{`srcaddr=192.0.2.1 start=2026-01-02 03:00:00 +0000 UTC extra={"new":"v"} record_no=1`}, format: "srcaddr new start"},
		{name: "not UTF-8", in: strings.Replace(flow, "ACCEPT", "AC\xffT\x00", 1), rows: []string{strings.Replace(one, "ACCEPT", "AC\ufffdT\x00", 1)}, note: "record 1: action: bytes that are not UTF-8, replaced by U+FFFD"},
		{name: "text", in: "what the analyst wrote\n", rejects: []string{"#1 line 1 offset 0: a line of 4 fields where the default format names 14: what the analyst wrote"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := run(t, s, strings.NewReader(tt.in))
			if d := cmp.Diff(tt.rows, res.Rows); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
			var rejects []string
			for _, r := range res.Tally.Rejects {
				rejects = append(rejects, fmt.Sprintf("#%d line %d offset %d: %s: %s", r.RecordNo, r.Line, r.Offset, r.Reason, r.Raw))
			}
			if d := cmp.Diff(tt.rejects, rejects); d != "" {
				t.Errorf("rejects (-want +got):\n%s", d)
			}
			if res.Tally.Note != tt.note || res.Tally.Format != tt.format {
				t.Errorf("note %q, fields %q", res.Tally.Note, res.Tally.Format)
			}
			same(t, s, []byte(tt.in), res)
		})
	}
}

func TestWindowEdges(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	s := flows(t)
	in := strings.Repeat(flow, 3_000) + "2 short\n" + flow
	for shift := range 115 {
		res := run(t, s, strings.NewReader(header+strings.Repeat("\n", shift)+in))
		if len(res.Rows) != 3_001 || res.Tally.Rejected != 1 || res.Rows[3_000] != row+" record_no=3002" {
			t.Errorf("shifted by %d: %d rows, %d rejects", shift, len(res.Rows), res.Tally.Rejected)
		}
	}
}

func TestLongLine(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	s := flows(t)
	for _, n := range []int{100 << 20, 128 << 20, 200 << 20} { // 128 MiB is where a window ends
		for _, end := range []string{"", "\n" + flow} {
			res := run(t, s, io.MultiReader(strings.NewReader(flow), bytes.NewReader(bytes.Repeat([]byte("x"), n)), strings.NewReader(end)))
			// Up to 128 MiB a line may have been held whole before its length was seen.
			if len(res.Tally.Rejects) != 1 || n >= 128<<20 && end == "" && res.Tally.Rejects[0].Reason != "a line longer than 64 MiB" || len(res.Rows) != 1+min(1, len(end)) {
				t.Errorf("%d MiB, then %q: %d rows, rejected %d", n>>20, end, len(res.Rows), res.Tally.Rejected)
			}
		}
	}
}

// TestManyRejects: a file of short bad lines takes time by its size, and a
// bounded number of them is kept.
func TestManyRejects(t *testing.T) {
	res := run(t, flows(t), strings.NewReader(strings.Repeat("x\n", 500_000)))
	if res.Tally.Rejected != 500_000 || len(res.Tally.Rejects) != decode.MaxRejects {
		t.Errorf("%d rejects, %d kept", res.Tally.Rejected, len(res.Tally.Rejects))
	}
}

func TestReadErrors(t *testing.T) {
	s := flows(t)
	text := header + flow + flow
	for n := range len(text) + 1 {
		res := run(t, s, io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(errors.New("the disk is gone"))))
		last := len(res.Tally.Rejects) - 1
		if res.Err != "the disk is gone" || last != 0 || res.Tally.Rejects[0].Reason != "the disk is gone" {
			t.Errorf("after %d bytes: %q, rejects %v", n, res.Err, res.Tally.Rejects)
		}
		if want := max(0, strings.Count(text[:n], "\n")-1); len(res.Rows) != want {
			t.Errorf("after %d bytes: %d rows, want %d", n, len(res.Rows), want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	s := flows(f)
	for _, in := range []string{header + flow, flow + "2 -\n", "srcaddr start new\n192.0.2.1 - \xff\n", "\xef\xbb\xbf\r\n" + flow, header + "end start\n1 -1\n"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		same(t, s, in, run(t, s, bytes.NewReader(in)))
	})
}

// shapes are sources of every way to part fields.
var shapes = []*schema.Source{
	{Name: "quoted", Shape: schema.Delimited, Absent: "-", Least: 3, Default: []string{"time", "uri", "status", "agent", "id", "client:port"}, Columns: []schema.Column{
		{Name: "time", From: "time", Type: schema.Timestamp}, {Name: "uri", From: "uri", Type: schema.Varchar, Quoted: true},
		{Name: "status", From: "status", Type: schema.Integer}, {Name: "agent", From: "agent", Type: schema.Varchar, Quoted: true},
		{Name: "id", From: "id", Type: schema.Varchar}, {Name: "ip", From: "client:port", Type: schema.Varchar, Part: schema.Address},
		{Name: "port", From: "client:port", Type: schema.Integer, Part: schema.Port}}},
	{Name: "piped", Shape: schema.Delimited, Separator: "|", Default: []string{"a", "b", "n"}, Columns: []schema.Column{
		{Name: "a", From: "a", Type: schema.Varchar}, {Name: "b", From: "b", Type: schema.Varchar}, {Name: "n", From: "n", Type: schema.Double, Absent: "-1"}}},
	{Name: "w3c", Shape: schema.W3C, Absent: "-", Columns: []schema.Column{
		{Name: "time", From: "date time", Type: schema.Timestamp}, {Name: "c_ip", From: "c-ip", Type: schema.Varchar}, {Name: "doc", From: "doc", Type: schema.JSONText}}},
	{Name: "csv", Shape: schema.CSV, Recognise: schema.Recognise{All: []string{"name"}}, Columns: []schema.Column{
		{Name: "name", From: "name", Type: schema.Varchar}, {Name: "text", From: "text", Also: []string{"words"}, Type: schema.Varchar}, {Name: "yes", From: "yes", Type: schema.Boolean}}},
	{Name: "items", Shape: schema.Delimited, Absent: "-", Default: []string{"a", "list", "b"}, Columns: []schema.Column{
		{Name: "a", From: "a", Type: schema.Varchar}, {Name: "list", From: "list", Type: schema.Varchar, Items: true}, {Name: "b", From: "b", Type: schema.Varchar, Quoted: true}}},
}

func TestShapes(t *testing.T) {
	for name, c := range map[string]struct {
		source int
		in     string
		rows   []string
		bad    []string
	}{
		"quotes inside": {0, `[02/Jan/2026:03:04:05 +0000] "GET /"a" b" 200 "Mozilla "x" \"" id 192.0.2.1:80` + "\n" + `- - - - - 2001:db8::1:443 -` + "\n", []string{
			`time=2026-01-02 03:04:05 +0000 UTC uri=GET /"a" b status=200 agent=Mozilla "x" \" id=id ip=192.0.2.1 port=80 record_no=1`, `ip=2001:db8::1 port=443 record_no=2`}, nil},
		"quotes that mislead": {0, `1767323045 "GET /a" 200 b" 404 "x" - y" id [2001:db8::1]:443` + "\n" + `1767323045 "u" 200 "ends in \" id x more` + "\n", []string{
			`time=2026-01-02 03:04:05 +0000 UTC uri=GET /a" 200 b status=404 agent=x" - y id=id ip=2001:db8::1 port=443 record_no=1`,
			`time=2026-01-02 03:04:05 +0000 UTC uri=u status=200 agent=ends in \ id=id ip=x extra={"field_7":"more"} record_no=2`}, nil},
		"a quote that does not close": {0, `1767323045 "u" 200 "cut off`, []string{`time=2026-01-02 03:04:05 +0000 UTC uri=u status=200 agent=cut off record_no=1`}, nil},
		"items":                       {4, `x "h2","a b" y` + "\n" + `x "h2" "y"` + "\n" + `x "-" y`, []string{`a=x list="h2","a b" b=y record_no=1`, `a=x list="h2" b=y record_no=2`, `a=x b=y record_no=3`}, nil},
		"W3C parted otherwise": {2, "#Fields: date,time,c-ip,new\n2026-01-02,03:04:05,192.0.2.1,a b\n2026-01-02 03:04:06 192.0.2.1 b\n2026-01-02|03:04:07|192.0.2.1|\n2026-01-02;03:04:08;192.0.2.1;d\n2026-01-02,03:04:09,192.0.2.1,e,f\n", []string{
			`time=2026-01-02 03:04:05 +0000 UTC c_ip=192.0.2.1 extra={"new":"a b"} record_no=1`, `time=2026-01-02 03:04:06 +0000 UTC c_ip=192.0.2.1 extra={"new":"b"} record_no=2`,
			`time=2026-01-02 03:04:07 +0000 UTC c_ip=192.0.2.1 record_no=3`, `time=2026-01-02 03:04:08 +0000 UTC c_ip=192.0.2.1 extra={"new":"d"} record_no=4`}, []string{"a line of 1 fields where the header names 4"}},
		"few and many":  {0, "1767323045 \"u\" 200\n1767323045 \"u\"\n1767323045 \"\" 200 - - x more", []string{"time=2026-01-02 03:04:05 +0000 UTC uri=u status=200 record_no=1", `time=2026-01-02 03:04:05 +0000 UTC uri= status=200 ip=x extra={"field_7":"more"} record_no=3`}, []string{"a line of 2 fields where the default format names 6"}},
		"one character": {1, "x |  y y| 1.50 \n|\"a|b\"|-1\n", []string{"a=x b=y y n=1.5 record_no=1", "b=a|b record_no=2"}, nil},
		"W3C": {2, "#Version: 1.0\nx\n#Fields: date time c-ip doc\n2026-01-02\t03:04:05\t192.0.2.1\t{\"a\":1}\n2026-01-02\t-\t\tplain\r\n#Fields: c-ip\tnew\n192.0.2.2\tn\n", []string{
			`time=2026-01-02 03:04:05 +0000 UTC c_ip=192.0.2.1 doc={"a":1} record_no=2`, `doc="plain" record_no=3`, `c_ip=192.0.2.2 extra={"new":"n"} record_no=4`}, []string{"a line before any line of field names"}},
		"CSV": {3, "Name,words,yes\n\"a \"\"b\"\"\nc\",\"\",true\nx,,maybe\n1,2\n\"open,2,3\nlast,w,false", []string{
			"name=a \"b\"\nc text= yes=true record_no=1", `name=x extra={"yes":"maybe"} record_no=2`, "name=last text=w yes=false record_no=5"}, []string{"a line of 2 fields where the header names 3", "a field in quotes that does not end"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := run(t, shapes[c.source], strings.NewReader(c.in))
			if d := cmp.Diff(c.rows, got.Rows); d != "" {
				t.Error(d)
			}
			var bad []string
			for _, r := range got.Tally.Rejects {
				bad = append(bad, r.Reason)
			}
			if d := cmp.Diff(c.bad, bad); d != "" {
				t.Error(d)
			}
			same(t, shapes[c.source], []byte(c.in), got)
		})
	}
}

// TestManyQuotes: a line made to be parted in very many ways takes time by its
// size, and is kept.
func TestManyQuotes(t *testing.T) {
	for _, part := range []string{`"a" `, `"a"a`, `\" "`, `" a`, `"" b" `} {
		in := `1767323045 "u" 200 "` + strings.Repeat(part, 1<<18) + " x\" y\n" + `1767323045 "u" 200 "x" id 192.0.2.1:80`
		began := time.Now()
		got := run(t, shapes[0], strings.NewReader(in))
		if took := time.Since(began); len(got.Rows) != 2 || took > 10*time.Second {
			t.Errorf("%s: %d rows in %v", part, len(got.Rows), took)
		}
	}
}

// FuzzShapes decodes any bytes as each shape.
func FuzzShapes(f *testing.F) {
	for i, in := range []string{"[02/Jan/2026:03:04:05 +0000] \"GET /\"a\" b\" 200 \"x\" id 192.0.2.1:80\n", "a|\"b|c\"|1.5\n|\n", "#Fields: date time c-ip\n2026-01-02\t03:04:05\t-\n", "name,text\n\"a\n\"\"\",b\n\"x\n"} {
		f.Add([]byte(in), byte(i))
	}
	f.Fuzz(func(t *testing.T, in []byte, which byte) {
		s := shapes[int(which)%len(shapes)]
		same(t, s, in, run(t, s, bytes.NewReader(in)))
	})
}
