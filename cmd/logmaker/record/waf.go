package record

import (
	"strconv"
	"time"
)

// Web is one WAF record of a request to an application load balancer.
//
// WAF Developer Guide, "Log fields".
type Web struct {
	Time       time.Time // to the millisecond
	WebACL     string    // ARN
	Rule       string    // empty: Default_Action
	RuleType   string    // empty: REGULAR
	Action     string    // empty: ALLOW
	Matches    []Match   // of the terminating rule
	Balancer   string    // httpSourceId
	Groups     []RuleGroup
	Rates      []RateRule
	Counted    []RuleHit // nonTerminatingMatchingRules
	SentStatus int       // responseCodeSent, 0: null
	Client     string
	Country    string
	Headers    [][2]string
	URI, Args  string
	Version    string // empty: HTTP/2.0
	Method     string // empty: GET
	RequestID  string
	Labels     []string
	BodySize   int
	JA3, JA4   string
	Captcha    string // JSON of captchaResponse
	Challenge  string // JSON of challengeResponse
	Oversize   string // an oversizeFields value
}

// Match is why an SQL injection or XSS rule matched.
type Match struct {
	Condition, Sensitivity, Location string
	Data                             []string
	Field                            string
}

// RuleHit is a rule that matched, inside a group or directly.
type RuleHit struct {
	Rule, Action, Overridden string
	Matches                  []Match
}

// RuleGroup is one rule group and what it found.
type RuleGroup struct {
	ID          string
	Terminating *RuleHit
	Counted     []RuleHit
	Excluded    []string
}

// RateRule is a rate-based rule that was near or over its limit.
type RateRule struct {
	ID, Name, Limit string
	Max             int
}

// Append appends the record as JSON on one line, with a line feed.
func (w *Web) Append(b []byte) []byte {
	b = append(b, `{"timestamp":`...)
	b = strconv.AppendInt(b, w.Time.UnixMilli(), 10)
	b = append(b, `,"formatVersion":1`...)
	b = text(b, "webaclId", w.WebACL)
	b = text(b, "terminatingRuleId", or(w.Rule, "Default_Action"))
	b = text(b, "terminatingRuleType", or(w.RuleType, "REGULAR"))
	b = text(b, "action", or(w.Action, "ALLOW"))
	b = append(b, `,"terminatingRuleMatchDetails":`...)
	b = appendMatches(b, w.Matches)
	b = append(b, `,"httpSourceName":"ALB"`...)
	b = text(b, "httpSourceId", w.Balancer)
	b = append(b, `,"ruleGroupList":[`...)
	for i := range w.Groups {
		b = comma(b, i)
		b = w.Groups[i].append(b)
	}
	b = append(b, `],"rateBasedRuleList":[`...)
	for i, r := range w.Rates {
		b = comma(b, i)
		b = append(b, `{"rateBasedRuleId":`...)
		b = Quote(b, r.ID)
		b = text(b, "rateBasedRuleName", r.Name)
		b = append(b, `,"limitKey":"IP","maxRateAllowed":`...)
		b = strconv.AppendInt(b, int64(r.Max), 10)
		b = append(b, `,"evaluationWindowSec":"300"`...)
		b = text(b, "limitValue", r.Limit)
		b = append(b, '}')
	}
	b = append(b, `],"nonTerminatingMatchingRules":`...)
	b = appendHits(b, w.Counted)
	b = append(b, `,"requestHeadersInserted":null,"responseCodeSent":`...)
	if w.SentStatus == 0 {
		b = append(b, "null"...)
	} else {
		b = strconv.AppendInt(b, int64(w.SentStatus), 10)
	}
	b = append(b, `,"httpRequest":{"clientIp":`...)
	b = Quote(b, w.Client)
	b = text(b, "country", or(w.Country, "-"))
	b = append(b, `,"headers":[`...)
	for i, h := range w.Headers {
		b = comma(b, i)
		b = append(b, `{"name":`...)
		b = Quote(b, h[0])
		b = append(b, `,"value":`...)
		b = Quote(b, h[1])
		b = append(b, '}')
	}
	b = append(b, `],"uri":`...)
	b = Quote(b, w.URI)
	b = append(b, `,"args":`...)
	b = Quote(b, w.Args)
	b = text(b, "httpVersion", or(w.Version, "HTTP/2.0"))
	b = text(b, "httpMethod", or(w.Method, "GET"))
	b = text(b, "requestId", w.RequestID)
	b = append(b, '}')
	if len(w.Labels) > 0 {
		b = append(b, `,"labels":[`...)
		for i, l := range w.Labels {
			b = comma(b, i)
			b = append(b, `{"name":`...)
			b = Quote(b, l)
			b = append(b, '}')
		}
		b = append(b, ']')
	}
	b = part(b, "captchaResponse", []byte(w.Captcha))
	b = part(b, "challengeResponse", []byte(w.Challenge))
	if w.Oversize != "" {
		b = append(b, `,"oversizeFields":["`+w.Oversize+`"]`...)
	}
	b = append(b, `,"requestBodySize":`...)
	b = strconv.AppendInt(b, int64(w.BodySize), 10)
	b = append(b, `,"requestBodySizeInspectedByWAF":`...)
	b = strconv.AppendInt(b, int64(min(w.BodySize, 8192)), 10)
	b = text(b, "ja3Fingerprint", w.JA3)
	b = text(b, "ja4Fingerprint", w.JA4)
	return append(b, '}', '\n')
}

func comma(b []byte, i int) []byte {
	if i > 0 {
		return append(b, ',')
	}
	return b
}

func (g *RuleGroup) append(b []byte) []byte {
	b = append(b, `{"ruleGroupId":`...)
	b = Quote(b, g.ID)
	b = append(b, `,"terminatingRule":`...)
	if g.Terminating == nil {
		b = append(b, "null"...)
	} else {
		b = g.Terminating.append(b)
	}
	b = append(b, `,"nonTerminatingMatchingRules":`...)
	b = appendHits(b, g.Counted)
	b = append(b, `,"excludedRules":`...)
	if len(g.Excluded) == 0 {
		return append(b, `null,"customerConfig":null}`...)
	}
	b = append(b, '[')
	for i, rule := range g.Excluded {
		b = comma(b, i)
		b = append(b, `{"exclusionType":"EXCLUDED_AS_COUNT","ruleId":`...)
		b = Quote(b, rule)
		b = append(b, '}')
	}
	return append(b, `],"customerConfig":null}`...)
}

func appendHits(b []byte, hits []RuleHit) []byte {
	b = append(b, '[')
	for i := range hits {
		b = comma(b, i)
		b = hits[i].append(b)
	}
	return append(b, ']')
}

func (h *RuleHit) append(b []byte) []byte {
	b = append(b, `{"ruleId":`...)
	b = Quote(b, h.Rule)
	b = text(b, "action", h.Action)
	b = text(b, "overriddenAction", h.Overridden)
	b = append(b, `,"ruleMatchDetails":`...)
	b = appendMatches(b, h.Matches)
	return append(b, '}')
}

func appendMatches(b []byte, list []Match) []byte {
	b = append(b, '[')
	for i, m := range list {
		b = comma(b, i)
		b = append(b, `{"conditionType":`...)
		b = Quote(b, m.Condition)
		b = append(b, `,"sensitivityLevel":`...)
		b = Quote(b, m.Sensitivity)
		b = append(b, `,"location":`...)
		b = Quote(b, m.Location)
		b = append(b, `,"matchedData":[`...)
		for j, d := range m.Data {
			b = comma(b, j)
			b = Quote(b, d)
		}
		b = append(b, ']')
		b = text(b, "matchedFieldName", m.Field)
		b = append(b, '}')
	}
	return append(b, ']')
}
