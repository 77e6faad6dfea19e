package enrich

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"time"

	"github.com/gaissmai/bart"

	"logquarry/engine/custody"
)

// ranges is AWS's list of its addresses.
// VPC User Guide, "AWS IP address ranges": syntax of ip-ranges.json.
type ranges struct {
	database custody.Database
	// A prefix of a service lies in one of AMAZON, which has all addresses; so
	// that one is asked only where no other has the address.
	services, amazon bart.Table[holder]
}

// holder is what a prefix belongs to.
type holder struct{ service, region string }

// amazonService is the name that stands for all of AWS's addresses.
const amazonService = "AMAZON"

// mostRanges bounds the file, in bytes. AWS's has 2 million.
const mostRanges = 64 << 20

// badEntries are entries of the list that are none.
type badEntries struct {
	count int
	first error
}

// openRanges reads the list. bad is nil where every entry is one.
func openRanges(path string) (_ *ranges, bad *badEntries, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostRanges+1))
	if err != nil {
		return nil, nil, err
	}
	if len(text) > mostRanges {
		return nil, nil, fmt.Errorf("it is larger than %d MiB", mostRanges>>20)
	}
	type entry struct {
		IPv4    string `json:"ip_prefix"`
		IPv6    string `json:"ipv6_prefix"`
		Region  string `json:"region"`
		Service string `json:"service"`
	}
	var list struct {
		CreateDate string  `json:"createDate"`
		Prefixes   []entry `json:"prefixes"`
		IPv6       []entry `json:"ipv6_prefixes"`
	}
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, nil, err
	}
	if len(list.Prefixes)+len(list.IPv6) == 0 {
		return nil, nil, errors.New("it has no prefixes")
	}
	r := &ranges{database: custody.Database{Path: absolute(path), Type: rangesName}}
	if r.database.SHA256, r.database.Bytes, err = sum(bytes.NewReader(text)); err != nil {
		return nil, nil, err
	}
	// Written as 2026-03-01-12-30-00, in UTC.
	if at, err := time.Parse("2006-01-02-15-04-05", list.CreateDate); err == nil {
		r.database.Built = at
	}
	add := func(key string, n int, prefix string, e entry) {
		p, err := netip.ParsePrefix(prefix)
		if err == nil && e.Service == "" {
			err = errors.New("no service")
		}
		if err != nil {
			if bad == nil {
				bad = &badEntries{first: fmt.Errorf("%s %d: %w", key, n+1, err)}
			}
			bad.count++
			return
		}
		t := &r.services
		if e.Service == amazonService {
			t = &r.amazon
		}
		p, h := p.Masked(), holder{e.Service, e.Region}
		if have, ok := t.Get(p); !ok || before(h, have) {
			t.Insert(p, h)
		}
	}
	for i, e := range list.Prefixes {
		add("prefixes", i, e.IPv4, e)
	}
	for i, e := range list.IPv6 {
		add("ipv6_prefixes", i, e.IPv6, e)
	}
	return r, bad, nil
}

// before chooses between two services of one prefix: EC2 names the machines that
// others run on, so it comes last; else the order of names decides.
func before(a, b holder) bool {
	if (a.service == "EC2") != (b.service == "EC2") {
		return b.service == "EC2"
	}
	return a.service < b.service || a.service == b.service && a.region < b.region
}

func (r *ranges) lookup(a netip.Addr) (holder, bool) {
	if h, ok := r.services.Lookup(a); ok {
		return h, true
	}
	return r.amazon.Lookup(a)
}
