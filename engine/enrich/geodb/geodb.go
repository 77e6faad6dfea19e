// Package geodb writes small MaxMind-format databases and lists of AWS addresses
// for tests: those that there are may not be passed on.
//
// In: what to say of which addresses. Out: files as package enrich reads them.
package geodb

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// Built is when the databases say they were built, in Unix seconds:
// 2026-03-01 00:00:00 UTC.
const Built = 1772323200

// Network is what a database says of the addresses of one block.
type Network struct {
	CIDR   string
	Record mmdbtype.Map
}

// Write makes the database at path. kind is the type it gives itself.
func Write(path, kind string, networks []Network) error {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		DatabaseType: kind, BuildEpoch: Built, RecordSize: 24, IncludeReservedNetworks: true,
	})
	if err != nil {
		return err
	}
	for _, n := range networks {
		_, block, err := net.ParseCIDR(n.CIDR)
		if err != nil {
			return err
		}
		if err := tree.Insert(block, n.Record); err != nil {
			return fmt.Errorf("%s: %w", n.CIDR, err)
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = tree.WriteTo(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// Place is a record in MaxMind's layout of City databases. Empty: not given.
func Place(country, city string, latitude, longitude float64) mmdbtype.Map {
	m := mmdbtype.Map{"country": mmdbtype.Map{"iso_code": mmdbtype.String(country), "names": mmdbtype.Map{"en": mmdbtype.String("Country " + country)}}}
	if city != "" {
		m["city"] = mmdbtype.Map{"names": mmdbtype.Map{"de": mmdbtype.String("Stadt"), "en": mmdbtype.String(city)}}
		m["location"] = mmdbtype.Map{"latitude": mmdbtype.Float64(latitude), "longitude": mmdbtype.Float64(longitude), "accuracy_radius": mmdbtype.Uint16(20)}
	}
	return m
}

// System is a record in MaxMind's layout of ASN databases.
func System(number uint32, organisation string) mmdbtype.Map {
	return mmdbtype.Map{"autonomous_system_number": mmdbtype.Uint32(number), "autonomous_system_organization": mmdbtype.String(organisation)}
}

// Prefix is an entry of ip-ranges.json.
type Prefix struct{ CIDR, Service, Region string }

// WriteRanges makes a list as AWS publishes it.
func WriteRanges(path string, prefixes []Prefix) error {
	type entry map[string]string
	list := struct {
		SyncToken  string  `json:"syncToken"`
		CreateDate string  `json:"createDate"`
		Prefixes   []entry `json:"prefixes"`
		IPv6       []entry `json:"ipv6_prefixes"`
	}{"1772323200", "2026-03-01-00-00-00", []entry{}, []entry{}}
	for _, p := range prefixes {
		e := entry{"region": p.Region, "service": p.Service, "network_border_group": p.Region}
		if strings.Contains(p.CIDR, ":") {
			e["ipv6_prefix"] = p.CIDR
			list.IPv6 = append(list.IPv6, e)
		} else {
			e["ip_prefix"] = p.CIDR
			list.Prefixes = append(list.Prefixes, e)
		}
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// Folder fills dir with databases over the addresses kept for documentation:
//
//	192.0.2.0/25       Dublin, IE         AS64500 Example Broadband
//	192.0.2.128/25     Amsterdam, NL      AS64501 Example Hosting
//	198.51.100.0/25    Sydney, AU         AS64502 Example VPS
//	198.51.100.128/25  country DE alone   AS64500 Example Broadband
//	203.0.113.0/25     Ashburn, US        AS16509 Example Cloud, AWS's EC2 in us-east-1
//	203.0.113.128/25   country US alone   AWS's, of no service
//	2001:db8::/33      Dublin, IE         AS64500 Example Broadband
//	2001:db8:8000::/33 Sydney, AU         AWS's EC2 in ap-southeast-2
func Folder(dir string) error {
	dublin, amsterdam := Place("IE", "Dublin", 53.35, -6.26), Place("NL", "Amsterdam", 52.37, 4.90)
	sydney, ashburn := Place("AU", "Sydney", -33.87, 151.21), Place("US", "Ashburn", 39.04, -77.49)
	err := Write(filepath.Join(dir, "GeoLite2-City.mmdb"), "GeoLite2-City", []Network{
		{"192.0.2.0/25", dublin}, {"192.0.2.128/25", amsterdam},
		{"198.51.100.0/25", sydney}, {"198.51.100.128/25", Place("DE", "", 0, 0)},
		{"203.0.113.0/25", ashburn}, {"203.0.113.128/25", Place("US", "", 0, 0)},
		{"2001:db8::/33", dublin}, {"2001:db8:8000::/33", sydney},
	})
	if err != nil {
		return err
	}
	err = Write(filepath.Join(dir, "GeoLite2-ASN.mmdb"), "GeoLite2-ASN", []Network{
		{"192.0.2.0/25", System(64500, "Example Broadband")}, {"192.0.2.128/25", System(64501, "Example Hosting")},
		{"198.51.100.0/25", System(64502, "Example VPS")}, {"198.51.100.128/25", System(64500, "Example Broadband")},
		{"203.0.113.0/25", System(16509, "Example Cloud")}, {"2001:db8::/33", System(64500, "Example Broadband")},
	})
	if err != nil {
		return err
	}
	return WriteRanges(filepath.Join(dir, "ip-ranges.json"), []Prefix{
		{"203.0.113.0/24", "AMAZON", "us-east-1"}, {"203.0.113.0/25", "EC2", "us-east-1"},
		{"2001:db8:8000::/33", "AMAZON", "ap-southeast-2"}, {"2001:db8:8000::/33", "EC2", "ap-southeast-2"},
	})
}
