package main

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	now := time.Date(2026, 3, 12, 10, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		"2026-03-10":                "2026-03-10T00:00:00Z",
		"2026-03-10 13:05":          "2026-03-10T13:05:00Z",
		"2026-03-10 13:05:06":       "2026-03-10T13:05:06Z",
		"2026-03-10T13:05:06Z":      "2026-03-10T13:05:06Z",
		"2026-03-10T13:05:06+02:00": "2026-03-10T11:05:06Z",
		"90m":                       "2026-03-12T08:30:00Z",
		"24h":                       "2026-03-11T10:00:00Z",
		"7d":                        "2026-03-05T10:00:00Z",
		"2w":                        "2026-02-26T10:00:00Z",
		"yesterday":                 "",
		"2026-13-01":                "",
		"10":                        "",
		"-1h":                       "",
	} {
		got, err := parseTime(text, now)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q was read as %v", text, got)
		case want != "" && (err != nil || got.Format(time.RFC3339) != want):
			t.Errorf("%q: got %v, %v; want %s", text, got, err, want)
		}
	}
	if _, _, err := window("2026-03-11", "2026-03-10", now); err == nil {
		t.Error("a window that ends before it begins was taken")
	}
}
