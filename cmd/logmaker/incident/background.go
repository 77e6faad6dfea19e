package incident

import (
	"fmt"
	"strconv"
	"time"

	"logquarry/cmd/logmaker/record"
)

const days = 3

var firstDay = at("10 00:00:00")

// background is three days of ordinary work. Some of it comes near to what the
// hunts look for, and must not be found.
func background(b *builder) {
	ordinaryCalls(b)
	nearMisses(b)
	ordinaryFlows(b)
	ordinaryVisits(b)
}

// somewhen is a moment of the three days, more of them in office hours.
func (b *builder) somewhen() time.Time {
	hour := b.r.IntN(24)
	if b.r.IntN(3) > 0 {
		hour = 8 + b.r.IntN(10)
	}
	return firstDay.Add(time.Duration(b.r.IntN(days)*24+hour)*time.Hour + time.Duration(b.r.IntN(3600))*time.Second)
}

func ordinaryCalls(b *builder) {
	secrets := []string{"prod/db", "prod/smtp"}
	for range 1300 {
		t := b.somewhen()
		hourly := t.Truncate(time.Hour)
		app := session("AppInstanceRole", web1.instance, "ASIAEXAMPLE"+fixed("web1"+hourly.Format("0215"), 9), web1.private, boto, record.Session{Created: hourly, IMDS: true})
		app.endpoint = "vpce-0a1b2c3d4e5f60401"
		other := session("AppInstanceRole", web2.instance, "ASIAEXAMPLE"+fixed("web2"+hourly.Format("0215"), 9), web2.public, boto, record.Session{Created: hourly, IMDS: true})
		admin := session("Admin", "alice@example.com", "ASIAEXAMPLE"+fixed("alice"+t.Format("02"), 9), officeIP, macBrowser, record.Session{Created: t.Truncate(12 * time.Hour), MFA: true, Identity: "alice"})
		admin.console = true
		ci := keyed("ci-deploy", leakedKey, "192.0.2.44", terraform)
		switch x := b.r.IntN(100); {
		case x < 16:
			service := []string{"ec2.amazonaws.com", "lambda.amazonaws.com", "config.amazonaws.com", "glue.amazonaws.com"}[b.r.IntN(4)]
			role := map[string]string{"ec2.amazonaws.com": "AppInstanceRole", "lambda.amazonaws.com": "OrdersLambda", "config.amazonaws.com": "ConfigRecorder", "glue.amazonaws.com": "DataPipeline"}[service]
			b.call(awsService(service), t, call{api: "sts:AssumeRole", request: m{"roleArn": roleARN(role), "roleSessionName": service[:3] + "-session"}, resources: []string{roleARN(role)}})
		case x < 30:
			b.object(app, t, "GetObject", "example-shop-assets", fmt.Sprintf("img/%d.webp", b.r.IntN(4000)), int64(2000+b.r.IntN(90000)), "")
		case x < 36:
			b.object(other, t, "PutObject", "example-shop-uploads", fmt.Sprintf("in/%d.jpg", b.r.IntN(4000)), int64(2000+b.r.IntN(90000)), "")
		case x < 40:
			b.object(app, t, "GetObject", customerBucket, fmt.Sprintf("profiles/%05d.json", b.r.IntN(4000)), int64(900+b.r.IntN(3000)), "")
		case x < 50:
			b.call(app, t, call{api: "kms:Decrypt", request: m{"encryptionAlgorithm": "SYMMETRIC_DEFAULT", "encryptionContext": m{"aws:s3:arn": "arn:aws:s3:::" + customerBucket}}, resources: []string{"arn:aws:kms:us-east-1:111122223333:key/11111111-aaaa-bbbb-cccc-222222222222"}})
		case x < 60:
			b.call(ci, t, call{api: []string{"ec2:DescribeInstances", "ecs:DescribeServices", "ecr:GetAuthorizationToken", "cloudformation:DescribeStacks", "ec2:DescribeSecurityGroups"}[b.r.IntN(5)], request: m{"maxResults": 100}})
		case x < 64:
			b.call(ci, t, call{api: "ecs:UpdateService", request: m{"cluster": "shop", "service": "web", "taskDefinition": "web:" + strconv.Itoa(100+b.r.IntN(30))}})
		case x < 72:
			b.call(admin, t, call{api: []string{"ec2:DescribeInstances", "cloudtrail:LookupEvents", "logs:DescribeLogGroups", "iam:ListUsers", "monitoring:DescribeAlarms", "s3:ListBuckets"}[b.r.IntN(6)], request: m{"maxResults": 50}})
		case x < 77:
			b.call(session("OrdersLambda", "orders", "ASIAEXAMPLE"+fixed("orders"+hourly.Format("0215"), 9), "192.0.2.77", boto, record.Session{Created: hourly}), t,
				call{api: "secretsmanager:GetSecretValue", request: m{"secretId": secrets[b.r.IntN(2)]}})
		case x < 84:
			b.call(session("OrdersLambda", "orders", "ASIAEXAMPLE"+fixed("orders"+hourly.Format("0215"), 9), "192.0.2.77", boto, record.Session{Created: hourly}), t,
				call{api: "logs:CreateLogStream", request: m{"logGroupName": "/aws/lambda/orders", "logStreamName": t.Format("2006/01/02") + "/[$LATEST]" + record.Hex(b.r, 32)}})
		case x < 90:
			b.call(app, t, call{api: "ssm:UpdateInstanceInformation", request: m{"instanceId": web1.instance, "agentVersion": "3.3.1611.0", "agentStatus": "Active", "platformType": "Linux"}})
		case x < 95:
			b.call(app, t, call{api: "ec2:DescribeInstances", region: second, request: m{"filterSet": m{}, "instancesSet": m{}}})
		case x < 97:
			b.call(awsService("cloudtrail.amazonaws.com"), t, call{api: "s3:GetBucketAcl", request: m{"bucketName": "example-trail-logs", "acl": ""}, resources: []string{"arn:aws:s3:::example-trail-logs"}})
		case x < 99:
			b.call(app, t, call{api: "s3:GetBucketPolicy", request: m{"bucketName": "example-shop-assets", "policy": ""}, failed: "NoSuchBucketPolicy", message: "The bucket policy does not exist"})
		default:
			b.call(keyed("backup-agent", "AKIAI44QH8DHBEXAMPLE", "192.0.2.45", boto), t, call{api: "ec2:CreateSnapshot", request: m{"volumeId": "vol-0a1b2c3d4e5f60501"}, response: m{"snapshotId": "snap-0" + record.Hex(b.r, 16), "ownerId": company}})
		}
	}
	for i := range 60 { // another account of the same company
		dev := keyed("dev", "AKIAEXAMPLESISTER001", "192.0.2.46", boto)
		dev.account = sister
		dev.identity = record.UserIdentity(sister, "AIDAEXAMPLESISTERDEV1", "dev", "AKIAEXAMPLESISTER001", nil)
		b.call(dev, b.somewhen(), call{api: []string{"ec2:DescribeInstances", "s3:ListBuckets", "lambda:ListFunctions20150331"}[i%3], request: m{"maxItems": 10}})
	}
}

// nearMisses are ordinary, each close to a hunt.
func nearMisses(b *builder) {
	admin := session("Admin", "alice@example.com", "ASIAEXAMPLE"+fixed("alice10", 9), officeIP, macBrowser, record.Session{Created: at("10 08:00:00"), MFA: true, Identity: "alice"})
	admin.console = true
	// People signing in, with MFA; one forgets the password twice.
	for d := range days {
		for i, user := range []string{"bob", "carol", "dave"} {
			b.signIn(signingIn(user, officeIP, macBrowser), firstDay.AddDate(0, 0, d).Add(time.Duration(8*60+7*i+b.r.IntN(5))*time.Minute), "Success", "Yes")
		}
	}
	b.signIn(signingIn("dave", officeIP, macBrowser), at("11 08:20:10"), "Failure", "No")
	b.signIn(signingIn("dave", officeIP, macBrowser), at("11 08:20:41"), "Failure", "No")
	b.signIn(signingIn("dave", officeIP, macBrowser), at("11 08:21:30"), "Success", "Yes")
	// A new colleague, in no hurry: a user, and a read-only policy.
	b.call(admin, at("10 09:12:00"), call{api: "iam:CreateUser", request: m{"userName": "erin"}, response: m{"user": m{"userName": "erin", "arn": userARN("erin")}}})
	b.call(admin, at("10 10:40:00"), call{api: "iam:CreateAccessKey", request: m{"userName": "erin"}, response: m{"accessKey": m{"accessKeyId": "AKIAEXAMPLEERIN00001", "userName": "erin", "status": "Active"}}})
	b.call(admin, at("10 09:20:00"), call{api: "iam:AttachUserPolicy", request: m{"userName": "erin", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}})
	// A policy version that does not become the default.
	b.call(keyed("ci-deploy", leakedKey, "192.0.2.44", terraform), at("10 11:05:00"), call{api: "iam:CreatePolicyVersion", request: m{"policyArn": customPolicy, "setAsDefault": false,
		"policyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ecs:UpdateService","Resource":"*"}]}`}})
	// SSH opened, to the inside only; HTTPS to everybody.
	b.call(admin, at("10 14:00:00"), ingress("sg-0a1b2c3d4e5f60024", 22, "10.0.0.0/8"))
	b.call(admin, at("10 14:03:00"), ingress("sg-0a1b2c3d4e5f60025", 443, "0.0.0.0/0"))
	// A snapshot for the sister account, and her auditor.
	b.call(admin, at("11 10:00:00"), call{api: "ec2:ModifySnapshotAttribute", request: m{"snapshotId": "snap-0a1b2c3d4e5f60611", "attributeType": "CREATE_VOLUME_PERMISSION",
		"createVolumePermission": m{"add": m{"items": []m{{"userId": sister}}}}}})
	auditor := actor{name: "AIDAEXAMPLEAUDITOR001", identity: []byte(`{"type":"AWSAccount","principalId":"AIDAEXAMPLEAUDITOR001","accountId":"` + sister + `"}`), ip: "192.0.2.47", agent: boto}
	for d := range days {
		b.call(auditor, firstDay.AddDate(0, 0, d).Add(6*time.Hour), call{api: "sts:AssumeRole", request: m{"roleArn": roleARN("OrgAudit"), "roleSessionName": "audit"}, resources: []string{roleARN("OrgAudit")}})
	}
	// Denied now and then, never in a burst.
	for i := range 8 {
		b.call(keyed("backup-agent", "AKIAI44QH8DHBEXAMPLE", "192.0.2.45", boto), at("11 09:00:00").Add(time.Duration(i)*47*time.Minute),
			call{api: "ec2:DescribeVolumes", failed: "Client.UnauthorizedOperation", message: "You are not authorized to perform this operation."})
	}
	// Patching, one machine.
	b.call(admin, at("12 05:00:00"), call{api: "ssm:SendCommand", request: m{"documentName": "AWS-RunPatchBaseline", "instanceIds": []string{web1.instance}}})
	// A machine started of the usual kind, in the usual region.
	b.call(admin, at("12 09:30:00"), runInstances(home, "m6i.large", 1))
	// Tidying up: a few deletions.
	for i := range 5 {
		b.object(admin, at("12 10:00:00").Add(time.Duration(i)*time.Minute), "DeleteObject", "example-shop-uploads", fmt.Sprintf("tmp/%d", i), 0, "")
	}
	// Flow log created, detector read, alarm set: the harmless neighbours of tampering.
	b.call(admin, at("10 15:30:00"), call{api: "guardduty:GetDetector", request: m{"detectorId": "12abc34d567e8fa901bc2d34e56789f0"}})
	b.call(admin, at("12 11:00:00"), call{api: "cloudtrail:GetTrailStatus", request: m{"name": "management"}})
	// Backup reads much, in a few large objects.
	for i := range 12 {
		b.object(keyed("backup-agent", "AKIAI44QH8DHBEXAMPLE", "192.0.2.45", boto), at("12 03:00:00").Add(time.Duration(i)*time.Minute), "GetObject", "example-shop-backups", fmt.Sprintf("db/%d.dump", i), 80_000_000, "")
	}
	for _, n := range [][3]string{
		{"I3", userARN("dave"), "Two failures, then in, with MFA, from the office"},
		{"I1", userARN("carol"), "Signs in with MFA each morning; only the sign-in of the 10th at 19:06 lacks it"},
		{"P2", admin.name, "User and key an hour and a half apart"},
		{"V1", admin.name, "ReadOnlyAccess attached to erin"},
		{"V2", userARN("ci-deploy"), "A policy version that is not made the default, from 192.0.2.44"},
		{"X5", admin.name, "22 opened to 10.0.0.0/8; 443 opened to the world"},
		{"X1", admin.name, "A snapshot shared with the sister account " + sister},
		{"L1", auditor.name, "The sister account's auditor assumes OrgAudit each day"},
		{"R2", userARN("backup-agent"), "Eight denied calls, 47 minutes apart"},
		{"E2", admin.name, "A patch command to one instance"},
		{"E1", admin.name, "One m6i.large in the usual region"},
		{"M1", admin.name, "Five objects deleted in five minutes"},
		{"K1", userARN("backup-agent"), "Twelve large objects of the backup bucket"},
		{"C1", sessionARN("OrdersLambda", "orders"), "Two secrets, read all day"},
		{"I6", sessionARN("AppInstanceRole", web2.instance), "Instance credentials from the instance's own public address " + web2.public},
		{"N2", web1.private, "NTP, each 1,024 seconds, to 192.0.2.123"},
		{"L2", office.private, "SSH from the VPN to " + web1.private},
		{"D8", lake.eni, "A single NODATA now and then"},
		{"R5", "203.0.113.0/24", "One or two rejected ports from each of many addresses"},
		{"I7", "203.0.113.0/24", "A search for o'brien, matched by no rule"},
		{"S3", "192.0.2.88", "A partner's scanner: blocked, never seen elsewhere"},
	} {
		b.nearMiss(n[0], n[1], n[2])
	}
}

func ingress(group string, port int, cidr string) call {
	return call{api: "ec2:AuthorizeSecurityGroupIngress", request: m{"groupId": group, "ipPermissions": m{"items": []m{{"ipProtocol": "tcp", "fromPort": port, "toPort": port,
		"groups": m{}, "ipRanges": m{"items": []m{{"cidrIp": cidr}}}, "ipv6Ranges": m{}, "prefixListIds": m{}}}}}, response: m{"_return": true}}
}

func runInstances(region, kind string, count int) call {
	return call{api: "ec2:RunInstances", region: region, request: m{"instanceType": kind, "instancesSet": m{"items": []m{{"imageId": "ami-0a1b2c3d4e5f60701", "minCount": count, "maxCount": count}}}, "disableApiTermination": false},
		response: m{"reservationId": "r-0a1b2c3d4e5f60801", "ownerId": company, "instancesSet": m{"items": []m{{"instanceId": "i-0a1b2c3d4e5f60901", "instanceType": kind, "currentState": m{"code": 0, "name": "pending"}}}}}}
}

func ordinaryFlows(b *builder) {
	visitors := []string{"192.0.2.31", "192.0.2.32", "198.51.100.20", "198.51.100.21", "203.0.113.20", "203.0.113.21", "203.0.113.22"}
	high := func() uint16 { return uint16(32768 + b.r.IntN(28000)) }
	for range 1100 {
		t := b.somewhen()
		server := []host{web1, web2}[b.r.IntN(2)]
		size := int64(600 + b.r.IntN(40000))
		switch x := b.r.IntN(20); {
		case x < 8:
			b.both(balancer, t, visitors[b.r.IntN(len(visitors))], balancer.private, high(), 443, size/4, size)
		case x < 14:
			b.both(server, t, balancer.private, server.private, high(), 8080, size/4, size)
		case x < 18:
			b.both(server, t, server.private, database.private, high(), 5432, size/8, size)
		case x < 19:
			b.flow(server, t, server.v6, "2001:db8:ffff::1", high(), 443, 6, size, "ACCEPT")
		default: // the noise of the internet: one port each
			b.flow(web1, t, "203.0.113."+strconv.Itoa(150+b.r.IntN(90)), web1.private, high(), []uint16{23, 445, 5060, 8081}[b.r.IntN(4)], 6, 40, "REJECT")
		}
	}
	// The clock is asked at intervals that are regular, but by NTP; beacons are not.
	for i := range 70 {
		b.flow(web1, firstDay.Add(time.Duration(i)*1024*time.Second), web1.private, "192.0.2.123", 123, 123, 17, 76, "ACCEPT")
	}
	for range 260 {
		t := b.somewhen()
		b.both(office, t, "192.0.2.10", office.private, high(), 443, 900, int64(2000+b.r.IntN(9000)))
		if b.r.IntN(4) == 0 {
			b.both(lake, t, lake.private, "192.0.2.90", high(), 443, 4000, 9000)
		}
	}
	// Ordinary SSH over the VPN, from inside.
	for i := range 6 {
		b.both(web1, at("10 09:00:00").Add(time.Duration(i)*7*time.Hour), "10.9.0.4", web1.private, high(), 22, 9000, 22000)
	}
	for i := range 4 {
		b.silent(lake, firstDay.Add(time.Duration(3+i*17)*time.Hour), "NODATA")
	}
}

// visits to the shop come in waves, so that the WAF log stays few files.
func ordinaryVisits(b *builder) {
	uris := []string{"/", "/search", "/product/17", "/product/201", "/cart", "/static/app.js", "/api/v1/session", "/checkout"}
	for i := range 36 {
		wave := firstDay.Add(time.Duration(i)*2*time.Hour + 5*time.Minute*time.Duration(b.r.IntN(20)))
		for range 14 {
			n := b.r.IntN(40)
			w := record.Web{Client: "203.0.113." + strconv.Itoa(10+n), Country: []string{"US", "DE", "GB"}[n%3], URI: uris[b.r.IntN(len(uris))],
				Headers: [][2]string{{"host", "shop.example.com"}, {"user-agent", macBrowser}, {"accept", "*/*"}}, JA4: "t13d1516h2_8daaf6152771_02713d6af862"}
			switch b.r.IntN(30) {
			case 0: // a search term with an apostrophe: counted, harmless
				w.URI, w.Args = "/search", "q=o%27brien"
			case 1: // a vulnerability scanner of a partner, blocked throughout
				w.Client, w.URI, w.Headers[1][1] = "192.0.2.88", "/wp-login.php", "partner-scan/1.0"
				w.Rule, w.RuleType, w.Action = "core", "MANAGED_RULE_GROUP", "BLOCK"
				w.Groups = []record.RuleGroup{{ID: "AWS#AWSManagedRulesCommonRuleSet", Terminating: &record.RuleHit{Rule: "NoUserAgent_HEADER", Action: "BLOCK"}}}
			}
			b.web(wave.Add(time.Duration(b.r.IntN(280))*time.Second), w)
		}
	}
}
