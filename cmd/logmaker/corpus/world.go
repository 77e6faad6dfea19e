// Package corpus makes large folders of logs to measure with: real layouts, real
// sizes, a realistic mix, and gzip ratios like those of real deliveries.
//
// In: a kind, a scale and a folder. Out: files and their totals. It plants
// nothing to be found; that is the work of package incident.
package corpus

import (
	"math/rand/v2"
	"time"

	"logquarry/cmd/logmaker/record"
)

// Version names the bytes that this package writes for given arguments. It is
// raised with every change to them, so that corpora kept on disk are made anew.
const Version = 2

var (
	start    = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	accounts = []string{"111122223333", "444455556666", "777788889999", "222233334444"}
	regions  = []string{"us-east-1", "eu-west-1", "us-west-2", "eu-central-1", "ap-southeast-2"}

	roleNames = []string{"app-web", "app-worker", "ci-deploy", "lambda-orders", "lambda-billing", "eks-node", "ecsTaskExecutionRole",
		"monitoring-reader", "backup", "AWSReservedSSO_Developer_1a2b3c4d5e6f7a8b", "AWSReservedSSO_AdministratorAccess_0f1e2d3c4b5a6978",
		"data-pipeline", "glue-etl", "config-recorder", "security-audit", "terraform", "lambda-thumbnails", "lambda-mailer",
		"ec2-bastion", "athena-reader", "snapshot-lifecycle", "autoscaler", "flow-log-delivery", "cloudwatch-agent", "step-orders"}
	userNames = []string{"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "ci-deploy",
		"backup-agent", "terraform", "mallory.k", "niaj", "olivia", "peggy", "rupert", "sybil", "trent"}
	functionNames = []string{"orders-create", "orders-notify", "billing-nightly", "thumbnail-resize", "mail-send", "auth-refresh",
		"webhook-in", "webhook-out", "inventory-sync", "report-daily", "search-index", "export-csv", "cleanup-temp", "audit-forward"}
	tableNames   = []string{"orders", "customers", "sessions", "inventory", "payments", "audit", "feature-flags", "carts", "prices", "events"}
	secretNames  = []string{"db-password", "stripe-key", "smtp", "jwt-signing", "redis-auth", "partner-api", "github-token", "datadog-api-key"}
	clusterNames = []string{"prod-web", "prod-jobs", "staging"}
	prefixes     = []string{"raw/orders/", "raw/clicks/", "processed/orders/", "uploads/images/", "exports/", "logs/app/", "models/", "backups/db/"}
	suffixes     = []string{".parquet", ".json.gz", ".jpg", ".csv", ".log.gz", ".bin"}
	services     = []string{"lambda.amazonaws.com", "ec2.amazonaws.com", "ecs-tasks.amazonaws.com", "config.amazonaws.com",
		"vpc-flow-logs.amazonaws.com", "delivery.logs.amazonaws.com", "autoscaling.amazonaws.com", "states.amazonaws.com",
		"eks.amazonaws.com", "backup.amazonaws.com", "ssm.amazonaws.com", "cloudformation.amazonaws.com", "events.amazonaws.com"}
	agents = []string{
		"Boto3/1.37.4 md/Botocore#1.37.4 ua/2.1 os/linux#6.1.128-136.201.amzn2023.x86_64 md/arch#x86_64 lang/python#3.12.9 md/pyimpl#CPython m/Z,b,D cfg/retry-mode#legacy Botocore/1.37.4",
		"aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.24.1 md/GOOS#linux md/GOARCH#amd64 api/s3#1.78.2 m/E,g",
		"aws-sdk-java/2.30.31 ua/2.1 os/Linux#6.1.128 lang/java#21.0.6 md/OpenJDK_64-Bit_Server_VM#21.0.6 vendor/Amazon.com_Inc. m/D,E",
		"aws-cli/2.24.16 md/awscrt#0.23.8 ua/2.1 os/linux#5.15.0-134-generic md/arch#x86_64 lang/python#3.12.6 md/pyimpl#CPython m/C,D cfg/retry-mode#standard md/installer#exe md/command#s3.cp",
		"APN/1.0 HashiCorp/1.0 Terraform/1.11.1 (+https://www.terraform.io) terraform-provider-aws/5.90.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.36.3 ua/2.1 os/linux lang/go#1.23.6",
		"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36",
		"aws-sdk-nodejs/2.1692.0 linux/v20.18.3 exec-env/AWS_Lambda_nodejs20.x promise",
		"kube-controller-manager/v1.31.6 aws-sdk-go/1.55.5 (go1.22.12; linux; amd64)",
		"AWSPowerShell.Common/4.1.776.0 .NET_Runtime/8.0 .NET_Framework/NA OS/Microsoft_Windows_10.0.20348 RuntimeAsync",
		"amazon-ssm-agent/3.3.1611.0 (go1.22.9; linux; amd64)",
	}
	publicNets = []string{"192.0.2.", "198.51.100.", "203.0.113."}
)

// place holds the resources of one account in one region.
type place struct {
	buckets, instances, volumes, vpcs, subnets, groups, images, keys []string
}

func newPlace(r *rand.Rand, account, region string) *place {
	p := &place{}
	for _, b := range []string{"assets", "data", "uploads", "logs", "artifacts", "exports", "backups", "models"} {
		p.buckets = append(p.buckets, "example-"+b+"-"+account[:4]+"-"+region)
	}
	p.instances = ids(r, "i-0", 40)
	p.volumes = ids(r, "vol-0", 60)
	p.vpcs = ids(r, "vpc-0", 3)
	p.subnets = ids(r, "subnet-0", 9)
	p.groups = ids(r, "sg-0", 16)
	p.images = ids(r, "ami-0", 6)
	for range 8 {
		p.keys = append(p.keys, record.UUID(r))
	}
	return p
}

func ids(r *rand.Rand, prefix string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = prefix + record.Hex(r, 16)
	}
	return list
}

// source gives each file its own stream of chance, so that files can be made in any order.
func source(kind, file uint64) *rand.Rand { return rand.New(rand.NewPCG(0x10c6a77e<<8|kind, file)) }

// chooser draws indexes by weight.
type chooser struct{ sums []int }

func newChooser(weights []int) chooser {
	c := chooser{sums: make([]int, len(weights))}
	sum := 0
	for i, w := range weights {
		sum += w
		c.sums[i] = sum
	}
	return c
}

func (c chooser) pick(r *rand.Rand) int {
	x := r.IntN(c.sums[len(c.sums)-1])
	lo, hi := 0, len(c.sums)-1
	for lo < hi {
		if mid := (lo + hi) / 2; c.sums[mid] > x {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}
