package sigma_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"logquarry/engine/schema/schematest"
	"logquarry/engine/sigma"
)

// matchEvents are the events that the detections below are tried on, by the name
// they have as eventID.
var matchEvents = []string{
	event("plain", `"eventName":"RunInstances","userAgent":"aws-cli/2.15 Python","sourceIPAddress":"203.0.113.7","errorCode":"Client.UnauthorizedOperation","readOnly":false,"requestParameters":{"instanceType":"p3.2xlarge","maxCount":12,"tags":["red","Blue"],"set":{"items":[{"id":"i-1","ports":[22,443]},{"id":"i-2","ports":[80]}]},"userName":"alice"},"userIdentity":{"type":"IAMUser","arn":"arn:aws:iam::111122223333:user/alice","userName":"alice"}`),
	event("upper", `"eventName":"RUNINSTANCES","userAgent":"AWS-CLI/2.15","sourceIPAddress":"198.51.100.20","userIdentity":{"type":"Root","arn":"arn:aws:iam::111122223333:root"}`),
	event("v6", `"eventName":"GetObject","userAgent":"curl/8","sourceIPAddress":"2001:db8::5","requestParameters":{"bucketName":"logs","key":"C:\\temp\\a*b?c","text":"say \"hi\" 100%","empty":"","nothing":null,"list":[],"nested":[["deep"]]}`),
	event("dash", `"eventName":"SendCommand","requestParameters":{"command":"whoami /all","other":"tool –user x","b64":"AAd2hvYW1pAA==","wide":"dwBoAG8AYQBtAGkA"},"sourceIPAddress":"cloudtrail.amazonaws.com"`),
	event("text", `"eventName":"ConsoleLogin","errorMessage":"line one\nline two","responseElements":{"ConsoleLogin":"Failure"},"additionalEventData":{"MFAUsed":"No","size":"1500"},"eventTime":"2026-03-14T23:59:07Z"`),
	event("array", `"eventName":"GetBucketAcl","resources":[{"ARN":"arn:aws:s3:::one","type":"AWS::S3::Bucket"},{"ARN":"arn:aws:s3:::two"}],"errorCode":"","newField":{"deep":["x","Y"]},"userIdentity":{"type":"IAMUser","odd":{"er":"1"}}`),
	event("misfit", `"eventName":"Odd","errorCode":{"a":1},"readOnly":"maybe","apiVersion":null`),
}

func event(id, rest string) string {
	at := `"eventTime":"2026-03-10T04:05:06Z",`
	if strings.Contains(rest, `"eventTime"`) {
		at = ""
	}
	return fmt.Sprintf(`{"eventVersion":"1.11",%s"eventSource":"svc.amazonaws.com","awsRegion":"eu-west-1","eventID":"%s","recipientAccountId":"012345678901",%s}`, at, id, rest)
}

// Facts from the Sigma specification 2.1: rules, modifiers appendix.
var matchTests = []struct {
	name, detection string
	want            string
}{
	// Values
	{"case does not count", "s: {eventName: runinstances}\ncondition: s", "plain upper"},
	{"cased", "s: {eventName|cased: RUNINSTANCES}\ncondition: s", "upper"},
	{"a list is or", "s: {eventName: [GetObject, odd]}\ncondition: s", "misfit v6"},
	{"a map is and", "s: {eventName: RunInstances, userAgent|startswith: aws-cli/2.15 p}\ncondition: s", "plain"},
	{"a list of maps is or", "s:\n- eventName: GetObject\n- userIdentity.type: root\ncondition: s", "upper v6"},
	{"star", "s: {eventName: 'Run*'}\ncondition: s", "plain upper"},
	{"star in the middle", "s: {userAgent: 'aws*python'}\ncondition: s", "plain"},
	{"question mark is one character", "s: {userAgent: 'curl/?'}\ncondition: s", "v6"},
	{"question mark is not none", "s: {userAgent: 'curl/8?'}\ncondition: s", ""},
	{"star alone is any value", "s: {errorCode: '*'}\ncondition: s", "array misfit plain"},
	{"contains a star is any value", "s: {errorMessage|contains: '*'}\ncondition: s", "text"},
	{"percent and underscore are themselves", "s: {requestParameters.text: 'say*100%'}\ncondition: s", "v6"},
	{"underscore is itself", "s: {userAgent: 'curl_8'}\ncondition: s", ""},
	{"escaped star and question mark", `s: {requestParameters.key: 'C:\temp\a\*b\?c'}` + "\ncondition: s", "v6"},
	{"double backslash", `s: {requestParameters.key: 'C:\\temp\\a*'}` + "\ncondition: s", "v6"},
	{"backslash before a wildcard", `s: {requestParameters.key: 'C:\\*'}` + "\ncondition: s", "v6"},
	{"escaped backslash and star", `s: {requestParameters.key|contains: '\\\*'}` + "\ncondition: s", ""},
	{"a quote", "s: {requestParameters.text|contains: 'say \"hi\"'}\ncondition: s", "v6"},
	{"a number", "s: {requestParameters.maxCount: 12}\ncondition: s", "plain"},
	{"a number keeps its zeros", "s: {recipientAccountId: 012345678901, eventName: Odd}\ncondition: s", "misfit"},
	{"a boolean", "s: {readOnly: false}\ncondition: s", "plain"},
	{"a boolean as text", "s: {readOnly: 'False'}\ncondition: s", "plain"},
	// Null, empty and absent
	{"empty", "s: {errorCode: ''}\ncondition: s", "array"},
	{"null is absent too", "s: {errorCode: null}\ncondition: s", "dash text upper v6"},
	{"null in a document", "s: {requestParameters.nothing: null, requestParameters.key|exists: true}\ncondition: s", "v6"},
	{"not null", "s: {eventName: '*'}\nf: {errorCode: null}\ncondition: s and not f", "array misfit plain"},
	{"an empty list has no value", "s: {requestParameters.list: null, eventName: GetObject}\ncondition: s", "v6"},
	{"exists", "s: {errorCode|exists: true}\ncondition: s", "array misfit plain"},
	{"exists not", "s: {errorCode|exists: false}\ncondition: s", "dash text upper v6"},
	{"exists, though null", "s: {requestParameters.nothing|exists: true}\ncondition: s", "v6"},
	{"exists, a column that is null", "s: {apiVersion|exists: true}\ncondition: s", "misfit"},
	{"exists, though empty", "s: {requestParameters.empty|exists: 'true'}\ncondition: s", "v6"},
	{"exists, an empty list", "s: {requestParameters.list|exists: true}\ncondition: s", "v6"},
	{"exists inside an array", "s: {requestParameters.set.items.ports|exists: true}\ncondition: s", "plain"},
	// Objects and arrays
	{"an array: any element", "s: {requestParameters.tags: blue}\ncondition: s", "plain"},
	{"an array: all of one element", "s: {requestParameters.tags|contains|all: [re, ed]}\ncondition: s", "plain"},
	{"an array of objects", "s: {requestParameters.set.items.id: i-2}\ncondition: s", "plain"},
	{"an array in an array of objects", "s: {requestParameters.set.items.ports: 443}\ncondition: s", "plain"},
	{"an array at the top", "s: {resources.ARN|endswith: two}\ncondition: s", "array"},
	{"an object is its text", "s: {requestParameters|contains: '\"bucketName\":\"logs\"'}\ncondition: s", "v6"},
	{"an object in a document", "s: {requestParameters.set|contains: i-2}\ncondition: s", "plain"},
	{"elements of an array as text", "s: {resources|contains: 's3:::two'}\ncondition: s", "array"},
	{"an object that has columns", "s: {userIdentity|contains: '\"userName\":\"alice\"'}\ncondition: s", "plain"},
	{"a field without a column", "s: {newField.deep: y}\ncondition: s", "array"},
	{"a field in an object that has columns", "s: {userIdentity.odd.er: 1}\ncondition: s", "array"},
	{"a value that did not fit its column", "s: {readOnly: maybe}\ncondition: s", "misfit"},
	{"an object that did not fit its column", "s: {errorCode|contains: '\"a\"'}\ncondition: s", "misfit"},
	{"no such field", "s: {no.such.field: x}\ncondition: s", ""},
	{"no such field is null", "s: {no.such.field: null, eventName: Odd}\ncondition: s", "misfit"},
	{"a column by our name", "s: {user_arn|endswith: /alice}\ncondition: s", "plain"},
	// Modifiers
	{"contains", "s: {userAgent|contains: cli}\ncondition: s", "plain upper"},
	{"startswith", "s: {userAgent|startswith: curl}\ncondition: s", "v6"},
	{"endswith", "s: {eventName|endswith: [object, ACL]}\ncondition: s", "array v6"},
	{"contains cased", "s: {userAgent|contains|cased: CLI}\ncondition: s", "upper"},
	{"all", "s: {userAgent|contains|all: [cli, python]}\ncondition: s", "plain"},
	{"wildcards inside contains", "s: {userAgent|contains: 'c?i*th'}\ncondition: s", "plain"},
	{"neq", "s: {eventName|neq: runinstances}\ncondition: s", "array dash misfit text v6"},
	{"neq of a list", "s: {eventName|neq: [runinstances, odd, getobject, getbucketacl]}\ncondition: s", "dash text"},
	{"neq needs the field", "s: {errorCode|neq: x}\ncondition: s", "array misfit plain"},
	{"neq of a number", "s: {requestParameters.maxCount|neq: 13}\ncondition: s", "plain"},
	{"re counts case", "s: {eventName|re: '^Run.*s$'}\ncondition: s", "plain"},
	{"re finds anywhere", "s: {userAgent|re: 'l[iI]/2\\.1'}\ncondition: s", "plain"},
	{"re with i", "s: {eventName|re|i: '^run'}\ncondition: s", "plain upper"},
	{"re: a dot is no line end", "s: {errorMessage|re: 'one.line'}\ncondition: s", ""},
	{"re with s", "s: {errorMessage|re|s: 'one.line'}\ncondition: s", "text"},
	{"re: an anchor is the text's", "s: {errorMessage|re: '^line two'}\ncondition: s", ""},
	{"re with m", "s: {errorMessage|re|m: '^line two$'}\ncondition: s", "text"},
	{"re with all flags", "s: {errorMessage|re|i|m|s: '^LINE one.LINE two$'}\ncondition: s", "text"},
	{"re on an array", "s: {requestParameters.tags|re: '^B.*e$'}\ncondition: s", "plain"},
	{"cidr", "s: {sourceIPAddress|cidr: 203.0.113.0/24}\ncondition: s", "plain"},
	{"cidr, a list", "s: {sourceIPAddress|cidr: ['2001:db8::/32', 198.51.100.0/25]}\ncondition: s", "upper v6"},
	{"not in a cidr", "s: {sourceIPAddress|cidr: 203.0.113.0/24}\na: {sourceIPAddress: '*'}\ncondition: a and not s", "dash upper v6"},
	{"lt", "s: {requestParameters.maxCount|lt: 13}\ncondition: s", "plain"},
	{"lt not", "s: {requestParameters.maxCount|lt: 12}\ncondition: s", ""},
	{"lte", "s: {requestParameters.maxCount|lte: 12}\ncondition: s", "plain"},
	{"gt of a text", "s: {additionalEventData.size|gt: 1499.5}\ncondition: s", "text"},
	{"gte, any element", "s: {requestParameters.set.items.ports|gte: 443}\ncondition: s", "plain"},
	{"base64", "s: {requestParameters.wide|utf16le|base64: whoami}\ncondition: s", "dash"},
	{"wide is utf16le", "s: {requestParameters.wide|wide|base64: whoami}\ncondition: s", "dash"},
	{"base64offset", "s: {requestParameters.b64|base64offset|contains: whoami}\ncondition: s", "dash"},
	{"windash", "s: {requestParameters.command|windash|contains: ' -all'}\ncondition: s", "dash"},
	{"windash, a dash of print", "s: {requestParameters.other|windash|contains: ' -user'}\ncondition: s", "dash"},
	{"windash, all", "s: {requestParameters.command|windash|contains|all: [' -all', whoami]}\ncondition: s", "dash"},
	{"fieldref", "s: {requestParameters.userName|fieldref: userIdentity.userName}\ncondition: s", "plain"},
	{"fieldref endswith", "s: {userIdentity.arn|fieldref|endswith: requestParameters.userName}\ncondition: s", "plain"},
	{"fieldref contains", "s: {userIdentity.arn|contains|fieldref: userIdentity.userName}\ncondition: s", "plain"},
	{"fieldref startswith", "s: {userIdentity.arn|fieldref|startswith: userIdentity.userName}\ncondition: s", ""},
	{"fieldref neq", "s: {userIdentity.arn|fieldref|neq: userIdentity.userName}\ncondition: s", "plain upper"},
	{"hour", "s: {eventTime|hour: 23}\ncondition: s", "text"},
	{"minute and comparison", "s: {eventTime|minute|gt: 58}\ncondition: s", "text"},
	{"day, month, year", "s: {eventTime|day: 14, eventTime|month: 3, eventTime|year: 2026}\ncondition: s", "text"},
	{"week", "s: {eventTime|week: 11, eventTime|hour|gte: 5}\ncondition: s", "text"},
	{"expand", "s: {eventName|expand: '%names%'}\ncondition: s", "array text v6"},
	{"expand within a text", "s: {eventName|expand: 'Get%kind%'}\ncondition: s", "array v6"},
	{"expand with an escape", `s: {requestParameters.text|expand: 'say*100\%'}` + "\ncondition: s", "v6"},
	{"percent without expand", "s: {eventName: '%names%'}\ncondition: s", ""},
	{"expand, all", "s: {userAgent|expand|contains|all: ['%cli%', python]}\ncondition: s", "plain"},
	// Keywords
	{"keywords", "k: [MFAUSED, bucketName]\ncondition: k", "text v6"},
	{"keywords, all", "k:\n  '|all': [curl, logs]\ncondition: k", "v6"},
	{"keyword with a quote", "k: ['say \"hi\"']\ncondition: k", "v6"},
	{"keyword with wildcards", "k: ['aws-cli*alice']\ncondition: k", "plain"},
	{"one keyword", "k: curl/8\ncondition: k", "v6"},
	{"keyword by re", "k:\n  '|re': 'c[u]rl/[0-9]'\ncondition: k", "v6"},
	{"keywords and maps", "k:\n- curl/8\n- eventName: Odd\ncondition: k", "misfit v6"},
	{"not a keyword", "k: [amazonaws]\ns: {eventName: Odd}\ncondition: s and not k", ""},
	// Conditions
	{"and before or", "a: {eventName: Odd}\nb: {eventName: GetObject}\nc: {userAgent: nobody}\ncondition: a or b and c", "misfit"},
	{"parentheses", "a: {eventName: Odd}\nb: {eventName: GetObject}\nc: {userAgent|startswith: curl}\ncondition: (a or b) and c", "v6"},
	{"not before and", "a: {eventName: GetObject}\nb: {userAgent: curl/8}\ncondition: not a and b or a", "v6"},
	{"not of an absent field", "a: {eventName: Odd}\nb: {userAgent: x}\ncondition: a and not b", "misfit"},
	{"double not", "a: {eventName: Odd}\ncondition: not not a", "misfit"},
	{"1 of them", "a: {eventName: Odd}\nb: {eventName: GetObject}\n_c: {eventName: '*'}\ncondition: 1 of them", "misfit v6"},
	{"all of them", "a: {eventName: Get*}\nb: {userAgent: curl*}\n_c: {eventName: none}\ncondition: all of them", "v6"},
	{"1 of a pattern", "sel_a: {eventName: Odd}\nsel_b: {eventName: GetObject}\nother: {eventName: '*'}\ncondition: 1 of sel_*", "misfit v6"},
	{"all of a pattern", "sel_a: {eventName: Get*}\nsel_b: {userAgent: curl*}\ncondition: all of sel*", "v6"},
	{"2 of", "a: {eventName: Get*}\nb: {userAgent: curl*}\nc: {errorCode: ''}\ncondition: 2 of them", "array v6"},
	{"not 1 of", "a: {eventName: '*'}\nf_1: {eventName: Get*}\nf_2: {userAgent: '*'}\ncondition: a and not 1 of f_*", "dash misfit text"},
	{"of binds before not", "a: {eventName: Odd}\nf_1: {eventName: Odd}\ncondition: a and not all of f_*", ""},
	{"a list of conditions is or", "a: {eventName: Odd}\nb: {eventName: GetObject}\ncondition:\n- a\n- b", "misfit v6"},
	{"operators in capitals", "a: {eventName: Odd}\nb: {eventName: GetObject}\ncondition: a OR NOT a AND b", "misfit v6"},
}

func TestMatching(t *testing.T) {
	c := newCase(t, records(t, matchEvents...))
	env := &sigma.Env{Sources: schematest.Shipped(t)}
	placeholders := map[string][]string{"names": {"ConsoleLogin", "Get*"}, "kind": {"Object", "BucketAcl"}, "cli": {"aws-cli"}}
	known, err := sigma.ExtraKeys(t.Context(), c, env.Sources, []string{"cloudtrail"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range matchTests {
		t.Run(test.name, func(t *testing.T) {
			rule := one(t, test.detection, sigma.Options{Placeholders: placeholders})
			for _, env := range []*sigma.Env{env, {Sources: env.Sources, Extra: known}} {
				compiled, cerr := env.Compile(rule)
				if cerr != nil {
					t.Fatal(cerr)
				}
				got := ids(t, c, "SELECT event_id FROM cloudtrail WHERE "+compiled.Parts[0].Where)
				if want := strings.Fields(test.want); !slices.Equal(got, want) {
					t.Errorf("found %v, want %v\n%s", got, want, compiled.Parts[0].Where)
				}
			}
		})
	}
}
