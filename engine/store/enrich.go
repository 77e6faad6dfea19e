package store

import "logquarry/engine/enrich"

// Functions are what SQL may call of s.
func Functions(s *enrich.Set) []Function {
	return []Function{
		{Name: "enriched_by", Whole: s.Count},
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
