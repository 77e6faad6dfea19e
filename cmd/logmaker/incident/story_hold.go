package incident

import (
	"fmt"
	"time"

	"logquarry/cmd/logmaker/record"
)

// persistence: ways back in.
func persistence(b *builder) {
	trust := b.call(stolen, at("10 16:02:00"), call{api: "iam:UpdateAssumeRolePolicy", request: m{"roleName": "DataPipeline",
		"policyDocument": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + intruderAccount + `:root","Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`}})
	b.found("P3", stolen.name, intruderIP, "DataPipeline", "A role made to trust an account outside", trust)
	outside := actor{name: "AIDAEXAMPLEOUTSIDER01", ip: intruderHost, agent: boto, identity: []byte(`{"type":"AWSAccount","principalId":"AIDAEXAMPLEOUTSIDER01","accountId":"` + intruderAccount + `"}`)}
	var cross []string
	for i := range 3 {
		cross = append(cross, b.call(outside, at("10 16:10:00").Add(time.Duration(i)*9*time.Hour), call{api: "sts:AssumeRole", request: m{"roleArn": roleARN("DataPipeline"), "roleSessionName": "etl"},
			response: m{"credentials": m{"accessKeyId": "ASIAEXAMPLEOUTSIDE001"}, "assumedRoleUser": m{"arn": sessionARN("DataPipeline", "etl")}}, resources: []string{roleARN("DataPipeline")}}))
	}
	b.found("L1", outside.name, intruderHost, "DataPipeline", "The new trust used from account "+intruderAccount, cross...)
	// Human to role to role.
	first := b.call(stolen, at("10 16:14:00"), call{api: "sts:AssumeRole", request: m{"roleArn": roleARN("DeployRole"), "roleSessionName": "chain1"},
		response: m{"credentials": m{"accessKeyId": "ASIAEXAMPLECHAIN00001"}, "assumedRoleUser": m{"arn": sessionARN("DeployRole", "chain1")}}, resources: []string{roleARN("DeployRole")}})
	hop := session("DeployRole", "chain1", "ASIAEXAMPLECHAIN00001", intruderIP, pacu, record.Session{Created: at("10 16:14:00")})
	next := b.call(hop, at("10 16:16:00"), call{api: "sts:AssumeRole", request: m{"roleArn": roleARN("DataPipeline"), "roleSessionName": "chain2"},
		response: m{"credentials": m{"accessKeyId": "ASIAEXAMPLECHAIN00002"}, "assumedRoleUser": m{"arn": sessionARN("DataPipeline", "chain2")}}, resources: []string{roleARN("DataPipeline")}})
	last := session("DataPipeline", "chain2", "ASIAEXAMPLECHAIN00002", intruderIP, pacu, record.Session{Created: at("10 16:16:00")})
	used := b.call(last, at("10 16:18:00"), call{api: "glue:GetTables", request: m{"databaseName": "customers"}})
	b.found("T9", stolen.name, intruderIP, "DataPipeline", "backup-agent to DeployRole to DataPipeline", first, next, used)
	b.found("V6", stolen.name, intruderIP, "DataPipeline", "A role that glue assumes, assumed by hand the same day", next)

	saml := b.call(stolen, at("10 16:40:00"), call{api: "iam:CreateSAMLProvider", request: m{"name": "corp-sso2", "sAMLMetadataDocument": "<EntityDescriptor/>"}})
	b.found("P4", stolen.name, intruderIP, "corp-sso2", "A SAML provider of the intruder's", saml)
	fed := b.call(stolen, at("10 16:42:00"), call{api: "sts:GetFederationToken", request: m{"name": "support", "durationSeconds": 129600}})
	link := b.call(stolen, at("10 16:42:30"), call{api: "signin:GetSigninToken", kind: "AwsConsoleSignIn", response: m{"GetSigninToken": "Success"}})
	b.found("P5", stolen.name, intruderIP, "console", "A console session made from long-term keys", fed, link)
	mfa := b.call(stolen, at("10 16:45:00"), call{api: "iam:DeactivateMFADevice", request: m{"userName": "carol", "serialNumber": "arn:aws:iam::111122223333:mfa/carol"}})
	b.found("P6", stolen.name, intruderIP, "carol", "MFA taken away from another user", mfa)
	policy := b.call(stolen, at("10 16:48:00"), call{api: "s3:PutBucketPolicy", request: m{"bucketName": customerBucket, "policy": "", "bucketPolicy": m{"Version": "2012-10-17",
		"Statement": []m{{"Effect": "Allow", "Principal": m{"AWS": "arn:aws:iam::" + intruderAccount + ":root"}, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::" + customerBucket + "/*"}}}}, resources: []string{"arn:aws:s3:::" + customerBucket}})
	b.found("P7", stolen.name, intruderIP, customerBucket, "The customers' bucket opened to a foreign account", policy)
	pair := b.call(stolen, at("10 16:52:00"), call{api: "ec2:ImportKeyPair", request: m{"keyName": "ops-2"}})
	connect := b.call(stolen, at("11 01:12:00"), call{api: "ec2-instance-connect:SendSSHPublicKey", request: m{"instanceId": web1.instance, "instanceOSUser": "ec2-user"}})
	b.found("P8", stolen.name, intruderIP, web1.instance, "A key pair imported, an SSH key pushed to an instance", pair, connect)

	var tries []string
	for i, t := range every(at("10 17:00:00"), 27, 20*time.Second) {
		tries = append(tries, b.signIn(signingIn([]string{"alice", "bob", "carol"}[i%3], sprayIP, browser), t, "Failure", "No"))
	}
	bob := b.signIn(signingIn("bob", sprayIP, browser), at("10 17:10:00"), "Success", "No")
	b.found("I3", userARN("bob"), sprayIP, "console", "27 failures over three users, then bob is in", append(tries, bob)...)
	b.found("I1", userARN("bob"), sprayIP, "console", "Console sign-in without MFA", bob)

	root := actor{name: "arn:aws:iam::" + company + ":root", identity: record.RootIdentity(company, "", nil), ip: intruderHost, agent: browser}
	var roots []string
	for _, t := range every(at("11 02:10:00"), 3, 30*time.Second) {
		roots = append(roots, b.signIn(root, t, "Failure", "No"))
	}
	roots = append(roots, b.call(root, at("11 02:14:00"), call{api: "signin:PasswordRecoveryRequested", kind: "AwsConsoleSignIn", response: m{"PasswordRecoveryRequested": "Success"}}),
		b.call(root, at("11 02:16:00"), call{api: "signin:PasswordRecoveryCompleted", kind: "AwsConsoleSignIn", response: m{"PasswordRecoveryCompleted": "Success"}}))
	in := b.signIn(root, at("11 02:18:00"), "Success", "No")
	rootSession := root
	rootSession.identity, rootSession.console = record.RootIdentity(company, "ASIAEXAMPLEROOT000001", &record.Session{Created: at("11 02:18:00")}), true
	roots = append(roots, in, b.call(rootSession, at("11 02:22:00"), call{api: "iam:CreateAccessKey", response: m{"accessKey": m{"accessKeyId": "AKIAEXAMPLEROOTKEY01", "status": "Active"}}}))
	b.found("I2", root.name, intruderHost, "root", "Root: three failures, a password recovery, a sign-in, a key", roots...)
	b.found("I1", root.name, intruderHost, "console", "Root signs in without MFA", in)

	pool := session("Cognito_ShopUnauth_Role", "CognitoIdentityCredentials", "ASIAEXAMPLECOGNITO001", intruderIP, cli+"s3api.list-objects", record.Session{Created: at("10 14:50:00")})
	guest := []string{b.call(pool, at("10 14:52:00"), call{api: "sts:GetCallerIdentity"}), b.call(pool, at("10 14:53:00"), call{api: "s3:ListBuckets", failed: "AccessDenied"})}
	b.found("R3", pool.name, intruderIP, "identity pool", "GetCallerIdentity, then the buckets asked for, and refused", guest...)
	b.found("I9", pool.name, intruderIP, "identity pool", "Guest credentials of the identity pool used from a command line", guest...)

	admin := atConsole("svc-monitor", intruderIP, browser, at("10 15:50:00"), false)
	var clicks []string
	for i, api := range []string{"ec2:CreateSecurityGroup", "ec2:CreateTags", "iam:CreateGroup", "iam:AddUserToGroup", "ssm:PutParameter"} {
		clicks = append(clicks, b.call(admin, at("10 15:52:00").Add(time.Duration(i)*time.Minute), call{api: api, request: m{"groupName": "ops", "name": "n"}}))
	}
	b.found("T7", admin.name, intruderIP, "", "Changes by hand in the console", clicks...)
}

// evasion: the lights go out at 18:02 and come back at 23:40.
func evasion(b *builder) {
	selectors := b.call(backdoor, at("10 18:00:00"), call{api: "cloudtrail:PutEventSelectors", request: m{"trailName": "management", "eventSelectors": []m{{"readWriteType": "ReadOnly", "includeManagementEvents": false}}}})
	stop := b.call(backdoor, at("10 18:02:00"), call{api: "cloudtrail:StopLogging", request: m{"name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/management"}})
	resume := b.call(backdoor, at("10 23:40:00"), call{api: "cloudtrail:StartLogging", request: m{"name": "arn:aws:cloudtrail:us-east-1:111122223333:trail/management"}})
	b.found("D1", backdoor.name, intruderIP, "management", "Selectors narrowed, the trail stopped", selectors, stop)
	b.found("T10", backdoor.name, intruderIP, "management", "The account's trail is silent between these; only the organization's trail goes on", stop, resume)
	one := func(hunt, when, api, target, says string, request m) {
		b.found(hunt, backdoor.name, intruderIP, target, says, b.call(backdoor, at(when), call{api: api, request: request}))
	}
	// So that nobody wonders, recording goes on later, and sees what comes then.
	b.call(backdoor, at("10 23:41:00"), call{api: "config:StartConfigurationRecorder", request: m{"configurationRecorderName": "default"}})
	one("D2", "10 18:06:00", "ec2:DeleteFlowLogs", "fl-0a1b2c3d4e5f60009", "A flow log deleted", m{"DeleteFlowLogsRequest": m{"FlowLogId": m{"tag": 1, "content": "fl-0a1b2c3d4e5f60009"}}})
	one("D2", "10 18:07:00", "logs:DeleteLogGroup", "/shop/auth", "A log group deleted", m{"logGroupName": "/shop/auth"})
	one("D3", "10 18:09:00", "guardduty:DeleteDetector", "12abc34d567e8fa901bc2d34e56789f0", "GuardDuty switched off", m{"detectorId": "12abc34d567e8fa901bc2d34e56789f0"})
	one("D3", "10 18:10:00", "config:StopConfigurationRecorder", "default", "Config recording stopped", m{"configurationRecorderName": "default"})
	one("D4", "11 00:12:00", "wafv2:DeleteRuleGroup", "shop-custom", "A WAF rule group deleted", m{"name": "shop-custom", "scope": "REGIONAL", "id": "a1b2c3d4-5678-90ab-cdef-example22222"})
	one("D5", "11 06:40:00", "account:EnableRegion", "ap-east-1", "A region switched on", m{"regionName": "ap-east-1"})
	one("D6", "11 06:42:00", "kms:ScheduleKeyDeletion", "11111111-aaaa-bbbb-cccc-222222222222", "A key scheduled for deletion", m{"keyId": "11111111-aaaa-bbbb-cccc-222222222222", "pendingWindowInDays": 7})
	one("D6", "11 06:43:00", "ec2:DisableEbsEncryptionByDefault", "", "Default encryption of volumes off", m{"DisableEbsEncryptionByDefaultRequest": m{}})
	one("D7", "11 00:14:00", "events:DisableRule", "guardduty-to-pager", "The rule that wakes people disabled", m{"name": "guardduty-to-pager"})
	one("D7", "11 00:15:00", "monitoring:DisableAlarmActions", "root-login", "An alarm silenced", m{"alarmNames": []string{"root-login"}})
	b.found("D5", backdoor.name, intruderIP, organization, "Tries to leave the organization", b.call(backdoor, at("11 06:41:00"), call{api: "organizations:LeaveOrganization", failed: "AccessDeniedException"}))
}

// secrets: everything that opens something else.
func secrets(b *builder) {
	var values, parameters []string
	for i, t := range every(at("10 20:30:00"), 18, 6*time.Second) {
		values = append(values, b.call(backdoor, t, call{api: "secretsmanager:GetSecretValue", request: m{"secretId": fmt.Sprintf("arn:aws:secretsmanager:us-east-1:111122223333:secret:prod/app-%02d-AbCdEf", i)}}))
	}
	b.found("C1", backdoor.name, intruderIP, "18 secrets", "Eighteen secrets read in under two minutes", values...)
	for i, t := range every(at("10 20:34:00"), 14, 5*time.Second) {
		parameters = append(parameters, b.call(backdoor, t, call{api: "ssm:GetParameter", request: m{"name": fmt.Sprintf("/shop/prod/key-%02d", i), "withDecryption": true}}))
	}
	b.found("C2", backdoor.name, intruderIP, "14 parameters", "Fourteen parameters decrypted in about a minute", parameters...)
	password := b.call(backdoor, at("10 20:40:00"), call{api: "ec2:GetPasswordData", request: m{"instanceId": web2.instance}})
	data := []string{password}
	for i, h := range []host{web1, web2, office} {
		data = append(data, b.call(backdoor, at("10 20:41:00").Add(time.Duration(i)*4*time.Second), call{api: "ec2:DescribeInstanceAttribute", request: m{"instanceId": h.instance, "attribute": "userData"}}))
	}
	b.found("C3", backdoor.name, intruderIP, "instances", "A Windows password and the user data of three instances", data...)
	var files []string
	for i, key := range []string{"config/.env", "ops/id_rsa", "infra/terraform.tfstate", "ops/.aws/credentials"} {
		files = append(files, b.object(backdoor, at("10 20:50:00").Add(time.Duration(i)*9*time.Second), "GetObject", "example-shop-artifacts", key, int64(1700+i*900), ""))
	}
	b.found("C5", backdoor.name, intruderIP, "example-shop-artifacts", "Objects whose names promise credentials", files...)
}
