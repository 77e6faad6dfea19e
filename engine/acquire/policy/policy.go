// Package policy is the one table of what quarry asks AWS for, and the IAM policy
// that allows just that.
//
// In: kinds of what is to be fetched, a bucket. Out: a policy document. Whoever
// calls a service does so by an [Operation] of this table, so that what is not in
// it cannot be called; it makes no calls itself.
package policy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"logquarry/engine/acquire/layout"
)

// Operation is one call of a service's API.
type Operation struct {
	// Service is its name in endpoints and signatures.
	Service string
	Name    string
	// Actions are the IAM actions it needs; empty: none, everybody may.
	Actions []Action
	// Write says that it changes something in the account.
	Write bool
}

// Action is an IAM action and what it is on.
type Action struct {
	Name string
	On   Resource
}

// Resource is what an action is on.
type Resource string

// The resources.
const (
	Everything Resource = "*" // the service knows no resources for it
	Bucket     Resource = "bucket"
	Objects    Resource = "objects"
	Key        Resource = "key" // a KMS key, used through S3
	LogGroups  Resource = "log groups"
)

// call is an operation that needs the action of its own name.
func call(service, name string, on Resource) Operation {
	return Operation{Service: service, Name: name, Actions: []Action{{service + ":" + name, on}}}
}

// The operations. Service Authorization Reference, "Actions, resources, and
// condition keys" of each service.
var (
	GetCallerIdentity = Operation{Service: "sts", Name: "GetCallerIdentity"}
	DescribeRegions   = call("ec2", "DescribeRegions", Everything)

	LookupEvents   = call("cloudtrail", "LookupEvents", Everything)
	ListPublicKeys = call("cloudtrail", "ListPublicKeys", Everything)

	DescribeLogGroups = call("logs", "DescribeLogGroups", Everything)
	FilterLogEvents   = call("logs", "FilterLogEvents", LogGroups)
	StartQuery        = call("logs", "StartQuery", LogGroups)
	GetQueryResults   = call("logs", "GetQueryResults", Everything)
	StopQuery         = call("logs", "StopQuery", Everything)

	GetDiscoveredResourceCounts      = call("config", "GetDiscoveredResourceCounts", Everything)
	ListDiscoveredResources          = call("config", "ListDiscoveredResources", Everything)
	GetResourceConfigHistory         = call("config", "GetResourceConfigHistory", Everything)
	DescribeConfigRules              = call("config", "DescribeConfigRules", Everything)
	GetComplianceDetailsByConfigRule = call("config", "GetComplianceDetailsByConfigRule", Everything)
	SelectAggregateResourceConfig    = call("config", "SelectAggregateResourceConfig", Everything)
	DescribeDeliveryChannels         = call("config", "DescribeDeliveryChannels", Everything)
	DeliverConfigSnapshot            = Operation{Service: "config", Name: "DeliverConfigSnapshot", Actions: []Action{{"config:DeliverConfigSnapshot", Everything}}, Write: true}

	ListDetectors     = call("guardduty", "ListDetectors", Everything)
	ListFindings      = call("guardduty", "ListFindings", Everything)
	GetDutyFindings   = call("guardduty", "GetFindings", Everything)
	GetHubFindings    = call("securityhub", "GetFindings", Everything)
	NetworkInterfaces = call("ec2", "DescribeNetworkInterfaces", Everything)
	Addresses         = call("ec2", "DescribeAddresses", Everything)
)

// The operations on S3, whose actions go by other names. S3 API Reference,
// "Permissions" of each.
var (
	ListObjects = Operation{Service: "s3", Name: "ListObjectsV2", Actions: []Action{{"s3:ListBucket", Bucket}}}
	HeadBucket  = Operation{Service: "s3", Name: "HeadBucket", Actions: []Action{{"s3:ListBucket", Bucket}}}
	// GetObject decrypts by KMS where the object was encrypted so.
	GetObject    = Operation{Service: "s3", Name: "GetObject", Actions: []Action{{"s3:GetObject", Objects}, {"kms:Decrypt", Key}}}
	ListVersions = Operation{Service: "s3", Name: "ListObjectVersions", Actions: []Action{{"s3:ListBucketVersions", Bucket}}}
	HeadObject   = Operation{Service: "s3", Name: "HeadObject", Actions: []Action{{"s3:GetObject", Objects}, {"kms:Decrypt", Key}}}
	HeadVersion  = Operation{Service: "s3", Name: "HeadObject", Actions: []Action{{"s3:GetObjectVersion", Objects}, {"kms:Decrypt", Key}}}
	GetVersion   = Operation{Service: "s3", Name: "GetObject", Actions: []Action{{"s3:GetObjectVersion", Objects}, {"kms:Decrypt", Key}}}
)

// Kind is something that can be fetched, and the calls it is made of.
type Kind struct {
	Name, Title string
	Operations  []Operation
	// Also are those of wishes, by the flag that makes them.
	Also map[string][]Operation
	// S3 says that it is fetched from a bucket.
	S3 bool
}

// everywhere is what each of the APIs is asked beside its own: in which account,
// and in which Regions.
func everywhere(ops ...Operation) []Operation {
	return append([]Operation{GetCallerIdentity, DescribeRegions}, ops...)
}

// Kinds are all kinds: those that are asked for by an API, then those of S3.
func Kinds() []Kind {
	kinds := []Kind{
		{Name: "cloudtrail-history", Title: "CloudTrail's event history", Operations: everywhere(LookupEvents)},
		{Name: "logs", Title: "CloudWatch Logs", Operations: everywhere(DescribeLogGroups, FilterLogEvents),
			Also: map[string][]Operation{"insights": everywhere(DescribeLogGroups, StartQuery, GetQueryResults, StopQuery)}},
		{Name: "config-history", Title: "AWS Config", Operations: everywhere(GetDiscoveredResourceCounts, ListDiscoveredResources, GetResourceConfigHistory),
			Also: map[string][]Operation{
				"rules":            everywhere(DescribeConfigRules, GetComplianceDetailsByConfigRule),
				"aggregator":       everywhere(SelectAggregateResourceConfig),
				"deliver-snapshot": everywhere(DescribeDeliveryChannels, DeliverConfigSnapshot),
			}},
		{Name: "guardduty-findings", Title: "GuardDuty", Operations: everywhere(ListDetectors, ListFindings, GetDutyFindings)},
		{Name: "securityhub-findings", Title: "Security Hub", Operations: everywhere(GetHubFindings)},
		{Name: "ec2-inventory", Title: "EC2 interfaces and addresses", Operations: everywhere(NetworkInterfaces, Addresses)},
		{Name: "cloudtrail-keys", Title: "the public keys of CloudTrail", Operations: []Operation{ListPublicKeys}},
	}
	bucket := func(name, title string) Kind {
		return Kind{Name: name, Title: title, S3: true, Operations: []Operation{ListObjects, HeadBucket, GetObject, HeadObject},
			Also: map[string][]Operation{"all-versions": {ListObjects, ListVersions, HeadBucket, GetVersion, HeadVersion}}}
	}
	kinds = append(kinds, bucket("s3", "any objects of a bucket"))
	for _, k := range layout.Kinds() {
		kinds = append(kinds, bucket(k.Name, k.Title))
	}
	return kinds
}

// Lookup finds a kind by its name, or another name of a kind of log.
func Lookup(name string) (Kind, bool) {
	if k, ok := layout.Lookup(name); ok {
		name = k.Name
	}
	kinds := Kinds()
	if i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == name }); i >= 0 {
		return kinds[i], true
	}
	return Kind{}, false
}

// UnknownError says that there is no such kind.
type UnknownError struct{ Kind string }

func (e *UnknownError) Error() string { return fmt.Sprintf("nothing called %q can be fetched", e.Kind) }

// Hint names what can.
func (e *UnknownError) Hint() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return "kinds are " + strings.Join(names, ", ")
}

// Options say what a policy is for.
type Options struct {
	// Kinds are names of kinds.
	Kinds []string
	// With are wishes that need more or other calls: the keys of Kind.Also. Those
	// that a kind does not have change nothing of it.
	With []string
	// Bucket, or the ARN of an access point, and Prefix are where the kinds of S3
	// lie; without a bucket a name to be replaced stands in its place.
	Bucket, Prefix string
	// RegionsNamed says that they need not be looked up.
	RegionsNamed bool
	// Partition is that of the ARNs; empty: aws.
	Partition string
}

// statement is one of a policy's statements.
type statement struct {
	Sid       string         `json:"Sid"`
	Effect    string         `json:"Effect"`
	Action    []string       `json:"Action"`
	Resource  string         `json:"Resource"`
	Condition map[string]any `json:"Condition,omitempty"`
}

// placeholder stands where no bucket was named.
const placeholder = "BUCKET"

// Document is the policy that allows what o says and nothing else, as indented
// JSON with a line end. An error is an *UnknownError.
func Document(o Options) ([]byte, error) {
	list, err := statements(o)
	if err != nil {
		return nil, err
	}
	return encode(list)
}

// statements are those of the policy that o is about.
func statements(o Options) ([]statement, error) {
	partition := o.Partition
	if partition == "" {
		partition = "aws"
	}
	bucket := o.Bucket
	if bucket == "" {
		bucket = placeholder
	}
	objects := bucket + "/object/" // of an access point
	if !strings.HasPrefix(bucket, "arn:") {
		bucket = "arn:" + partition + ":s3:::" + bucket
		objects = bucket + "/"
	}
	on := map[Resource][]string{}
	for _, name := range o.Kinds {
		k, ok := Lookup(name)
		if !ok {
			return nil, &UnknownError{name}
		}
		for _, op := range k.with(o.With) {
			if o.RegionsNamed && op.Name == DescribeRegions.Name {
				continue
			}
			for _, a := range op.Actions {
				on[a.On] = append(on[a.On], a.Name)
			}
		}
	}
	forms := []struct {
		on Resource
		s  statement
	}{
		{Bucket, statement{Sid: "ListBucket", Resource: bucket, Condition: below(o.Prefix)}},
		{Objects, statement{Sid: "ReadObjects", Resource: objects + o.Prefix + "*"}},
		{Key, key(partition)},
		{LogGroups, statement{Sid: "ReadLogGroups", Resource: "arn:" + partition + ":logs:*:*:log-group:*"}},
		{Everything, statement{Sid: "AskServices", Resource: "*"}},
	}
	list := []statement{}
	for _, f := range forms {
		if f.s.Action = on[f.on]; len(f.s.Action) == 0 {
			continue
		}
		slices.Sort(f.s.Action)
		f.s.Action, f.s.Effect = slices.Compact(f.s.Action), "Allow"
		list = append(list, f.s)
	}
	return list, nil
}

// encode is a policy of statements as indented JSON with a line end.
func encode(list []statement) ([]byte, error) {
	doc := struct {
		Version   string      `json:"Version"`
		Statement []statement `json:"Statement"`
	}{"2012-10-17", list}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// with are the operations of a kind with wishes, of which some need calls instead
// of those of the plain kind: an answer of Insights is had without FilterLogEvents.
func (k Kind) with(wishes []string) []Operation {
	var ops []Operation
	for _, w := range wishes {
		ops = append(ops, k.Also[w]...)
	}
	if ops == nil {
		return k.Operations
	}
	return ops
}

// below is the condition that a listing stays below a prefix.
func below(prefix string) map[string]any {
	if prefix == "" {
		return nil
	}
	return map[string]any{"StringLike": map[string]any{"s3:prefix": prefix + "*"}}
}

// key allows KMS keys for what S3 does with them on the caller's behalf.
func key(partition string) statement {
	host := "s3.*.amazonaws.com"
	if partition == "aws-cn" {
		host += ".cn"
	}
	return statement{Sid: "DecryptObjects", Resource: "arn:" + partition + ":kms:*:*:key/*", Condition: map[string]any{"StringLike": map[string]any{"kms:ViaService": host}}}
}

// Partition is the partition that a Region is in.
func Partition(region string) string {
	for _, p := range []struct{ prefix, partition string }{
		{"cn-", "aws-cn"}, {"us-gov-", "aws-us-gov"}, {"us-isob-", "aws-iso-b"}, {"us-isof-", "aws-iso-f"}, {"us-iso-", "aws-iso"}, {"eu-isoe-", "aws-iso-e"}, {"eusc-", "aws-eusc"},
	} {
		if strings.HasPrefix(region, p.prefix) {
			return p.partition
		}
	}
	return "aws"
}
