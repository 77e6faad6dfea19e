package jsonrec_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/decode/jsonrec"
	"logquarry/engine/schema"
)

// small is a source with a column of each type and each way to reach one.
var small = &schema.Source{
	Name: "small", Shape: schema.JSON, Records: []string{"Records", "Events"}, Time: "at",
	Recognise: schema.Recognise{All: []string{"id"}, None: []string{"alien"}},
	Columns: []schema.Column{
		{Name: "id", From: "id", Type: schema.Varchar},
		{Name: "at", From: "at", Type: schema.Timestamp},
		{Name: "at_s", From: "atS", Type: schema.TimestampS},
		{Name: "at_ms", From: "atMS", Type: schema.TimestampMS},
		{Name: "small_no", From: "smallNo", Type: schema.Integer},
		{Name: "big_no", From: "bigNo", Type: schema.Bigint},
		{Name: "ratio", From: "ratio", Type: schema.Double},
		{Name: "yes", From: "yes", Type: schema.Boolean},
		{Name: "doc", From: "doc", Type: schema.JSONText},
		{Name: "user_name", From: "user.name", Type: schema.Varchar},
		{Name: "user_city", From: "user.home.city", Type: schema.Varchar},
		{Name: "headers", From: "req.headers", Type: schema.JSONText},
		{Name: "host", From: "req.headers[name=host].value", Type: schema.Varchar},
		{Name: "tag_names", From: "tags[].name", Type: schema.JSONText},
	},
}

var other = &schema.Source{
	Name: "other", Shape: schema.JSON, Records: []string{"Records"}, Recognise: schema.Recognise{All: []string{"alien"}},
	Columns: []schema.Column{{Name: "alien", From: "alien", Type: schema.Varchar}},
}

func plan(t testing.TB, s *schema.Source) *jsonrec.Plan {
	t.Helper()
	p, err := jsonrec.NewPlan(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// result is everything a decoder says about a file.
type result struct {
	Rows  []string
	Tally decode.Tally
	Err   string
}

// run decodes r as small, with other as its sibling, and checks what must hold
// of any input: the sums, that rejects are bounded, and that JSON is JSON.
func run(t testing.TB, r io.Reader) result { return runAs(t, small, []*schema.Source{other}, r) }

func runAs(t testing.TB, s *schema.Source, siblings []*schema.Source, r io.Reader) result {
	t.Helper()
	var others []*jsonrec.Plan
	for _, o := range siblings {
		others = append(others, plan(t, o))
	}
	d := jsonrec.NewDecoder(plan(t, s), others, nil)
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
				if text, ok := v.(string); ok && col.Type == schema.JSONText && !json.Valid([]byte(text)) {
					t.Errorf("column %s of row %d is no JSON: %q", col.Name, row, text)
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
	if ta.Records != ta.Rows+ta.Duplicates+ta.Rejected || ta.Rows != int64(len(res.Rows)) {
		t.Errorf("records %d, rows %d (%d seen), duplicates %d, rejected %d do not agree", ta.Records, ta.Rows, len(res.Rows), ta.Duplicates, ta.Rejected)
	}
	for _, x := range ta.Rejects {
		if len(x.Raw) > decode.RawLimit || x.Reason == "" {
			t.Errorf("reject %d has %d raw bytes and the reason %q", x.RecordNo, len(x.Raw), x.Reason)
		}
	}
	return res
}

// rejects are the reasons of res, each with its place and the start of its bytes.
func rejects(res result) []string {
	var out []string
	for _, r := range res.Tally.Rejects {
		out = append(out, fmt.Sprintf("#%d line %d offset %d: %s: %.40s", r.RecordNo, r.Line, r.Offset, r.Reason, r.Raw))
	}
	return out
}

func TestDecode(t *testing.T) {
	const a, b = `{"id":"a"}`, `{"id":"b"}`
	rows := []string{"id=a record_no=1", "id=b record_no=2"}
	tests := []struct {
		name    string
		in      string
		rows    []string
		rejects []string
		note    string
		foreign int64
	}{
		{name: "nothing"},
		{name: "blanks", in: " \r\n\t\n"},
		{name: "empty container", in: `{"Records":[]}`},
		{name: "empty array", in: `[]`},
		{name: "container", in: `{"Records":[` + a + `,` + b + `]}`, rows: rows},
		{name: "pretty-printed, CRLF", in: "{\r\n  \"Records\" : [\r\n    { \"id\" : \"a\" } ,\r\n {\r\n\t\"id\":\"b\"}\r\n ]\r\n}\r\n", rows: rows},
		{name: "byte-order mark", in: "\xef\xbb\xbf{\"Records\":[" + a + `,` + b + `]}`, rows: rows},
		{name: "one a line", in: a + "\n" + b + "\n", rows: rows},
		{name: "one a line, CRLF", in: a + "\r\n" + b, rows: rows},
		{name: "concatenated", in: a + b, rows: rows},
		{name: "bare array", in: "[" + a + "," + b + "]", rows: rows},
		{name: "containers concatenated", in: `{"Records":[` + a + `]}{"Records":[` + b + `]}`, rows: rows},
		{name: "container and record", in: `{"Records":[` + a + `]}` + "\n" + b, rows: rows},
		{name: "two arrays in one container", in: `{"Records":[` + a + `],"x":{"y":[1]},"Events":[` + b + `]}`, rows: rows},
		{name: "other keys before and after", in: `{"NextToken":"t","n":[{"id":"no"}],"Records":[` + a + `,` + b + `],"ResponseMetadata":{"Records":[1]}}`, rows: rows},
		{name: "container that begins like a record", in: `{"at":"2026-01-02T03:04:05Z","Records":[` + a + `,` + b + `]}`, rows: rows},
		{name: "array of containers", in: `[{"Records":[` + a + `]},{"Records":[` + b + `]}]`, rows: rows},
		{name: "other source's records", in: `{"Records":[` + a + `,{"alien":"x"},` + b + `]}`, rows: []string{"id=a record_no=1", "id=b record_no=3"}, foreign: 1},

		{name: "broken in the middle", in: `{"Records":[` + a + `,{"id":"x","doc":{"p":tru}},` + b + `]}`,
			rows:    []string{"id=a record_no=1", "id=b record_no=3"},
			rejects: []string{`#2 line 1 offset 23: true expected, found 't' at offset 44: {"id":"x","doc":{"p":tru}},`}},
		{name: "broken line among lines", in: a + "\n{\"id\":\"x\n" + b + "\n",
			rows:    []string{"id=a record_no=1", "id=b record_no=3"},
			rejects: []string{"#2 line 2 offset 11: ',' or '}' expected, found 'i' at offset 22: {\"id\":\"x\n"}},
		{name: "text before", in: "hello\n" + a + "\n" + b, rows: []string{"id=a record_no=2", "id=b record_no=3"},
			rejects: []string{"#1 line 1 offset 0: text that is no JSON object: hello\n"}},
		{name: "text alone", in: "hello\n", rejects: []string{"#1 line 1 offset 0: text that is no JSON object: hello\n"}},
		{name: "stray bracket", in: a + "\n]\n" + b, rows: []string{"id=a record_no=1", "id=b record_no=3"},
			rejects: []string{"#2 line 2 offset 11: text that is no JSON object: ]\n"}},
		{name: "wrong types of record", in: `{"Records":[` + a + `,7,"x",null,true,[1,{"id":"no"}],` + b + `]}`,
			rows: []string{"id=a record_no=1", "id=b record_no=7"},
			rejects: []string{
				`#2 line 1 offset 23: a record that is a number, not an object: 7`,
				`#3 line 1 offset 25: a record that is a string, not an object: "x"`,
				`#4 line 1 offset 29: a record that is null, not an object: null`,
				`#5 line 1 offset 34: a record that is a boolean, not an object: true`,
				`#6 line 1 offset 39: a record that is an array, not an object: [1,{"id":"no"}]`,
			}},
		{name: "object that is no record", in: `{"Records":[` + a + `,{"x":1},` + b + `]}`, rows: []string{"id=a record_no=1", "id=b record_no=3"},
			rejects: []string{`#2 line 1 offset 23: an object that is no small record: it has no id: {"x":1}`}},
		{name: "Records that is null", in: `{"Records":null}`, rejects: []string{`#1 line 1 offset 0: an object that is no small record: it has no id: {"Records":null}`}},
		{name: "cut off between records", in: `{"Records":[` + a + `,` + b, rows: rows, rejects: []string{`#3 line 1 offset 33: the file ends before its array of records does: `}},
		{name: "cut off in a record", in: `{"Records":[` + a + `,{"id":"b`, rows: rows[:1],
			rejects: []string{`#2 line 1 offset 23: the file ends in the middle of a value: {"id":"b`}},
		{name: "cut off behind the array", in: `{"Records":[` + a + `,` + b + `]`, rows: rows,
			rejects: []string{`#3 line 1 offset 34: the file ends behind its array of records, before the object around it does: `}},
		{name: "garbage behind the array", in: `{"Records":[` + a + `]x}` + "\n" + b, rows: []string{"id=a record_no=1", "id=b record_no=3"},
			rejects: []string{`#2 line 1 offset 23: behind the array of records: a key in quotes expected, found 'x': x}` + "\n"}},
		{name: "broken record, then a container", in: `{"Records":[{"id":@}]}` + "\n" + `{"Records":[` + a + `]}`, rows: []string{"id=a record_no=2"},
			rejects: []string{`#1 line 1 offset 12: a value expected, found '@' at offset 18: {"id":@}]}` + "\n"}},

		{name: "types", in: `{"id":"a","at":"2026-01-02T03:04:05.5Z","atS":1767322800,"atMS":1767322800123,"smallNo":-7,"bigNo":9223372036854775807,"ratio":-1.5e3,"yes":"true"}`,
			rows: []string{"id=a at=2026-01-02 03:04:05.5 +0000 UTC at_s=2026-01-02 03:00:00 +0000 UTC at_ms=2026-01-02 03:00:00.123 +0000 UTC small_no=-7 big_no=9223372036854775807 ratio=-1500 yes=true record_no=1"}},
		{name: "numbers out of range are kept exact", in: `{"id":"a","smallNo":2147483648,"bigNo":9223372036854775808,"ratio":1e999,"atS":-1,"atMS":99999999999999999}`,
			rows: []string{`id=a extra={"smallNo":2147483648,"bigNo":9223372036854775808,"ratio":1e999,"atS":-1,"atMS":99999999999999999} record_no=1`},
			note: "record 1: smallNo: 2147483648 does not fit integer, kept in extra"},
		{name: "number in a text column", in: `{"id":12345678901234567890.10}`, rows: []string{"id=12345678901234567890.10 record_no=1"}},
		{name: "wrong types of member", in: `{"id":{"x":1},"at":[5],"yes":"maybe","user":[1],"doc":"s"}`,
			rows: []string{`doc="s" extra={"id":{"x":1},"at":[5],"yes":"maybe","user":[1]} record_no=1`},
			note: `record 1: id: {"x":1} does not fit varchar, kept in extra`},
		{name: "absent, null and empty", in: `{"id":"a"}{"id":"","doc":null,"at":null,"user":null}{"id":null,"doc":"","user":{"name":null,"home":{}}}`,
			rows: []string{"id=a record_no=1", `id= doc=null extra={"at":null,"user":null} record_no=2`, `doc="" extra={"id":null,"user.name":null} record_no=3`}},
		{name: "unknown members", in: `{"id":"a","new":{"x":[1,"\u00e9"]},"user":{"name":"n","age":3,"home":{"city":"c","zip":"1"}}}`,
			rows: []string{`id=a user_name=n user_city=c extra={"new":{"x":[1,"\u00e9"]},"user.age":3,"user.home.zip":"1"} record_no=1`}},
		{name: "duplicate keys", in: `{"id":"a","id":"b","doc":1,"doc":null,"doc":2,"user":{"name":"n"},"user":{"name":"m"}}`,
			rows: []string{`id=a doc=1 user_name=n extra={"id":"b","doc":null,"doc":2,"user.name":"m"} record_no=1`}},
		{name: "keys with escapes", in: `{"i\u0064":"a","\u006eew\"\n":1}`, rows: []string{`id=a extra={"new\"\u000a":1} record_no=1`}},
		{name: "escapes", in: `{"id":"\u0041\u00e9\ud83d\ude00\/\"\\\b\f\n\r\t","doc":"\u0041\ud83d\ude00"}`,
			rows: []string{"id=A\u00e9\U0001f600/\"\\\b\f\n\r\t doc=\"\\u0041\\ud83d\\ude00\" record_no=1"}},
		{name: "lone surrogates", in: `{"id":"\ud800x\udc00\ud83d","doc":["\ud800\u0041"],"new":"\udfff"}`,
			rows: []string{"id=\ufffdx\ufffd\ufffd doc=[\"\\ufffd\\u0041\"] extra={\"new\":\"\\ufffd\"} record_no=1"},
			note: "record 1: id: half a surrogate pair, replaced by U+FFFD"},
		{name: "control characters", in: "{\"id\":\"a\x01\x00b\",\"doc\":{\"k\x02\":\"\x03\"},\"new\x04\":\"\x05\"}",
			rows: []string{"id=a\x01\x00b doc={\"k\\u0002\":\"\\u0003\"} extra={\"new\\u0004\":\"\\u0005\"} record_no=1"},
			note: "record 1: doc: characters that JSON does not allow, written as escapes"},
		{name: "not UTF-8", in: "{\"id\":\"a\xff\xfe\",\"doc\":\"\xc3\",\"new\xff\":\"\xe2\x82\"}",
			rows: []string{"id=a\ufffd\ufffd doc=\"\ufffd\" extra={\"new\ufffd\":\"\ufffd\ufffd\"} record_no=1"},
			note: "record 1: id: bytes that are not UTF-8, replaced by U+FFFD"},
		{name: "control characters among bytes that are not UTF-8", in: "{\"id\":\"\x01\xff\"}", rows: []string{"id=\x01\ufffd record_no=1"},
			note: "record 1: id: bytes that are not UTF-8, replaced by U+FFFD"},
		{name: "elements of arrays", in: `{"id":"a","req":{"headers":[{"name":"HOST","value":"h"},{"name":"host","value":"i"},7]},"tags":[{"name":"x"},{"name":"y","v":1}]}`,
			rows: []string{`id=a headers=[{"name":"HOST","value":"h"},{"name":"host","value":"i"},7] host=h tag_names=["x","y"] extra={"tags":[{"name":"x"},{"name":"y","v":1}]} record_no=1`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := run(t, strings.NewReader(tt.in))
			if d := cmp.Diff(tt.rows, res.Rows); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
			if d := cmp.Diff(tt.rejects, rejects(res)); d != "" {
				t.Errorf("rejects (-want +got):\n%s", d)
			}
			if res.Tally.Note != tt.note {
				t.Errorf("note %q, want %q", res.Tally.Note, tt.note)
			}
			if res.Tally.Foreign["other"] != tt.foreign {
				t.Errorf("foreign %v, want %d of other", res.Tally.Foreign, tt.foreign)
			}
			if res.Tally.Bytes != int64(len(tt.in)) {
				t.Errorf("%d bytes, want %d", res.Tally.Bytes, len(tt.in))
			}
			same(t, []byte(tt.in), res)
		})
	}
}

// same checks that the way the bytes come in makes no difference.
func same(t testing.TB, in []byte, want result) {
	t.Helper()
	for name, r := range map[string]io.Reader{
		"one byte at a time": iotest.OneByteReader(bytes.NewReader(in)),
		"half reads":         iotest.HalfReader(bytes.NewReader(in)),
		"error with data":    iotest.DataErrReader(bytes.NewReader(in)),
	} {
		if d := cmp.Diff(want, run(t, r)); d != "" {
			t.Errorf("%s gives another answer (-whole +parts):\n%s", name, d)
		}
	}
}

// TestWindowEdges moves what is interesting across the edge of the window.
func TestWindowEdges(t *testing.T) {
	const window = 256 << 10
	for _, tail := range []string{
		`{"id":"\ud83d\ude00","doc":{"k":"é"}}`,
		`{"id":"x","doc":tru},{"id":"y"}`,
		"{\"id\":\"\xc3\xa9\"}",
	} {
		want := ""
		for shift := range len(tail) + 4 {
			pad := window - len(`{"Records":[{"id":""},`) - shift
			in := `{"Records":[{"id":"` + strings.Repeat("p", pad) + `"},` + tail + `]}`
			res := run(t, strings.NewReader(in))
			got := fmt.Sprint(res.Rows[1:], res.Tally.Rejected)
			if want == "" {
				want = got
			}
			if got != want || len(res.Rows) != 2 {
				t.Errorf("%s at %d bytes before the edge: %s, want %s", tail, shift, got, want)
			}
		}
	}
}

func TestHugeRecords(t *testing.T) {
	t.Run("10 MB", func(t *testing.T) {
		text := strings.Repeat("x", 10<<20)
		res := run(t, strings.NewReader(`{"Records":[{"id":"a"},{"id":"`+text+`","doc":"`+text+`"},{"id":"b"}]}`))
		if len(res.Rows) != 3 || res.Tally.Rejected != 0 || len(res.Rows[1]) < 20<<20 {
			t.Errorf("%d rows, rejects %v", len(res.Rows), rejects(res))
		}
	})
	for name, big := range map[string]string{
		"record too long":  `{"id":"` + strings.Repeat("x", 150<<20) + `"}`,
		"element too long": `"` + strings.Repeat("x", 150<<20) + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			res := run(t, strings.NewReader(`{"Records":[{"id":"a"},`+big+`,{"id":"b"}]}`))
			if d := cmp.Diff([]string{"id=a record_no=1", "id=b record_no=3"}, res.Rows); d != "" {
				t.Errorf("rows (-want +got):\n%s", d)
			}
			if len(res.Tally.Rejects) != 1 || res.Tally.Rejects[0].Reason != "a record longer than 64 MiB" || res.Tally.Rejects[0].Offset != 23 {
				t.Errorf("rejects %v", rejects(res))
			}
		})
	}
}

func TestDeepNesting(t *testing.T) {
	deep := strings.Repeat(`{"a":[`, 5000) + strings.Repeat(`]}`, 5000)
	res := run(t, strings.NewReader(`{"Records":[{"id":"a"},{"id":"deep","doc":`+deep+`},{"id":"b"}]}`))
	if d := cmp.Diff([]string{"id=a record_no=1", "id=b record_no=3"}, res.Rows); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	if len(res.Tally.Rejects) != 1 || !strings.Contains(res.Tally.Rejects[0].Reason, "nested deeper than 1000 levels") {
		t.Errorf("rejects %v", rejects(res))
	}
}

// failing gives the first n bytes of a text and then an error.
func failing(text string, n int) io.Reader {
	return io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(errors.New("the disk is gone")))
}

func TestReadErrors(t *testing.T) {
	const text = `{"Records":[{"id":"a"},{"id":"b","doc":[1,2]},7,{"x":1}],"more":{"k":[1]}}` + "\n" + `{"id":"c"}`
	whole := run(t, strings.NewReader(text))
	for n := range len(text) + 1 {
		res := run(t, failing(text, n))
		if res.Err != "the disk is gone" {
			t.Fatalf("after %d bytes: error %q", n, res.Err)
		}
		told := 0
		for _, r := range res.Tally.Rejects {
			if strings.Contains(r.Reason, "the disk is gone") {
				told++
			}
		}
		if told != 1 {
			t.Errorf("after %d bytes the error is told %d times: %v", n, told, rejects(res))
		}
		if len(res.Rows) > len(whole.Rows) || !slices.Equal(whole.Rows[:len(res.Rows)], res.Rows) {
			t.Errorf("after %d bytes: rows %v", n, res.Rows)
		}
	}
}

// TestFlippedBytes damages a file in each place in turn.
func TestFlippedBytes(t *testing.T) {
	text := []byte(`{"Records":[{"id":"a","at":"2026-01-02T03:04:05Z"},{"id":"b\u00e9","user":{"name":"n"},"tags":[{"name":"x"}]},{"id":"c","n":-1.5e3}]}`)
	for i := range text {
		for _, flip := range []byte{0x01, 0x20, 0x80, 0xff} {
			in := bytes.Clone(text)
			in[i] ^= flip
			res := run(t, bytes.NewReader(in))
			if n := res.Tally.Rows + res.Tally.Rejected + res.Tally.Foreign["other"]; n == 0 {
				t.Errorf("byte %d ^ %#x: nothing is said of %q", i, flip, in)
			}
			same(t, in, res)
		}
	}
}

func TestRecord(t *testing.T) {
	d := jsonrec.NewDecoder(plan(t, small), []*jsonrec.Plan{plan(t, other)}, nil)
	in := `{"Records":[{"id":"a"},7,{"alien":1}, {"id" : "b"}]}`
	for n, want := range map[int64]string{1: `{"id":"a"}`, 2: `7`, 3: `{"alien":1}`, 4: `{"id" : "b"}`} {
		d.Reset(strings.NewReader(in), new(decode.Tally))
		got, err := d.Record(n)
		if err != nil || string(got) != want {
			t.Errorf("record %d is %q, %v; want %q", n, got, err, want)
		}
	}
	d.Reset(strings.NewReader(in), new(decode.Tally))
	if got, err := d.Record(5); err != io.EOF {
		t.Errorf("record 5 is %q, %v; want io.EOF", got, err)
	}
}

// TestDroppedRowsCostNothing loads what nobody wants: the batch never fills.
func TestDroppedRowsCostNothing(t *testing.T) {
	line := `{"id":"` + strings.Repeat("x", 1000) + `"}` + "\n"
	d := jsonrec.NewDecoder(plan(t, small), nil, func(*batch.Batch, *decode.Tally, int64) bool { return false })
	b := batch.New(decode.Types(small))
	allocs := testing.AllocsPerRun(1, func() {
		d.Reset(strings.NewReader(strings.Repeat(line, 20_000)), new(decode.Tally))
		if done, err := d.Fill(b); !done || err != nil || b.Len() != 0 {
			t.Errorf("done %v, error %v, %d rows", done, err, b.Len())
		}
	})
	if allocs > 100 {
		t.Errorf("%v allocations for 20,000 rows that were dropped", allocs)
	}
}
