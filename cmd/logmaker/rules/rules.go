// Package rules writes made-up Sigma rules about CloudTrail, of the shapes that
// published ones have: most name a service and a few calls, some look into the
// parameters, some ask for a client or an address whatever the call.
package rules

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// services are services and verbs of their calls; nouns make calls of the verbs.
// Some calls exist in a corpus and some do not, as with rules in life.
var services = []struct{ name, nouns string }{
	{"ec2", "Instances SecurityGroups Volumes NetworkInterfaces Snapshots Images KeyPair FlowLogs Vpcs Tags SecurityGroupIngress SnapshotAttribute"},
	{"iam", "User Role AccessKey LoginProfile Policy PolicyVersion Group InstanceProfile MFADevice SAMLProvider Roles Users"},
	{"s3", "Object BucketAcl BucketPolicy BucketEncryption BucketVersioning BucketTagging Buckets Objects BucketPublicAccessBlock BucketLifecycle"},
	{"kms", "Key Aliases Grant KeyPolicy KeyDeletion"},
	{"sts", "Role CallerIdentity SessionToken FederationToken"},
	{"lambda", "Function20150331 FunctionConfiguration20150331v2 Functions20150331 Permission20150331v2 LayerVersion"},
	{"rds", "DBInstance DBSnapshot DBCluster DBSnapshotAttribute"},
	{"guardduty", "Detector Filter Members IPSet"},
	{"cloudtrail", "Trail Logging EventSelectors Trails"},
	{"secretsmanager", "SecretValue Secret Secrets"},
	{"ssm", "Parameter Command Session Document Parameters"},
	{"eks", "Cluster Nodegroup AccessEntry"},
	{"dynamodb", "Table Item Backup Tables"},
	{"logs", "LogGroup LogStream LogEvents SubscriptionFilter"},
}

var verbs = []string{"Create", "Delete", "Put", "Get", "Describe", "List", "Update", "Modify", "Attach", "Detach", "Start", "Stop", "Run", "Assume", "Decrypt", "Disable"}

var agents = []string{"pacu", "scoutsuite", "S3 Browser", "kali", "Boto3/1.9", "PowerShell", "prowler", "masscan", "cloudfox", "Nessus"}

var fields = []string{"userName", "roleName", "instanceId", "bucketName", "policyArn", "instancesSet.items.instanceId", "encryptionContext.aws:s3:arn", "filterSet.items.name", "bucketPolicy.Statement.Effect", "keyId"}

// Write writes n rules into dir, one a file. The same n gives the same bytes.
func Write(dir string, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(7, uint64(n)))
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("aws_rule_%04d.yml", i))
		if err := os.WriteFile(name, []byte(rule(r, i)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func rule(r *rand.Rand, i int) string {
	s := pick(r, services)
	nouns := strings.Fields(s.nouns)
	var b strings.Builder
	fmt.Fprintf(&b, "title: Made-up rule %d about %s\nid: %08x-0000-4000-8000-%012x\nstatus: experimental\n", i, s.name, i, i)
	fmt.Fprintf(&b, "description: Made up to measure with.\nreferences:\n    - https://example.com/rules/%d\nauthor: Example Author\nlicense: Apache-2.0\n", i)
	fmt.Fprintf(&b, "tags:\n    - attack.persistence\n    - attack.t%d\nlogsource:\n    product: aws\n    service: cloudtrail\ndetection:\n", 1000+r.IntN(600))
	calls := func() {
		fmt.Fprintf(&b, "    selection:\n        eventSource: '%s.amazonaws.com'\n        eventName:\n", s.name)
		for range 1 + r.IntN(4) {
			fmt.Fprintf(&b, "            - '%s%s'\n", pick(r, verbs), pick(r, nouns))
		}
	}
	condition := "selection"
	switch k := r.IntN(100); {
	case k < 45:
		calls()
	case k < 57:
		calls()
		fmt.Fprintf(&b, "    filter_main_service:\n        userIdentity.invokedBy|endswith: '.amazonaws.com'\n    filter_main_errors:\n        errorCode|contains: '*'\n")
		condition = "selection and not 1 of filter_main_*"
	case k < 69:
		calls()
		fmt.Fprintf(&b, "    selection_more:\n        requestParameters.%s|contains: '%s'\n", pick(r, fields), pick(r, []string{"admin", "prod", "Allow", "i-0", "*", "aws"}))
		condition = "all of selection*"
	case k < 79:
		fmt.Fprintf(&b, "    selection_a:\n        eventName|startswith: '%s%s'\n    selection_b:\n        errorCode:\n            - AccessDenied\n            - Client.UnauthorizedOperation\n    filter:\n        userAgent|contains: 'console'\n", pick(r, verbs), pick(r, nouns))
		condition = "all of selection_* and not filter"
	case k < 86:
		fmt.Fprintf(&b, "    selection:\n        userAgent|contains:\n            - '%s'\n            - '%s'\n", pick(r, agents), pick(r, agents))
	case k < 91:
		calls()
		fmt.Fprintf(&b, "    selection_ip:\n        sourceIPAddress|cidr: '198.51.%d.0/24'\n", r.IntN(200))
		condition = "selection and selection_ip"
	case k < 95:
		fmt.Fprintf(&b, "    selection:\n        userIdentity.arn|re: '.+:assumed-role/%s-[a-z]+/.+'\n        eventName|contains: '%s'\n", pick(r, []string{"deploy", "admin", "ops"}), pick(r, nouns))
	case k < 98:
		calls()
		fmt.Fprintf(&b, "    filter_own:\n        userIdentity.arn|fieldref|endswith: requestParameters.userName\n")
		condition = "selection and not filter_own"
	default:
		fmt.Fprintf(&b, "    keywords:\n        - 'aws-vault/%d'\n        - '%s-%d'\n", r.IntN(9), pick(r, agents), r.IntN(100))
		condition = "keywords"
	}
	fmt.Fprintf(&b, "    condition: %s\nfalsepositives:\n    - Unknown\nlevel: %s\n", condition, pick(r, []string{"low", "medium", "high", "critical"}))
	return b.String()
}
