package sigma

import (
	"slices"
	"strings"

	"logquarry/engine/schema"
)

// services are the sources that a log source of product aws means by its
// service. Every source's own name is one too.
var services = map[string][]string{
	"cloudtrail_management": {"cloudtrail"},
	"cloudtrail_data":       {"cloudtrail"},
	"vpc":                   {"vpc_flow"},
	"vpcflow":               {"vpc_flow"},
	"vpc_flow_logs":         {"vpc_flow"},
	"vpcflowlogs":           {"vpc_flow"},
	"flowlogs":              {"vpc_flow"},
	"flow_logs":             {"vpc_flow"},
	"tgw_flow_logs":         {"tgw_flow"},
	"transit_gateway":       {"tgw_flow"},
	"wafv2":                 {"waf"},
	"dns":                   {"route53_resolver", "route53_public"},
	"route53":               {"route53_resolver", "route53_public"},
	"route53resolver":       {"route53_resolver"},
	"resolver":              {"route53_resolver"},
	"elb":                   {"alb", "clb", "nlb"},
	"elbv2":                 {"alb", "nlb"},
	"elasticloadbalancing":  {"alb", "clb", "nlb"},
	"s3":                    {"s3_access"},
	"s3access":              {"s3_access"},
	"s3_server_access":      {"s3_access"},
	"eks":                   {"eks_audit"},
	"kubernetes":            {"eks_audit"},
	"security_hub":          {"securityhub"},
	"config":                {"config_items"},
	"networkfirewall":       {"network_firewall"},
	"apigateway":            {"api_gateway"},
	"rds":                   {"rds_audit"},
	"redshift":              {"redshift_audit"},
	"cloudwatch":            {"cloudwatch_logs"},
	"events":                {"eventbridge"},
	"securitylake":          {"ocsf"},
	"security_lake":         {"ocsf"},
}

// categories are the sources of the generic categories, which name no product.
var categories = map[string][]string{
	"webserver": {"alb", "clb", "cloudfront", "waf", "s3_access", "api_gateway"},
	"proxy":     {"network_firewall"},
	"dns":       {"route53_resolver", "route53_public"},
	"firewall":  {"vpc_flow", "tgw_flow", "network_firewall"},
	"database":  {"rds_audit", "redshift_audit"},
}

// networks are the sources of the category network by its service.
var networks = map[string][]string{
	"connection": {"vpc_flow", "tgw_flow", "network_firewall"},
	"dns":        {"route53_resolver", "route53_public"},
}

// sources are the tables that hold what l is about; none where no source is.
func (l LogSource) sources(known []*schema.Source) []*schema.Source {
	var names []string
	switch {
	case l.Product == "kubernetes" && (l.Service == "audit" || l.Category == "audit" || l.Service == "" && l.Category == ""):
		names = []string{"eks_audit"}
	case l.Product == "aws" && l.Service == "" && l.Category == "":
		names = []string{"cloudtrail"}
	case l.Product != "" && l.Product != "aws":
		// A source of the user's own may bear the product's name.
		names = []string{l.Product}
		if l.Service != "" {
			names = []string{l.Product + "_" + l.Service}
		}
	case l.Service != "" && l.Category != "network":
		name := strings.ReplaceAll(l.Service, "-", "_")
		names = services[name]
		if names == nil {
			names = []string{name}
		}
	case l.Category == "network":
		names = networks[l.Service]
	default:
		names = categories[l.Category]
	}
	var out []*schema.Source
	for _, name := range names {
		if i := slices.IndexFunc(known, func(s *schema.Source) bool { return s.Name == name }); i >= 0 {
			out = append(out, known[i])
		}
	}
	return out
}

// names are what the taxonomy of Sigma calls fields, by source: a column, or an
// SQL expression in parentheses.
var names = map[string]map[string]string{
	"alb": webNames("client_ip", "elb_status_code", "sent_bytes", "received_bytes", "user_agent", "domain_name", requestLine("request")),
	"clb": webNames("client_ip", "elb_status_code", "sent_bytes", "received_bytes", "user_agent", "", requestLine("request")),
	"waf": webNames("client_ip", "response_code_sent", "", "request_body_size", "header_user_agent", "header_host", [4]string{"http_method", "uri", "args", "http_version"}, "cs-referer", "header_referer", "cs-referrer", "header_referer"),
	"s3_access": webNames("remote_ip", "http_status", "bytes_sent", "", "user_agent", "host_header", requestLine("request_uri"),
		"cs-referer", "referer", "cs-referrer", "referer", "cs-username", "requester"),
	"api_gateway": webNames("ip", "status", "response_length", "", "user_agent", "domain_name", [4]string{"http_method", "path", "", "protocol"},
		"cs-username", "user"),
	"cloudfront": {
		"c-useragent": "cs_user_agent", "cs-user-agent": "cs_user_agent", "cs-host": "cs_host", "cs-referer": "cs_referer",
		"cs-referrer": "cs_referer", "cs-cookie": "cs_cookie", "cs-version": "cs_protocol_version", "src_ip": "c_ip",
		"c-uri":      "(cs_uri_stem || COALESCE('?' || cs_uri_query, ''))",
		"c-uri-stem": "cs_uri_stem", "c-uri-query": "cs_uri_query", "c-uri-extension": extension("cs_uri_stem"),
		"date": "(strftime(\"time\", '%Y-%m-%d'))",
	},
	"network_firewall": {
		"c-uri": "(COALESCE(http_hostname, '') || http_url)", "c-uri-stem": "(split_part(http_url, '?', 1))",
		"c-uri-query": queryOf("http_url"), "cs-uri-stem": "(split_part(http_url, '?', 1))", "cs-uri-query": queryOf("http_url"),
		"c-uri-extension": extension("split_part(http_url, '?', 1)"),
		"c-useragent":     "http_user_agent", "cs-user-agent": "http_user_agent", "cs-host": "http_hostname", "r-dns": "http_hostname",
		"cs-method": "http_method", "sc-status": "http_status", "dst_ip": "dest_ip", "dst_port": "dest_port",
		"source.ip": "src_ip", "source.port": "src_port", "destination.ip": "dest_ip", "destination.port": "dest_port",
		"network.transport": "proto", "network.protocol": "app_proto",
	},
	"vpc_flow": flowNames,
	"tgw_flow": flowNames,
	"route53_resolver": {
		"query": dotless("query_name"), "QueryName": dotless("query_name"), "dns.question.name": dotless("query_name"),
		"record_type": "query_type", "dns.question.type": "query_type", "dns.question.class": "query_class",
		"dns.response.code": "rcode", "answer": "answers.Rdata", "dns.answers.data": "answers.Rdata", "dns.answers.type": "answers.Type",
		"dns.answers.class": "answers.Class", "src_ip": "srcaddr", "src_port": "srcport", "source.ip": "srcaddr", "source.port": "srcport",
	},
	"route53_public": {
		"query": dotless("query_name"), "QueryName": dotless("query_name"), "dns.question.name": dotless("query_name"),
		"record_type": "query_type", "dns.question.type": "query_type", "dns.response.code": "rcode",
		"src_ip": "resolver_ip", "source.ip": "resolver_ip",
	},
	"eks_audit": {
		"apiGroup": "object_api_group", "resource": "object_resource", "subresource": "object_subresource",
		"namespace": "object_namespace", "username": "user_username", "user": "user_username", "user_agent": "user_agent",
	},
}

var flowNames = map[string]string{
	"src_ip": "srcaddr", "src_port": "srcport", "dst_ip": "dstaddr", "dst_port": "dstport",
	"source.ip": "srcaddr", "source.port": "srcport", "destination.ip": "dstaddr", "destination.port": "dstport",
	"source.bytes": "bytes", "source.packets": "packets",
	"network.transport": "(CASE protocol WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' WHEN 1 THEN 'icmp' WHEN 58 THEN 'ipv6-icmp' ELSE CAST(protocol AS VARCHAR) END)",
	"network.type":      "(lower(\"type\"))",
	"event.duration":    "(CAST(CAST(epoch(\"end\") - epoch(\"start\") AS BIGINT) AS VARCHAR))",
}

// dotless is a name of DNS without the dot that Route 53 writes behind it.
func dotless(column string) string { return "(rtrim(" + column + ", '.'))" }

func queryOf(url string) string {
	return "(CASE WHEN contains(" + url + ", '?') THEN substr(" + url + ", strpos(" + url + ", '?') + 1) END)"
}

func extension(path string) string {
	return `(NULLIF(regexp_extract(` + path + `, '\.([^./]+)$', 1), ''))`
}

// requestLine are method, path, query and version of a request line: GET
// https://host:443/a?b HTTP/1.1. A load balancer writes the whole URL, S3 the
// path alone.
func requestLine(column string) [4]string {
	url := "split_part(" + column + ", ' ', 2)"
	path := "regexp_replace(" + url + ", '^[a-zA-Z]+://[^/?]*', '')"
	return [4]string{"(split_part(" + column + ", ' ', 1))", "(split_part(" + path + ", '?', 1))", queryOf(path), "(split_part(" + column + ", ' ', 3))"}
}

// webNames are the names of the categories webserver and proxy for a source of
// requests; an empty column is one it has not. more are pairs of name and column.
func webNames(ip, status, sent, received, agent, host string, request [4]string, more ...string) map[string]string {
	m := map[string]string{
		"c-ip": ip, "src_ip": ip, "sc-status": status, "sc-bytes": sent, "cs-bytes": received, "c-useragent": agent,
		"cs-user-agent": agent, "cs-host": host, "r-dns": host, "cs-method": request[0], "cs-version": request[3],
		"cs-uri-stem": request[1], "c-uri-stem": request[1], "cs-uri-query": request[2], "c-uri-query": request[2],
		"c-uri-extension": extension(request[1]), "c-uri": request[1],
	}
	if request[2] != "" {
		m["c-uri"] = "(" + request[1] + " || COALESCE('?' || " + request[2] + ", ''))"
	}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	for name, column := range m {
		if column == "" {
			delete(m, name)
		}
	}
	return m
}
