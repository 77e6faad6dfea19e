package main

import (
	"strings"

	"logquarry/engine/acquire/policy"
	"logquarry/engine/acquire/s3"
)

// printPolicy prints the IAM policy that allows what a command would ask for, and
// nothing else.
func (a *app) printPolicy(f *fetchFlags, kinds, regions []string, wishes ...string) error {
	o := policy.Options{Bucket: f.bucket, Prefix: f.prefix, Partition: "aws", With: wishes}
	if f.versions {
		o.With = append(o.With, "all-versions")
	}
	for _, k := range kinds {
		if !strings.HasPrefix(k, "s3:") {
			o.Kinds = append(o.Kinds, k)
			continue
		}
		p, err := s3.ParsePlace(k)
		if err != nil {
			return usage("s3://BUCKET/PREFIX", "%v", err)
		}
		o.Kinds, o.Bucket, o.Prefix = append(o.Kinds, "s3"), p.Bucket, p.Prefix
	}
	for _, r := range append(regions, f.session.Region) {
		if r != "" {
			o.Partition, o.RegionsNamed = policy.Partition(r), true
		}
	}
	text, err := policy.Document(o)
	if unknown, ok := err.(*policy.UnknownError); ok {
		return usage(unknown.Hint(), "%v", unknown)
	}
	if err != nil {
		return err
	}
	return a.writeText(string(text))
}
