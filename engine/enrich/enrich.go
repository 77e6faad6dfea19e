// Package enrich says what is known of an address, an access key or a user agent
// beside the logs: where it is, whose it is, what it belongs to.
//
// In: texts out of logs, and databases that the analyst has: MaxMind-format
// files, AWS's ip-ranges.json. Out: one answer a text, or none. It asks no
// network. It leaves calling it from SQL to the store, and telling what it noted
// to the command.
package enrich

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"logquarry/engine/custody"
)

// Options say where the databases are. Empty: there are none.
type Options struct {
	// GeoIP is a folder. Every .mmdb file in it is used, in the order of names;
	// the first that has an answer gives it.
	GeoIP string
	// IPRanges is AWS's ip-ranges.json; empty: the one in GeoIP, if there is one.
	IPRanges string
}

// rangesName is what AWS calls its list.
const rangesName = "ip-ranges.json"

// Set answers from the databases of its options. They are opened when they are
// first asked; a file that cannot be used is noted, and the others are. Any
// number of goroutines may use it.
type Set struct {
	o Options

	openGeo, openRanges sync.Once
	geo                 []*geoFile
	ranges              *ranges
	badGeo, badRanges   bool // there are files that cannot be used, and are noted
	askedGeo, askedAWS  atomic.Bool

	mu    sync.Mutex
	notes []string
	noted map[string]bool // by what the note is about
}

// New is a set over the databases of o. It opens none.
func New(o Options) *Set { return &Set{o: o, noted: map[string]bool{}} }

// Check reports what is named in the options and is not there.
func (o Options) Check() error {
	if o.GeoIP != "" {
		if info, err := os.Stat(o.GeoIP); err != nil {
			return fmt.Errorf("GeoIP databases: %w", err)
		} else if !info.IsDir() {
			return fmt.Errorf("GeoIP databases: %s is not a folder", o.GeoIP)
		}
	}
	if o.IPRanges != "" {
		if info, err := os.Stat(o.IPRanges); err != nil {
			return fmt.Errorf("AWS address ranges: %w", err)
		} else if info.IsDir() {
			return fmt.Errorf("AWS address ranges: %s is a folder", o.IPRanges)
		}
	}
	return nil
}

// note keeps a line for the person who asked, once. key is what it is about.
func (s *Set) note(key, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.noted[key] {
		s.noted[key] = true
		s.notes = append(s.notes, fmt.Sprintf(format, args...))
	}
}

// Notes are lines to be told to whoever asked: databases that were asked and are
// not there, files that cannot be used. Each comes once.
func (s *Set) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.notes
	s.notes = nil
	return out
}

// addr reads an address as logs write it: IPv4, also mapped into IPv6, or IPv6.
// Names of services, which AWS writes into address fields, are none.
func addr(text string) (netip.Addr, bool) {
	if len(text) > 45 || len(text) < 2 { // ::, and an IPv6 address with an IPv4 tail
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, false
	}
	return a.Unmap(), true
}

// Count is how many databases of a kind can be used: geoip or ip-ranges. None is
// no answer. It notes none that are not there.
func (s *Set) Count(kind string) (int64, bool) {
	var n int
	switch kind {
	case "geoip":
		s.openGeo.Do(s.loadGeo)
		n = len(s.geo)
	case "ip-ranges":
		if s.openRanges.Do(s.loadRanges); s.ranges != nil {
			n = 1
		}
	}
	return int64(n), n > 0
}

// Country is the ISO 3166-1 code of the country the address is in, such as NL.
func (s *Set) Country(ip string) (string, bool) {
	return pick(s, ip, (*record).inCountry)
}

// City is the English name of the city the address is in.
func (s *Set) City(ip string) (string, bool) {
	return pick(s, ip, (*record).inCity)
}

// Latitude is that of the place, in degrees, north positive.
func (s *Set) Latitude(ip string) (float64, bool) {
	return pick(s, ip, func(r *record) (float64, bool) { return r.latitude, r.placed() })
}

// Longitude is that of the place, in degrees, east positive.
func (s *Set) Longitude(ip string) (float64, bool) {
	return pick(s, ip, func(r *record) (float64, bool) { return r.longitude, r.placed() })
}

// ASN is the number of the autonomous system that announces the address.
func (s *Set) ASN(ip string) (int64, bool) {
	return pick(s, ip, (*record).system)
}

// ASOrg is the organisation that the autonomous system is registered to.
func (s *Set) ASOrg(ip string) (string, bool) {
	return pick(s, ip, (*record).organisation)
}

// pick asks the databases in order for what get takes from a record.
func pick[T any](s *Set, ip string, get func(*record) (T, bool)) (none T, ok bool) {
	s.openGeo.Do(s.loadGeo)
	s.askedGeo.Store(true)
	if len(s.geo) == 0 {
		if s.badGeo {
			return none, false // which is noted
		}
		s.note("geo", "no GeoIP database, so geo_country, geo_city, geo_lat, geo_lon, asn and as_org are NULL; --geoip FOLDER names .mmdb files")
		return none, false
	}
	return look(s, ip, get)
}

// look is pick once the databases are open.
func look[T any](s *Set, ip string, get func(*record) (T, bool)) (none T, ok bool) {
	a, ok := addr(ip)
	if !ok {
		return none, false
	}
	for _, f := range s.geo {
		r, err := f.lookup(a)
		if err != nil {
			s.note(f.path, "GeoIP database %s is damaged, and has no answer for %s and perhaps others: %v", f.path, ip, err)
		}
		if r != nil {
			if v, ok := get(r); ok {
				return v, true
			}
		}
	}
	return none, false
}

func (s *Set) loadGeo() {
	if s.o.GeoIP == "" {
		return
	}
	entries, err := os.ReadDir(s.o.GeoIP)
	if err != nil {
		s.badGeo = true
		s.note(s.o.GeoIP, "GeoIP databases: %v", err)
		return
	}
	for _, e := range entries {
		if !strings.EqualFold(filepath.Ext(e.Name()), ".mmdb") {
			continue
		}
		path := filepath.Join(s.o.GeoIP, e.Name())
		f, err := openGeo(path)
		if err != nil {
			s.badGeo = true
			s.note(path, "GeoIP database %s is not used: %v", path, err)
			continue
		}
		s.geo = append(s.geo, f)
	}
}

// AWSService is the AWS service that the most specific published prefix of the
// address belongs to, such as EC2; AMAZON where no other is given.
func (s *Set) AWSService(ip string) (string, bool) {
	p, ok := s.prefix(ip)
	return p.service, ok && p.service != ""
}

// AWSRegion is the Region of that prefix, such as eu-west-1, or GLOBAL.
func (s *Set) AWSRegion(ip string) (string, bool) {
	p, ok := s.prefix(ip)
	return p.region, ok && p.region != ""
}

func (s *Set) prefix(ip string) (holder, bool) {
	s.openRanges.Do(s.loadRanges)
	s.askedAWS.Store(true)
	if s.ranges == nil {
		if s.badRanges {
			return holder{}, false
		}
		s.note("aws", "no AWS address ranges, so aws_service and aws_region are NULL; --ip-ranges FILE names AWS's ip-ranges.json")
		return holder{}, false
	}
	return s.holder(ip)
}

// holder is prefix once the list is read.
func (s *Set) holder(ip string) (holder, bool) {
	a, ok := addr(ip)
	if !ok || s.ranges == nil {
		return holder{}, false
	}
	return s.ranges.lookup(a)
}

// About is what is known of an address, as a line to read; empty where nothing
// is. It does not note databases that are not there.
func (s *Set) About(ip string) string {
	s.openGeo.Do(s.loadGeo)
	s.openRanges.Do(s.loadRanges)
	var parts []string
	country, _ := look(s, ip, (*record).inCountry)
	city, _ := look(s, ip, (*record).inCity)
	if place := strings.Trim(city+", "+country, ", "); place != "" {
		parts = append(parts, place)
	}
	if n, ok := look(s, ip, (*record).system); ok {
		org, _ := look(s, ip, (*record).organisation)
		parts = append(parts, strings.TrimSpace(fmt.Sprintf("AS%d %s", n, org)))
	}
	if h, ok := s.holder(ip); ok {
		parts = append(parts, "AWS "+h.service+" "+h.region)
	}
	return strings.Join(parts, "; ")
}

func (s *Set) loadRanges() {
	path := s.o.IPRanges
	if path == "" && s.o.GeoIP != "" {
		path = filepath.Join(s.o.GeoIP, rangesName)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
	if path == "" {
		return
	}
	r, bad, err := openRanges(path)
	if err != nil {
		s.badRanges = true
		s.note(path, "AWS address ranges %s are not used: %v", path, err)
		return
	}
	if bad != nil {
		s.note(path, "AWS address ranges %s: %d entries are left out; the first: %v", path, bad.count, bad.first)
	}
	s.ranges = r
}

// Used are the databases that have been asked so far.
func (s *Set) Used() ([]custody.Database, error) {
	return s.databases(s.askedGeo.Load(), s.askedAWS.Load())
}

// All are all databases of the options that can be used; it opens them.
func (s *Set) All() ([]custody.Database, error) {
	s.openGeo.Do(s.loadGeo)
	s.openRanges.Do(s.loadRanges)
	return s.databases(true, true)
}

func (s *Set) databases(geo, aws bool) ([]custody.Database, error) {
	var out []custody.Database
	if geo {
		for _, f := range s.geo {
			d, err := f.database()
			if err != nil {
				return nil, err
			}
			out = append(out, d)
		}
	}
	if aws && s.ranges != nil {
		out = append(out, s.ranges.database)
	}
	slices.SortFunc(out, func(a, b custody.Database) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// absolute is path as it will be found from anywhere.
func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

// sum is the SHA-256 of what r gives, in hexadecimal, and its length.
func sum(r io.Reader) (string, int64, error) {
	h := sha256.New()
	n, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), n, err
}
