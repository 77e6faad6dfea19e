package main

import (
	"fmt"

	"logquarry/engine/custody"
	"logquarry/engine/enrich"
)

// enrichment is what answers beside the logs; it is made once.
func (a *app) enrichment() (*enrich.Set, error) {
	if a.enriched != nil {
		return a.enriched, nil
	}
	o := enrich.Options{GeoIP: a.geoip, IPRanges: a.ipRanges}
	if o.GeoIP == "" {
		o.GeoIP = a.getenv("QUARRY_GEOIP")
	}
	if o.IPRanges == "" {
		o.IPRanges = a.getenv("QUARRY_IP_RANGES")
	}
	if err := o.Check(); err != nil {
		return nil, &usageError{err, "--geoip (or $QUARRY_GEOIP) is a folder of .mmdb files, --ip-ranges (or $QUARRY_IP_RANGES) AWS's ip-ranges.json"}
	}
	a.enriched = enrich.New(o)
	return a.enriched, nil
}

// asked are the databases that were asked so far, for the record of a file.
func (a *app) asked() ([]custody.Database, error) {
	if a.enriched == nil {
		return nil, nil
	}
	return a.enriched.Used()
}

// tellNotes says what enriching met that the person who asked should know.
func (a *app) tellNotes() {
	if a.enriched == nil || a.quiet {
		return
	}
	for _, note := range a.enriched.Notes() {
		fmt.Fprintln(a.err, "note:", escapeLines(note))
	}
}
