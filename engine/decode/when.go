package decode

import (
	"bytes"
	"strconv"
)

// When reads what a column of type timestamp may hold: a date and time as text
// (see [Time] and the layouts below), or a number (see [Epoch]). It returns
// microseconds since 1970 UTC.
func When(b []byte) (int64, bool) {
	if us, ok := Time(b); ok {
		return us, true
	}
	if us, ok := Epoch(b); ok {
		return us, true
	}
	return written(b)
}

// Epoch reads a number of seconds, milliseconds or microseconds since 1970,
// told apart by size: below 1e11 it is seconds (that many are the year 5138),
// below 1e14 milliseconds, else microseconds. It may have a fraction and an
// exponent, as the AWS CLI and GuardDuty's exports write it.
func Epoch(b []byte) (int64, bool) {
	if n, ok := Int(b); ok {
		switch {
		case n < 0:
			return 0, false
		case n < 1e11:
			return n * 1e6, true
		case n < 1e14:
			return n * 1e3, n*1e3 <= maxSeconds*1e6
		}
		return n, n <= maxSeconds*1e6
	}
	whole, frac, cut := bytes.Cut(b, []byte{'.'})
	if cut && len(frac) > 0 && !bytes.ContainsAny(frac, "eE") {
		// Digits are kept exact: a double has 15 of them.
		n, ok := Int(whole)
		digits := append([]byte(nil), frac[:min(len(frac), 6)]...)
		for len(digits) < 6 {
			digits = append(digits, '0')
		}
		f, fok := Int(digits)
		if ok && fok && n >= 0 && n < 1e11 && frac[0] != '-' {
			return n*1e6 + f, true
		}
	}
	for _, c := range b {
		if (c < '0' || c > '9') && c != '.' && c != '+' && c != '-' && c|0x20 != 'e' {
			return 0, false
		}
	}
	v, err := strconv.ParseFloat(string(b), 64)
	switch {
	case err != nil || v < 0 || v > maxSeconds*1e6:
		return 0, false
	case v < 1e11:
		return int64(v * 1e6), true
	case v < 1e14:
		return int64(v * 1e3), true
	}
	return int64(v), true
}

// written reads the dates that people's formats write with a month's name, or
// without signs between its parts:
//
//	02/Jan/2026:03:04:05 +0000      common log format, also in square brackets
//	Fri, 2 Jan 2026 03:04:05:123    Redshift's connection log; also with a dot
//	Mar 25, 2014 8:17:37 PM         dates inside CloudTrail's request parameters
//	20260102 03:04:05               the MariaDB audit plugin
//	2026-01-02 03:04:05 UTC         PostgreSQL; also GMT, and an offset of hours, +00
func written(b []byte) (int64, bool) {
	b = bytes.TrimSpace(b)
	if len(b) > 2 && b[0] == '[' && b[len(b)-1] == ']' {
		b = b[1 : len(b)-1]
	}
	p := parser{b: b}
	for _, layout := range []func(p *parser) bool{(*parser).common, (*parser).redshift, (*parser).american, (*parser).compact, (*parser).zoned} {
		p = parser{b: b, month: 1, day: 1}
		if layout(&p) && len(p.b) == 0 {
			return p.micros()
		}
	}
	return 0, false
}

// parser takes a date apart from the left.
type parser struct {
	b                                             []byte
	year, month, day, hour, minute, second, micro int
	offset                                        int // seconds east of UTC
}

func (p *parser) micros() (int64, bool) {
	if p.month < 1 || p.month > 12 || p.day < 1 || p.day > daysIn(p.year, p.month) || p.hour > 23 || p.minute > 59 || p.second > 59 {
		return 0, false
	}
	s := int64(daysSince1970(p.year, p.month, p.day))*86400 + int64(p.hour*3600+p.minute*60+p.second-p.offset)
	return s*1_000_000 + int64(p.micro), true
}

// num takes a number of at least least and at most most digits.
func (p *parser) num(v *int, least, most int) bool {
	n := 0
	*v = 0
	for n < most && n < len(p.b) && p.b[n]-'0' <= 9 {
		*v = *v*10 + int(p.b[n]-'0')
		n++
	}
	p.b = p.b[n:]
	return n >= least
}

func (p *parser) lit(text string) bool {
	if !bytes.HasPrefix(p.b, []byte(text)) {
		return false
	}
	p.b = p.b[len(text):]
	return true
}

// name takes a month's name of three letters.
func (p *parser) name() bool {
	const months = "JanFebMarAprMayJunJulAugSepOctNovDec"
	if len(p.b) < 3 {
		return false
	}
	i := bytes.Index([]byte(months), p.b[:3])
	if i < 0 || i%3 != 0 {
		return false
	}
	p.month, p.b = i/3+1, p.b[3:]
	return true
}

func (p *parser) clock() bool {
	return p.num(&p.hour, 1, 2) && p.lit(":") && p.num(&p.minute, 2, 2) && p.lit(":") && p.num(&p.second, 2, 2)
}

// fraction takes the digits behind the point of a second, where there are any.
func (p *parser) fraction(points ...string) bool {
	for _, point := range points {
		if !p.lit(point) {
			continue
		}
		digits := 0
		for len(p.b) > 0 && p.b[0]-'0' <= 9 {
			if digits < 6 {
				p.micro = p.micro*10 + int(p.b[0]-'0')
			}
			digits++
			p.b = p.b[1:]
		}
		for k := digits; k < 6; k++ {
			p.micro *= 10
		}
		return digits > 0
	}
	return true
}

// zone takes UTC, GMT, Z or an offset of hours and maybe minutes.
func (p *parser) zone() bool {
	if p.lit("UTC") || p.lit("GMT") || p.lit("Z") {
		return true
	}
	sign := 1
	if p.lit("-") {
		sign = -1
	} else if !p.lit("+") {
		return false
	}
	var h, m int
	if !p.num(&h, 2, 2) {
		return false
	}
	p.lit(":")
	if len(p.b) > 0 && !p.num(&m, 2, 2) {
		return false
	}
	p.offset = sign * (h*3600 + m*60)
	return h < 24 && m < 60
}

func (p *parser) common() bool {
	return p.num(&p.day, 1, 2) && p.lit("/") && p.name() && p.lit("/") && p.num(&p.year, 4, 4) && p.lit(":") && p.clock() && p.lit(" ") && p.zone()
}

func (p *parser) redshift() bool {
	comma := bytes.IndexByte(p.b, ',')
	if comma != 3 {
		return false
	}
	p.b = p.b[4:]
	return p.lit(" ") && p.num(&p.day, 1, 2) && p.lit(" ") && p.name() && p.lit(" ") && p.num(&p.year, 4, 4) && p.lit(" ") &&
		p.clock() && p.fraction(":", ".") && (len(p.b) == 0 || p.lit(" ") && p.zone())
}

func (p *parser) american() bool {
	ok := p.name() && p.lit(" ") && p.num(&p.day, 1, 2) && p.lit(", ") && p.num(&p.year, 4, 4) && p.lit(" ") && p.clock() && p.hour >= 1 && p.hour <= 12
	if !ok {
		return false
	}
	p.hour %= 12
	if p.lit(" PM") || p.lit("\u202fPM") {
		p.hour += 12
		return true
	}
	return p.lit(" AM") || p.lit("\u202fAM")
}

func (p *parser) compact() bool {
	return p.num(&p.year, 4, 4) && p.num(&p.month, 2, 2) && p.num(&p.day, 2, 2) && p.lit(" ") && p.clock() && p.fraction(".")
}

func (p *parser) zoned() bool {
	return p.num(&p.year, 4, 4) && p.lit("-") && p.num(&p.month, 2, 2) && p.lit("-") && p.num(&p.day, 2, 2) && (p.lit(" ") || p.lit("T")) &&
		p.clock() && p.fraction(".", ",") && (p.lit(" ") || true) && p.zone()
}
