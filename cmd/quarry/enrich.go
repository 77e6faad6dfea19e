package main

import (
	"fmt"

	"logquarry/engine/custody"
	"logquarry/engine/enrich"
	"logquarry/engine/store"
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

// functions are what SQL may call of s.
func functions(s *enrich.Set) []store.Function {
	return []store.Function{
		{Name: "geo_country", Text: s.Country},
		{Name: "geo_city", Text: s.City},
		{Name: "geo_lat", Real: s.Latitude},
		{Name: "geo_lon", Real: s.Longitude},
		{Name: "asn", Whole: s.ASN},
		{Name: "as_org", Text: s.ASOrg},
		{Name: "aws_service", Text: s.AWSService},
		{Name: "aws_region", Text: s.AWSRegion},
		{Name: "access_key_account", Text: enrich.AccessKeyAccount},
		{Name: "scanner", Text: enrich.Scanner},
	}
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
