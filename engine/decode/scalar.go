package decode

import (
	"fmt"
	"math"
	"unicode/utf8"
)

// maxSeconds is 9999-12-31T23:59:59Z, the last second with a four-digit year.
const maxSeconds = 253402300799

// Micros is t seconds since 1970 UTC in microseconds; false where that is no
// date a log can bear.
func Micros(seconds int64) (int64, bool) {
	if seconds < 0 || seconds > maxSeconds {
		return 0, false
	}
	return seconds * 1_000_000, true
}

// Int reads a decimal integer, with nothing around it; false where it is none
// or does not fit.
func Int(b []byte) (int64, bool) {
	neg := false
	if len(b) > 0 && b[0] == '-' {
		neg, b = true, b[1:]
	}
	if len(b) == 0 || len(b) > 19 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	switch {
	case n <= math.MaxInt64 && neg:
		return -int64(n), true
	case n <= math.MaxInt64:
		return int64(n), true
	case neg && n == 1<<63:
		return math.MinInt64, true
	}
	return 0, false
}

// Time reads an ISO 8601 date and time, extended (2026-01-02T03:04:05.678Z) or
// basic (20260102T030405Z), with Z, an offset or no zone (then UTC), into
// microseconds since 1970 UTC. Digits past the sixth of a second are cut.
func Time(b []byte) (int64, bool) {
	num := func(n int) (int, bool) {
		if len(b) < n {
			return 0, false
		}
		v := 0
		for _, c := range b[:n] {
			if c -= '0'; c > 9 {
				return 0, false
			}
			v = v*10 + int(c)
		}
		b = b[n:]
		return v, true
	}
	sep := func(c byte) bool {
		if len(b) > 0 && b[0] == c {
			b = b[1:]
			return true
		}
		return false
	}
	year, ok := num(4)
	if !ok {
		return 0, false
	}
	extended := sep('-')
	month, ok := num(2)
	if !ok || extended && !sep('-') {
		return 0, false
	}
	day, ok := num(2)
	if !ok || !sep('T') && !sep(' ') {
		return 0, false
	}
	hour, ok := num(2)
	if !ok || extended && !sep(':') {
		return 0, false
	}
	minute, ok := num(2)
	if !ok || extended && !sep(':') {
		return 0, false
	}
	second, ok := num(2)
	if !ok || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, false
	}
	micros := 0
	if sep('.') {
		digits := 0
		for len(b) > 0 && b[0]-'0' <= 9 {
			if digits < 6 {
				micros = micros*10 + int(b[0]-'0')
			}
			digits++
			b = b[1:]
		}
		if digits == 0 {
			return 0, false
		}
		for ; digits < 6; digits++ {
			micros *= 10
		}
	}
	offset := 0
	if sep('Z') || len(b) == 0 {
	} else {
		sign := 1
		if sep('-') {
			sign = -1
		} else if !sep('+') {
			return 0, false
		}
		h, ok := num(2)
		if !ok {
			return 0, false
		}
		sep(':')
		m, ok := num(2)
		if !ok || h > 23 || m > 59 {
			return 0, false
		}
		offset = sign * (h*3600 + m*60)
	}
	if len(b) != 0 {
		return 0, false
	}
	s := int64(daysSince1970(year, month, day))*86400 + int64(hour*3600+minute*60+second-offset)
	return s*1_000_000 + int64(micros), true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts years from March, so that the leap day comes last.
func daysSince1970(year, month, day int) int {
	if month <= 2 {
		year--
		month += 12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719468
}

// AppendQuoted appends s to dst as a JSON string. Bytes that are not UTF-8
// become U+FFFD.
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s { // a byte that is not UTF-8 comes as U+FFFD
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
