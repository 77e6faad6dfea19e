package schemas_test

import (
	"os"
	"path/filepath"
	"testing"
)

// sampleCase is a case of the samples of one source.
func sampleCase(t *testing.T, source string, names ...string) func(query string) []string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		text, err := os.ReadFile(filepath.Join(source, "samples", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, _ := loadFiles(t, folder)
	return func(query string) []string { return ask(t, c.DB(), query) }
}

func TestS3ObjectViews(t *testing.T) {
	q := sampleCase(t, "s3_access", "copies_and_deletes.log")
	expect(t, "objects", q(`SELECT kind, operation, bucket, object_key, outcome FROM s3_access_objects ORDER BY record_no`),
		"download|REST.COPY.OBJECT_GET|demo-bucket|src.bin|success",
		"copy|REST.COPY.OBJECT|other-bucket|dst.bin|success",
		"download|REST.COPY.PART_GET|demo-bucket|big.bin|success",
		"copy|REST.COPY.PART|demo-bucket|dst.bin|success",
		"delete request|REST.POST.MULTI_OBJECT_DELETE|demo-bucket|∅|success",
		"delete|BATCH.DELETE.OBJECT|demo-bucket|dir/one%20two.txt|success",
		"delete|BATCH.DELETE.OBJECT|demo-bucket|dir/three|success",
		// Encoded twice in the log, by the request; then a name with a percent sign of its own.
		"download|REST.GET.OBJECT|demo-bucket|dir/one two.txt|success",
		"download|REST.GET.OBJECT|demo-bucket|dir/50%25.txt|success",
		"download|REST.GET.OBJECT|demo-bucket|bad%FFbytes|failure",
		"read|REST.GET.OBJECT_TAGGING|demo-bucket|a|success",
		"change|REST.PUT.ACL|demo-bucket|a|success",
		"change|REST.DELETE.OBJECT_TAGGING|demo-bucket|a|success",
		"change|S3.TRANSITION_GDA.OBJECT|demo-bucket|cold|success",
		"delete|S3.CREATE.DELETEMARKER|demo-bucket|old|success",
		"read|S3.COMPUTE.OBJECT.CHECKSUM|demo-bucket|sum|success",
		"upload|REST.PUT.PART|demo-bucket|big.bin|success",
		"download|REST.GET.OBJECT|Old_Bucket.US|a|success")
	expect(t, "anonymous", q(`SELECT weakness, bucket, key FROM s3_access_weak`), "anonymous|Old_Bucket.US|a")
	expect(t, "requesters", q(`SELECT requester, requests FROM s3_access_requesters WHERE bucket = 'demo-bucket' ORDER BY 1`),
		"AmazonS3|3", "arn:aws:iam::111122223333:user/alice|12", "not logged|1")
}

func TestLoadBalancerViews(t *testing.T) {
	q := sampleCase(t, "alb", "odd_lines.log")
	expect(t, "events", q(`SELECT action, target, outcome, error, dst_ip FROM alb_events ORDER BY record_no`),
		`GET|https://app.example.com:443/\"x\" \xe2\x98\x83|success|∅|192.0.2.20`,
		`GET|https://app.example.com:443/?a="b" c d|success|∅|192.0.2.20`,
		"GET|https://app.example.com:443/|success|∅|192.0.2.20",
		"GET|https://app.example.com:443/|success|∅|192.0.2.20",
		"∅|http://host:80-|failure|∅|∅",
		"GET|https://[2001:db8::20]:443/v6?q|success|∅|2001:db8:0:1::20",
		"GET|https://app.example.com:443/|failure|∅|192.0.2.20",
		"GET|https://app.example.com:443/|∅|∅|∅",
		"GET|https://app.example.com:443/|success|∅|192.0.2.20",
		"GET|https://app.example.com:443/|success|∅|192.0.2.20",
		"GET|https://app.example.com:443/|blocked|∅|∅",
		"GET|https://app.example.com:443/|denied|∅|192.0.2.20",
		"GET|https://app.example.com:443/|failure|WAFConnectionError|∅",
		"GET|https://app.example.com:443/|success|AuthInvalidCookie|∅",
		"GET|https://app.example.com:443/blank  two|success|∅|192.0.2.20")
	expect(t, "requests", q(`SELECT host, path FROM alb_requests WHERE record_no IN (2, 5, 6, 15) ORDER BY record_no`),
		"app.example.com|/", "host|∅", "[2001:db8::20]|/v6", "app.example.com|/blank  two")
	expect(t, "errors", q(`SELECT record_no, actions_executed FROM alb_errors ORDER BY 1`),
		"5|∅", "7|forward", "10|forward", "11|waf", "13|waf-failed", "14|authenticate")
	expect(t, "rates", q(`SELECT status_class, sum(requests) FROM alb_rates GROUP BY 1 ORDER BY 1`), "0|1", "1|1", "2|7", "3|1", "4|3", "5|1", "∅|1")

	q = sampleCase(t, "clb", "odd_lines.log")
	expect(t, "classic events", q(`SELECT action, target, outcome FROM clb_events ORDER BY record_no`),
		"connection|my-clb|failure", "∅|http://my-clb:80-|failure", `GET|http://www.example.com:80/a b" c|failure`,
		`GET|http://www.example.com:80/?\"q\"|success`, "GET|http://www.example.com:80/|failure", "connection|my-clb|success")

	q = sampleCase(t, "nlb", "odd_lines.log")
	expect(t, "network events", q(`SELECT target, outcome, error FROM nlb_events ORDER BY record_no`),
		"nlb.example.com|success|∅", "nlb.example.com|success|∅", "net/demo/c6e77e28c25b2234|failure|TLS alert 40", "nlb.example.com|success|∅")
}

// TestUndecodable: a client must not be able to break a view with bytes that are
// no text.
func TestUndecodable(t *testing.T) {
	q := sampleCase(t, "cloudfront", "v2_comma.log")
	expect(t, "events", q(`SELECT target, outcome, error, user_agent FROM events ORDER BY record_no`),
		"www.example.com/index.html|success|∅|Mozilla/5.0 (X11)", "www.example.com/%FF|denied|LimitExceeded|%FF%2")
	expect(t, "requests", q(`SELECT path, user_agent FROM cloudfront_requests WHERE sc_status = 403`), "/%FF|%FF%2")
}

func TestAPIGatewayViews(t *testing.T) {
	q := sampleCase(t, "api_gateway", "access_nested.json", "access_templates.json", "access_broken.json")
	expect(t, "events", q(`SELECT principal, src_ip, action, target, outcome, error FROM api_gateway_events ORDER BY file_id, record_no`),
		"∅|203.0.113.9|GET|/a|denied|∅", "∅|203.0.113.9|GET|∅|denied|∅", "∅|203.0.113.9|GET|∅|success|∅", "∅|∅|∅|∅|∅|∅",
		"u1|203.0.113.9|∅|∅|blocked|Forbidden", "∅|203.0.113.9|∅|∅|denied|Forbidden", "∅|203.0.113.9|GET|/orders|success|∅",
		"alice|203.0.113.9|GET|/pets|success|∅", "∅|203.0.113.9|GET|/pets|success|∅", "∅|203.0.113.9|GET|∅|failure|∅",
		"alice|203.0.113.9|GET|/pets|success|∅", "∅|203.0.113.9|GET|/pets|success|∅", "alice|203.0.113.9|GET|/pets|success|∅",
		"∅|2001:db8::9|GET|/pets|success|∅", "∅|∅|∅|∅|∅|∅")
}

// TestParquet loads logs of CloudFront as Parquet, under both spellings of the
// names, with some fields only, the time in each of its forms.
func TestParquet(t *testing.T) {
	folder := t.TempDir()
	db := emptyCase(t)
	for name, query := range map[string]string{
		"a.parquet": `SELECT '2026-01-02' AS "date", '03:04:05' AS "time", 'FRA56-P4' AS x_edge_location, '392' AS sc_bytes, '000' AS sc_status,
			'-' AS cs_referer, 'curl/8.5' AS cs_user_agent, 'E2EXAMPLE' AS distributionid, '064496' AS asn, 'x' AS brand_new`,
		"b.parquet": `SELECT '1767323045678' AS "timestamp(ms)", 'FRA56-P4' AS "x-edge-location", '-' AS "sc-bytes", 'many' AS "sc-status", 'curl/8.5' AS "cs(User-Agent)"`,
		"c.parquet": `SELECT DATE '2026-01-02' AS "date", TIME '03:04:05' AS "time", 'FRA56-P4' AS x_edge_location, 392 AS sc_bytes, 200 AS sc_status`,
	} {
		run(t, db, "COPY ("+query+") TO '"+filepath.Join(folder, name)+"'")
	}
	c, _ := loadFiles(t, folder)
	const columns = `CAST(time AS VARCHAR), x_edge_location, sc_bytes, sc_status, cs_referer, cs_user_agent, distribution_id, asn`
	want := []string{
		"2026-01-02 03:04:05|FRA56-P4|392|0|∅|curl/8.5|E2EXAMPLE|064496",
		"2026-01-02 03:04:05.678|FRA56-P4|∅|∅|∅|curl/8.5|∅|∅",
		"2026-01-02 03:04:05|FRA56-P4|392|200|∅|∅|∅|∅",
	}
	expect(t, "rows", ask(t, c.DB(), `SELECT `+columns+` FROM cloudfront ORDER BY file_id`), want...)
	expect(t, "kept", ask(t, c.DB(), `SELECT json_extract_scalar(extra, '$.brand_new'), json_extract_scalar(extra, '$["sc-status"]') FROM cloudfront ORDER BY file_id`), "x|∅", "∅|many", "∅|∅")
	expect(t, "ledger", ask(t, c.DB(), `SELECT records, loaded, rejected, CAST(first_event_time AS VARCHAR) FROM evidence ORDER BY file_id`),
		"1|1|0|2026-01-02 03:04:05", "1|1|0|2026-01-02 03:04:05.678", "1|1|0|2026-01-02 03:04:05")
}
