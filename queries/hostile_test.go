package queries_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"logquarry/engine/schema/schematest"
)

// TestHostileRecords runs every hunt over records whose values have another
// type than hunts expect, or are missing: nothing may fail.
func TestHostileRecords(t *testing.T) {
	values := []string{`null`, `{}`, `[]`, `"x"`, `7`, `true`, `{"omitted":true,"originalSize":123456,"reason":"requestParameters too large"}`,
		`{"userName":{"a":1},"roleName":[1],"policyDocument":"%7B%22Statement","instanceIds":"i-1","names":7,"instancesSet":[],"bucketPolicy":"x","key":"%ZZ","createVolumePermission":"all"}`,
		`{"policyDocument":"not JSON","assumeRolePolicyDocument":"%","ipPermissions":{"items":[]},"cidrIp":"0.0.0.0/0","fromPort":"x","name":["0.0.0.0/0"]}`}
	apis := map[string]bool{}
	for _, h := range library(t).Hunts() {
		for _, f := range strings.FieldsFunc(bareNames(h.SQL), func(r rune) bool { return r == '\n' }) {
			apis[f] = true
		}
	}
	var ct strings.Builder
	n := 0
	for api := range apis {
		for _, v := range values {
			n++
			fmt.Fprintf(&ct, `{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"A:i-","arn":null,"accessKeyId":""},"eventTime":"2026-01-02T03:04:05Z","eventSource":"%s.amazonaws.com","eventName":"%s","awsRegion":"us-east-1","sourceIPAddress":"%s","requestParameters":%s,"responseElements":%s,"additionalEventData":%s,"eventID":"aaaaaaaa-bbbb-4ccc-8ddd-%012d","recipientAccountId":"111122223333"}`+"\n",
				[]string{"iam", "s3", "ec2", "signin", "sts", "ssm", "lambda"}[n%7], api, []string{"AWS Internal", "s3.amazonaws.com", "", "::", "203.0.113.999"}[n%5], v, v, v, n)
		}
	}
	if n < 500 {
		t.Fatalf("only %d records: the names of APIs are not found in the hunts", n)
	}
	flow := "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n" +
		"2 unknown - - - - - - - - 1767322800 1767322860 - NODATA\n2 111122223333 eni-1 :: ::1 0 0 58 1 1 1767322800 1767322860 ACCEPT OK\n"
	waf := `{"timestamp":1767322800000,"webaclId":"x","terminatingRuleId":"Default_Action","action":"ALLOW","httpRequest":{"clientIp":"","headers":null},"labels":null,"nonTerminatingMatchingRules":null}` + "\n" +
		`{"timestamp":1767322800000,"webaclId":"x","terminatingRuleId":"r","action":"BLOCK","httpRequest":{},"labels":[],"ruleGroupList":[{"excludedRules":null}]}` + "\n"
	c, srcs := openCase(t), schematest.Shipped(t)
	sum := loadPaths(t, c, srcs, writeFiles(t, map[string][]byte{"ct.ndjson": []byte(ct.String()), "flow.log": []byte(flow), "waf.ndjson": []byte(waf)}))
	if sum.Rejects > 0 || sum.Rows != int64(n)+4 {
		t.Fatalf("loaded %d rows of %d: %+v", sum.Rows, n+4, sum)
	}
	for _, h := range library(t).Hunts() {
		for _, r := range findings(t, c, h, nil) {
			if r["time"] == nil || r["source"] == nil || r["summary"] == nil {
				t.Errorf("%s: a finding without time, source or summary: %s", h.ID, leading(r))
				break
			}
		}
	}
}

// bareNames are the words in quotes of a hunt that look like the names of APIs, one a line.
func bareNames(sql string) string {
	var out []string
	for _, s := range quoted.FindAllString(sql, -1) {
		if s = strings.Trim(s, "'%"); apiName.MatchString(s) {
			out = append(out, s)
		}
	}
	return strings.Join(out, "\n")
}

// TestRealLogs runs every hunt over logs others recorded, where they are there.
func TestRealLogs(t *testing.T) {
	shared := filepath.Join("..", "..", "shared", "data")
	if _, err := os.Stat(shared); err != nil {
		t.Skip("no folder of real logs: ", err)
	}
	c, srcs := openCase(t), schematest.Shipped(t)
	loadPaths(t, c, srcs, filepath.Join(shared, "stratus-red-team"), filepath.Join(shared, "invictus-aws_dataset"), filepath.Join(shared, "aws-waf-security-automations"), filepath.Join(shared, "otrf"))
	lib := library(t)
	for _, h := range lib.Hunts() {
		findings(t, c, h, nil)
	}
	// What the attacks in these folders are named after.
	for _, id := range []string{
		"ct-console-login-no-mfa", "ct-trail-impaired", "ct-logs-deleted", "ct-organization-left", "ct-secrets-burst", "ct-instance-secrets",
		"ct-unusual-instances", "ct-userdata-swap", "ct-snapshot-shared", "ct-instance-keys", "ct-role-trusts-stranger",
		"ct-credentials-for-another", "ct-user-with-credentials", "ct-admin-policy", "ct-admin-role-made", "ct-lambda-public", "ct-lambda-code-change",
		"ct-identity-provider", "ct-console-from-key", "ct-attack-tool",
	} {
		h, ok := lib.Hunt(id)
		if !ok {
			t.Fatalf("no hunt %s", id)
		}
		if len(findings(t, c, h, nil)) == 0 {
			t.Errorf("%s finds nothing", id)
		}
	}
}
