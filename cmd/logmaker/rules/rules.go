// Package rules writes made-up Sigma rules about CloudTrail, mixed as SigmaHQ's
// published ones are. Of its 57 rules (2025), 33 name a service and its calls and
// ask nothing else; the rest ask for the outcome too (6), for the caller (5), for
// the client (4) or for something in the parameters (8), some without naming the
// service; 4 name no call at all. One in seven finds something in the corpora,
// which have the calls of ordinary work: of 400,000 events, 1.7 % pass a rule.
//
// One published rule finds every session of a role, two events of three. It has
// no like here: who runs hundreds of rules has turned that one off. Published
// rules have no keywords; here one in a hundred has, for they cost the most.
package rules

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// service is a service, nouns of calls that rules name and no corpus has, and
// calls that rules name and the corpora have.
type service struct{ name, nouns, calls string }

var services = []service{
	{"ec2", "SecurityGroup Volume Image KeyPair FlowLogs Vpc NetworkAclEntry SnapshotAttribute Route EbsEncryptionByDefault InstanceExportTask", "AuthorizeSecurityGroupIngress RevokeSecurityGroupIngress ModifyInstanceAttribute StopInstances"},
	{"iam", "User LoginProfile Policy PolicyVersion Group InstanceProfile MFADevice SAMLProvider UserPolicy", "CreateAccessKey AttachRolePolicy PutRolePolicy CreateRole"},
	{"s3", "Bucket BucketAcl BucketEncryption BucketLogging BucketWebsite BucketReplication PublicAccessBlock", "PutBucketPolicy PutBucketLifecycle DeleteObjects"},
	{"kms", "Key Alias KeyPolicy KeyDeletion KeyMaterial", ""},
	{"sts", "AssumeRoot DecodedMessage", "GetSessionToken GetFederationToken"},
	{"lambda", "FunctionUrlConfig Permission20150331v2 LayerVersion EventSourceMapping", "UpdateFunctionConfiguration20150331v2"},
	{"rds", "DBInstance DBCluster DBSnapshotAttribute DBSecurityGroup", "CreateDBSnapshot"},
	{"guardduty", "Detector Filter Members IPSet PublishingDestination", ""},
	{"cloudtrail", "Trail Logging EventSelectors InsightSelectors", ""},
	{"config", "DeliveryChannel ConfigurationRecorder ConfigRule", ""},
	{"secretsmanager", "Secret ResourcePolicy", ""},
	{"ssm", "Document Parameter Activation ManagedInstance", "SendCommand StartSession"},
	{"eks", "Cluster Nodegroup AccessEntry AccessPolicy", ""},
	{"ecs", "Cluster Task Service", "RegisterTaskDefinition"},
	{"elasticfilesystem", "FileSystem MountTarget FileSystemPolicy", ""},
	{"elasticache", "CacheSecurityGroup CacheSecurityGroupIngress User", ""},
	{"route53domains", "DomainTransferLock DomainToAnotherAwsAccount", ""},
	{"securityhub", "Insight Findings Members", ""},
	{"bedrock", "Guardrail Agent ModelInvocationLoggingConfiguration", ""},
	{"glue", "DevEndpoint Crawler Connection", ""},
	{"signin", "SigninToken", "ConsoleLogin SwitchRole"},
}

var verbs = []string{"Create", "Delete", "Put", "Update", "Modify", "Attach", "Detach", "Start", "Stop", "Disable", "Enable", "Import", "Transfer", "Disassociate"}

var agents = []string{"pacu", "scoutsuite", "S3 Browser", "kali", "TruffleHog", "prowler", "masscan", "cloudfox", "Nessus", "aws-vault/9"}

var fields = []string{"userName", "roleName", "instanceId", "attribute", "policyArn", "instancesSet.items.instanceId", "publiclyAccessible", "filterSet.items.name", "bucketPolicy.Statement.Effect", "keyId"}

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
	// One rule in seven is about calls that the corpora have.
	ordinary := s.calls != "" && r.IntN(7) < 2
	call := func() string {
		if ordinary {
			return pick(r, strings.Fields(s.calls))
		}
		return pick(r, verbs) + pick(r, nouns)
	}
	calls := func() {
		fmt.Fprintf(&b, "    selection:\n        eventSource: '%s.amazonaws.com'\n        eventName:\n", s.name)
		for range 1 + r.IntN(4) {
			fmt.Fprintf(&b, "            - '%s'\n", call())
		}
	}
	condition := "selection"
	switch k := r.IntN(100); {
	case k < 58:
		calls()
	case k < 64:
		fmt.Fprintf(&b, "    selection_event:\n        eventName: '%s'\n    selection_status_success:\n        errorCode: 'Success'\n    selection_status_null:\n        errorCode: null\n", call())
		condition = "selection_event and 1 of selection_status_*"
	case k < 68:
		calls()
		fmt.Fprintf(&b, "    filter_main_service:\n        userIdentity.invokedBy|endswith: '.amazonaws.com'\n    filter_main_errors:\n        errorCode|contains: '*'\n")
		condition = "selection and not 1 of filter_main_*"
	case k < 75:
		calls()
		fmt.Fprintf(&b, "        userIdentity.type: '%s'\n", pick(r, []string{"IAMUser", "Root", "AssumedRole"}))
	case k < 77:
		calls()
		fmt.Fprintf(&b, "    filter_own:\n        userIdentity.arn|fieldref|endswith: requestParameters.userName\n")
		condition = "selection and not filter_own"
	case k < 83:
		calls()
		fmt.Fprintf(&b, "        userAgent|contains: '%s'\n", pick(r, agents))
	case k < 92:
		calls()
		fmt.Fprintf(&b, "    selection_more:\n        requestParameters.%s|contains: '%s'\n", pick(r, fields), pick(r, []string{"admin", "prod", "Allow", "i-0", "*", "aws"}))
		condition = "all of selection*"
	case k < 94:
		calls()
		fmt.Fprintf(&b, "    selection_ip:\n        sourceIPAddress|cidr: '198.51.%d.0/24'\n", r.IntN(200))
		condition = "selection and selection_ip"
	case k < 97:
		fmt.Fprintf(&b, "    selection:\n        userAgent|contains:\n            - '%s'\n            - '%s'\n", pick(r, agents), pick(r, agents))
	case k < 99:
		fmt.Fprintf(&b, "    selection:\n        userIdentity.arn|re: '.+:assumed-role/%s-[a-z]+/.+'\n        errorCode:\n            - AccessDenied\n            - Client.UnauthorizedOperation\n    filter_main_generic:\n        - eventSource: '%s.amazonaws.com'\n        - sourceIPAddress: 'AWS Internal'\n", pick(r, []string{"deploy", "admin", "ops"}), s.name)
		condition = "selection and not 1 of filter_main_*"
	default:
		fmt.Fprintf(&b, "    keywords:\n        - 'aws-vault/%d'\n        - '%s-%d'\n", r.IntN(9), pick(r, agents), r.IntN(100))
		condition = "keywords"
	}
	fmt.Fprintf(&b, "    condition: %s\nfalsepositives:\n    - Unknown\nlevel: %s\n", condition, pick(r, []string{"low", "medium", "high", "critical"}))
	return b.String()
}
