// Package acquire asks AWS. Nothing else in the program reaches a network.
//
// In: what is wanted, and the credentials of the environment. Out: what AWS
// answered. What it means it leaves to others.
package acquire

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"logquarry/engine/evidence"
)

// Keys asks CloudTrail for its public keys. The zero value uses the credentials,
// profile and endpoint that the AWS command would use.
type Keys struct {
	// Options are for the configuration; nil: the environment's alone.
	Options []func(*config.LoadOptions) error
}

// PublicKeys returns the keys by which CloudTrail signed digests in a Region
// between two times. CloudTrail API Reference, ListPublicKeys.
func (k Keys) PublicKeys(ctx context.Context, region string, from, to time.Time) ([]evidence.Key, error) {
	cfg, err := config.LoadDefaultConfig(ctx, append(k.Options[:len(k.Options):len(k.Options)], config.WithRegion(region))...)
	if err != nil {
		return nil, fmt.Errorf("configuration of AWS: %w", err)
	}
	client := cloudtrail.NewFromConfig(cfg)
	var out []evidence.Key
	in := &cloudtrail.ListPublicKeysInput{StartTime: &from, EndTime: &to}
	for pages := cloudtrail.NewListPublicKeysPaginator(client, in); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("public keys of %s: %w", region, err)
		}
		for _, p := range page.PublicKeyList {
			key, err := evidence.ParseKey(p.Value, aws.ToString(p.Fingerprint))
			if err != nil {
				return nil, fmt.Errorf("public keys of %s: %w", region, err)
			}
			key.From, key.To = aws.ToTime(p.ValidityStartTime), aws.ToTime(p.ValidityEndTime)
			out = append(out, key)
		}
	}
	return out, nil
}
