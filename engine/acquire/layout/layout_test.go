package layout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"logquarry/engine/schema"
	"logquarry/schemas"
)

// bucket is a bucket of keys; it counts what it is asked.
type bucket struct {
	keys []string
	mu   sync.Mutex
	asks []string
	err  error
}

func (b *bucket) Below(_ context.Context, prefix, delimiter string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err != nil {
		return nil, b.err
	}
	b.asks = append(b.asks, prefix)
	var out []string
	for _, k := range b.keys {
		rest, ok := strings.CutPrefix(k, prefix)
		if i := strings.Index(rest, delimiter); ok && i >= 0 {
			out = append(out, prefix+rest[:i+len(delimiter)])
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

func at(text string) time.Time {
	t, err := time.Parse("2006-01-02T15:04", text)
	if err != nil {
		panic(err)
	}
	return t
}

const (
	a1  = "111122223333"
	a2  = "444455556666"
	oid = "o-exampleorgid"
)

// TestKinds: for each kind a window, what is listed for it, keys that are wanted,
// keys of the same places that are out of time, and keys that are of another kind.
func TestKinds(t *testing.T) {
	type table struct {
		name                    string
		want                    Want
		bucket                  []string // nil: nobody to be asked
		prefixes                []string
		wanted, outside, others []string
	}
	for _, c := range []table{
		{
			name:     "cloudtrail, all given",
			want:     Want{Kind: "cloudtrail", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-03T12:00")},
			bucket:   []string{"AWSLogs/" + a1 + "/CloudTrail/eu-west-1/2026/01/02/x", "AWSLogs/" + a1 + "/Config/x"},
			prefixes: []string{"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/03/"},
			wanted: []string{
				"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T1155Z_AbCdEfGhIjKlMnOp.json.gz",
				"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/03/111122223333_CloudTrail_eu-west-1_20260103T1355Z_AbCdEfGhIjKlMnOp.json.gz"},
			outside: []string{
				"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail_eu-west-1_20260102T1150Z_AbCdEfGhIjKlMnOp.json.gz",
				"AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/03/111122223333_CloudTrail_eu-west-1_20260103T1400Z_AbCdEfGhIjKlMnOp.json.gz"},
			others: []string{"AWSLogs/111122223333/CloudTrail/", "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/111122223333_CloudTrail-Digest_eu-west-1_t_eu-west-1_20260102T120000Z.json.gz"},
		},
		{
			name: "cloudtrail of an organization, everything looked up",
			want: Want{Kind: "cloudtrail", Prefix: "trail", Since: at("2026-01-02T23:30"), Until: at("2026-01-02T23:40")},
			bucket: []string{
				"trail/AWSLogs/" + oid + "/" + a1 + "/CloudTrail/eu-west-1/2026/01/02/x", "trail/AWSLogs/" + oid + "/" + a2 + "/CloudTrail-NetworkActivity/us-east-1/2026/01/02/x",
				"trail/AWSLogs/" + oid + "/" + a2 + "/CloudTrail-Digest/us-east-1/2026/01/02/x", "trail/AWSLogs/" + a1 + "/CloudTrail/eu-west-1/2025/x", "trail/AWSLogs/notes/CloudTrail/x"},
			prefixes: []string{
				"trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/02/", "trail/AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/03/",
				"trail/AWSLogs/o-exampleorgid/111122223333/CloudTrail/eu-west-1/2026/01/02/", "trail/AWSLogs/o-exampleorgid/111122223333/CloudTrail/eu-west-1/2026/01/03/",
				"trail/AWSLogs/o-exampleorgid/444455556666/CloudTrail-NetworkActivity/us-east-1/2026/01/02/", "trail/AWSLogs/o-exampleorgid/444455556666/CloudTrail-NetworkActivity/us-east-1/2026/01/03/"},
			wanted: []string{"trail/AWSLogs/o-exampleorgid/444455556666/CloudTrail-NetworkActivity/us-east-1/2026/01/02/444455556666_CloudTrail-NetworkActivity_us-east-1_20260102T2335Z_AbCdEfGhIjKlMnOp.json.gz"},
		},
		{
			name: "cloudtrail of an organization that is named, nobody to be asked",
			want: Want{Kind: "cloudtrail", Org: oid, Accounts: []string{a1}, Regions: []string{"cn-north-1", "us-gov-west-1"}, Since: at("2026-03-01T00:30"), Until: at("2026-03-01T01:00")},
			prefixes: []string{
				"AWSLogs/o-exampleorgid/111122223333/CloudTrail-Aggregated/cn-north-1/2026/03/01/", "AWSLogs/o-exampleorgid/111122223333/CloudTrail-Aggregated/us-gov-west-1/2026/03/01/",
				"AWSLogs/o-exampleorgid/111122223333/CloudTrail-NetworkActivity/cn-north-1/2026/03/01/", "AWSLogs/o-exampleorgid/111122223333/CloudTrail-NetworkActivity/us-gov-west-1/2026/03/01/",
				"AWSLogs/o-exampleorgid/111122223333/CloudTrail/cn-north-1/2026/03/01/", "AWSLogs/o-exampleorgid/111122223333/CloudTrail/us-gov-west-1/2026/03/01/"},
			wanted: []string{"AWSLogs/o-exampleorgid/111122223333/CloudTrail/cn-north-1/2026/03/01/111122223333_CloudTrail_cn-north-1_20260301T0035Z_AbCdEfGhIjKlMnOp.json.gz"},
		},
		{
			name:     "insights",
			want:     Want{Kind: "insights", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-02T13:00")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/01/02/", "AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/01/03/"},
			wanted:   []string{"AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/01/03/111122223333_CloudTrail-Insight_eu-west-1_20260103T1230Z_AbCdEfGhIjKlMnOp.json.gz"},
			outside:  []string{"AWSLogs/111122223333/CloudTrail-Insight/eu-west-1/2026/01/03/111122223333_CloudTrail-Insight_eu-west-1_20260103T1330Z_AbCdEfGhIjKlMnOp.json.gz"},
		},
		{
			name:     "digest: the one before the window too",
			want:     Want{Kind: "digest", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T00:30"), Until: at("2026-01-02T13:00")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/01/", "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/"},
			wanted: []string{"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/01/111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260101T235012Z.json.gz",
				"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/02/111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260102T145012Z_backfill.json.gz"},
			outside: []string{"AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/01/01/111122223333_CloudTrail-Digest_eu-west-1_trail_eu-west-1_20260101T225012Z.json.gz"},
		},
		{
			name:     "results of CloudTrail Lake",
			want:     Want{Kind: "cloudtrail_lake", Accounts: []string{a1}, Since: at("2026-01-02T00:00"), Until: at("2026-01-02T12:00")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/CloudTrail-Lake/Query/2026/01/01/", "AWSLogs/111122223333/CloudTrail-Lake/Query/2026/01/02/", "AWSLogs/111122223333/CloudTrail-Lake/Query/2026/01/03/"},
			wanted:   []string{"AWSLogs/111122223333/CloudTrail-Lake/Query/2026/01/02/0a1b/result_1.csv.gz", "AWSLogs/111122223333/CloudTrail-Lake/Query/2026/01/02/0a1b/result_sign.json"},
			outside:  []string{"AWSLogs/111122223333/CloudTrail-Lake/Query/2026/01/05/0a1b/result_1.csv.gz"},
		},
		{
			name:   "flow logs of VPCs: both ways of laying them down, with hours and without",
			want:   Want{Kind: "vpc_flow", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-02T13:00")},
			bucket: []string{"AWSLogs/aws-account-id=" + a1 + "/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=01/day=02/hour=12/x"},
			prefixes: []string{"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/02/",
				"AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=01/day=02/"},
			wanted: []string{
				"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/02/111122223333_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20260102T1305Z_0a1b2c3d.log.gz",
				"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/02/12/111122223333_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20260102T1205Z_0a1b2c3d.log.parquet",
				"AWSLogs/aws-account-id=111122223333/aws-service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=01/day=02/hour=12/111122223333_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20260102T1205Z_0a1b2c3d.log.gz"},
			outside: []string{"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/02/111122223333_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20260102T1405Z_0a1b2c3d.log.gz"},
			others:  []string{"AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/02/notes.txt"},
		},
		{
			name:   "flow logs of transit gateways: Hive prefixes as their guide writes them",
			want:   Want{Kind: "tgw_flow", Regions: []string{"eu-west-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-02T13:00")},
			bucket: []string{"AWSLogs/aws-account-id=" + a1 + "/service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=01/day=02/x"},
			prefixes: []string{
				"AWSLogs/aws-account-id=111122223333/service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=01/day=02/"},
			wanted: []string{"AWSLogs/aws-account-id=111122223333/service=vpcflowlogs/aws-region=eu-west-1/year=2026/month=01/day=02/111122223333_vpcflowlogs_eu-west-1_fl-0a1b2c3d_20260102T1205Z_0a1b2c3d.log.gz"},
		},
		{
			name:   "waf: hours of the edges, and what Firehose laid down",
			want:   Want{Kind: "waf", Accounts: []string{a1}, Regions: []string{"eu-west-1", "cloudfront"}, Names: []string{"shop"}, Since: at("2026-01-02T21:30"), Until: at("2026-01-02T22:30")},
			bucket: []string{},
			prefixes: []string{
				"2026/01/02/21/", "2026/01/02/22/", "2026/01/02/23/",
				"AWSLogs/111122223333/WAFLogs/cloudfront/shop/2026/01/02/21/", "AWSLogs/111122223333/WAFLogs/cloudfront/shop/2026/01/02/22/", "AWSLogs/111122223333/WAFLogs/cloudfront/shop/2026/01/02/23/",
				"AWSLogs/111122223333/WAFLogs/eu-west-1/shop/2026/01/02/21/", "AWSLogs/111122223333/WAFLogs/eu-west-1/shop/2026/01/02/22/", "AWSLogs/111122223333/WAFLogs/eu-west-1/shop/2026/01/02/23/"},
			wanted: []string{"AWSLogs/111122223333/WAFLogs/eu-west-1/shop/2026/01/02/21/35/111122223333_waflogs_eu-west-1_shop_20260102T2135Z_0a1b2c3d.log.gz",
				"2026/01/02/22/aws-waf-logs-shop-1-2026-01-02-22-04-05-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"},
			outside: []string{"AWSLogs/111122223333/WAFLogs/eu-west-1/shop/2026/01/02/21/20/111122223333_waflogs_eu-west-1_shop_20260102T2120Z_0a1b2c3d.log.gz"},
			others:  []string{"2026/01/02/22/else-1-2026-01-02-22-04-05-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"},
		},
		{
			name:     "waf: web ACLs looked up",
			want:     Want{Kind: "waf", Prefix: "p", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T00:05"), Until: at("2026-01-02T23:00")},
			bucket:   []string{"p/AWSLogs/" + a1 + "/WAFLogs/eu-west-1/shop/2026/x", "p/AWSLogs/" + a1 + "/WAFLogs/eu-west-1/api/2026/x"},
			prefixes: []string{"p/AWSLogs/111122223333/WAFLogs/eu-west-1/api/2026/01/02/", "p/AWSLogs/111122223333/WAFLogs/eu-west-1/shop/2026/01/02/", "p2026/01/02/"},
			wanted:   []string{"p/AWSLogs/111122223333/WAFLogs/eu-west-1/api/2026/01/02/21/35/111122223333_waflogs_eu-west-1_api_20260102T2135Z_0a1b2c3d.log.gz"},
		},
		{
			name:     "s3_access: names alone, and parted by date where the account is given",
			want:     Want{Kind: "s3_access", Prefix: "logs/", Accounts: []string{a1}, Since: at("2026-01-02T10:00"), Until: at("2026-01-02T11:00"), Late: time.Hour},
			bucket:   []string{"logs/" + a1 + "/eu-west-1/shop/2026/01/02/x", "logs/2026-01-02-10-00-00-0123456789ABCDEF"},
			prefixes: []string{"logs/111122223333/eu-west-1/shop/2026/01/02/", "logs/2026-01-02-09", "logs/2026-01-02-10", "logs/2026-01-02-11"},
			wanted: []string{"logs/2026-01-02-10-00-00-0123456789ABCDEF", "logs2026-01-02-11-59-59-0123456789ABCDEF",
				"logs/111122223333/eu-west-1/shop/2026/01/02/2026-01-02-00-00-00-0123456789ABCDEF", "logs/111122223333/eu-west-1/shop/2026/01/02/2026-01-02-11-04-05-0123456789ABCDEF"},
			outside: []string{"logs/2026-01-02-12-00-00-0123456789ABCDEF", "logs/111122223333/eu-west-1/shop/2026/01/03/2026-01-03-00-00-00-0123456789ABCDEF"},
			others:  []string{"logs/readme.txt"},
		},
		{
			name:     "config: days without zeros, and what it was like before",
			want:     Want{Kind: "config", Accounts: []string{a1}, Regions: []string{"us-gov-east-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-02T13:00")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/Config/us-gov-east-1/2026/1/1/", "AWSLogs/111122223333/Config/us-gov-east-1/2026/1/2/", "AWSLogs/111122223333/Config/us-gov-east-1/2026/1/3/"},
			wanted: []string{
				"AWSLogs/111122223333/Config/us-gov-east-1/2026/1/2/ConfigSnapshot/111122223333_Config_us-gov-east-1_ConfigSnapshot_20260102T020304Z_0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.json.gz",
				"AWSLogs/111122223333/Config/us-gov-east-1/2026/1/1/ConfigHistory/111122223333_Config_us-gov-east-1_ConfigHistory_AWS::EC2::Instance_20260101T080000Z_20260101T140000Z_1.json.gz"},
			outside: []string{"AWSLogs/111122223333/Config/us-gov-east-1/2026/1/1/ConfigHistory/111122223333_Config_us-gov-east-1_ConfigHistory_AWS::EC2::Instance_20260101T020000Z_20260101T080000Z_1.json.gz"},
			others:  []string{"AWSLogs/111122223333/Config/ConfigWritabilityCheckFile"},
		},
		{
			name:     "alb, among other load balancers",
			want:     Want{Kind: "alb", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-02T13:00")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/"},
			wanted:   []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260102T1305Z_192.0.2.9_3a4b.log.gz"},
			outside:  []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260102T1505Z_192.0.2.9_3a4b.log.gz"},
			others: []string{"AWSLogs/111122223333/ELBAccessLogTestFile",
				"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/conn_log_111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260102T1305Z_192.0.2.9_3a4b.log.gz",
				"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_net.shop.50dc6c495c0c9188_20260102T1305Z_3a4b.log.gz",
				"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_shop_20260102T1305Z_192.0.2.9_3a4b.log"},
		},
		{
			name:     "alb_connection",
			want:     Want{Kind: "alb_connection", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-02T13:00")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/"},
			wanted:   []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/conn_log_111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260102T1305Z_192.0.2.9_3a4b.log.gz"},
			others:   []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260102T1305Z_192.0.2.9_3a4b.log.gz"},
		},
		{
			name:     "nlb",
			want:     Want{Kind: "nlb", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-02T13:00")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/"},
			wanted:   []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_net.shop.50dc6c495c0c9188_20260102T1305Z_3a4b.log.gz"},
			others:   []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260102T1305Z_192.0.2.9_3a4b.log.gz"},
		},
		{
			name:     "clb",
			want:     Want{Kind: "clb", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T12:00"), Until: at("2026-01-02T13:00")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/"},
			wanted:   []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_shop_20260102T1400Z_192.0.2.9_3a4b.log"},
			others:   []string{"AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/02/111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260102T1305Z_192.0.2.9_3a4b.log.gz"},
		},
		{
			name:     "cloudfront: distributions looked up by the dot",
			want:     Want{Kind: "cloudfront", Prefix: "cf/", Since: at("2026-01-02T22:30"), Until: at("2026-01-02T23:30")},
			bucket:   []string{"cf/E2EXAMPLE1ABCD.2026-01-02-03.abcd1234.gz", "cf/EDFDVBD6EXAMPLE.2025-01-02-03.abcd1234.gz", "cf/AWSLogs/" + a1 + "/CloudFront/web/x"},
			prefixes: []string{"cf/AWSLogs/111122223333/CloudFront/", "cf/E2EXAMPLE1ABCD.2026-01-02-22", "cf/E2EXAMPLE1ABCD.2026-01-02-23", "cf/EDFDVBD6EXAMPLE.2026-01-02-22", "cf/EDFDVBD6EXAMPLE.2026-01-02-23"},
			wanted:   []string{"cf/E2EXAMPLE1ABCD.2026-01-02-22.abcd1234.gz", "cf/AWSLogs/111122223333/CloudFront/web/E2EXAMPLE1ABCD.2026-01-02-23.abcd1234.gz"},
			outside:  []string{"cf/E2EXAMPLE1ABCD.2026-01-02-21.abcd1234.gz", "cf/AWSLogs/111122223333/CloudFront/web/E2EXAMPLE1ABCD.2026-01-03-00.abcd1234.gz"},
			others:   []string{"cf/E2EXAMPLE1ABCD.json"},
		},
		{
			name:     "network firewall: types and firewalls looked up",
			want:     Want{Kind: "network_firewall", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T10:10"), Until: at("2026-01-02T10:20"), Late: 10 * time.Minute},
			bucket:   []string{"AWSLogs/" + a1 + "/network-firewall/alert/eu-west-1/edge/2026/x", "AWSLogs/" + a1 + "/network-firewall/flow/eu-west-1/edge/2026/x"},
			prefixes: []string{"AWSLogs/111122223333/network-firewall/alert/eu-west-1/edge/2026/01/02/10/", "AWSLogs/111122223333/network-firewall/flow/eu-west-1/edge/2026/01/02/10/"},
			wanted: []string{"AWSLogs/111122223333/network-firewall/alert/eu-west-1/edge/2026/01/02/10/111122223333_network-firewall_alert_eu-west-1_edge_20260102T1015Z_0a1b2c3d.log.gz",
				"AWSLogs/111122223333/network-firewall/alert/eu-west-1/edge/2026/01/02/10/111122223333_network-firewall_alert_eu-west-1_edge_202601021015_0a1b2c3d.log.gz"},
			outside: []string{"AWSLogs/111122223333/network-firewall/alert/eu-west-1/edge/2026/01/02/10/111122223333_network-firewall_alert_eu-west-1_edge_202601021035_0a1b2c3d.log.gz"},
		},
		{
			name:     "resolver: VPCs looked up",
			want:     Want{Kind: "resolver", Accounts: []string{a1}, Since: at("2026-01-02T10:10"), Until: at("2026-01-02T10:20")},
			bucket:   []string{"AWSLogs/" + a1 + "/vpcdnsquerylogs/vpc-0a1b2c3d/2026/x"},
			prefixes: []string{"AWSLogs/111122223333/vpcdnsquerylogs/vpc-0a1b2c3d/2026/01/02/"},
			wanted:   []string{"AWSLogs/111122223333/vpcdnsquerylogs/vpc-0a1b2c3d/2026/01/02/vpc-0a1b2c3d_vpcdnsquerylogs_111122223333_20260102T1015Z_0a1b2c3d.log.gz"},
			outside:  []string{"AWSLogs/111122223333/vpcdnsquerylogs/vpc-0a1b2c3d/2026/01/02/vpc-0a1b2c3d_vpcdnsquerylogs_111122223333_20260102T0915Z_0a1b2c3d.log.gz"},
		},
		{
			name:     "guardduty: days alone, for names say no time",
			want:     Want{Kind: "guardduty", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T10:10"), Until: at("2026-01-02T10:20")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/02/"},
			wanted:   []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/02/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.jsonl.gz"},
			outside:  []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/03/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.jsonl.gz"},
		},
		{
			name:     "redshift",
			want:     Want{Kind: "redshift", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T10:10"), Until: at("2026-01-02T10:20"), Late: time.Hour},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/redshift/eu-west-1/2026/01/02/"},
			wanted:   []string{"AWSLogs/111122223333/redshift/eu-west-1/2026/01/02/111122223333_redshift_eu-west-1_shop_connectionlog_2026-01-02T11:00.gz"},
			outside:  []string{"AWSLogs/111122223333/redshift/eu-west-1/2026/01/02/111122223333_redshift_eu-west-1_shop_userlog_2026-01-02T12:00.gz"},
		},
		{
			name:     "Security Lake",
			want:     Want{Kind: "ocsf", Regions: []string{"eu-west-1"}, Accounts: []string{a1}, Names: []string{"CLOUD_TRAIL_MGMT"}, Since: at("2026-01-31T23:59"), Until: at("2026-02-01T00:10"), Late: time.Hour},
			bucket:   []string{"aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=" + a1 + "/eventDay=20260201/x", "aws/VPC_FLOW/2.0/region=eu-west-1/x"},
			prefixes: []string{"aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260131/", "aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260201/"},
			wanted:   []string{"aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260201/0123abcd.gz.parquet"},
			outside:  []string{"aws/CLOUD_TRAIL_MGMT/2.0/region=eu-west-1/accountId=111122223333/eventDay=20260202/0123abcd.gz.parquet"},
			others:   []string{"aws/CLOUD_TRAIL_MGMT/2.0/metadata/0001.metadata.json"},
		},
		{
			name:     "eks, exported or through Firehose",
			want:     Want{Kind: "eks", Since: at("2026-01-02T10:10"), Until: at("2026-01-02T10:20"), Late: time.Hour},
			bucket:   []string{"exportedlogs/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f/kube-apiserver-audit-0a1b/000000.gz", "exportedlogs/aws-logs-write-test"},
			prefixes: []string{"2026/01/02/09/", "2026/01/02/10/", "2026/01/02/11/", "exportedlogs/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f/"},
			wanted: []string{"exportedlogs/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f/kube-apiserver-audit-0a1b/000000.gz",
				"2026/01/02/10/audit-1-2026-01-02-10-04-05-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.gz"},
			outside: []string{"2026/01/02/11/audit-1-2026-01-02-11-24-05-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f.gz"},
			others:  []string{"exportedlogs/aws-logs-write-test"},
		},
		{
			name:     "of Firehose the years",
			want:     Want{Kind: "waf", Prefix: "p/", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Names: []string{"shop"}},
			bucket:   []string{"p/2025/12/31/23/x", "p/2026/01/02/03/x", "p/other/x"},
			prefixes: []string{"p/2025/", "p/2026/", "p/AWSLogs/111122223333/WAFLogs/eu-west-1/shop/"},
			wanted:   []string{"p/2026/01/02/22/aws-waf-logs-shop-1-2026-01-02-22-04-05-0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"},
		},
		{
			name:     "without a beginning there are no days",
			want:     Want{Kind: "guardduty", Accounts: []string{a1}, Regions: []string{"eu-west-1", "us-east-1"}, Until: at("2026-01-02T10:20")},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/", "AWSLogs/111122223333/GuardDuty/us-east-1/"},
			wanted:   []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/2019/01/02/0a1b.jsonl.gz"},
			outside:  []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/04/0a1b.jsonl.gz"},
		},
		{
			name:     "without an end they go up to now, whole months as such",
			want:     Want{Kind: "guardduty", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2025-10-30T10:00"), Now: at("2026-01-02T00:30"), Late: time.Minute},
			bucket:   []string{},
			prefixes: []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/2025/10/30/", "AWSLogs/111122223333/GuardDuty/eu-west-1/2025/10/31/", "AWSLogs/111122223333/GuardDuty/eu-west-1/2025/11/", "AWSLogs/111122223333/GuardDuty/eu-west-1/2025/12/", "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/01/", "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/02/"},
			wanted:   []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/02/0a1b.jsonl.gz"},
		},
		{
			name:     "nobody to be asked: all below",
			want:     Want{Kind: "guardduty", Accounts: []string{a1}, Since: at("2025-10-30T10:00"), Until: at("2026-01-02T00:30")},
			prefixes: []string{"AWSLogs/111122223333/GuardDuty/"},
			outside:  []string{"AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/04/0a1b.jsonl.gz"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l Lister
			if c.bucket != nil {
				l = &bucket{keys: c.bucket}
			}
			p, err := Make(t.Context(), c.want, l)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.prefixes, p.Prefixes); d != "" {
				t.Errorf("prefixes (-want +got):\n%s", d)
			}
			for verdict, keys := range map[Verdict][]string{Wanted: c.wanted, Outside: c.outside, Other: c.others} {
				for _, k := range keys {
					if got := p.Judge(k); got != verdict {
						t.Errorf("%s is %q, want %q", k, got, verdict)
					}
					below := func(p string) bool { return strings.HasPrefix(k, p) }
					if verdict == Wanted && !slices.ContainsFunc(p.Prefixes, below) && !strings.HasPrefix(k, "logs2026") {
						t.Errorf("%s is wanted, and nobody lists it", k)
					}
				}
			}
		})
	}
}

// TestEverySource: each source that quarry reads has a kind of its name, each kind
// leads somewhere, and no name is there twice.
func TestEverySource(t *testing.T) {
	sources, err := schema.Load(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, k := range Kinds() {
		for _, n := range append([]string{k.Name}, k.Also...) {
			if seen[n] {
				t.Errorf("%s stands twice", n)
			}
			seen[n] = true
		}
		if len(k.routes) == 0 || k.Title == "" || k.Cite == "" || k.Early <= 0 || k.Late <= 0 {
			t.Errorf("%s is not whole: %+v", k.Name, k)
		}
		if k.Says(Name) != (k.Named != "") {
			t.Errorf("%s: its keys have names %v, which are called %q", k.Name, k.Says(Name), k.Named)
		}
	}
	for _, s := range sources {
		// What EC2 answers is delivered nowhere.
		if !seen[s.Name] && s.Name != "ec2_inventory" {
			t.Errorf("nothing says where %s lies in a bucket", s.Name)
		}
	}
	if !slices.IsSortedFunc(Kinds(), func(a, b Kind) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("kinds are not in the order of their names")
	}
}

// TestSourceNames: the names that tell the loader a source tell its kind too.
func TestSourceNames(t *testing.T) {
	sources, err := schema.Load(schemas.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ kind, key string }{
		{"cloudtrail", "x/111122223333_CloudTrail_eu-west-1_20260102T1155Z_AbCdEfGhIjKlMnOp.json.gz"},
		{"alb", "x/111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260102T1305Z_192.0.2.9_3a4b.log.gz"},
		{"waf", "x/111122223333_waflogs_eu-west-1_shop_20260102T2120Z_0a1b2c3d.log.gz"},
		{"config_items", "x/111122223333_Config_eu-west-1_ConfigHistory_AWS::EC2::Instance_20260101T020000Z_20260101T080000Z_1.json.gz"},
		{"redshift_audit", "x/111122223333_redshift_eu-west-1_shop_userlog_2026-01-02T12:00.gz"},
	} {
		k, _ := Lookup(c.kind)
		if p := (&Plan{Kind: k}); p.Judge(c.key) != Wanted {
			t.Errorf("%s: %s is not wanted", c.kind, c.key)
		}
		i := slices.IndexFunc(sources, func(s *schema.Source) bool { return s.Name == c.kind })
		if i < 0 || len(sources[i].Recognise.Path) == 0 {
			t.Errorf("%s: the loader knows no names of it", c.kind)
		}
	}
}

func TestAskedOnce(t *testing.T) {
	b := &bucket{keys: []string{"AWSLogs/" + a1 + "/CloudTrail/eu-west-1/2026/01/02/x", "AWSLogs/" + oid + "/" + a2 + "/CloudTrail/eu-west-1/2026/01/02/x"}}
	if _, err := Make(t.Context(), Want{Kind: "cloudtrail", Since: at("2026-01-02T00:00"), Until: at("2026-01-02T01:00")}, b); err != nil {
		t.Fatal(err)
	}
	slices.Sort(b.asks)
	if d := cmp.Diff([]string{"AWSLogs/", "AWSLogs/111122223333/", "AWSLogs/111122223333/CloudTrail/", "AWSLogs/o-exampleorgid/", "AWSLogs/o-exampleorgid/444455556666/", "AWSLogs/o-exampleorgid/444455556666/CloudTrail/"}, b.asks); d != "" {
		t.Errorf("asked (-want +got):\n%s", d)
	}
}

func TestUnlisted(t *testing.T) {
	p, err := Make(t.Context(), Want{Kind: "waf", Accounts: []string{a1}, Regions: []string{"eu-west-1"}, Since: at("2026-01-02T00:00"), Until: at("2026-01-02T01:00")}, nil)
	if err != nil || !slices.Equal(p.Unlisted, []string{"AWSLogs/111122223333/WAFLogs/eu-west-1/{name}"}) {
		t.Errorf("unlisted %q, %v", p.Unlisted, err)
	}
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		want       Want
		says, hint string
	}{
		{Want{Kind: "cloudtrial"}, `no kind of log "cloudtrial"`, "cloudtrail, cloudtrail_digest"},
		{Want{Kind: "waf", Accounts: []string{"1111"}}, `account "1111"`, "12 digits"},
		{Want{Kind: "waf", Regions: []string{"Ireland"}}, `region "Ireland"`, "eu-west-1"},
		{Want{Kind: "waf", Org: "org-1"}, `organization "org-1"`, "o-"},
		{Want{Kind: "waf", Names: []string{"a/b"}}, `name "a/b"`, "slashes"},
		{Want{Kind: "waf", Late: -time.Hour}, "late", "24h"},
	} {
		_, err := Make(t.Context(), c.want, nil)
		var h interface{ Hint() string }
		if err == nil || !strings.Contains(err.Error(), c.says) || !errors.As(err, &h) || !strings.Contains(h.Hint(), c.hint) {
			t.Errorf("%+v: %v", c.want, err)
		}
	}
	broken := errors.New("access denied")
	_, err := Make(t.Context(), Want{Kind: "cloudtrail"}, &bucket{err: broken})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), `"AWSLogs/"`) {
		t.Errorf("a lister's error: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("enough")
	cancel(why)
	if _, err := Make(ctx, Want{Kind: "cloudtrail"}, &bucket{err: context.Canceled}); !errors.Is(err, why) {
		t.Errorf("cancelled: %v", err)
	}
}
