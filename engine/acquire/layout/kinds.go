package layout

import (
	"regexp"
	"time"
)

// clockSkew is how far the clocks that name files and events may disagree.
const clockSkew = 5 * time.Minute

var (
	// toMinute and toSecond are the times in the names of most files:
	// …_20260102T0304Z_…, …_20260102T030405Z….
	toMinute = clock{at: regexp.MustCompile(`_(\d{8}T\d{4})Z`), layout: "20060102T1504"}
	toSecond = clock{at: regexp.MustCompile(`_(\d{8}T\d{6})Z`), layout: "20060102T150405"}
	// delivered is that of Firehose: stream-version-2026-01-02-03-04-05-uuid.
	delivered = clock{at: regexp.MustCompile(`-(\d{4}(?:-\d\d){5})-`), layout: "2006-01-02-15-04-05"}
)

// balancer is where all load balancers put their logs; names tell them apart.
func balancer() []route {
	return []route{path("AWSLogs/{account}/elasticloadbalancing/{region}", daily)}
}

// firehose is how Firehose lays down what it is handed, directly behind the
// prefix unless that ends with a slash.
func firehose() route { return route{date: hourly} }

// out are the ways out of CloudWatch Logs into a bucket: Firehose, and export
// tasks, no key of which says a time; exportedlogs is what they choose themselves.
func out() []route {
	return []route{firehose(), sometimes(path("{task}", undated)), sometimes(path("exportedlogs/{task}", undated))}
}

// exportTest is the object by which an export task tries whether it may write.
var exportTest = regexp.MustCompile(`^aws-logs-write-test$`)

// Kinds are all kinds of logs that AWS delivers to buckets, by name.
func Kinds() []Kind {
	return []Kind{
		{
			Name: "alb", Title: "Application Load Balancer access logs",
			// A file is for five minutes, and named by their end.
			Early: clockSkew, Late: time.Hour, routes: balancer(),
			name: regexp.MustCompile(`_elasticloadbalancing_[a-z0-9-]+_app\.`), not: regexp.MustCompile(`^(conn|health_check)_log[._]`),
			clocks: []clock{toMinute}, Cite: "Elastic Load Balancing, Application Load Balancers, Access log files",
		},
		{
			Name: "alb_connection", Title: "Application Load Balancer connection logs",
			Early: clockSkew, Late: time.Hour, routes: balancer(),
			name:   regexp.MustCompile(`^conn_log[._].*_elasticloadbalancing_`),
			clocks: []clock{toMinute}, Cite: "Elastic Load Balancing, Application Load Balancers, Connection log files",
		},
		{
			Name: "api_gateway", Title: "API Gateway logs out of CloudWatch Logs by Firehose or export tasks",
			Early: time.Hour, Late: 12 * time.Hour, routes: out(),
			not: exportTest, clocks: []clock{delivered}, Cite: "Amazon Data Firehose Developer Guide, Amazon S3 object name format",
		},
		{
			Name: "clb", Title: "Classic Load Balancer access logs",
			// A file is for 5 or 60 minutes, and named by their end.
			Early: clockSkew, Late: 2 * time.Hour, routes: balancer(),
			name: regexp.MustCompile(`_elasticloadbalancing_[a-z0-9-]+_[A-Za-z0-9-]+_\d{8}T\d{4}Z_`), not: regexp.MustCompile(`^(conn|health_check)_log[._]`),
			clocks: []clock{toMinute}, Cite: "Elastic Load Balancing, Classic Load Balancers, Access log files",
		},
		{
			Name: "cloudfront", Title: "CloudFront standard logs", Named: "distribution",
			// The hour in a name is that of the requests; a file may come a day late, under that hour.
			Early: clockSkew, Late: clockSkew,
			routes: []route{
				// Legacy logs stand directly behind the prefix, E2EXAMPLE.2026-01-02-03.….gz.
				// All ids begin with E, which keeps the listing off other folders.
				{levels: []level{{before: "E", kind: named}}, date: flatDay, flat: true},
				sometimes(path("AWSLogs/{account}/CloudFront", undated)),
				sometimes(path("AWSLogs/aws-account-id={account}/CloudFront", undated)),
			},
			name:   regexp.MustCompile(`(^|\.)[A-Z0-9]{10,20}\.\d{4}(-\d\d){3}\.`),
			clocks: []clock{{at: regexp.MustCompile(`\.(\d{4}(?:-\d\d){3})\.`), layout: "2006-01-02-15", length: time.Hour}},
			Cite:   "CloudFront Developer Guide, File name format; Send logs to Amazon S3",
		},
		{
			Name: "cloudtrail", Title: "CloudTrail events",
			// Named by the time of delivery, about 5 minutes after the event.
			Early: clockSkew, Late: 2 * time.Hour,
			routes: []route{path("AWSLogs/{org}/{account}/{CloudTrail|CloudTrail-NetworkActivity|CloudTrail-Aggregated}/{region}", daily)},
			name:   regexp.MustCompile(`_CloudTrail(-NetworkActivity|-Aggregated)?_`), clocks: []clock{toMinute},
			Cite: "CloudTrail User Guide, Finding your CloudTrail log files",
		},
		{
			Name: "cloudtrail_digest", Also: []string{"digest"}, Title: "CloudTrail digest files",
			// Named by the end of their hour; the one before tells of the first.
			Early: time.Hour, Late: 2 * time.Hour,
			routes: []route{path("AWSLogs/{org}/{account}/CloudTrail-Digest/{region}", daily)},
			name:   regexp.MustCompile(`_CloudTrail-Digest_`), clocks: []clock{toSecond},
			Cite: "CloudTrail User Guide, CloudTrail digest file structure",
		},
		{
			Name: "cloudtrail_insights", Also: []string{"insights"}, Title: "CloudTrail Insights events",
			// The record of an end is delivered when the unusual activity is over.
			Early: clockSkew, Late: 24 * time.Hour,
			routes: []route{path("AWSLogs/{org}/{account}/CloudTrail-Insight/{region}", daily)},
			name:   regexp.MustCompile(`_CloudTrail-Insight_`), clocks: []clock{toMinute},
			Cite: "CloudTrail User Guide, Finding your CloudTrail log files",
		},
		{
			Name: "cloudtrail_lake", Title: "Results of CloudTrail Lake queries saved to a bucket",
			// By the day of the query, whatever it asked for.
			Early: 24 * time.Hour, Late: 24 * time.Hour,
			routes: []route{path("AWSLogs/{account}/CloudTrail-Lake/Query", daily)},
			name:   regexp.MustCompile(`^result_`), Cite: "CloudTrail User Guide, Find your CloudTrail Lake saved query results",
		},
		{
			Name: "cloudwatch_logs", Title: "CloudWatch Logs export tasks and Firehose deliveries",
			Early: time.Hour, Late: 12 * time.Hour, routes: out(),
			not: exportTest, clocks: []clock{delivered},
			Cite: "CloudWatch Logs User Guide, Exporting log data to Amazon S3",
		},
		{
			Name: "config_compliance", Title: "AWS Config notifications of compliance that Firehose delivered",
			Early: time.Hour, Late: 2 * time.Hour, routes: []route{firehose()},
			clocks: []clock{delivered}, Cite: "Amazon Data Firehose Developer Guide, Amazon S3 object name format",
		},
		{
			Name: "config_items", Also: []string{"config"}, Title: "AWS Config snapshots and histories",
			// A history is for six hours, a snapshot for a day at most; the last one
			// before shows how things were at the beginning.
			Early: 24 * time.Hour, Late: 24 * time.Hour,
			routes: []route{path("AWSLogs/{account}/Config/{region}", unpadded)},
			name:   regexp.MustCompile(`_Config_[a-z0-9-]+_(ConfigSnapshot|ConfigHistory|ChangeNotification)_`), clocks: []clock{toSecond},
			Cite: "AWS Config Developer Guide, Viewing configuration history; Delivering configuration snapshot",
		},
		{
			Name: "eks_audit", Also: []string{"eks"}, Title: "EKS control plane logs out of CloudWatch Logs by Firehose or export tasks",
			Early: time.Hour, Late: 12 * time.Hour, routes: out(),
			not: exportTest, clocks: []clock{delivered}, Cite: "Amazon Data Firehose Developer Guide, Amazon S3 object name format",
		},
		{
			Name: "eventbridge", Title: "EventBridge events that Firehose delivered",
			Early: time.Hour, Late: 2 * time.Hour, routes: []route{firehose()},
			clocks: []clock{delivered}, Cite: "Amazon Data Firehose Developer Guide, Amazon S3 object name format",
		},
		{
			Name: "guardduty", Title: "GuardDuty findings exported to a bucket",
			// Updates are exported every six hours at the latest; names have no time.
			Early: clockSkew, Late: 12 * time.Hour,
			routes: []route{path("AWSLogs/{account}/GuardDuty/{region}", daily)},
			name:   regexp.MustCompile(`\.jsonl(\.gz)?$`), Cite: "Amazon GuardDuty User Guide, Exporting generated findings to Amazon S3",
		},
		{
			Name: "network_firewall", Title: "Network Firewall logs", Named: "firewall",
			Early: clockSkew, Late: 2 * time.Hour,
			routes: []route{path("AWSLogs/{account}/network-firewall/{alert|flow|tls}/{region}/{name}", hourly)},
			name:   regexp.MustCompile(`_network-firewall_(alert|flow|tls)_`),
			// The guide's own example lacks T and Z.
			clocks: []clock{toMinute, {at: regexp.MustCompile(`_(\d{12})_`), layout: "200601021504"}},
			Cite:   "AWS Network Firewall Developer Guide, Sending AWS Network Firewall logs to Amazon S3",
		},
		{
			Name: "nlb", Title: "Network Load Balancer access logs",
			Early: clockSkew, Late: 2 * time.Hour, routes: balancer(),
			name:   regexp.MustCompile(`_elasticloadbalancing_[a-z0-9-]+_net\.`),
			clocks: []clock{toMinute}, Cite: "Elastic Load Balancing, Network Load Balancers, Access log files",
		},
		{
			Name: "ocsf", Also: []string{"security_lake"}, Title: "Security Lake", Named: "Security Lake source",
			Early: clockSkew, Late: 24 * time.Hour,
			routes: []route{path("aws/{name}/{version}/region={region}/accountId={account}", compact),
				sometimes(path("ext/{name}/{version}/region={region}/accountId={account}", compact)), sometimes(path("ext/{name}/region={region}/accountId={account}", compact))},
			name: regexp.MustCompile(`\.parquet$`), Cite: "Amazon Security Lake User Guide, Data storage in Security Lake",
		},
		{
			Name: "rds_audit", Title: "RDS and Aurora audit logs out of CloudWatch Logs by Firehose or export tasks",
			Early: time.Hour, Late: 12 * time.Hour, routes: out(),
			not: exportTest, clocks: []clock{delivered}, Cite: "Amazon Data Firehose Developer Guide, Amazon S3 object name format",
		},
		{
			Name: "redshift_audit", Also: []string{"redshift"}, Title: "Redshift audit logs",
			// Hourly, and later where the cluster is busy.
			Early: clockSkew, Late: 24 * time.Hour,
			routes: []route{path("AWSLogs/{account}/redshift/{region}", daily)},
			name:   regexp.MustCompile(`_redshift_[a-z0-9-]+_.*_(connectionlog|userlog|useractivitylog)_`),
			clocks: []clock{{at: regexp.MustCompile(`_(\d{4}-\d\d-\d\dT\d\d:\d\d)`), layout: "2006-01-02T15:04"}},
			Cite:   "Amazon Redshift Management Guide, Database audit logging, Log file location",
		},
		{
			Name: "route53_public", Title: "Route 53 public query logs out of CloudWatch Logs by Firehose or export tasks",
			Early: time.Hour, Late: 12 * time.Hour, routes: out(),
			not: exportTest, clocks: []clock{delivered}, Cite: "Amazon Data Firehose Developer Guide, Amazon S3 object name format",
		},
		{
			Name: "route53_resolver", Also: []string{"resolver"}, Title: "Route 53 Resolver query logs", Named: "VPC",
			Early: clockSkew, Late: 2 * time.Hour,
			routes: []route{path("AWSLogs/{account}/vpcdnsquerylogs/{name}", daily)},
			name:   regexp.MustCompile(`_vpcdnsquerylogs_`), clocks: []clock{toMinute},
			Cite: "Route 53 Developer Guide, Resolver query logging, Amazon S3",
		},
		{
			Name: "s3_access", Title: "S3 server access logs", Named: "source bucket",
			// Most come within a few hours, best effort.
			Early: clockSkew, Late: 24 * time.Hour,
			// Logs parted by date need the account to be given: to look for it would
			// be to list all of the others' names.
			routes: []route{{date: flatDay}, needed(directly(path("{account}/{region}/{name}", daily)))},
			name:   regexp.MustCompile(`\d{4}(-\d\d){5}-[0-9A-Z]{16}$`),
			// Parted by the day of the events, the time of day is 00-00-00 in every name.
			clocks: []clock{{at: regexp.MustCompile(`(\d{4}-\d\d-\d\d-00-00-00)-[0-9A-Z]{16}$`), layout: "2006-01-02-00-00-00", length: 24 * time.Hour}, {at: regexp.MustCompile(`(\d{4}(?:-\d\d){5})-[0-9A-Z]{16}$`), layout: "2006-01-02-15-04-05"}},
			Cite:   "Amazon S3 User Guide, Logging requests with server access logging, Log object key format",
		},
		{
			Name: "securityhub", Title: "Security Hub findings that Firehose delivered",
			Early: time.Hour, Late: 2 * time.Hour, routes: []route{firehose()},
			clocks: []clock{delivered}, Cite: "Amazon Data Firehose Developer Guide, Amazon S3 object name format",
		},
		flowLogs("tgw_flow", "Transit Gateway flow logs, which lie among those of VPCs", "Amazon VPC Transit Gateways, Transit Gateway Flow Logs records in Amazon S3"),
		flowLogs("vpc_flow", "VPC flow logs", "VPC User Guide, Flow log files"),
		{
			Name: "waf", Title: "AWS WAF logs", Named: "web ACL",
			Early: clockSkew, Late: time.Hour,
			routes: []route{path("AWSLogs/{account}/WAFLogs/{region}/{name}", hourly), firehose()},
			name:   regexp.MustCompile(`_waflogs_|^aws-waf-logs-`), clocks: []clock{toMinute, delivered},
			Cite: "AWS WAF Developer Guide, Sending web ACL traffic logs to an Amazon S3 bucket",
		},
	}
}

// flowLogs are those of VPCs and of transit gateways: nothing in a key tells
// them apart. With hourly folders or without, one listing of the day has both.
func flowLogs(name, title, cite string) Kind {
	return Kind{
		Name: name, Title: title, Cite: cite,
		// The name's time is the end of five minutes in which windows of up to ten
		// minutes ended; a file comes ten minutes after that.
		Early: clockSkew, Late: time.Hour,
		routes: []route{
			path("AWSLogs/{account}/vpcflowlogs/{region}", daily),
			// The guide of transit gateways leaves the aws- out.
			sometimes(path("AWSLogs/aws-account-id={account}/{aws-service=vpcflowlogs|service=vpcflowlogs}/aws-region={region}", hive)),
		},
		name: regexp.MustCompile(`_vpcflowlogs_`), clocks: []clock{toMinute},
	}
}
