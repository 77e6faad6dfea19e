package main

import (
	"fmt"
	"strings"

	"logquarry/engine/schema"
)

// recipe is how a person loads logs of a source with DuckDB's own readers: JSON
// as read_json finds it, lines with every field named and typed. It is empty for
// the sources that are compared with columns flattened as quarry has them.
func recipe(s *schema.Source, g group) (string, error) {
	table := "CREATE TABLE " + schema.Quote(s.Name) + " AS "
	switch s.Name {
	case "cloudtrail", "vpc_flow", "waf":
		return "", nil
	case "config_items":
		return table + "SELECT unnest(item, max_depth := 1) FROM (SELECT unnest(configurationItems) AS item FROM read_json(" + paths(g) + ", maximum_object_size = 100000000))", nil
	case "cloudwatch_logs":
		return table + "SELECT owner, logGroup, logStream, event.id, make_timestamp(event.\"timestamp\" * 1000) AS time, event.message FROM (SELECT owner, logGroup, logStream, unnest(logEvents) AS event FROM read_json(" + paths(g) + ", maximum_object_size = 100000000))", nil
	case "api_gateway":
		return table + "SELECT * FROM read_json(" + paths(g) + ", format = 'newline_delimited')", nil
	}
	if s.Shape == schema.JSON {
		return table + "SELECT * FROM read_json(" + paths(g) + ", format = 'newline_delimited')", nil
	}
	options := ", delim = ' ', quote = '\"', escape = '\\', header = false, nullstr = '-'"
	fields := s.Default
	switch s.Name {
	case "cloudfront":
		options = ", delim = '\t', quote = '', escape = '', header = false, skip = 2, nullstr = '-'"
	case "tgw_flow":
		options = ", delim = ' ', quote = '', escape = '', header = true, nullstr = '-'"
		fields = strings.Fields("version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-id tgw-dst-vpc-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type packets-lost-no-route packets-lost-blackhole tcp-flags region flow-direction")
	case "rds_audit":
		options = ", delim = ',', quote = '''', escape = '\\', header = false"
		fields = strings.Split("time,serverhost,username,host,connectionid,queryid,operation,database,object,retcode", ",")
	case "redshift_audit":
		options = ", delim = '|', quote = '', escape = '', header = false"
		fields = strings.Split("event,recordtime,remotehost,remoteport,pid,dbname,username,authmethod,duration,sslversion,sslcipher,mtu,sslcompression,sslexpansion,iamauthguid,application_name,os_version,driver_version,plugin_name,protocol_version,sessionid,rest", ",")
	}
	types := map[string]schema.Column{}
	for _, c := range s.Columns {
		if c.Part == "" {
			types[c.From] = c
		}
	}
	var columns []string
	for _, f := range fields {
		kind := "VARCHAR"
		if c, ok := types[f]; ok && s.Shape != schema.Regex {
			kind = readType(c.Type)
		}
		if s.Name == "s3_access" && f == "time" {
			// The bracketed time holds a blank: two fields, to be put together later.
			columns = append(columns, "'time': 'VARCHAR'", "'zone': 'VARCHAR'")
			continue
		}
		columns = append(columns, literal(f)+": "+literal(kind))
	}
	if len(columns) == 0 {
		return "", fmt.Errorf("no recipe for %s", s.Name)
	}
	return table + "SELECT * FROM read_csv(" + paths(g) + options + ", auto_detect = false, columns = {" + strings.Join(columns, ", ") + "})", nil
}
