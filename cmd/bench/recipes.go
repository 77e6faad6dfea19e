package main

import "strings"

// recipe is what a person has to know of a source beside its columns to read it
// with DuckDB's own readers.
type recipe struct {
	options string            // of read_csv; empty: blanks, and quotes around some fields
	fields  []string          // in the order of the file, where the source names none
	values  map[string]string // expressions for fields that are not as they are to be
	records bool              // the records stand in an array
	objects bool              // a line is a JSON object, though it may be another
	// query is the whole query over a list of files, where none of the above is
	// enough.
	query func(paths string) string
}

// recipes are those of the sources that need one.
var recipes = map[string]recipe{
	"cloudtrail":   {records: true},
	"config_items": {records: true},
	// The time in brackets holds a blank: two fields.
	"s3_access": {
		fields: strings.Fields("bucket_owner bucket time zone remote_ip requester request_id operation key request_uri http_status error_code bytes_sent object_size total_time turn_around_time referer user_agent version_id host_id signature_version cipher_suite authentication_type host_header tls_version access_point_arn acl_required source_region"),
		values: map[string]string{"time": `strptime("time", '[%d/%b/%Y:%H:%M:%S')`},
	},
	// A list of quoted names is no field that read_csv takes for quoted.
	"nlb":        {options: `delim = ' ', quote = '', escape = '', header = false`},
	"cloudfront": {options: `delim = '\t', quote = '', escape = '', header = false, skip = 2`},
	"rds_audit": {
		options: `delim = ',', quote = '''', escape = '\', header = false`,
		fields:  strings.Split("time,serverhost,username,host,connectionid,queryid,operation,database,object,retcode", ","),
		values:  map[string]string{"time": `make_timestamp(CAST("time" AS BIGINT))`},
	},
	"redshift_audit": {
		options: `delim = '|', quote = '', escape = '', header = false`,
		fields:  append(redshift, "rest"),
		values:  trimmed(redshift),
	},
	"network_firewall": {values: map[string]string{
		"event_timestamp": `make_timestamp(CAST("event_timestamp" AS BIGINT) * 1000000)`,
		"event.timestamp": `strptime("event"."timestamp", '%Y-%m-%dT%H:%M:%S.%f%z')`, "event.netflow.start": `strptime("event"."netflow"."start", '%Y-%m-%dT%H:%M:%S.%f%z')`,
		"event.netflow.end": `strptime("event"."netflow"."end", '%Y-%m-%dT%H:%M:%S.%f%z')`,
	}},
	"ocsf":        {values: map[string]string{"time": `make_timestamp(CAST("time" AS BIGINT) * 1000)`}},
	"api_gateway": {objects: true, values: map[string]string{"requestTime": `strptime("requestTime", '%d/%b/%Y:%H:%M:%S %z')`}},
	"cloudwatch_logs": {query: func(paths string) string {
		return `SELECT time, log_group, log_stream, owner, event_id, message, message_json,
	TRY_CAST(nullif(syslog.priority, '') AS INTEGER) AS priority, nullif(syslog.syslog_time, '') AS syslog_time, nullif(syslog.host, '') AS host,
	nullif(syslog.program, '') AS program, nullif(syslog.pid, '') AS pid, nullif(syslog.text, '') AS text
FROM (SELECT make_timestamp(event."timestamp" * 1000) AS time, "logGroup" AS log_group, "logStream" AS log_stream, owner, event.id AS event_id, rtrim(event.message, chr(10)) AS message,
	CASE WHEN event.message LIKE '{%' AND json_valid(event.message) THEN event.message END AS message_json,
	regexp_extract(rtrim(event.message, chr(10)), '^(?:<(\d{1,3})>)?([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) ([\w.-]+) ([\w./-]+?)(?:\[(\d+)\])?: (.*)$', ['priority', 'syslog_time', 'host', 'program', 'pid', 'text']) AS syslog
FROM (SELECT owner, "logGroup", "logStream", unnest("logEvents") AS event FROM read_json(` + paths + `, maximum_object_size = 100000000,
	columns = {owner: 'VARCHAR', "logGroup": 'VARCHAR', "logStream": 'VARCHAR', "logEvents": 'STRUCT(id VARCHAR, "timestamp" BIGINT, message VARCHAR)[]'})))`
	}},
}

// redshift are the fields of a connection log.
var redshift = strings.Split("event,recordtime,remotehost,remoteport,pid,dbname,username,authmethod,duration,sslversion,sslcipher,mtu,sslcompression,sslexpansion,iamauthguid,application_name,os_version,driver_version,plugin_name,protocol_version,sessionid", ",")

// trimmed are the fields without the blanks they are padded with.
func trimmed(fields []string) map[string]string {
	out := map[string]string{}
	for _, f := range fields {
		out[f] = `nullif(rtrim("` + f + `"), '')`
	}
	out["recordtime"] = `CAST(rtrim("recordtime") AS TIMESTAMP)`
	out["duration"] = `TRY_CAST(rtrim("duration") AS BIGINT)`
	return out
}
