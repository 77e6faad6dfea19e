package layout

import (
	"time"
)

// dateForm is how the days stand in keys.
type dateForm string

// The forms. Those with hours have a folder, or part of a name, for each.
const (
	undated  dateForm = ""
	daily    dateForm = "2006/01/02/"
	hourly   dateForm = "2006/01/02/15/"
	unpadded dateForm = "2006/1/2/"
	hive     dateForm = "year=2006/month=01/day=02/"
	compact  dateForm = "eventDay=20060102/"
	flatDay  dateForm = "2006-01-02-15" // the beginning of a name
)

// split are the parts of a form for a month, a day and an hour; empty: none.
func (f dateForm) split() (month, day, hour string) {
	switch f {
	case hourly:
		return "2006/01/", "2006/01/02/", "2006/01/02/15/"
	case unpadded:
		return "2006/1/", "2006/1/2/", ""
	case hive:
		return "year=2006/month=01/", "year=2006/month=01/day=02/", ""
	case compact:
		return "eventDay=200601", "eventDay=20060102/", ""
	case flatDay:
		return "2006-01-", "2006-01-02-", "2006-01-02-15"
	default:
		return "2006/01/", "2006/01/02/", ""
	}
}

// span is from a time to another, the second not included; zero: no bound.
type span struct{ from, to time.Time }

// wholeMonths is from how many days on whole months are listed as such: fewer
// listings, each of them longer.
const wholeMonths = 62

// prefixes are those below base for the days of s: whole months of a long one,
// and the hours of its first and last day where the form has them.
func (f dateForm) prefixes(base string, s span) []string {
	if f == undated || s.from.IsZero() || s.to.IsZero() {
		return []string{base}
	}
	month, day, hour := f.split()
	long := s.to.Sub(s.from) > wholeMonths*24*time.Hour
	var out []string
	for d := s.from.Truncate(24 * time.Hour); d.Before(s.to); d = d.AddDate(0, 0, 1) {
		next := d.AddDate(0, 0, 1)
		whole := !d.Before(s.from) && !next.After(s.to)
		if end := d.AddDate(0, 1, 0); long && d.Day() == 1 && whole && !end.After(s.to) {
			out = append(out, base+d.Format(month))
			d = end.AddDate(0, 0, -1)
			continue
		}
		if whole || hour == "" {
			out = append(out, base+d.Format(day))
			continue
		}
		for h := d; h.Before(next) && h.Before(s.to); h = h.Add(time.Hour) {
			if h.Add(time.Hour).After(s.from) {
				out = append(out, base+h.Format(hour))
			}
		}
	}
	return out
}
