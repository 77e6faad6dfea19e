package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const timesHelp = "2026-03-10, '2026-03-10 13:05', 2026-03-10T13:05:00Z, or how long ago: 90m, 24h, 7d, 2w"

var ago = regexp.MustCompile(`^(\d{1,6})(m|h|d|w)$`)

// parseTime reads a moment: RFC 3339, a date, a date and a time, all UTC where
// no zone is said, or a span before now. Empty text is the zero time.
func parseTime(text string, now time.Time) (time.Time, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return time.Time{}, nil
	}
	if m := ago.FindStringSubmatch(text); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			return time.Time{}, err
		}
		unit := map[string]time.Duration{"m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[m[2]]
		return now.UTC().Add(-time.Duration(n) * unit), nil
	}
	for _, layout := range []string{
		time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly,
		"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04",
	} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is no time", text)
}

// window reads --since and --until.
func window(since, until string, now time.Time) (from, to time.Time, err error) {
	if from, err = parseTime(since, now); err != nil {
		return from, to, usage("times are "+timesHelp, "--since %s: not a time", since)
	}
	if to, err = parseTime(until, now); err != nil {
		return from, to, usage("times are "+timesHelp, "--until %s: not a time", until)
	}
	if !from.IsZero() && !to.IsZero() && !from.Before(to) {
		return from, to, usage("--until is the first moment that is no longer wanted", "--since %s is not before --until %s", since, until)
	}
	return from, to, nil
}
