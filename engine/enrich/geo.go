package enrich

import (
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/oschwald/maxminddb-golang/v2/mmdbdata"

	"logquarry/engine/custody"
)

// geoFile is one MaxMind-format database.
type geoFile struct {
	path   string
	file   *os.File // the file as it was opened, to be hashed
	reader *maxminddb.Reader

	mu      sync.RWMutex
	records map[uintptr]*record // by where they lie in the file

	hash     sync.Once
	known    custody.Database
	knownErr error
}

// mostRecords bounds the records that are kept decoded. A record takes some 150
// bytes; GeoLite2-City has fewer.
const mostRecords = 1 << 20

func openGeo(path string) (*geoFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	reader, err := maxminddb.Open(path)
	if err != nil {
		file.Close()
		return nil, err
	}
	return &geoFile{path: path, file: file, reader: reader, records: map[uintptr]*record{}}, nil
}

// lookup is what the database holds of a; nil where it holds nothing.
func (f *geoFile) lookup(a netip.Addr) (_ *record, err error) {
	if a.Is6() && f.reader.Metadata.IPVersion == 4 {
		return nil, nil
	}
	defer func() {
		// What a damaged file does to the reader must not end the program.
		if fault := recover(); fault != nil {
			err = fmt.Errorf("cannot be read: %v", fault)
		}
	}()
	found := f.reader.Lookup(a)
	if !found.Found() {
		return nil, found.Err()
	}
	at := found.Offset()
	f.mu.RLock()
	r := f.records[at]
	f.mu.RUnlock()
	if r != nil {
		return r, nil
	}
	r = new(record)
	if err := found.Decode(r); err != nil {
		return nil, err
	}
	f.mu.Lock()
	if len(f.records) < mostRecords {
		f.records[at] = r
	}
	f.mu.Unlock()
	return r, nil
}

// database hashes the file, once.
func (f *geoFile) database() (custody.Database, error) {
	f.hash.Do(func() {
		f.known = custody.Database{Path: absolute(f.path), Type: f.reader.Metadata.DatabaseType, Built: f.reader.Metadata.BuildTime().UTC()}
		f.known.SHA256, f.known.Bytes, f.knownErr = sum(io.NewSectionReader(f.file, 0, math.MaxInt64))
	})
	if f.knownErr != nil {
		return f.known, fmt.Errorf("hash %s: %w", f.path, f.knownErr)
	}
	return f.known, nil
}

// record is what a database holds of an address, in whichever layout.
type record struct {
	country, city       string
	asn                 int64
	asOrg               string
	latitude, longitude float64
	has                 struct{ latitude, longitude bool }
}

func (r *record) inCountry() (string, bool)    { return r.country, r.country != "" }
func (r *record) inCity() (string, bool)       { return r.city, r.city != "" }
func (r *record) system() (int64, bool)        { return r.asn, r.asn != 0 }
func (r *record) organisation() (string, bool) { return r.asOrg, r.asOrg != "" }

// placed reports whether the record has coordinates.
func (r *record) placed() bool { return r.has.latitude && r.has.longitude }

// UnmarshalMaxMindDBCursor implements [mmdbdata.CursorUnmarshaler].
func (r *record) UnmarshalMaxMindDBCursor(c mmdbdata.Cursor) (mmdbdata.Cursor, error) {
	return r.walk(c, "")
}

// nested are the maps in a record that are looked into, by their path. There are
// no others, so a record is walked three deep at most.
var nested = map[string]bool{"country": true, "city": true, "city.names": true, "location": true, "traits": true}

// longest is how many bytes of a name are taken.
const longest = 1024

// walk takes from the map at c what is known; at is its path with a dot behind
// it, or empty. What has another kind than expected is passed over.
func (r *record) walk(c mmdbdata.Cursor, at string) (next mmdbdata.Cursor, err error) {
	m, err := c.Map()
	if err != nil {
		return next, err
	}
	for {
		key, value, ok := m.Next(next)
		if !ok {
			break
		}
		path := at + string(key)
		kind, err := value.Kind()
		if err != nil {
			return next, err
		}
		switch kind {
		case mmdbdata.KindMap:
			if nested[path] {
				next, err = r.walk(value, path+".")
			} else {
				next, err = value.Skip()
			}
		case mmdbdata.KindString:
			var text string
			if text, next, err = value.ReadStringMaxSize(longest); err == nil {
				r.take(path, strings.ToValidUTF8(text, "�"))
			} else {
				next, err = value.Skip()
			}
		case mmdbdata.KindFloat64, mmdbdata.KindFloat32:
			var v float64
			if v, next, err = value.ReadFloat(); err == nil {
				r.place(path, v)
			}
		case mmdbdata.KindUint16, mmdbdata.KindUint32, mmdbdata.KindUint64:
			var v uint64
			if v, next, err = value.ReadUint(); err == nil {
				r.number(path, v)
			}
		default:
			next, err = value.Skip()
		}
		if err != nil {
			return next, err
		}
	}
	return m.End()
}

// take keeps a text. The layouts:
//   - MaxMind, "GeoIP2 and GeoLite Databases", Binary Database: country.iso_code,
//     city.names.en; traits.… in Enterprise. DB-IP writes the same.
//   - IPinfo, "Database Types": country (a code, or a name beside country_code),
//     city, asn (AS64500), as_name, lat and lng as text.
//   - ip-location-db: country_code, and else MaxMind's.
func (r *record) take(path, text string) {
	switch path {
	case "country.iso_code", "country_code":
		r.country = text
	case "country":
		if len(text) == 2 {
			r.country = text
		}
	case "city.names.en", "city":
		r.city = text
	case "autonomous_system_organization", "traits.autonomous_system_organization", "as_name":
		r.asOrg = text
	case "asn":
		if n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToUpper(text), "AS"), 10, 32); err == nil {
			r.asn = int64(n)
		}
	case "lat", "latitude", "lng", "longitude":
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			r.place(path, v)
		}
	}
}

// place keeps a coordinate, in degrees.
func (r *record) place(path string, v float64) {
	switch path {
	case "location.latitude", "latitude", "lat":
		if v >= -90 && v <= 90 {
			r.latitude, r.has.latitude = v, true
		}
	case "location.longitude", "longitude", "lng":
		if v >= -180 && v <= 180 {
			r.longitude, r.has.longitude = v, true
		}
	}
}

// number keeps a number of an autonomous system: 32 bits, RFC 6793.
func (r *record) number(path string, v uint64) {
	switch path {
	case "autonomous_system_number", "traits.autonomous_system_number", "asn":
		if v <= math.MaxUint32 {
			r.asn = int64(v)
		}
	}
}
