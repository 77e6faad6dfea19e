package unwrap

import (
	"bytes"

	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
)

// envelope opens text where it is an envelope; false where it is none.
func (o *opener) envelope(p place, text []byte, ms members, from *decode.Origin, depth int) bool {
	r := o.r
	switch {
	case isAnswer(ms):
		o.answer(p, text, ms, depth)
	case ms.array("logEvents"):
		o.subscription(p, ms, depth)
	case ms.has("detail-type") && ms.has("detail"):
		o.event(p, text, ms, from, depth)
	case ms.has("awslogs"):
		inner := o.members(ms.get("awslogs"))
		defer o.done(inner)
		if !inner.isString("data") {
			return false
		}
		o.encoded(p, r.string(inner.get("data")), o.origin(from, Subscription), depth+1)
	case ms.isString("invokingEvent"):
		o.text(p, r.string(ms.get("invokingEvent")), o.origin(from, Rule), depth+1)
	case ms.text("Type") == "Notification" && ms.isString("Message"):
		at := o.origin(from, SNS)
		if len(at.ID) == 0 {
			at.ID, at.Time = r.text(ms, "MessageId"), timeOf(ms.get("Timestamp"))
		}
		o.text(p, r.string(ms.get("Message")), at, depth+1)
	case isLookup(ms):
		return o.element(p, text, ms, from, "Events", depth)
	case isEvent(ms):
		return o.element(p, text, ms, from, "events", depth)
	case ms.array("Events") && hasElement(ms.get("Events"), isLookup):
		o.elements(p, ms, "Events", from, depth)
	case ms.array("events") && hasElement(ms.get("events"), has("message")):
		o.elements(p, ms, "events", from, depth)
	case ms.array("results") && insights(ms.get("results")):
		o.elements(p, ms, "results", from, depth)
	case ms.array("Results") && firstIs(ms.get("Results"), '"'):
		o.elements(p, ms, "Results", from, depth)
	case ms.array("Records") && hasElement(ms.get("Records"), has("Data", "kinesis", "body", "Sns")):
		o.elements(p, ms, "Records", from, depth)
	case ms.array("records") && hasElement(ms.get("records"), has("data")):
		o.elements(p, ms, "records", from, depth)
	case ms.array("Messages") && hasElement(ms.get("Messages"), has("Body")):
		o.elements(p, ms, "Messages", from, depth)
	default:
		return false
	}
	return true
}

// has is a test for an object with one of the members named.
func has(names ...string) func(members) bool {
	return func(ms members) bool {
		for _, name := range names {
			if ms.has(name) {
				return true
			}
		}
		return false
	}
}

// isLookup reports whether an object is an event of LookupEvents; one without
// its CloudTrailEvent is told by its other members.
func isLookup(ms members) bool {
	return ms.isString("CloudTrailEvent") || ms.isString("EventId") && ms.isString("EventName")
}

// isEvent reports whether an object is a log event of get-log-events or
// filter-log-events, out of its list.
func isEvent(ms members) bool {
	return ms.isString("message") && ms.has("timestamp") && ms.has("ingestionTime")
}

// hasElement reports whether one of the first elements of the array val, which
// may be cut off, is an object for which is holds: the first may be odd.
func hasElement(val []byte, is func(members) bool) bool {
	i := jsontext.Space(val, 1)
	for n := 0; n < 8 && i < len(val) && val[i] != ']'; n++ {
		if val[i] == '{' {
			if ms, _ := membersOf(nil, val[i:]); is(ms) {
				return true
			}
		}
		end, _, err := jsontext.Skip(val, i)
		if err != nil {
			return false
		}
		if i = jsontext.Space(val, end); i < len(val) && val[i] == ',' {
			i = jsontext.Space(val, i+1)
		}
	}
	return false
}

// firstIs reports whether the first element of an array begins with c.
func firstIs(val []byte, c byte) bool {
	rest := bytes.TrimLeft(val[1:], " \t\r\n")
	return len(rest) > 0 && rest[0] == c
}

// insights reports whether val is rows of fields.
func insights(val []byte) bool {
	rest := bytes.TrimLeft(val[1:], " \t\r\n")
	return len(rest) > 0 && rest[0] == '[' && hasElement(rest, has("field"))
}

// asked is the member that quarry puts before those of an answer when it fetches
// one: which service, in which account and Region, was asked what, and when.
const asked = "@request"

// isAnswer reports whether an object has such a member; somebody's own @request is
// none.
func isAnswer(ms members) bool {
	if !ms.object(asked) {
		return false
	}
	inner, _ := membersOf(nil, ms.get(asked))
	return inner.isString("service") && inner.isString("operation")
}

// answer opens an answer with such a member, whose origin it is.
func (o *opener) answer(p place, text []byte, ms members, depth int) {
	at := o.r.origin()
	*at = requestOrigin(ms.get(asked))
	rest := o.list()
	defer func() { o.done(rest) }()
	for _, m := range ms {
		if string(m.Name) != asked {
			rest = append(rest, m)
		}
	}
	if !isFramed(rest) {
		at.Via = API
	}
	o.object(p, text, rest, at, "", depth+1)
}

// requestOrigin is what such a member says of all that is in the answer.
func requestOrigin(val []byte) decode.Origin {
	ms, _ := membersOf(nil, val)
	return decode.Origin{Owner: ms.text("account"), Region: ms.text("region"), LogGroup: ms.text("logGroupName"), Time: timeOf(ms.get("fetched"))}
}

// elements opens the elements of an answer's array.
func (o *opener) elements(p place, ms members, key string, from *decode.Origin, depth int) {
	o.each(ms.get(key), func(el []byte, inner members) { o.one(p, el, inner, from, key, depth) })
}

// one opens one element of an array, which need not be an object; ms are its
// members where it is one.
func (o *opener) one(p place, el []byte, ms members, from *decode.Origin, key string, depth int) {
	switch {
	case el[0] == '{':
		o.object(p, el, ms, from, key, depth+1)
	case el[0] == '[' && key == "results":
		o.fields(p, el, from, depth)
	case el[0] == '"' && key == "Results":
		o.text(p, o.r.string(el), o.origin(from, CLI), depth+1)
	default:
		o.r.bad(p, el, "an element of "+key+" that is no object")
	}
}

// element opens an object by the array it is an element of; false where that
// tells nothing.
func (o *opener) element(p place, text []byte, ms members, from *decode.Origin, key string, depth int) bool {
	r := o.r
	switch key {
	case "Events":
		if !ms.isString("CloudTrailEvent") {
			if !ms.has("EventId") && !ms.has("EventName") {
				return false
			}
			r.bad(p, text, "an event of LookupEvents without its CloudTrailEvent")
			return true
		}
		o.text(p, r.string(ms.get("CloudTrailEvent")), o.origin(from, Lookup), depth+1)
	case "logEvents":
		if !ms.isString("message") {
			r.bad(p, text, "a log event without a message")
			return true
		}
		o.logEvent(p, ms, o.origin(from, Subscription), depth)
	case "events":
		if !ms.has("timestamp") {
			return false
		}
		if !ms.isString("message") {
			r.bad(p, text, "a log event without a message")
			return true
		}
		at := o.origin(from, LogEvents)
		at.Log, at.LogStream, at.Time = true, ms.text("logStreamName"), timeOf(ms.get("timestamp"))
		if at.ID = r.text(ms, "eventId"); at.LogGroup == "" {
			at.LogGroup = ms.text("logGroupName")
		}
		o.text(p, r.string(ms.get("message")), at, depth+1)
	case "Records", "records":
		return o.record(p, ms, from, depth)
	case "Messages":
		if !ms.isString("Body") {
			return false
		}
		at := o.origin(from, SQS)
		at.ID = r.text(ms, "MessageId")
		o.text(p, r.string(ms.get("Body")), at, depth+1)
	default:
		return false
	}
	return true
}

// record opens an element of Records, under which Kinesis, SQS, SNS and
// Firehose hand over what they carry; CloudTrail's own records are none.
func (o *opener) record(p place, ms members, from *decode.Origin, depth int) bool {
	r := o.r
	data := func(val []byte, via string) bool {
		if len(val) < 2 || val[0] != '"' {
			return false
		}
		o.encoded(p, r.string(val), o.origin(from, via), depth+1)
		return true
	}
	switch {
	case ms.isString("Data"):
		return data(ms.get("Data"), Kinesis)
	case ms.isString("data") && !ms.has("eventVersion"):
		return data(ms.get("data"), Firehose)
	case ms.has("kinesis"):
		inner := o.members(ms.get("kinesis"))
		defer o.done(inner)
		return data(inner.get("data"), Kinesis)
	case ms.isString("body"):
		at := o.origin(from, SQS)
		at.ID = r.text(ms, "messageId")
		o.text(p, r.string(ms.get("body")), at, depth+1)
		return true
	case ms.has("Sns"):
		inner := o.members(ms.get("Sns"))
		defer o.done(inner)
		if !inner.isString("Message") {
			return false
		}
		at := o.origin(from, SNS)
		at.ID = r.text(inner, "MessageId")
		o.text(p, r.string(inner.get("Message")), at, depth+1)
		return true
	}
	return false
}

// subscription opens a document of a CloudWatch Logs subscription.
func (o *opener) subscription(p place, ms members, depth int) {
	o.r.subscriptions++
	if ms.text("messageType") == "CONTROL_MESSAGE" {
		o.r.control++
		return // CloudWatch Logs asking whether the destination is there
	}
	base := logOrigin(ms)
	o.each(ms.get("logEvents"), func(el []byte, ev members) {
		if el[0] != '{' {
			o.r.bad(p, el, "a log event that is no object")
			return
		}
		if !ev.isString("message") {
			o.r.bad(p, el, "a log event without a message")
			return
		}
		at := o.r.origin()
		*at = base
		o.logEvent(p, ev, at, depth)
	})
}

// logEvent opens a log event of a subscription, whose origin at becomes.
func (o *opener) logEvent(p place, ms members, at *decode.Origin, depth int) {
	at.ID, at.Time = o.r.text(ms, "id"), timeOf(ms.get("timestamp"))
	o.text(p, o.r.string(ms.get("message")), at, depth+1)
}

// logOrigin is what a subscription's document says of its log events.
func logOrigin(ms members) decode.Origin {
	return decode.Origin{Via: Subscription, Log: true, Owner: ms.text("owner"), LogGroup: ms.text("logGroup"), LogStream: ms.text("logStream")}
}

// event opens an envelope of EventBridge: its detail where that is a source's
// record, or itself.
func (o *opener) event(p place, text []byte, ms members, from *decode.Origin, depth int) {
	at := o.origin(from, EventBridge)
	if !at.Log {
		at.Via = EventBridge
	}
	at.ID, at.Owner, at.Time = o.r.text(ms, "id"), o.account(ms), timeOf(ms.get("time"))
	detail := ms.get("detail")
	if len(detail) > 0 && detail[0] == '{' {
		inner := o.members(detail)
		defer o.done(inner)
		if o.r.o.Known.Object(detail, inner) != "" {
			o.object(p, detail, inner, at, "", depth+1)
			return
		}
	}
	o.r.whole(p, text, o.r.o.Known.Object(text, ms), at)
}

// fields opens a row of Logs Insights results, [{"field":…,"value":…},…]: its
// @message, or its fields as one object.
func (o *opener) fields(p place, row []byte, from *decode.Origin, depth int) {
	at := o.origin(from, Insights)
	at.Log, at.Time = true, 0
	var message []byte
	whole := []byte{'{'}
	each(row, func(el []byte) {
		if el[0] != '{' {
			return
		}
		f := o.members(el)
		defer o.done(f)
		value := f.get("value")
		switch name := f.text("field"); name {
		case "@message":
			message = o.r.string(value)
		case "@timestamp":
			at.Time = timeOf(value)
		case "@logStream":
			at.LogStream = f.text("value")
		case "@log":
			at.Owner, at.LogGroup = logOf(f.text("value"))
		case "@ptr", "@ingestionTime":
		default:
			if len(whole) > 1 {
				whole = append(whole, ',')
			}
			whole = quoted(whole, []byte(name))
			whole = append(append(whole, ':'), value...)
		}
	})
	if message == nil {
		message = o.r.keep(append(whole, '}'))
	}
	o.text(p, message, at, depth+1)
}
