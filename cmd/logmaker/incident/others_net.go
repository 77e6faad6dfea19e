package incident

import (
	"fmt"
	"strings"
	"time"
)

// The names the intruder's machines asked for, and what they resolved to.
const (
	beaconName = "cdn-sync.example.net"
	dropName   = "drop.example.org"
	poolName   = "pool.supportxmr.example"
)

// names are the queries of the VPC's machines, and those for the shop's own zone.
func (o *others) names() error {
	query := func(h host, t time.Time, name, answer string) string {
		answers := []m{}
		code := "NXDOMAIN"
		if answer != "" {
			answers, code = append(answers, m{"Rdata": answer, "Type": "A", "Class": "IN"}), "NOERROR"
		}
		return line(m{"version": "1.100000", "account_id": company, "region": home, "vpc_id": h.vpc, "query_timestamp": iso(t), "query_name": name + ".", "query_type": "A", "query_class": "IN",
			"rcode": code, "answers": answers, "srcaddr": h.private, "srcport": fmt.Sprint(33000 + o.r.IntN(9000)), "transport": "UDP", "srcids": m{"instance": h.instance}})
	}
	days := map[string]*strings.Builder{}
	counts := map[string]int{}
	add := func(h host, t time.Time, name, answer string) {
		day := t.Format("2006/01/02")
		if days[day] == nil {
			days[day] = new(strings.Builder)
		}
		days[day].WriteString(query(h, t, name, answer))
		counts[day]++
	}
	for i, t := range every(at("10 00:05:00"), 200, 20*time.Minute) {
		h := []host{web1, web2, office}[i%3]
		add(h, t, []string{"deb.example.com", "api.example.com", "time.example.com", "sts.us-east-1.amazonaws.com"}[i%4], []string{"192.0.2.80", "192.0.2.81", "192.0.2.82", "192.0.2.83"}[i%4])
	}
	for _, t := range every(at("11 01:59:30"), 30, time.Hour) {
		add(web2, t, beaconName, beaconIP)
	}
	add(web1, at("11 04:59:40"), dropName, intruderHost)
	add(web2, at("11 06:31:00"), poolName, "203.0.113.120")
	for i := range 3 {
		add(web2, at("11 06:31:05").Add(time.Duration(i)*time.Second), fmt.Sprintf("x%dq7z.pool-backup.example", i), "")
	}
	for day, text := range days {
		name := fmt.Sprintf("AWSLogs/%s/vpcdnsquerylogs/%s/%s/%s_vpcdnsquerylogs_%s_%sT2355Z_%s.log.gz", company, shopVPC, day, shopVPC, company, strings.ReplaceAll(day, "/", ""), fixedHex(day, 8))
		if err := o.file("route53_resolver", name, text.String(), counts[day]); err != nil {
			return err
		}
	}
	o.planted("N1", at("11 06:31:00"), at("11 06:31:00"), web2.instance, web2.private, poolName, "The name of a mining pool asked for", 1)
	o.planted("S4", at("11 05:00:00"), at("11 05:40:00"), "", web1.private, dropName, "A name only one machine asks for, and 42 GB to its address", 1)
	var public strings.Builder
	for i, t := range every(at("10 12:40:00"), 40, 3*time.Second) {
		name, code := []string{"vpn", "dev", "staging", "jenkins", "git", "mail", "db", "admin"}[i%8]+".example.com", "NXDOMAIN"
		if i%8 == 0 {
			name, code = "shop.example.com", "NOERROR"
		}
		fmt.Fprintf(&public, "%s 1.0 %s Z0EXAMPLE1234 %s A %s UDP IAD89-C1 203.0.113.53 198.51.100.0/24\n", millis(t.Add(time.Second)), millis(t), name, code)
	}
	return o.file("route53_public", "export/0f1e2d3c-1111-4222-8333-444455556666/Z0EXAMPLE1234-IAD89-C1/000000.gz", public.String(), 40)
}

// firewall saw the beacon on its way out, and let it pass.
func (o *others) firewall() error {
	event := func(t time.Time, kind string, more m) string {
		ev := m{"timestamp": t.Format("2006-01-02T15:04:05.000000+0000"), "flow_id": 1582438383425873 + t.Unix(), "event_type": kind, "src_ip": web2.private, "src_port": 40000, "dest_ip": beaconIP, "dest_port": 443, "proto": "TCP", "app_proto": "tls"}
		for k, v := range more {
			ev[k] = v
		}
		return line(m{"firewall_name": "shop-egress", "availability_zone": "us-east-1b", "event_timestamp": fmt.Sprint(t.Unix()), "event": ev})
	}
	var alerts, flows strings.Builder
	for _, t := range every(at("11 02:00:02"), 24, 75*time.Minute) {
		alerts.WriteString(event(t, "alert", m{"alert": m{"action": "allowed", "signature_id": 2100001, "rev": 1, "signature": "Suspicious TLS server name", "category": "Command and control", "severity": 2}, "tls": m{"sni": beaconName, "version": "TLS 1.3"}}))
		flows.WriteString(event(t.Add(4*time.Second), "netflow", m{"netflow": m{"pkts": 4, "bytes": 520, "start": t.Format("2006-01-02T15:04:05.000000+0000"), "end": t.Add(3 * time.Second).Format("2006-01-02T15:04:05.000000+0000"), "age": 3, "min_ttl": 63, "max_ttl": 63}, "tcp": m{"tcp_flags": "1b", "syn": true}}))
	}
	tls := event(at("11 03:00:00"), "tls", m{"sni": "old.example.com", "src_port": "40100", "dest_port": "443", "dest_ip": "192.0.2.84", "tls_inspected": true, "tls_error": m{"error_message": "Cert has expired"}})
	o.planted("NFW", at("11 02:00:02"), at("12 06:45:02"), "", web2.private, beaconName, "An alert on the beacon that let it pass", 24)
	for _, x := range []struct {
		kind, text string
		rows       int
	}{{"alert", alerts.String(), 24}, {"flow", flows.String(), 24}, {"tls", tls, 1}} {
		if err := o.file("network_firewall", fmt.Sprintf("AWSLogs/%s/network-firewall/%s/%s/shop-egress/2026/03/11/02/%s_network-firewall_%s_%s_shop-egress_202603110255_%s.log.gz", company, x.kind, home, company, x.kind, home, fixedHex(x.kind, 8)), x.text, x.rows); err != nil {
			return err
		}
	}
	return nil
}

// transit is the way to the data team's VPC, which one server took at night.
func (o *others) transit() error {
	var text strings.Builder
	text.WriteString("version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-id tgw-dst-vpc-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole flow-direction\n")
	row := func(t time.Time, from, to host, port int, bytes int64) {
		fmt.Fprintf(&text, "6 TransitGateway %s tgw-0a1b2c3d4e5f60001 tgw-attach-0a1b2c3d4e5f60001 %s %s %s %s %d %d 6 %d %d %d %d OK IPv4 0 0 ingress\n", company, from.vpc, to.vpc, from.private, to.private, 45000+o.r.IntN(9000), port, 1+bytes/1200, bytes, t.Unix(), t.Unix()+58)
	}
	for _, t := range every(at("10 06:00:00"), 48, time.Hour) {
		row(t, lake, database, 5432, 200_000)
	}
	for _, t := range every(at("11 03:40:00"), 10, 3*time.Minute) {
		row(t, web1, lake, 22, 90_000_000)
	}
	text.WriteString("6 TransitGateway 111122223333 tgw-0a1b2c3d4e5f60001 tgw-attach-0a1b2c3d4e5f60001 - - - - - - - - - 1773200000 1773200060 NODATA - - - -\n")
	return o.file("tgw_flow", fmt.Sprintf("AWSLogs/%s/vpcflowlogs/%s/2026/03/11/%s_vpcflowlogs_%s_fl-0a1b2c3d4e5f60004_20260311T1200Z_%s.log.gz", company, home, company, home, fixedHex("tgw", 8)), text.String(), 59)
}

// inventory is what EC2 had when the responder asked it, as the AWS command
// prints it: interfaces, and the elastic address of the office's VPN.
func (o *others) inventory() error {
	var interfaces []m
	for i, h := range []host{balancer, web1, web2, database, office} {
		group := m{"GroupName": h.name, "GroupId": fmt.Sprintf("sg-0a1b2c3d4e5f600%d", 31+i)}
		if h.name == web1.name || h.name == web2.name {
			group = m{"GroupName": "web", "GroupId": webGroup}
		}
		primary := m{"Primary": true, "PrivateIpAddress": h.private}
		nic := m{"AvailabilityZone": h.region + "a", "Description": "", "Groups": []m{group}, "InterfaceType": "interface", "Ipv6Addresses": []m{}, "MacAddress": fmt.Sprintf("02:00:5e:00:53:%02x", i),
			"NetworkInterfaceId": h.eni, "OwnerId": company, "PrivateIpAddress": h.private, "PrivateIpAddresses": []m{primary}, "RequesterManaged": h.instance == "", "SourceDestCheck": true,
			"Status": "in-use", "SubnetId": h.subnet, "TagSet": []m{{"Key": "Name", "Value": h.name}}, "VpcId": h.vpc}
		if h.v6 != "" {
			nic["Ipv6Addresses"] = []m{{"Ipv6Address": h.v6, "IsPrimaryIpv6": false}}
		}
		if h.public != "" {
			association := m{"IpOwnerId": "amazon", "PublicIp": h.public}
			nic["Association"], primary["Association"] = association, association
		}
		attachment := m{"AttachmentId": "eni-attach-" + h.eni[len("eni-"):], "AttachTime": "2026-01-12T09:00:00+00:00", "DeviceIndex": 0, "Status": "attached", "DeleteOnTermination": true, "InstanceOwnerId": company}
		switch h.name {
		case balancer.name:
			nic["Description"], attachment["InstanceOwnerId"] = "ELB app/shop/50dc6c495c0c9188", "amazon-elb"
		case database.name:
			nic["Description"], attachment["InstanceOwnerId"] = "RDSNetworkInterface", "amazon-rds"
		default:
			attachment["InstanceId"] = h.instance
		}
		nic["Attachment"] = attachment
		interfaces = append(interfaces, nic)
	}
	if err := o.file("ec2_inventory", "queries/describe-network-interfaces.json", string(toJSON(m{"NetworkInterfaces": interfaces})), len(interfaces)); err != nil {
		return err
	}
	return o.file("ec2_inventory", "queries/describe-addresses.json", string(toJSON(m{"Addresses": []m{{"InstanceId": office.instance, "PublicIp": office.public, "AllocationId": "eipalloc-0a1b2c3d4e5f60201",
		"AssociationId": "eipassoc-0a1b2c3d4e5f60201", "Domain": "vpc", "NetworkInterfaceId": office.eni, "NetworkInterfaceOwnerId": company, "PrivateIpAddress": office.private,
		"PublicIpv4Pool": "amazon", "NetworkBorderGroup": home}}})), 1)
}
