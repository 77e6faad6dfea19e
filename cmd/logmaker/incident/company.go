package incident

import (
	"time"

	"logquarry/cmd/logmaker/record"
)

// The company: one account, an older sister account, one shop.
const (
	company      = "111122223333"
	sister       = "444455556666"
	home         = "us-east-1"
	second       = "eu-west-1"
	organization = "o-exampleorg1"

	customerBucket = "example-shop-customers"
	shopACL        = "arn:aws:wafv2:us-east-1:111122223333:regional/webacl/shop-web/a1b2c3d4-5678-90ab-cdef-example11111"
	shopVPC        = "vpc-0a1b2c3d4e5f60001"
	webGroup       = "sg-0a1b2c3d4e5f60022"
	customPolicy   = "arn:aws:iam::111122223333:policy/ci-deploy-policy"
	officeIP       = "192.0.2.10"
)

// The intruder.
const (
	intruderIP      = "198.51.100.77" // scans the shop, then uses the key it found there
	intruderHost    = "203.0.113.66"  // shell, stolen instance credentials, drop for the data
	sprayIP         = "203.0.113.45"
	beaconIP        = "203.0.113.99"
	intruderAccount = "999988887777"
	leakedKey       = "AKIAIOSFODNN7EXAMPLE"

	cli        = "aws-cli/2.24.16 md/awscrt#0.23.8 ua/2.1 os/linux#6.8.0-kali lang/python#3.12.6 md/installer#exe md/prompt#off md/command#"
	truffle    = "TruffleHog"
	pacu       = "Boto3/1.26.92 Python/3.11.2 Linux/6.8.0-kali Botocore/1.29.92 Pacu/1.6.0"
	browser    = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	macBrowser = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/134.0.0.0 Safari/537.36"
	boto       = "Boto3/1.37.4 md/Botocore#1.37.4 ua/2.1 os/linux#6.1.128 md/arch#x86_64 lang/python#3.12.9 Botocore/1.37.4"
	terraform  = "APN/1.0 HashiCorp/1.0 Terraform/1.11.1 (+https://www.terraform.io) terraform-provider-aws/5.90.0"
)

func userARN(name string) string { return "arn:aws:iam::" + company + ":user/" + name }
func roleARN(name string) string { return "arn:aws:iam::" + company + ":role/" + name }
func sessionARN(role, session string) string {
	return "arn:aws:sts::" + company + ":assumed-role/" + role + "/" + session
}

// keyed is an IAM user with a long-term key.
func keyed(name, key, ip, agent string) actor {
	return actor{name: userARN(name), identity: record.UserIdentity(company, "AIDAEXAMPLE"+fixed(name, 10), name, key, nil), ip: ip, agent: agent}
}

// atConsole is an IAM user in the console.
func atConsole(name, ip, agent string, signedIn time.Time, mfa bool) actor {
	return actor{name: userARN(name), identity: record.UserIdentity(company, "AIDAEXAMPLE"+fixed(name, 10), name, "ASIAEXAMPLE"+fixed("console"+name, 9),
		&record.Session{Created: signedIn, MFA: mfa}), ip: ip, agent: agent, console: true}
}

// signingIn is an IAM user before the console let it in.
func signingIn(name, ip, agent string) actor {
	return actor{name: userARN(name), identity: record.UserIdentity(company, "AIDAEXAMPLE"+fixed(name, 10), name, "", nil), ip: ip, agent: agent}
}

// session is an assumed role.
func session(role, name, key, ip, agent string, s record.Session) actor {
	return actor{name: sessionARN(role, name), identity: record.RoleIdentity(company, "AROAEXAMPLE"+fixed(role, 10), role, name, key, "", s), ip: ip, agent: agent}
}

func awsService(name string) actor {
	return actor{name: name, identity: record.ServiceIdentity(name), ip: name, agent: name}
}

// fixed makes n characters of an id out of a name.
func fixed(name string, n int) string {
	const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	h := uint64(14695981039346656037)
	out := make([]byte, n)
	for i := range out {
		for j := range len(name) {
			h = (h ^ uint64(name[j])) * 1099511628211
		}
		h = (h ^ uint64(i)) * 1099511628211
		out[i] = chars[h>>40&31]
	}
	return string(out)
}

// host is an instance, or what else has an interface.
type host struct {
	name, instance, eni, private, public, v6 string
	vpc, subnet, zone, region, log           string
}

const (
	shopFlowLog  = "fl-0a1b2c3d4e5f60001" // custom format
	plainFlowLog = "fl-0a1b2c3d4e5f60002" // default format
	lakeFlowLog  = "fl-0a1b2c3d4e5f60003" // Parquet
)

var (
	balancer = host{name: "alb", eni: "eni-0a1b2c3d4e5f60100", private: "10.0.1.5", public: "192.0.2.200", vpc: shopVPC, subnet: "subnet-0a1b2c3d4e5f60011", zone: "use1-az1", region: home, log: shopFlowLog}
	web1     = host{name: "web-1", instance: "i-0a1b2c3d4e5f60101", eni: "eni-0a1b2c3d4e5f60101", private: "10.0.1.10", public: "192.0.2.201", v6: "2001:db8:1:1::10", vpc: shopVPC, subnet: "subnet-0a1b2c3d4e5f60011", zone: "use1-az1", region: home, log: shopFlowLog}
	web2     = host{name: "web-2", instance: "i-0a1b2c3d4e5f60102", eni: "eni-0a1b2c3d4e5f60102", private: "10.0.2.20", public: "192.0.2.202", v6: "2001:db8:1:2::20", vpc: shopVPC, subnet: "subnet-0a1b2c3d4e5f60012", zone: "use1-az2", region: home, log: shopFlowLog}
	database = host{name: "db", eni: "eni-0a1b2c3d4e5f60103", private: "10.0.3.30", vpc: shopVPC, subnet: "subnet-0a1b2c3d4e5f60013", zone: "use1-az1", region: home, log: shopFlowLog}
	office   = host{name: "vpn", instance: "i-0a1b2c3d4e5f60201", eni: "eni-0a1b2c3d4e5f60201", private: "10.9.0.4", public: "192.0.2.203", vpc: "vpc-0a1b2c3d4e5f60002", subnet: "subnet-0a1b2c3d4e5f60021", zone: "use1-az1", region: home, log: plainFlowLog}
	lake     = host{name: "lake", instance: "i-0a1b2c3d4e5f60301", eni: "eni-0a1b2c3d4e5f60301", private: "10.8.0.4", vpc: "vpc-0a1b2c3d4e5f60003", subnet: "subnet-0a1b2c3d4e5f60031", zone: "euw1-az1", region: second, log: lakeFlowLog}
)
