package incident

import (
	"fmt"
	"strconv"
	"time"

	"logquarry/cmd/logmaker/record"
)

// story is the break-in, in the order it happened.
func story(b *builder) {
	webAttack(b)
	leakedKeyUsed(b)
	escalation(b)
	persistence(b)
	evasion(b)
	secrets(b)
	theFirstShell(b)
	theft(b)
	execution(b)
	impact(b)
}

// every gives n moments from t on, step apart.
func every(t time.Time, n int, step time.Duration) []time.Time {
	list := make([]time.Time, n)
	for i := range list {
		list[i] = t.Add(time.Duration(i) * step)
	}
	return list
}

// webAttack: a scan of the shop and its addresses, SQL injection that the WAF
// counts or blocks, and two files served that should not have been there.
func webAttack(b *builder) {
	scanner := func(uri, args string) record.Web {
		return record.Web{Client: intruderIP, Country: "NL", URI: uri, Args: args, Version: "HTTP/1.1", JA4: "t13d1516h1_8daaf6152771_e5627efa2ab1",
			Headers: [][2]string{{"Host", "shop.example.com"}, {"User-Agent", "sqlmap/1.8.11#stable (https://sqlmap.org)"}, {"Accept", "*/*"}}}
	}
	var blocked, counted, served []string
	paths := []string{"/wp-login.php", "/phpinfo.php", "/admin/", "/.git/HEAD", "/actuator/env", "/server-status", "/backup.zip", "/.aws/credentials", "/config.json", "/cgi-bin/test"}
	for i, t := range every(at("10 13:05:00"), 60, 4*time.Second) {
		w := scanner(paths[i%len(paths)], "")
		w.Rule, w.RuleType, w.Action = "known-bad-inputs", "MANAGED_RULE_GROUP", "BLOCK"
		w.Groups = []record.RuleGroup{{ID: "AWS#AWSManagedRulesKnownBadInputsRuleSet", Terminating: &record.RuleHit{Rule: "ExploitablePaths_URIPATH", Action: "BLOCK"}}}
		w.Labels = []string{"awswaf:managed:aws:known-bad-inputs:ExploitablePaths_URIPath"}
		blocked = append(blocked, b.web(t, w))
	}
	for i, t := range every(at("10 13:20:00"), 70, 11*time.Second) {
		w := scanner("/search", fmt.Sprintf("id=%d%%20UNION%%20SELECT%%20%d,email,password%%20FROM%%20customers--", i, i))
		match := []record.Match{{Condition: "SQL_INJECTION", Sensitivity: "HIGH", Location: "ALL_QUERY_ARGS", Data: []string{strconv.Itoa(i), "UNION", "SELECT"}, Field: "id"}}
		w.Labels = []string{"awswaf:managed:aws:sql-database:SQLi_QueryArguments"}
		group := record.RuleGroup{ID: "AWS#AWSManagedRulesSQLiRuleSet#Version_2.0"}
		if i < 30 {
			w.Rule, w.RuleType, w.Action, w.Matches = "sqli", "MANAGED_RULE_GROUP", "BLOCK", match
			group.Terminating = &record.RuleHit{Rule: "SQLi_QUERYARGUMENTS", Action: "BLOCK", Matches: match}
			w.Groups = []record.RuleGroup{group}
			blocked = append(blocked, b.web(t, w))
			continue
		}
		// From here on in the body, where the rule only counts.
		w.Method, w.Args, w.BodySize = "POST", "", 300+i
		match[0].Location = "BODY"
		group.Counted = []record.RuleHit{{Rule: "SQLi_BODY", Action: "COUNT", Overridden: "BLOCK", Matches: match}}
		w.Groups = []record.RuleGroup{group}
		w.Labels = []string{"awswaf:managed:aws:sql-database:SQLi_Body"}
		counted = append(counted, b.web(t, w))
	}
	for i, uri := range []string{"/.env.bak", "/assets/.git/config"} {
		w := scanner(uri, "")
		w.Counted = []record.RuleHit{{Rule: "count-dotfiles", Action: "COUNT"}}
		served = append(served, b.web(at("10 14:18:30").Add(time.Duration(i)*50*time.Second), w))
	}
	b.found("I7", intruderIP, intruderIP, "/search", "SQL injection that the WAF only counted, and two dot files let through", all(counted, served)...)
	b.found("S3", intruderIP, intruderIP, "shop-web", "Blocked by the WAF first, successful calls with a leaked key an hour later", blocked...)

	var probes []string
	ports := []uint16{21, 22, 23, 25, 80, 110, 135, 139, 443, 445, 1433, 2375, 3306, 3389, 5432, 5900, 6379, 8000, 8081, 8443, 9000, 9200, 11211, 27017}
	for i, t := range every(at("10 14:30:00"), 96, 3*time.Second) {
		server := []host{web1, web2, database, balancer}[i/24]
		probes = append(probes, b.flow(server, t, intruderIP, server.private, 61000, ports[i%24], 6, 44, "REJECT"))
	}
	b.found("R5", "", intruderIP, "10.0.0.0/16", "One address, 24 ports on four interfaces, all rejected", probes...)
	for i, t := range every(at("10 13:05:00"), 30, 100*time.Second) {
		b.both(balancer, t, intruderIP, balancer.private, uint16(40000+i), 443, 5000, 30000)
	}
}

var (
	deploy   = keyed("ci-deploy", leakedKey, intruderIP, cli+"sts.get-caller-identity")
	regions  = []string{"us-east-1", "us-east-2", "us-west-1", "us-west-2", "eu-west-1", "eu-west-2", "eu-central-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "sa-east-1"}
	backdoor = keyed("svc-monitor", "AKIAEXAMPLESVCMON001", intruderIP, pacu)
	stolen   = keyed("backup-agent", "AKIAEXAMPLEBACKUP002", intruderIP, pacu) // a second key of an old user
)

// leakedKeyUsed: who am I, what is there, what may I.
func leakedKeyUsed(b *builder) {
	who := b.call(deploy.from("", truffle), at("10 15:02:11"), call{api: "sts:GetCallerIdentity"})
	again := b.call(deploy, at("10 15:03:40"), call{api: "sts:GetCallerIdentity"})
	enum := []string{b.call(deploy.from("", cli+"s3.ls"), at("10 15:04:02"), call{api: "s3:ListBuckets", request: m{"Host": "s3.us-east-1.amazonaws.com"}})}
	for i, bucket := range []string{"assets", "uploads", "customers", "backups", "logs", "artifacts"} {
		for j, api := range []string{"GetBucketAcl", "GetBucketLocation", "GetBucketPolicy", "GetBucketEncryption"} {
			c := call{api: "s3:" + api, request: m{"bucketName": "example-shop-" + bucket}, resources: []string{"arn:aws:s3:::example-shop-" + bucket}}
			if j == 2 {
				c.failed = "AccessDenied"
			}
			enum = append(enum, b.call(deploy.from("", pacu), at("10 15:04:10").Add(time.Duration(i*8+j*2)*time.Second), c))
		}
	}
	b.found("C4", deploy.name, intruderIP, leakedKey, "A secret scanner tries the leaked key", who)
	b.found("R3", deploy.name, intruderIP, leakedKey, "GetCallerIdentity, then S3 enumeration within five minutes", all([]string{who, again}, enum)...)
	b.found("R4", deploy.name, intruderIP, "example-shop-*", "Six buckets enumerated in one minute", enum...)

	var recon, denied []string
	for i, api := range []string{"iam:ListUsers", "iam:ListRoles", "iam:GetAccountAuthorizationDetails", "iam:ListAttachedUserPolicies", "ec2:DescribeInstances", "ec2:DescribeSecurityGroups",
		"ec2:DescribeSnapshots", "rds:DescribeDBInstances", "lambda:ListFunctions20150331", "secretsmanager:ListSecrets", "ssm:DescribeParameters", "kms:ListAliases", "cloudtrail:DescribeTrails", "guardduty:ListDetectors"} {
		recon = append(recon, b.call(deploy.from("", pacu), at("10 15:06:00").Add(time.Duration(i*4)*time.Second), call{api: api}))
	}
	b.found("R1", deploy.name, intruderIP, "", "Fourteen kinds of reconnaissance calls in one minute", recon...)
	for i, api := range []string{"organizations:ListAccounts", "organizations:DescribeOrganization", "iam:CreateUser", "iam:GenerateCredentialReport", "iam:GetCredentialReport", "ec2:GetPasswordData", "sso:ListInstances",
		"dynamodb:ListTables", "sqs:ListQueues", "sns:ListTopics", "glue:GetDatabases", "athena:ListWorkGroups", "eks:ListClusters", "elasticache:DescribeCacheClusters", "redshift:DescribeClusters", "codebuild:ListProjects"} {
		c := call{api: api, failed: "AccessDenied"}
		if i > 6 {
			c.failed = "AccessDeniedException"
		}
		denied = append(denied, b.call(deploy.from("", pacu), at("10 15:08:00").Add(time.Duration(i*9)*time.Second), c))
	}
	b.found("R2", deploy.name, intruderIP, leakedKey, "Sixteen denied calls in three minutes", denied...)
	b.found("T3", deploy.name, intruderIP, leakedKey, "The principal denied most", denied...)

	var wide, assume []string
	for i, region := range regions {
		wide = append(wide, b.call(deploy.from("", pacu), at("10 15:12:00").Add(time.Duration(i*3)*time.Second), call{api: "ec2:DescribeInstances", region: region, request: m{"filterSet": m{}, "instancesSet": m{}}}))
	}
	wide = append(wide, b.call(deploy.from("", pacu), at("10 15:13:00"), call{api: "ses:GetSendQuota"}), b.call(deploy.from("", pacu), at("10 15:13:05"), call{api: "servicequotas:GetServiceQuota", region: "ap-southeast-2", request: m{"serviceCode": "ec2", "quotaCode": "L-417A185B"}}))
	b.found("R4", deploy.name, intruderIP, "12 regions", "Instances described in twelve regions in 40 seconds, quotas asked for", wide...)
	for i := range 9 {
		role := []string{"Admin", "OrganizationAccountAccessRole", "root-access", "DevOps", "SecurityAudit", "terraform", "jenkins", "eks-admin", "breakglass"}[i]
		assume = append(assume, b.call(deploy.from("", pacu), at("10 15:16:00").Add(time.Duration(i*5)*time.Second), call{api: "sts:AssumeRole", failed: "AccessDenied", request: m{"roleArn": roleARN(role), "roleSessionName": "a"}}))
	}
	b.found("V7", deploy.name, intruderIP, "9 roles", "Roles guessed, each refused", assume...)
	b.found("T4", deploy.name, intruderIP, leakedKey, "The leaked key: one address of the build server before, the scanner's address after", all([]string{who, again}, enum, recon, denied, wide, assume)...)
	b.found("L3", deploy.name, intruderIP, leakedKey, "The build server's key at a second address with other programs", who)
	b.found("S2", deploy.name, intruderIP, leakedKey, "The caller's address scanned the web tier first", who, again)
}

// escalation: from the build server's key to administrator.
func escalation(b *builder) {
	version := b.call(deploy.from("", pacu), at("10 15:30:00"), call{api: "iam:CreatePolicyVersion", request: m{"policyArn": customPolicy, "setAsDefault": true,
		"policyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`}, response: m{"policyVersion": m{"versionId": "v7", "isDefaultVersion": true}}})
	b.found("V2", deploy.name, intruderIP, customPolicy, "A policy version that allows everything, made the default", version)
	key := b.call(deploy.from("", pacu), at("10 15:33:10"), call{api: "iam:CreateAccessKey", request: m{"userName": "backup-agent"}, response: m{"accessKey": m{"accessKeyId": "AKIAEXAMPLEBACKUP002", "userName": "backup-agent", "status": "Active"}}})
	attach := b.call(deploy.from("", pacu), at("10 15:35:00"), call{api: "iam:AttachUserPolicy", request: m{"userName": "backup-agent", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}})
	inline := b.call(deploy.from("", pacu), at("10 15:36:00"), call{api: "iam:PutUserPolicy", request: m{"userName": "ci-deploy", "policyName": "ci-extra", "policyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:*","Resource":"*"}]}`}})
	b.found("V1", deploy.name, intruderIP, "backup-agent", "AdministratorAccess attached to a user; a wildcard inline policy", attach, inline)
	user := b.call(stolen, at("10 15:41:00"), call{api: "iam:CreateUser", request: m{"userName": "svc-monitor"}, response: m{"user": m{"userName": "svc-monitor", "arn": userARN("svc-monitor")}}})
	userKey := b.call(stolen, at("10 15:42:30"), call{api: "iam:CreateAccessKey", request: m{"userName": "svc-monitor"}, response: m{"accessKey": m{"accessKeyId": "AKIAEXAMPLESVCMON001", "userName": "svc-monitor", "status": "Active"}}})
	profile := b.call(stolen, at("10 15:43:00"), call{api: "iam:CreateLoginProfile", request: m{"userName": "svc-monitor", "passwordResetRequired": false}})
	userAdmin := b.call(stolen, at("10 15:43:20"), call{api: "iam:AttachUserPolicy", request: m{"userName": "svc-monitor", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}})
	b.found("V1", stolen.name, intruderIP, "svc-monitor", "AdministratorAccess attached to the new user", userAdmin)
	b.found("P1", stolen.name, intruderIP, "svc-monitor", "A second key for another user, a new user with key and password", key, user, userKey, profile)
	b.found("P2", stolen.name, intruderIP, "svc-monitor", "A user and its key within two minutes from one address", user, userKey)
	login := b.signIn(signingIn("svc-monitor", intruderIP, browser), at("10 15:50:00"), "Success", "No")
	b.found("I1", userARN("svc-monitor"), intruderIP, "console", "Console sign-in without MFA", login)
	b.found("I5", userARN("svc-monitor"), intruderIP, "console", "Signed in as an IAM user, not through the identity provider", login)
	role := b.call(stolen, at("10 16:30:00"), call{api: "iam:CreateRole", request: m{"roleName": "svc-monitor-role", "assumeRolePolicyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}})
	roleAdmin := b.call(stolen, at("10 16:31:00"), call{api: "iam:AttachRolePolicy", request: m{"roleName": "svc-monitor-role", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"}})
	b.found("V5", stolen.name, intruderIP, "svc-monitor-role", "A role, and administrator rights for it a minute later", role, roleAdmin)
	b.found("V1", stolen.name, intruderIP, "svc-monitor-role", "AdministratorAccess attached to the new role", roleAdmin)
	lambda := b.call(stolen, at("10 16:33:00"), call{api: "lambda:CreateFunction20150331", request: m{"functionName": "svc-monitor", "role": roleARN("svc-monitor-role"), "runtime": "python3.12", "handler": "a.b"}})
	url := b.call(stolen, at("10 16:34:00"), call{api: "lambda:CreateFunctionUrlConfig", request: m{"functionName": "svc-monitor", "authType": "NONE"}})
	public := b.call(stolen, at("10 16:34:20"), call{api: "lambda:AddPermission20150331v2", request: m{"functionName": "svc-monitor", "principal": "*", "action": "lambda:InvokeFunctionUrl", "statementId": "pub", "functionUrlAuthType": "NONE"}})
	b.found("V3", stolen.name, intruderIP, "svc-monitor-role", "The administrator role passed to a new function", role, lambda)
	b.found("E4", stolen.name, intruderIP, "svc-monitor", "A function made by hand from outside", lambda)
	b.found("I10", stolen.name, intruderIP, "svc-monitor", "A function URL that anybody may call", url, public)
	change := b.call(stolen, at("10 19:00:00"), call{api: "iam:UpdateLoginProfile", request: m{"userName": "carol"}})
	carol := b.signIn(signingIn("carol", intruderIP, browser), at("10 19:06:00"), "Success", "No")
	b.found("V4", stolen.name, intruderIP, "carol", "Another user's password changed, then used", change, carol)
	b.found("I1", userARN("carol"), intruderIP, "console", "Console sign-in without MFA", carol)
}
