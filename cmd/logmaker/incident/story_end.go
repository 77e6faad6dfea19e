package incident

import (
	"fmt"
	"strconv"
	"time"

	"logquarry/cmd/logmaker/record"
)

// thief is the web server's role, its credentials taken to another machine.
var thief = session("AppInstanceRole", web1.instance, "ASIAEXAMPLESTOLEN0001", intruderHost, cli+"s3.sync", record.Session{Created: at("11 01:30:00"), IMDS: true})

// theFirstShell: SSH is opened, and taken; the machine begins to call home.
func theFirstShell(b *builder) {
	open := b.call(stolen, at("11 01:10:00"), ingress(webGroup, 22, "0.0.0.0/0"))
	b.found("X5", stolen.name, intruderIP, webGroup, "SSH opened to the world", open)
	var shell []string
	for i, t := range every(at("11 01:14:00"), 8, 5*time.Minute) {
		shell = append(shell, b.both(web1, t.Add(time.Duration(i*b.r.IntN(25))*time.Second), intruderHost, web1.private, uint16(50100+i/4), 22, 30000, 90000)...)
	}
	b.found("L2", "", intruderHost, web1.instance, "SSH from a public address, accepted", shell...)
	b.found("S5", stolen.name, intruderHost, webGroup, "The group is opened, four minutes later the first flow is accepted", append([]string{open}, shell[0])...)

	var beats, names []string
	for i, t := range every(at("11 02:00:00"), 360, 5*time.Minute) {
		beats = append(beats, b.flow(web2, t.Add(time.Duration(b.r.IntN(3))*time.Second), web2.private, beaconIP, uint16(40000+i), 443, 6, int64(512+b.r.IntN(16)), "ACCEPT"))
	}
	b.found("N2", "", web2.private, beaconIP, "A flow each five minutes for thirty hours", beats...)
	for i, t := range every(at("11 02:30:00"), 40, 30*time.Second) {
		names = append(names, b.flow(web1, b.soon(t, 25), web1.private, "203.0.113.53", uint16(33000+i), 53, 17, 180, "ACCEPT"))
	}
	b.found("N3", "", web1.private, "203.0.113.53", "DNS asked of a server outside", names...)

	var off, discovery []string
	off = append(off, b.call(thief.from("", cli+"sts.get-caller-identity"), at("11 02:30:30"), call{api: "sts:GetCallerIdentity"}))
	for i, api := range []string{"ec2:DescribeInstances", "iam:ListRoles", "s3:ListBuckets", "ec2:DescribeVpcs", "rds:DescribeDBInstances", "iam:GetAccountSummary"} {
		c := call{api: api}
		if i == 1 || i == 5 {
			c.failed = "AccessDenied"
		}
		discovery = append(discovery, b.call(thief, at("11 02:31:00").Add(time.Duration(i*7)*time.Second), c))
	}
	b.found("R6", thief.name, intruderHost, web1.instance, "Discovery with an instance's role", discovery...)
	b.found("R1", thief.name, intruderHost, web1.instance, "Six kinds of reconnaissance calls in one minute", discovery...)
	b.found("R3", thief.name, intruderHost, web1.instance, "GetCallerIdentity, then the buckets listed", off[0], discovery[2])
	b.found("I6", thief.name, intruderHost, web1.instance, "Instance credentials used outside", all(off, discovery)...)
	b.found("S8", thief.name, intruderHost, web1.instance, "The address is none of the instance's interface", all(off, discovery)...)

	var spell []string
	for i, t := range every(at("11 20:00:00"), 45, time.Minute) {
		status := "NODATA"
		if i%5 == 4 {
			status = "SKIPDATA"
		}
		spell = append(spell, b.silent(web1, t, status))
	}
	b.found("D8", "", "", web1.eni, "Three quarters of an hour without flow records", spell...)
	var sideways []string
	for i, t := range every(at("11 03:30:00"), 12, 20*time.Second) {
		sideways = append(sideways, b.both(web2, t, web1.private, web2.private, uint16(51000+i), 3389, 2000, 4000)...)
	}
	b.found("L2", "", web1.private, web2.instance, "RDP from one server to the next", sideways...)
}

// theft: the customers' data leaves, by API and by wire.
func theft(b *builder) {
	var taken []string
	for i, t := range every(at("11 03:00:00"), 420, 9*time.Second) {
		taken = append(taken, b.object(thief, t, "GetObject", customerBucket, fmt.Sprintf("profiles/%05d.json", i), int64(4_000_000+b.r.IntN(9_000_000)), ""))
	}
	b.found("K1", thief.name, intruderHost, customerBucket, "420 objects in 63 minutes", taken...)
	b.found("K2", thief.name, intruderHost, customerBucket, "The exact list of what the stolen role read", taken...)
	var egress, local []string
	inside := session("AppInstanceRole", web1.instance, "ASIAEXAMPLEINSIDE0001", web1.private, cli+"s3.cp", record.Session{Created: at("11 04:30:00"), IMDS: true})
	for i, t := range every(at("11 04:40:00"), 30, 10*time.Second) {
		local = append(local, b.object(inside, t, "GetObject", customerBucket, fmt.Sprintf("exports/orders-%02d.parquet", i), 180_000_000, ""))
	}
	b.found("K1", inside.name, web1.private, customerBucket, "5.4 GB read in five minutes", local...)
	for i, t := range every(at("11 05:00:00"), 40, time.Minute) {
		egress = append(egress, b.flow(web1, b.soon(t, 50), web1.private, intruderHost, uint16(52000+i%4), 443, 6, 1_050_000_000+int64(b.r.IntN(90_000_000)), "ACCEPT"))
	}
	b.found("X3", "", web1.private, intruderHost, "42 GB to one address in forty minutes", egress...)
	b.found("X4", inside.name, web1.private, intruderHost, "Objects copied to the instance, then out over the wire", all(local, egress)...)

	share := func(hunt, when, api, target, says string, request m) {
		b.found(hunt, backdoor.name, intruderIP, target, says, b.call(backdoor, at(when), call{api: api, request: request}))
	}
	share("X1", "11 05:50:00", "ec2:ModifySnapshotAttribute", "snap-0a1b2c3d4e5f60601", "A snapshot shared with account "+intruderAccount,
		m{"snapshotId": "snap-0a1b2c3d4e5f60601", "attributeType": "CREATE_VOLUME_PERMISSION", "createVolumePermission": m{"add": m{"items": []m{{"userId": intruderAccount}}}}})
	share("X1", "11 05:52:00", "rds:ModifyDBSnapshotAttribute", "orders-final", "A database snapshot made public", m{"dBSnapshotIdentifier": "orders-final", "attributeName": "restore", "valuesToAdd": []string{"all"}})
	share("X1", "11 05:53:00", "ec2:ModifyImageAttribute", "ami-0a1b2c3d4e5f60701", "An image made public", m{"imageId": "ami-0a1b2c3d4e5f60701", "launchPermission": m{"add": m{"items": []m{{"group": "all"}}}}})
	share("X2", "11 05:55:00", "s3:PutBucketReplication", customerBucket, "Replication to a foreign account", m{"bucketName": customerBucket, "replication": "", "ReplicationConfiguration": m{"Role": roleARN("DataPipeline"),
		"Rule": m{"Status": "Enabled", "Destination": m{"Bucket": "arn:aws:s3:::example-drop-bucket", "Account": intruderAccount}}}})
	share("K4", "11 05:56:00", "dynamodb:ExportTableToPointInTime", "customers", "A table exported to a foreign bucket", m{"tableArn": "arn:aws:dynamodb:us-east-1:111122223333:table/customers", "s3Bucket": "example-drop-bucket", "s3BucketOwner": intruderAccount})
	share("K4", "11 05:57:00", "rds:StartExportTask", "orders-final", "A database snapshot exported", m{"sourceArn": "arn:aws:rds:us-east-1:111122223333:snapshot:orders-final", "s3BucketName": "example-drop-bucket"})
	share("K5", "11 05:58:00", "ec2:CreateTrafficMirrorSession", web1.eni, "Traffic of a server mirrored", m{"CreateTrafficMirrorSessionRequest": m{"NetworkInterfaceId": web1.eni, "TrafficMirrorTargetId": "tmt-0a1b2c3d4e5f60001", "SessionNumber": 1}})

	nobody := actor{name: "ANONYMOUS_PRINCIPAL", identity: []byte(`{"type":"AWSAccount","principalId":"","accountId":"ANONYMOUS_PRINCIPAL"}`), ip: intruderHost, agent: "[curl/8.5.0]"}
	var anonymous []string
	for i := range 12 {
		failed := ""
		if i < 4 {
			failed = "AccessDenied"
		}
		anonymous = append(anonymous, b.object(nobody, at("11 08:00:00").Add(time.Duration(i)*15*time.Second), "GetObject", "example-shop-assets", "private/"+strconv.Itoa(i)+".csv", 5000, failed))
	}
	b.found("K3", nobody.name, intruderHost, "example-shop-assets", "Objects read without credentials", anonymous...)

	endpoint := thief.from(web1.private, "")
	endpoint.endpoint = "vpce-0a1b2c3d4e5f60401"
	for i := range 3 {
		b.call(endpoint, at("11 04:20:00").Add(time.Duration(i)*time.Minute), call{api: "s3:PutObject", kind: "AwsVpceEvent", category: "NetworkActivity", failed: "VpceAccessDenied",
			message: "The request was denied due to a VPC endpoint policy", resources: []string{"arn:aws:s3:::example-drop-bucket"}})
	}
}

// execution: other people's money.
func execution(b *builder) {
	stop := b.call(backdoor, at("11 06:00:00"), call{api: "ec2:StopInstances", request: m{"instancesSet": m{"items": []m{{"instanceId": web2.instance}}}, "force": false}})
	data := b.call(backdoor, at("11 06:03:00"), call{api: "ec2:ModifyInstanceAttribute", request: m{"instanceId": web2.instance, "userData": "<sensitiveDataRemoved>"}})
	begin := b.call(backdoor, at("11 06:05:00"), call{api: "ec2:StartInstances", request: m{"instancesSet": m{"items": []m{{"instanceId": web2.instance}}}}})
	b.found("E3", backdoor.name, intruderIP, web2.instance, "Stopped, user data changed, started", stop, data, begin)
	var commands []string
	for i, h := range []host{web1, web2, office} {
		commands = append(commands, b.call(backdoor, at("11 06:20:00").Add(time.Duration(i)*20*time.Second), call{api: "ssm:SendCommand", request: m{"documentName": "AWS-RunShellScript", "instanceIds": []string{h.instance}, "parameters": "HIDDEN_DUE_TO_SECURITY_REASONS"}}))
	}
	commands = append(commands, b.call(backdoor, at("11 06:22:00"), call{api: "ssm:StartSession", request: m{"target": office.instance}}))
	b.found("E2", backdoor.name, intruderIP, "3 instances", "Shell commands on every instance", commands...)
	task := b.call(backdoor, at("11 06:30:00"), call{api: "ecs:RegisterTaskDefinition", request: m{"family": "metrics", "containerDefinitions": []m{{"name": "m", "image": "xmrig/xmrig:latest",
		"command": []string{"sh", "-c", "curl -s 169.254.170.2$AWS_CONTAINER_CREDENTIALS_RELATIVE_URI; xmrig -o pool.example.com:3333"}}}}})
	b.found("E5", backdoor.name, intruderIP, "metrics", "A task that reads its credentials and mines", task)
	endpoint := b.call(backdoor, at("11 06:34:00"), call{api: "glue:CreateDevEndpoint", request: m{"endpointName": "dev", "roleArn": roleARN("DataPipeline"), "publicKey": "ssh-rsa AAAAEXAMPLE"}})
	b.found("E6", backdoor.name, intruderIP, "dev", "A Glue development endpoint with a role", endpoint)

	dry := runInstances("ap-southeast-2", "p4d.24xlarge", 8)
	dry.failed, dry.message, dry.response = "Client.DryRunOperation", "Request would have succeeded, but DryRun flag is set.", nil
	full := runInstances("ap-southeast-2", "p4d.24xlarge", 8)
	full.failed, full.message, full.response = "Client.VcpuLimitExceeded", "You have requested more vCPU capacity than your current vCPU limit allows.", nil
	gpu := []string{b.call(backdoor, at("11 07:00:00"), dry), b.call(backdoor, at("11 07:01:00"), full), b.call(backdoor, at("11 07:02:00"), runInstances("ap-southeast-2", "g5.12xlarge", 2))}
	b.found("E1", backdoor.name, intruderIP, "ap-southeast-2", "GPU instances in a region nobody uses", gpu...)
	b.found("T2", backdoor.name, intruderIP, "ap-southeast-2", "A region without other work", gpu...)
	other := append([]string{}, gpu...)
	for i, t := range every(at("11 07:30:00"), 8, 20*time.Second) {
		other = append(other, b.call(backdoor, t, call{api: "bedrock:InvokeModel", region: []string{"us-east-1", "us-west-2"}[i%2], request: m{"modelId": "example.large-model-v2:0"}}))
	}
	b.found("M4", backdoor.name, intruderIP, "", "GPU instances and model calls on the company's bill", other...)
}

// impact: what cannot be carried away is destroyed.
func impact(b *builder) {
	versions := b.call(backdoor, at("12 01:00:00"), call{api: "s3:PutBucketVersioning", request: m{"bucketName": "example-shop-backups", "versioning": "", "VersioningConfiguration": m{"Status": "Suspended"}}, resources: []string{"arn:aws:s3:::example-shop-backups"}})
	var gone []string
	for i, t := range every(at("12 01:05:00"), 130, 2*time.Second) {
		name := "DeleteObject"
		if i%10 == 9 {
			name = "DeleteObjects"
		}
		gone = append(gone, b.object(backdoor, t, name, "example-shop-backups", fmt.Sprintf("db/2025-%03d.dump", i), 0, ""))
	}
	for i, t := range every(at("12 01:12:00"), 6, 5*time.Second) {
		gone = append(gone, b.call(backdoor, t, call{api: "ec2:DeleteSnapshot", request: m{"snapshotId": fmt.Sprintf("snap-0a1b2c3d4e5f606%02d", 20+i)}, response: m{"_return": true}}))
	}
	b.found("M1", backdoor.name, intruderIP, "example-shop-backups", "Backups and snapshots deleted in bulk", gone...)
	b.found("M2", backdoor.name, intruderIP, "example-shop-backups", "Versioning suspended, then deletions", append([]string{versions}, gone[:130]...)...)
	var locked []string
	for i, t := range every(at("12 01:30:00"), 20, 3*time.Second) {
		locked = append(locked, b.call(backdoor, t, call{api: "s3:CopyObject", category: "Data", request: m{"bucketName": customerBucket, "key": fmt.Sprintf("profiles/%05d.json", i), "x-amz-copy-source": fmt.Sprintf("%s/profiles/%05d.json", customerBucket, i),
			"x-amz-server-side-encryption-customer-algorithm": "AES256"}, extra: m{"SSEApplied": "SSE_C", "bytesTransferredIn": 0, "bytesTransferredOut": 234.0}, resources: []string{"arn:aws:s3:::" + customerBucket}}))
	}
	b.found("M3", backdoor.name, intruderIP, customerBucket, "Objects written back under the intruder's key", locked...)
	cluster := []string{b.call(backdoor, at("12 01:40:00"), call{api: "rds:ModifyDBInstance", request: m{"dBInstanceIdentifier": "orders", "masterUserPassword": "****", "applyImmediately": true}}),
		b.call(backdoor, at("12 01:45:00"), call{api: "rds:DeleteDBCluster", request: m{"dBClusterIdentifier": "orders", "skipFinalSnapshot": true}})}
	b.found("M6", backdoor.name, intruderIP, "orders", "Master password changed, the cluster deleted", cluster...)
	var flood []string
	for i, t := range every(at("12 02:00:00"), 240, time.Second) {
		w := record.Web{Client: "198.51.100." + strconv.Itoa(80+i%3), Country: "NL", URI: "/search", Args: "q=" + strconv.Itoa(i), Version: "HTTP/1.1",
			Headers: [][2]string{{"Host", "shop.example.com"}, {"User-Agent", "Go-http-client/1.1"}}}
		if i > 60 {
			w.Rule, w.RuleType, w.Action, w.SentStatus = "rate-limit", "RATE_BASED", "BLOCK", 429
			w.Rates = []record.RateRule{{ID: shopACL + "/rule/rate-limit", Name: "rate-limit", Limit: w.Client, Max: 100}}
		}
		flood = append(flood, b.web(t, w))
	}
	b.found("M5", "", "198.51.100.80", "/search", "A flood from three addresses; the rate rule takes a minute to bite", flood...)
}
