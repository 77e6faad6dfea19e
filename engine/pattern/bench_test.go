package pattern

import "testing"

// BenchmarkMatch is one CloudTrail event against 100 patterns of as many calls.
func BenchmarkMatch(b *testing.B) {
	event := []byte(`{"version":"0","id":"0","detail-type":"AWS API Call via CloudTrail","source":"aws.ec2","account":"111122223333","time":"2026-01-02T03:04:05Z","region":"eu-west-1","resources":[],"detail":{"eventVersion":"1.11","userIdentity":{"type":"AssumedRole","principalId":"AROAEXAMPLE:s","arn":"arn:aws:sts::111122223333:assumed-role/r/s","accountId":"111122223333"},"eventTime":"2026-01-02T03:04:05Z","eventSource":"ec2.amazonaws.com","eventName":"AuthorizeSecurityGroupIngress","awsRegion":"eu-west-1","sourceIPAddress":"198.51.100.7","userAgent":"aws-cli/2.0","requestParameters":{"groupId":"sg-1","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":22,"toPort":22,"ipRanges":{"items":[{"cidrIp":"0.0.0.0/0"}]}}]}},"responseElements":{"_return":true},"eventID":"1","readOnly":false,"recipientAccountId":"111122223333"}}`)
	var patterns []*Pattern
	for i := range 100 {
		p, err := Parse([]byte(`{"source":["aws.ec2"],"detail":{"eventName":["Authorize` + string(rune('A'+i%26)) + `",{"prefix":"Auth"}],"requestParameters":{"ipPermissions":{"items":{"fromPort":[{"numeric":["<=",22]}],"ipRanges":{"items":{"cidrIp":["0.0.0.0/0"]}}}}}}}`))
		if err != nil {
			b.Fatal(err)
		}
		patterns = append(patterns, p)
	}
	s := NewSet(patterns)
	var got []int
	b.SetBytes(int64(len(event)))
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if got, err = s.Match(event, got[:0]); err != nil || len(got) != 100 {
			b.Fatal(len(got), err)
		}
	}
}
