package jsonrec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/batch"
	"logquarry/engine/decode"
	"logquarry/engine/decode/jsonrec"
	"logquarry/engine/schema"
)

// spelled is a source with more than one spelling of its fields.
var spelled = &schema.Source{
	Name: "spelled", Shape: schema.JSON, Time: "at", Recognise: schema.Recognise{Any: []string{"id", "wrapped"}},
	Columns: []schema.Column{
		{Name: "id", From: "id", Also: []string{"wrapped.id", "ID"}, Type: schema.Varchar},
		{Name: "at", From: "at", Also: []string{"@time"}, Type: schema.Timestamp},
		{Name: "configuration", From: "configuration", Also: []string{"wrapped.configuration"}, Type: schema.JSONText, Opened: true},
		{Name: "port", From: "configuration.port", Type: schema.Integer},
		{Name: "zone", From: "zone", Type: schema.Varchar, Absent: "none"},
		{Name: "log_group", From: "@log_group", Type: schema.Varchar},
	},
}

// folded is a source whose fields are spelled in any case.
var folded = &schema.Source{
	Name: "folded", Shape: schema.JSON, Time: "at", Fold: true, Recognise: schema.Recognise{Any: []string{"resourceId"}},
	Columns: []schema.Column{
		{Name: "id", From: "resourceId", Type: schema.Varchar},
		{Name: "at", From: "captureTime", Type: schema.Timestamp},
		{Name: "rule", From: "result.ruleName", Type: schema.Varchar},
		{Name: "more", From: "supplementary", Type: schema.JSONText, Opened: true, OpenedMembers: true},
	},
}

// fields is a source of lines, which also comes as objects.
var fields = &schema.Source{
	Name: "fields", Shape: schema.W3C, Absent: "-", Time: "time", Recognise: schema.Recognise{Any: []string{"x-edge"}},
	Columns: []schema.Column{
		{Name: "time", From: "date time", Also: []string{"timestamp(ms)"}, Type: schema.Timestamp},
		{Name: "edge", From: "x-edge", Type: schema.Varchar},
		{Name: "status", From: "sc-status", Type: schema.Integer},
		{Name: "agent", From: "cs(User-Agent)", Type: schema.Varchar},
		{Name: "a_b", From: "a.b", Type: schema.Varchar},
	},
}

func TestForms(t *testing.T) {
	for name, c := range map[string]struct {
		source *schema.Source
		in     string
		want   []string
	}{
		"own spelling":      {spelled, `{"id":"a","at":"2026-01-02T03:04:05Z","zone":"none"}`, []string{"id=a at=2026-01-02 03:04:05 +0000 UTC record_no=1"}},
		"another":           {spelled, `{"wrapped":{"id":"a","configuration":{"x":1}},"zone":"z"}`, []string{`id=a configuration={"x":1} zone=z record_no=1`}},
		"both":              {spelled, `{"id":"a","ID":"b"}`, []string{`id=a extra={"ID":"b"} record_no=1`}},
		"opened":            {spelled, `{"id":"a","configuration":"{\"port\":22,\"a\":\"\\\"\\n\"}"}`, []string{`id=a configuration={"port":22,"a":"\"\n"} port=22 record_no=1`}},
		"opened, no JSON":   {spelled, `{"id":"a","configuration":"{oops"}`, []string{`id=a configuration="{oops" record_no=1`}},
		"opened, a number":  {spelled, `{"id":"a","configuration":"12"}`, []string{`id=a configuration="12" record_no=1`}},
		"any case":          {folded, `{"ResourceID":"a","CAPTURETIME":"2026-01-02T03:04:05Z","Result":{"RuleName":"r","Other":1}}`, []string{`id=a at=2026-01-02 03:04:05 +0000 UTC rule=r extra={"result.Other":1} record_no=1`}},
		"two cases":         {folded, `{"resourceid":"a","resourceId":"b"}`, []string{`id=a extra={"resourceId":"b"} record_no=1`}},
		"case counts":       {spelled, `{"id":"a","Zone":"z"}`, []string{`id=a extra={"Zone":"z"} record_no=1`}},
		"opened members":    {folded, `{"resourceId":"a","supplementary":{"a" : "{\"b\":\"{\\\"c\\\":1}\"}", "s":"text", "n":"12","l":"[1, 2]" }}`, []string{`id=a more={"a" : {"b":"{\"c\":1}"}, "s":"text", "n":"12","l":[1, 2] } record_no=1`}},
		"opened twice":      {folded, `{"resourceId":"a","supplementary":{"a":"\"{\\\"b\\\":1}\"","t":"\"text\"","q":"\"","e":"\"\"","x":"x\"","s":"\"\\"}}`, []string{`id=a more={"a":{"b":1},"t":"\"text\"","q":"\"","e":"\"\"","x":"x\"","s":"\"\\"} record_no=1`}},
		"nothing to open":   {folded, `{"resourceId":"a","supplementary":{"a":"{oops","e":""}} {"resourceId":"b","supplementary":{}}`, []string{`id=a more={"a":"{oops","e":""} record_no=1`, `id=b more={} record_no=2`}},
		"two members":       {fields, `{"x-edge":"FRA","date":"2026-01-02","time":"03:04:05","sc-status":"200","cs(User-Agent)":"-","a.b":"c"}`, []string{"time=2026-01-02 03:04:05 +0000 UTC edge=FRA status=200 a_b=c record_no=1"}},
		"order":             {fields, `{"time":"03:04:05","x-edge":"FRA","date":"2026-01-02"}` + "\n" + `{"x-edge":"B","date":"2026-01-02"}`, []string{"time=2026-01-02 03:04:05 +0000 UTC edge=FRA record_no=1", "edge=B record_no=2"}},
		"instead of two":    {fields, `{"x-edge":"FRA","timestamp(ms)":"1767323045678","date":"-","time":"-"}`, []string{"time=2026-01-02 03:04:05.678 +0000 UTC edge=FRA record_no=1"}},
		"two that are none": {fields, `{"x-edge":"FRA","date":"yesterday","time":"noon"}`, []string{`edge=FRA extra={"date time":"yesterday noon"} record_no=1`}},
	} {
		t.Run(name, func(t *testing.T) {
			if d := cmp.Diff(c.want, runAs(t, c.source, nil, strings.NewReader(c.in)).Rows); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestMessages hands records over one by one, with what their envelopes say.
func TestMessages(t *testing.T) {
	p, err := jsonrec.NewPlan(spelled)
	if err != nil {
		t.Fatal(err)
	}
	d := jsonrec.NewDecoder(p, nil, nil)
	var tally decode.Tally
	b := batch.New(decode.Types(spelled))
	d.Begin(&tally)
	for i, m := range []decode.Message{
		{Text: []byte(`{"id":"a"}`), Origin: &decode.Origin{LogGroup: "/g", Time: 5}},
		{Text: []byte(`{"id":"b","at":"2026-01-02T03:04:05Z"} {"id":"c"}`), Origin: &decode.Origin{Time: 6}},
		{Text: []byte(`{"id":`), Offset: 700, Line: 3},
		{Text: []byte(`{"id":"d"}`)},
	} {
		d.Message(m)
		if done, err := d.Fill(b); !done || err != nil {
			t.Fatalf("message %d: done %v, %v", i, done, err)
		}
	}
	var got []string
	for row := range b.Len() {
		var cells []string
		for c, col := range spelled.AllColumns() {
			switch v := b.Value(c, row).(type) {
			case nil:
			case string:
				cells = append(cells, col.Name+"="+v)
			default:
				if col.Name == "at" || col.Name == "record_no" {
					cells = append(cells, col.Name+"="+fmt.Sprint(v))
				}
			}
		}
		got = append(got, strings.Join(cells, " "))
	}
	want := []string{"id=a at=1970-01-01 00:00:00.000005 +0000 UTC log_group=/g record_no=1", "id=b at=2026-01-02 03:04:05 +0000 UTC record_no=2", "id=c at=1970-01-01 00:00:00.000006 +0000 UTC record_no=3", "id=d record_no=5"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if tally.Rows != 4 || tally.Rejected != 1 || tally.Rejects[0].Offset != 700 || tally.Rejects[0].Line != 3 || tally.Rejects[0].RecordNo != 4 {
		t.Errorf("tally %+v", tally)
	}
}
