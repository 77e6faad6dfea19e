package decode_test

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"logquarry/engine/decode"
)

func TestInputPlaces(t *testing.T) {
	text := "\xef\xbb\xbfab\n\ncd\n" + strings.Repeat("x\n", 200_000) + "end"
	var in decode.Input
	in.Reset(iotest.HalfReader(strings.NewReader(text)))
	if in.Pos != 3 {
		t.Fatalf("starts at %d, want behind the byte-order mark", in.Pos)
	}
	seen := int64(3)
	for {
		buf := in.Bytes()
		for i := in.Pos; i < len(buf); i += 997 {
			off := in.Offset(i)
			if want := int64(strings.Count(text[:off], "\n")) + 1; in.Line(i) != want {
				t.Fatalf("offset %d is in line %d, want %d", off, in.Line(i), want)
			}
			if buf[i] != text[off] {
				t.Fatalf("byte at offset %d is %q, want %q", off, buf[i], text[off])
			}
		}
		if in.Line(in.Pos) != int64(strings.Count(text[:in.Offset(in.Pos)], "\n"))+1 {
			t.Fatal("asking for an earlier place again gives another line")
		}
		in.Pos = len(buf)
		seen = in.Offset(in.Pos)
		if !in.More() {
			break
		}
	}
	if seen != int64(len(text)) || in.Err() != nil || !in.EOF() {
		t.Errorf("ended at %d of %d, error %v", seen, len(text), in.Err())
	}
}

func TestTime(t *testing.T) {
	good := map[string]string{
		"2026-01-02T03:04:05Z":             "2026-01-02T03:04:05Z",
		"2026-01-02 03:04:05":              "2026-01-02T03:04:05Z",
		"20131102T010628Z":                 "2013-11-02T01:06:28Z",
		"2026-01-02T03:04:05.123456789Z":   "2026-01-02T03:04:05.123456Z",
		"2026-01-02T03:04:05.5+02:00":      "2026-01-02T01:04:05.5Z",
		"2026-01-02T03:04:05-0330":         "2026-01-02T06:34:05Z",
		"2024-02-29T23:59:59Z":             "2024-02-29T23:59:59Z",
		"1969-12-31T23:59:59Z":             "1969-12-31T23:59:59Z",
		"9999-12-31T23:59:59Z":             "9999-12-31T23:59:59Z",
		"2000-02-29T00:00:00.000001+00:00": "2000-02-29T00:00:00.000001Z",
	}
	for in, want := range good {
		us, ok := decode.Time([]byte(in))
		if got := time.UnixMicro(us).UTC().Format(time.RFC3339Nano); !ok || got != want {
			t.Errorf("%s is %s (%v), want %s", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "2026", "2026-01-02", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-02T24:00:00Z",
		"2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+2", "2026-0102T03:04:05Z", "Mar 25, 2014 8:17:37 PM", "1767322800"} {
		if us, ok := decode.Time([]byte(in)); ok {
			t.Errorf("%q is read as %d", in, us)
		}
	}
}

func TestInt(t *testing.T) {
	for in, want := range map[string]int64{"0": 0, "-1": -1, "9223372036854775807": 1<<63 - 1, "-9223372036854775808": -1 << 63} {
		if got, ok := decode.Int([]byte(in)); !ok || got != want {
			t.Errorf("%s is %d, %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "-", "+1", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "18446744073709551617", "99999999999999999999", "1 "} {
		if got, ok := decode.Int([]byte(in)); ok {
			t.Errorf("%q is read as %d", in, got)
		}
	}
}

// Rejects of many files together take no more memory than there is room for;
// all are counted.
func TestRejectRoom(t *testing.T) {
	room := new(atomic.Int64)
	room.Store(3 * (decode.RawLimit + 256))
	raw := bytes.Repeat([]byte("x"), 2*decode.RawLimit)
	var kept, counted int64
	for range 4 {
		tally := decode.Tally{Room: room}
		for range 5 {
			tally.Reject(decode.Reject{Reason: "damaged", Raw: raw})
		}
		kept += int64(len(tally.Rejects))
		counted += tally.Rejected
	}
	if kept != 3 || counted != 20 {
		t.Errorf("kept %d rejects and counted %d, want 3 and 20", kept, counted)
	}
}
