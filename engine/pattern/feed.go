package pattern

import (
	"strconv"
	"strings"
	"time"

	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
	"logquarry/engine/value"
)

// feed is a source of a case whose records EventBridge delivers, and how.
type feed struct {
	source string // its table
	// below is where the record stands in the event: empty where it is the event.
	below string
	// texts are columns that hold true and false and whose fields AWS writes as texts.
	texts []string
	// millis says that AWS writes the times of the record with milliseconds.
	millis bool
	// needs are the columns that envelope asks for.
	needs []string
	// envelope makes the envelope of a record; nil where the record is the event.
	envelope func(get func(column string) any) envelope
	// values are the texts that source and detail-type may have, where that is
	// known beforehand; nil: any.
	sourceIs, detailIs []string
	// where are the records that EventBridge delivers, as SQL.
	where string
	// narrow is the condition under which f, a field of the envelope, may match.
	narrow func(q *query, f *field) condition
}

// envelope is what EventBridge puts around a record.
type envelope struct {
	id, detailType, source, account, region string
	time                                    time.Time // zero: none
	resources                               []string
	class                                   class
}

// class is what of an event decides whether EventBridge delivers it.
type class uint8

const (
	_ class = iota // an event like most
	// readOnly is a management event that changes nothing, which only rules in
	// the state EnabledWithAll take.
	readOnly
	dataEvent
	networkEvent
	archived
	imported
)

// caveat is what an event's class means for its delivery, for people.
func (c class) caveat() string {
	switch c {
	case readOnly:
		return "a read-only management event: only rules in state " + EnabledWithAll + " get it"
	case dataEvent:
		return "a data event: EventBridge gets it only while a trail logs such events"
	case networkEvent:
		return "a network activity event: EventBridge gets it only while a trail logs such events"
	case archived:
		return "the finding is archived: GuardDuty sends none that a suppression rule archived"
	case imported:
		return "matched as Security Hub Findings - Imported; a custom action sends the finding otherwise"
	}
	return ""
}

// The detail types of CloudTrail's events, by eventType. (EventBridge User
// Guide, "AWS service events delivered via AWS CloudTrail". It spells the second
// one Signin; events have Sign In.)
const (
	apiCall     = "AWS API Call via CloudTrail"
	signIn      = "AWS Console Sign In via CloudTrail"
	guideSignIn = "AWS Console Signin via CloudTrail"
)

var detailTypes = map[string]string{
	"AwsApiCall":       apiCall,
	"AwsConsoleSignIn": signIn,
	"AwsConsoleAction": "AWS Console Action via CloudTrail",
	"AwsServiceEvent":  "AWS Service Event via CloudTrail",
	"AwsVpceEvent":     "AWS Network Activity Event via CloudTrail",
	"":                 apiCall, // records before version 1.02 have no eventType
}

// The hosts of services end in one of these.
var hostSuffixes = []string{".amazonaws.com", ".amazonaws.com.cn"}

// serviceSource is the source of an event of the service with that eventSource.
func serviceSource(eventSource string) string {
	if eventSource == "" {
		return ""
	}
	for _, suffix := range hostSuffixes {
		if name, ok := strings.CutSuffix(eventSource, suffix); ok {
			return "aws." + name
		}
	}
	return "aws." + eventSource
}

// feeds are the sources whose records EventBridge delivers.
func feeds() []feed {
	return []feed{
		{source: "eventbridge", needs: []string{"account", "region", "detail_type"}},
		{
			source: "cloudtrail", below: "detail",
			texts: []string{"session_credential_from_console", "session_mfa_authenticated", "session_assumed_root"},
			needs: []string{"event_time", "event_type", "event_source", "event_name", "event_id", "recipient_account_id", "user_account_id",
				"aws_region", "read_only", "management_event", "event_category"},
			envelope: cloudTrail, narrow: narrowCloudTrail,
			// Aggregated events are made afterwards, for trails and stores alone.
			where: `(event_type IS NULL OR event_type IN ('AwsApiCall', 'AwsConsoleSignIn', 'AwsConsoleAction', 'AwsServiceEvent', 'AwsVpceEvent'))
				AND COALESCE(event_category, '') <> 'Aggregated'`,
		},
		{
			source: "cloudtrail_insights", below: "detail", needs: []string{"event_time", "event_id", "recipient_account_id", "aws_region"},
			sourceIs: []string{"aws.cloudtrail"}, detailIs: []string{"AWS Insight via CloudTrail"},
			envelope: func(get func(string) any) envelope {
				return envelope{id: value.Text(get("event_id")), source: "aws.cloudtrail", detailType: "AWS Insight via CloudTrail",
					account: value.Text(get("recipient_account_id")), region: value.Text(get("aws_region")), time: value.Time(get("event_time"))}
			},
		},
		{
			source: "guardduty", below: "detail", millis: true, needs: []string{"id", "account_id", "region", "updated_at", "archived"},
			sourceIs: []string{"aws.guardduty"}, detailIs: []string{"GuardDuty Finding"},
			envelope: func(get func(string) any) envelope {
				e := envelope{id: value.Text(get("id")), source: "aws.guardduty", detailType: "GuardDuty Finding",
					account: value.Text(get("account_id")), region: value.Text(get("region")), time: value.Time(get("updated_at"))}
				if yes, _ := get("archived").(bool); yes {
					e.class = archived
				}
				return e
			},
		},
		{
			source: "securityhub", below: "detail.findings", millis: true, needs: []string{"id", "product_arn", "aws_account_id", "region", "updated_at"},
			sourceIs: []string{"aws.securityhub"}, detailIs: []string{"Security Hub Findings - Imported"},
			envelope: func(get func(string) any) envelope {
				id, product := value.Text(get("id")), value.Text(get("product_arn"))
				e := envelope{id: id, source: "aws.securityhub", detailType: "Security Hub Findings - Imported", account: value.Text(get("aws_account_id")),
					region: value.Text(get("region")), time: value.Time(get("updated_at")), resources: []string{product + "/" + id}, class: imported}
				// The region of the product is where the finding was sent.
				if part := strings.SplitN(product, ":", 6); len(part) == 6 && e.region == "" {
					e.region = part[3]
				}
				return e
			},
		},
	}
}

func cloudTrail(get func(string) any) envelope {
	kind, name := value.Text(get("event_type")), value.Text(get("event_name"))
	e := envelope{id: value.Text(get("event_id")), detailType: detailTypes[kind], source: serviceSource(value.Text(get("event_source"))),
		account: value.Text(get("recipient_account_id")), region: value.Text(get("aws_region")), time: value.Time(get("event_time"))}
	if e.account == "" {
		e.account = value.Text(get("user_account_id")) // records before version 1.02
	}
	readsOnly, told := get("read_only").(bool)
	manages, toldManages := get("management_event").(bool)
	category := value.Text(get("event_category"))
	switch {
	case category == "Data" || category == "" && toldManages && !manages:
		e.class = dataEvent
	case category == "NetworkActivity" || kind == "AwsVpceEvent":
		e.class = networkEvent
	case (readsOnly || !told) && readsByName(name) && (kind == "AwsApiCall" || kind == ""):
		e.class = readOnly
	}
	return e
}

// readsByName reports whether a call's name is that of one which reads. The
// guide names the three words and two calls that are none of them. (EventBridge
// User Guide, "Receiving read-only management events from AWS services".)
func readsByName(name string) bool {
	if name == "GetFederationToken" || name == "GetSessionToken" {
		return false
	}
	return strings.HasPrefix(name, "Describe") || strings.HasPrefix(name, "Get") || strings.HasPrefix(name, "List")
}

// put gives the envelope to e, as far as a pattern asks for it.
func (v *envelope) put(e *Event, detailType string) {
	wanted := func(path string) *node {
		if n := e.set.root.kids[path]; n != nil && n.slot >= 0 {
			return n
		}
		return nil
	}
	put := func(path, value string) {
		if n := wanted(path); n != nil && value != "" {
			e.add(n, scalar{kind: textKind, text: []byte(value)})
		}
	}
	put("version", "0")
	put("id", v.id)
	put("detail-type", detailType)
	put("source", v.source)
	put("account", v.account)
	put("region", v.region)
	if wanted("time") != nil && !v.time.IsZero() {
		put("time", stamp(v.time, false))
	}
	for _, arn := range v.resources {
		put("resources", arn)
	}
}

// stamp writes a time as AWS does: with a fraction only where there is one, or
// where millis wants it.
func stamp(t time.Time, millis bool) string {
	t = t.UTC()
	if millis && t.Nanosecond()%1_000_000 == 0 {
		return t.Format("2006-01-02T15:04:05.000Z")
	}
	return t.Format("2006-01-02T15:04:05.999999Z")
}

// column is a column of a feed's table that an event is made of.
type column struct {
	name   string
	path   string // in the event
	typ    schema.Type
	text   bool // a boolean that AWS writes as a text
	rare   bool // its value may stand in extra
	stored bool // a filter on it is one on the table
	node   *node
}

// columns are those of the table that the record is made of, and those that the
// envelope needs. What a column holds that another column holds too, inside a
// document, is taken from there.
func (f *feed) columns(s *schema.Source) []column {
	documents := map[string]bool{}
	for _, c := range s.Columns {
		if c.Type == schema.JSONText {
			documents[c.From] = true
		}
	}
	var out []column
	for _, c := range s.Columns {
		if c.From == "" || c.From[0] == '@' || strings.Contains(c.From, "[") {
			continue
		}
		inside := false
		for i, r := range c.From {
			inside = inside || r == '.' && documents[c.From[:i]]
		}
		if inside {
			continue
		}
		x := column{name: c.Name, path: c.From, typ: c.Type, rare: c.Rare, stored: !c.Rare && !c.Late && len(c.Also) == 0}
		if f.below != "" {
			x.path = f.below + "." + c.From
		}
		for _, name := range f.texts {
			x.text = x.text || name == c.Name
		}
		out = append(out, x)
	}
	return out
}

// put gives the cell of a column to e.
func (c *column) put(e *Event, cell any, millis bool) error {
	v := scalar{kind: textKind}
	switch x := cell.(type) {
	case string:
		if c.typ == schema.JSONText {
			b := append([]byte(x), ' ') // a number at the end has an end
			i := jsontext.Space(b, 0)
			if i == len(b) {
				return jsontext.ErrShort
			}
			_, err := e.value(c.node, b, i, 0, 0)
			return err
		}
		v.text = []byte(x)
	case bool:
		if c.text {
			v.text = strconv.AppendBool(nil, x)
			break
		}
		if v.kind = falseKind; x {
			v.kind = trueKind
		}
	case time.Time:
		v.text = []byte(stamp(x, millis))
	case int64:
		v.kind, v.text = numberKind, strconv.AppendInt(nil, x, 10)
	case float64:
		v.kind, v.text = numberKind, strconv.AppendFloat(nil, x, 'f', -1, 64)
	default:
		return nil
	}
	e.add(c.node, v)
	return nil
}
