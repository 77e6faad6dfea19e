package corpus

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"logquarry/cmd/logmaker/logfile"
	"logquarry/cmd/logmaker/record"
)

// shape is what the lines of a source look like: templates, of which each line
// takes one, and what stands around a file's lines. In a template {ip} is an
// address, {private} one inside, {n} a small number, {port} a port, {big} bytes,
// {hex8}, {hex16}, {hex32}, {id24} ids of that length, {uuid}, {word} a word,
// {page} a path, {agent} a user agent, {status} a status; and times: {iso},
// {isoms}, {isous}, {clf}, {date}, {time}, {epoch}, {micros}, {plus}.
type shape struct {
	key       string // of a file: {day} and {hex8} are replaced
	head      string
	templates []string
	between   string // between lines
	tail      string
	lines     int // at scale 1, in thousands
}

// shapes are the sources of lines, each large enough that what a load costs at
// least weighs little.
var shapes = map[string]shape{
	"s3_access": {key: "s3/{day}-00-00-00-{hex16}.gz", lines: 1000, templates: []string{
		`79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be example-bucket [{clf}] {ip} arn:aws:sts::111122223333:assumed-role/Web/i-{hex16} {id24} REST.GET.OBJECT img/{word}/{n}.webp "GET /img/{word}/{n}.webp HTTP/1.1" {status} - {big} {big} {n} {n} "-" "{agent}" - {hex32}{hex32}= SigV4 TLS_AES_128_GCM_SHA256 AuthHeader example-bucket.s3.us-east-1.amazonaws.com TLSv1.3 - - -`,
		`79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be example-bucket [{clf}] {ip} - {id24} REST.PUT.OBJECT up/{uuid} "PUT /up/{uuid} HTTP/1.1" {status} - - {big} {n} {n} "https://shop.example.com/" "{agent}" - {hex32}{hex32}= - TLS_AES_128_GCM_SHA256 - example-bucket.s3.us-east-1.amazonaws.com TLSv1.3 - - -`}},
	"alb": {key: "elb/111122223333_elasticloadbalancing_us-east-1_app.shop.50dc6c495c0c9188_{day}T0000Z_192.0.2.200_{hex8}.log.gz", lines: 1000, templates: []string{
		`h2 {isous} app/shop/50dc6c495c0c9188 {ip}:{port} {private}:80 0.000 0.0{n} 0.000 {status} {status} {n} {big} "GET https://shop.example.com:443{page}?q={word} HTTP/2.0" "{agent}" TLS_AES_128_GCM_SHA256 TLSv1.3 arn:aws:elasticloadbalancing:us-east-1:111122223333:targetgroup/web/73e2d6bc24d8a067 "Root=1-{hex8}-{id24}" "shop.example.com" "arn:aws:acm:us-east-1:111122223333:certificate/1111" 0 {isous} "forward" "-" "-" "{private}:80" "{status}" "-" "-" TID_{hex32} "-" "-" "-" -`,
		`https {isous} app/shop/50dc6c495c0c9188 {ip}:{port} - -1 -1 -1 403 - {n} 520 "POST https://shop.example.com:443{page} HTTP/1.1" "{agent}" TLS_AES_128_GCM_SHA256 TLSv1.3 - "Root=1-{hex8}-{id24}" "shop.example.com" "-" 1 {isous} "waf" "-" "WAFForbidden" "-" "-" "-" "-" TID_{hex32} "-" "-" "-" -`}},
	"alb_connection": {key: "elb/conn_log_{hex8}.log.gz", lines: 1000, templates: []string{`{isous} {ip} {port} 443 TLSv1.3 TLS_AES_128_GCM_SHA256 0.0{n} "-" - - - TID_{hex32} x25519`}},
	"nlb":            {key: "elb/111122223333_elasticloadbalancing_us-east-1_net.a.c6e77e28c25b2234_{day}T0000Z_{hex8}.log.gz", lines: 1000, templates: []string{`tls 2.0 {date}T{time} net/a/c6e77e28c25b2234 g3d4b5e8bb8464cd {ip}:{port} {private}:443 {n} 2 {big} {big} - arn:aws:acm:us-east-1:111122223333:certificate/2a10 - TLS_AES_128_GCM_SHA256 tlsv13 x25519 nlb.example.com h2 h2 "h2","http/1.1" {date}T{time}`}},
	"clb":            {key: "elb/{hex8}.log.gz", lines: 1000, templates: []string{`{isous} my-clb {ip}:{port} {private}:80 0.000073 0.00{n} 0.000057 {status} {status} 0 {big} "GET http://www.example.com:80{page} HTTP/1.1" "{agent}" - -`}},
	"cloudfront": {key: "cf/E2EXAMPLE1ABC.{day}-00.{hex8}.gz", lines: 1000, head: "#Version: 1.0\n#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end\n", templates: []string{
		"{date}\t{time}\tIAD89-C1\t{big}\t{ip}\tGET\td111111abcdef8.cloudfront.net\t{page}\t{status}\t-\tMozilla/5.0%20({word};%20x)\t-\t-\tHit\t{hex32}{id24}==\tstatic.example.com\thttps\t{n}\t0.0{n}\t-\tTLSv1.3\tTLS_AES_128_GCM_SHA256\tHit\tHTTP/2.0\t-\t-\t{port}\t0.0{n}\tHit\timage/png\t{big}\t-\t-"}},
	"route53_resolver": {key: "dns/vpc-0a1b_vpcdnsquerylogs_111122223333_{day}T0000Z_{hex8}.log.gz", lines: 1000, templates: []string{
		`{"version":"1.100000","account_id":"111122223333","region":"us-east-1","vpc_id":"vpc-0a1b2c3d4e5f60001","query_timestamp":"{iso}","query_name":"{word}.{word}.example.com.","query_type":"A","query_class":"IN","rcode":"NOERROR","answers":[{"Rdata":"{word}.example.net.","Type":"CNAME","Class":"IN"},{"Rdata":"{ip}","Type":"A","Class":"IN"}],"srcaddr":"{private}","srcport":"{port}","transport":"UDP","srcids":{"instance":"i-{hex16}"}}`}},
	"route53_public": {key: "dns/public-{hex8}.log.gz", lines: 1000, templates: []string{`1.0 {isoms} Z0EXAMPLE1234 {word}.example.com A NOERROR UDP IAD89-C1 {ip} 198.51.100.0/24`}},
	"network_firewall": {key: "nfw/111122223333_network-firewall_flow_us-east-1_fw_{day}_{hex8}.log.gz", lines: 600, templates: []string{
		`{"firewall_name":"fw","availability_zone":"us-east-1a","event_timestamp":"{epoch}","event":{"tcp":{"tcp_flags":"1b","syn":true,"fin":true,"psh":true,"ack":true},"app_proto":"tls","src_ip":"{private}","src_port":{port},"netflow":{"pkts":{n},"bytes":{big},"start":"{plus}","end":"{plus}","age":{n},"min_ttl":63,"max_ttl":63},"event_type":"netflow","flow_id":1582{epoch},"dest_ip":"{ip}","proto":"TCP","dest_port":443,"timestamp":"{plus}"}}`}},
	"guardduty": {key: "gd/AWSLogs/111122223333/GuardDuty/us-east-1/{hex8}.jsonl.gz", lines: 120, templates: []string{
		`{"schemaVersion":"2.0","accountId":"111122223333","region":"us-east-1","partition":"aws","id":"{hex32}","arn":"arn:aws:guardduty:us-east-1:111122223333:detector/1111/finding/{hex32}","type":"Recon:EC2/PortProbeUnprotectedPort","resource":{"resourceType":"Instance","instanceDetails":{"instanceId":"i-{hex16}","instanceType":"t3.large","networkInterfaces":[{"networkInterfaceId":"eni-{hex16}","privateIpAddress":"{private}","publicIp":"{ip}"}]}},"service":{"serviceName":"guardduty","detectorId":"1111","action":{"actionType":"PORT_PROBE","portProbeAction":{"blocked":false,"portProbeDetails":[{"localPortDetails":{"port":{port},"portName":"x"},"remoteIpDetails":{"ipAddressV4":"{ip}","country":{"countryName":"Netherlands"}}}]}},"resourceRole":"TARGET","additionalInfo":{"value":"{}","type":"default"},"eventFirstSeen":"{iso}","eventLastSeen":"{iso}","archived":false,"count":{n}},"severity":2,"createdAt":"{isoms}","updatedAt":"{isoms}","title":"{word} is probed","description":"{word} {word} {word}"}`}},
	"securityhub": {key: "sh/{hex8}.ndjson.gz", lines: 120, templates: []string{
		`{"SchemaVersion":"2018-10-08","Id":"arn:aws:securityhub:us-east-1:111122223333:finding/{uuid}","ProductArn":"arn:aws:securityhub:us-east-1::product/aws/securityhub","ProductName":"Security Hub","GeneratorId":"security-control/S3.1","AwsAccountId":"111122223333","Region":"us-east-1","Types":["Software and Configuration Checks"],"CreatedAt":"{isoms}","UpdatedAt":"{isoms}","Severity":{"Label":"MEDIUM","Normalized":40},"Title":"{word} {word}","Description":"{word} {word} {word} {word}","Resources":[{"Type":"AwsS3Bucket","Id":"arn:aws:s3:::{word}-{hex8}","Partition":"aws","Region":"us-east-1"}],"Compliance":{"Status":"FAILED","SecurityControlId":"S3.1"},"RecordState":"ACTIVE","Workflow":{"Status":"NEW"}}`}},
	"eventbridge": {key: "eb/{hex8}.ndjson.gz", lines: 450, templates: []string{
		`{"version":"0","id":"{uuid}","detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","account":"111122223333","time":"{iso}","region":"us-east-1","resources":["arn:aws:ec2:us-east-1:111122223333:instance/i-{hex16}"],"detail":{"instance-id":"i-{hex16}","state":"running"}}`}},
	"eks_audit": {key: "eks/{hex8}.ndjson.gz", lines: 300, templates: []string{
		`{"kind":"Event","apiVersion":"audit.k8s.io/v1","level":"Metadata","auditID":"{uuid}","stage":"ResponseComplete","requestURI":"/api/v1/namespaces/{word}/configmaps/{word}","verb":"get","user":{"username":"system:serviceaccount:{word}:{word}","uid":"{uuid}","groups":["system:serviceaccounts","system:authenticated"],"extra":{"sessionName":["{word}"]}},"sourceIPs":["{private}"],"userAgent":"{word}/v1.31.0 (linux/amd64)","objectRef":{"resource":"configmaps","namespace":"{word}","name":"{word}","apiVersion":"v1"},"responseStatus":{"metadata":{},"code":200},"requestReceivedTimestamp":"{isous}","stageTimestamp":"{isous}","annotations":{"authorization.k8s.io/decision":"allow","authorization.k8s.io/reason":""}}`}},
	"api_gateway": {key: "api/{hex8}.ndjson.gz", lines: 750, templates: []string{
		`{"requestId":"{uuid}","ip":"{ip}","requestTime":"{clf}","httpMethod":"GET","resourcePath":"/orders/{word}","path":"{page}","status":"{status}","protocol":"HTTP/1.1","responseLength":"{big}","apiId":"a1b2c3","stage":"prod","userAgent":"{agent}"}`}},
	"config_items": {key: "cfg/AWSLogs/111122223333/Config/us-east-1/2026/1/2/ConfigHistory/111122223333_Config_us-east-1_ConfigHistory_{hex8}.json.gz", head: `{"fileVersion":"1.0","configurationItems":[`, between: ",", tail: "]}", lines: 180, templates: []string{
		`{"relatedEvents":[],"relationships":[{"resourceId":"vpc-{hex16}","resourceType":"AWS::EC2::VPC","name":"Is contained in Vpc"}],"configuration":{"groupId":"sg-{hex16}","groupName":"{word}","vpcId":"vpc-{hex16}","ipPermissions":[{"ipProtocol":"tcp","fromPort":{port},"toPort":{port},"ipv4Ranges":[{"cidrIp":"{private}/32"}],"ipRanges":["{private}/32"]}],"ipPermissionsEgress":[]},"supplementaryConfiguration":{},"tags":{"env":"{word}"},"configurationItemVersion":"1.3","configurationItemCaptureTime":"{isoms}","configurationStateId":{epoch},"awsAccountId":"111122223333","configurationItemStatus":"OK","resourceType":"AWS::EC2::SecurityGroup","resourceId":"sg-{hex16}","resourceName":"{word}","ARN":"arn:aws:ec2:us-east-1:111122223333:security-group/sg-{hex16}","awsRegion":"us-east-1","availabilityZone":"Not Applicable","configurationStateMd5Hash":""}`}},
	"tgw_flow": {key: "tgw/{hex8}.log.gz", head: "version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-id tgw-dst-vpc-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole tcp-flags region flow-direction\n", lines: 1000, templates: []string{
		`6 TransitGateway 111122223333 tgw-0a1b2c3d4e5f60001 tgw-attach-0a1b2c3d4e5f60001 vpc-0a1b2c3d4e5f60001 vpc-0a1b2c3d4e5f60002 {private} {private} {port} 443 6 {n} {big} {epoch} {epoch} OK IPv4 0 0 19 us-east-1 ingress`}},
	"rds_audit":      {key: "rds/server_audit-{hex8}.log.gz", lines: 1000, templates: []string{`{micros},db-1,{word},{private},{n},{port},QUERY,shop,'select * from {word} where id = {big}',0`}},
	"redshift_audit": {key: "rs/111122223333_redshift_us-east-1_w_connectionlog_{hex8}.gz", lines: 600, templates: []string{`authenticated |{iso}|::ffff:{private} |{port} |{n}|dev |{word} |password |0|TLSv1.3 |TLS_AES_256_GCM_SHA384 |0| | | |psql | | | |3|{uuid}|`}},
	"cloudwatch_logs": {key: "cwl/{hex8}.json.gz", head: `{"messageType":"DATA_MESSAGE","owner":"111122223333","logGroup":"/shop/app","logStream":"i-0a1b2c3d4e5f60101","subscriptionFilters":["all"],"logEvents":[`, between: ",", tail: "]}", lines: 600, templates: []string{
		`{"id":"38{epoch}{hex32}","timestamp":{epoch}000,"message":"Jan  2 03:04:05 ip-10-0-0-5 {word}[{n}]: {word} {word} from {ip} port {port} {word}\n"}`,
		`{"id":"38{epoch}{hex32}","timestamp":{epoch}000,"message":"{\"level\":\"INFO\",\"message\":\"{word} {word} {word}\",\"ip\":\"{ip}\",\"ms\":{n}}"}`}},
	"ocsf": {key: "ocsf/{hex8}.ndjson.gz", lines: 300, templates: []string{
		`{"activity_id":2,"activity_name":"Read","class_uid":6003,"class_name":"API Activity","type_uid":600302,"category_uid":6,"time":{epoch}000,"severity_id":1,"severity":"Informational","status":"Success","status_id":1,"metadata":{"version":"1.1.0","product":{"name":"CloudTrail","vendor_name":"AWS","feature":{"name":"Management"}},"uid":"{uuid}","event_code":"AwsApiCall"},"cloud":{"region":"us-east-1","provider":"AWS","account":{"uid":"111122223333"}},"api":{"operation":"Describe{word}","service":{"name":"ec2.amazonaws.com"},"request":{"uid":"{uuid}"}},"actor":{"user":{"type":"AssumedRole","uid":"arn:aws:sts::111122223333:assumed-role/{word}/{word}","credential_uid":"ASIA{hex16}"}},"src_endpoint":{"ip":"{ip}"},"http_request":{"user_agent":"{agent}"},"unmapped":{"recipientAccountId":"111122223333"}}`}},
}

// LineKinds are the sources that [Lines] makes, sorted.
func LineKinds() []string {
	var names []string
	for name := range shapes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

const linesPerFile = 10_000

var vocabulary = []string{"orders", "cart", "alpha", "bravo", "delta", "search", "assets", "users", "north", "south", "images", "thumb", "report", "ledger", "shipping", "returns"}

// Lines writes the lines of a source, scale times what its shape says.
func Lines(dir, kind string, scale float64) (logfile.Totals, error) {
	s, ok := shapes[kind]
	if !ok {
		return logfile.Totals{}, fmt.Errorf("no corpus kind %q", kind)
	}
	total := max(1, int(float64(s.lines)*1000*scale))
	files := (total + linesPerFile - 1) / linesPerFile
	between := s.between
	if between == "" {
		between = "\n"
	}
	return logfile.WriteAll(dir, files, func(i int, buf []byte) logfile.Plain {
		r := source(kindLines, uint64(i))
		n := min(linesPerFile, total-i*linesPerFile)
		at := start.Add(time.Duration(i) * time.Hour)
		key := string(fill(nil, s.key, r, at))
		buf = append(buf, s.head...)
		for k := range n {
			if k > 0 {
				buf = append(buf, between...)
			}
			buf = fill(buf, s.templates[r.IntN(len(s.templates))], r, at.Add(time.Duration(k)*time.Hour/linesPerFile))
		}
		if buf = append(buf, s.tail...); s.between == "" {
			buf = append(buf, '\n')
		}
		return logfile.Plain{Key: fmt.Sprintf("%05d/%s", i, key), Data: buf, Records: n}
	})
}

// fill appends a template with its marks filled in.
func fill(buf []byte, template string, r *rand.Rand, at time.Time) []byte {
	for i := 0; i < len(template); {
		if template[i] != '{' {
			buf = append(buf, template[i])
			i++
			continue
		}
		end := i + 1
		for end < len(template) && (template[end] >= 'a' && template[end] <= 'z' || template[end] >= '0' && template[end] <= '9') {
			end++
		}
		if end >= len(template) || template[end] != '}' || end == i+1 {
			buf = append(buf, '{') // of JSON
			i++
			continue
		}
		buf = mark(buf, template[i+1:end], r, at)
		i = end + 1
	}
	return buf
}

func mark(buf []byte, name string, r *rand.Rand, at time.Time) []byte {
	number := func(n int) []byte { return strconv.AppendInt(buf, int64(n), 10) }
	switch name {
	case "ip":
		return fmt.Appendf(buf, "%s.%d", []string{"192.0.2", "198.51.100", "203.0.113"}[r.IntN(3)], r.IntN(256))
	case "private":
		return fmt.Appendf(buf, "10.0.%d.%d", r.IntN(16), r.IntN(256))
	case "n":
		return number(1 + r.IntN(900))
	case "port":
		return number(1024 + r.IntN(60000))
	case "big":
		return number(r.IntN(5_000_000))
	case "hex8", "hex16", "hex32":
		n, _ := strconv.Atoi(name[3:])
		return record.AppendHex(buf, r, n)
	case "id24":
		return record.AppendBase32(buf, r, 24)
	case "uuid":
		return record.AppendUUID(buf, r)
	case "word":
		return append(buf, vocabulary[r.IntN(len(vocabulary))]...)
	case "page":
		return fmt.Appendf(buf, "/%s/%d", vocabulary[r.IntN(len(vocabulary))], r.IntN(2000))
	case "agent":
		return append(buf, browsers[r.IntN(len(browsers))]...)
	case "status":
		return append(buf, []string{"200", "200", "200", "304", "404", "206"}[r.IntN(6)]...)
	case "epoch":
		return strconv.AppendInt(buf, at.Unix(), 10)
	case "micros":
		return strconv.AppendInt(buf, at.UnixMicro(), 10)
	}
	layout := map[string]string{"iso": "2006-01-02T15:04:05Z", "isoms": "2006-01-02T15:04:05.000Z", "isous": "2006-01-02T15:04:05.000000Z", "clf": "02/Jan/2006:15:04:05 +0000",
		"date": "2006-01-02", "time": "15:04:05", "plus": "2006-01-02T15:04:05.000000+0000", "day": "20060102"}[name]
	if layout == "" {
		panic("corpus: internal error: no mark {" + name + "}")
	}
	return at.AppendFormat(buf, layout)
}
