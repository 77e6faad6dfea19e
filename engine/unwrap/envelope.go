package unwrap

import (
	"bytes"

	"logquarry/engine/decode"
)

// envelope opens text where it is an envelope; false where it is none.
func (o *opener) envelope(p place, text []byte, ms members, from *decode.Origin, depth int) bool {
	r := o.r
	switch {
	case ms.array("logEvents"):
		o.subscription(p, ms, from, depth)
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
		if at.ID == "" {
			at.ID, at.Time = ms.text("MessageId"), timeOf(ms.get("Timestamp"))
		}
		o.text(p, r.string(ms.get("Message")), at, depth+1)
	case ms.array("Events") && hasElement(ms.get("Events"), "CloudTrailEvent"):
		o.elements(p, ms, "Events", from, depth)
	case ms.array("events") && hasElement(ms.get("events"), "message"):
		o.elements(p, ms, "events", from, depth)
	case ms.array("results") && insights(ms.get("results")):
		o.elements(p, ms, "results", from, depth)
	case ms.array("Results") && firstIs(ms.get("Results"), '"'):
		o.elements(p, ms, "Results", from, depth)
	case ms.array("Records") && hasElement(ms.get("Records"), "Data", "kinesis", "body", "Sns"):
		o.elements(p, ms, "Records", from, depth)
	case ms.array("records") && hasElement(ms.get("records"), "data"):
		o.elements(p, ms, "records", from, depth)
	case ms.array("Messages") && hasElement(ms.get("Messages"), "Body"):
		o.elements(p, ms, "Messages", from, depth)
	default:
		return false
	}
	return true
}

func hasElement(val []byte, names ...string) bool {
	first := firstElement(val)
	if first == nil {
		return false
	}
	ms, _ := membersOf(nil, first)
	for _, name := range names {
		if members(ms).has(name) {
			return true
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
	return len(rest) > 0 && rest[0] == '[' && hasElement(rest, "field")
}

// elements opens the elements of an answer's array.
func (o *opener) elements(p place, ms members, key string, from *decode.Origin, depth int) {
	each(ms.get(key), func(el []byte) {
		if !o.r.enough() {
			o.one(p, el, from, key, depth)
		}
	})
}

// one opens one element of an array, which need not be an object.
func (o *opener) one(p place, el []byte, from *decode.Origin, key string, depth int) {
	switch {
	case el[0] == '{':
		o.object(p, el, from, key, depth+1)
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
	case "events":
		if !ms.isString("message") || !ms.has("timestamp") {
			return false
		}
		at := o.origin(from, LogEvents)
		at.Log, at.LogStream, at.Time = true, ms.text("logStreamName"), timeOf(ms.get("timestamp"))
		if at.ID = ms.text("eventId"); at.LogGroup == "" {
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
		at.ID = ms.text("MessageId")
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
		at.ID = ms.text("messageId")
		o.text(p, r.string(ms.get("body")), at, depth+1)
		return true
	case ms.has("Sns"):
		inner := o.members(ms.get("Sns"))
		defer o.done(inner)
		if !inner.isString("Message") {
			return false
		}
		at := o.origin(from, SNS)
		at.ID = inner.text("MessageId")
		o.text(p, r.string(inner.get("Message")), at, depth+1)
		return true
	}
	return false
}

// subscription opens a document of a CloudWatch Logs subscription.
func (o *opener) subscription(p place, ms members, from *decode.Origin, depth int) {
	if ms.text("messageType") == "CONTROL_MESSAGE" {
		return // CloudWatch Logs asking whether the destination is there
	}
	base := o.origin(from, Subscription)
	base.Via, base.Log = Subscription, true
	base.Owner, base.LogGroup, base.LogStream = ms.text("owner"), ms.text("logGroup"), ms.text("logStream")
	var ats []decode.Origin
	each(ms.get("logEvents"), func(el []byte) {
		if o.r.enough() {
			return
		}
		if el[0] != '{' {
			o.r.bad(p, el, "a log event that is no object")
			return
		}
		ev := o.members(el)
		defer o.done(ev)
		if !ev.isString("message") {
			o.r.bad(p, el, "a log event without a message")
			return
		}
		if len(ats) == cap(ats) {
			ats = make([]decode.Origin, 0, 256) // those handed out stay where they are
		}
		ats = append(ats, *base)
		at := &ats[len(ats)-1]
		at.ID, at.Time = ev.text("id"), timeOf(ev.get("timestamp"))
		o.text(p, o.r.string(ev.get("message")), at, depth+1)
	})
}

// event opens an envelope of EventBridge: its detail where that is a source's
// record, or itself.
func (o *opener) event(p place, text []byte, ms members, from *decode.Origin, depth int) {
	at := o.origin(from, EventBridge)
	if !at.Log {
		at.Via = EventBridge
	}
	at.ID, at.Owner, at.Time = ms.text("id"), ms.text("account"), timeOf(ms.get("time"))
	detail := ms.get("detail")
	if len(detail) > 0 && detail[0] == '{' && o.r.o.Known.Source(detail, nil) != "" {
		o.object(p, detail, at, "", depth+1)
		return
	}
	o.r.push(p, text, at)
}

// fields opens a row of Logs Insights results, [{"field":…,"value":…},…]: its
// @message, or its fields as one object.
func (o *opener) fields(p place, row []byte, from *decode.Origin, depth int) {
	at := o.origin(from, Insights)
	at.Log = true
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
