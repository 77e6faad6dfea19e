package indicator

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// mispTag is a tag of an event or attribute.
type mispTag struct {
	Name string `json:"name"`
}

// mispAttribute is what is read of an attribute.
type mispAttribute struct {
	Type      string    `json:"type"`
	Category  string    `json:"category"`
	Value     string    `json:"value"`
	Comment   string    `json:"comment"`
	ToIDs     mispBool  `json:"to_ids"`
	Deleted   mispBool  `json:"deleted"`
	Tags      []mispTag `json:"Tag"`
	UUID      string    `json:"uuid"`
	FirstSeen string    `json:"first_seen"`
	LastSeen  string    `json:"last_seen"`
	Timestamp mispTime  `json:"timestamp"`
	Event     struct {
		Info string `json:"info"`
	} `json:"Event"`
}

// mispBool is written as a boolean, a number or a text.
type mispBool bool

// UnmarshalJSON implements [json.Unmarshaler].
func (b *mispBool) UnmarshalJSON(text []byte) error {
	switch strings.Trim(string(text), `"`) {
	case "true", "1":
		*b = true
	}
	return nil
}

// mispTime is Unix seconds, as a number or a text.
type mispTime int64

// UnmarshalJSON implements [json.Unmarshaler].
func (t *mispTime) UnmarshalJSON(text []byte) error {
	if n, err := strconv.ParseInt(strings.Trim(string(text), `"`), 10, 64); err == nil {
		*t = mispTime(n)
	}
	return nil
}

// mispEvent is what all attributes of an event share: its members stand behind
// them in the file, so they are filled in at its end.
type mispEvent struct {
	info, uuid, date, org string
	tags                  []string
}

// inEvent reads an event, and gives its attributes what it says of itself.
func (doc *document) inEvent(read func() error) error {
	if doc.event != nil {
		return read() // an event in an event says nothing more
	}
	doc.event = &mispEvent{}
	from := len(doc.set.Indicators)
	err := read()
	e := doc.event
	doc.event = nil
	about := context(member{"event", e.info}, member{"event_uuid", e.uuid}, member{"event_date", e.date}, member{"event_org", e.org}, member{"event_tags", e.tags})
	if about != "" {
		s := doc.set
		for i := from; i < len(s.Indicators); i++ {
			// Attributes that say nothing of their own share the memory.
			if s.Indicators[i].Context == "" {
				s.Indicators[i].Context = about
			} else {
				s.Indicators[i].Context += "," + about
				s.bytes += len(about) + 1
			}
		}
	}
	return err
}

func (e *mispEvent) about(members map[string]json.RawMessage) {
	text := func(name string) string {
		var v string
		if json.Unmarshal(members[name], &v) != nil {
			return ""
		}
		return v
	}
	e.info, e.uuid, e.date = text("info"), text("uuid"), text("date")
	var org struct {
		Name string `json:"name"`
	}
	var tags []mispTag
	// Whatever is of another shape stays empty: it is about the event only.
	_ = json.Unmarshal(members["Orgc"], &org)
	_ = json.Unmarshal(members["Tag"], &tags)
	e.org = org.Name
	for _, t := range tags {
		e.tags = append(e.tags, t.Name)
	}
}

// mispObject reads an object, whose attributes are of one thing.
func (doc *document) mispObject() error {
	var o struct {
		Name       string            `json:"name"`
		Comment    string            `json:"comment"`
		Deleted    mispBool          `json:"deleted"`
		Attributes []json.RawMessage `json:"Attribute"`
	}
	if ok, err := doc.into(&o); err != nil || !ok || bool(o.Deleted) {
		return err
	}
	for _, text := range o.Attributes {
		read := func() error { return doc.attribute([]member{{"object", o.Name}, {"object_comment", o.Comment}}) }
		if err := doc.within(text, read); err != nil {
			return err
		}
	}
	return nil
}

// attribute reads one attribute. Of a type of two, such as domain|ip, each is an
// indicator.
func (doc *document) attribute(about []member) error {
	doc.entry++
	var a mispAttribute
	if ok, err := doc.into(&a); err != nil || !ok || bool(a.Deleted) {
		return err
	}
	if !bool(a.ToIDs) && !doc.o.All {
		doc.here().Left++
		return nil
	}
	var tags []string
	for _, t := range a.Tags {
		tags = append(tags, t.Name)
	}
	about = append([]member{{"type", a.Type}, {"category", a.Category}, {"comment", a.Comment}, {"tags", tags}, {"to_ids", bool(a.ToIDs)}, {"uuid", a.UUID},
		{"first_seen", a.FirstSeen}, {"last_seen", a.LastSeen}, {"changed", since(int64(a.Timestamp))}, {"event", a.Event.Info}}, about...)
	i := Indicator{Line: doc.entry, Context: context(about...)}
	kinds, values := strings.Split(a.Type, "|"), []string{a.Value}
	if len(kinds) == 2 {
		if one, two, ok := strings.Cut(a.Value, "|"); ok {
			values = []string{one, two}
		}
	}
	for n, v := range values {
		kind := kinds[min(n, len(kinds)-1)]
		switch kind {
		case "port", "size-in-bytes", "datetime", "counter", "float", "boolean", "yara", "snort", "sigma", "pattern-in-file", "attachment", "malware-sample", "mutex", "regkey", "vulnerability", "AS":
			if n == 0 {
				doc.bad(int(doc.entry), a.Value, "logs do not tell a "+kind)
			}
			continue
		}
		typ, typed := namedTypes[columnName(kind)]
		if typed {
			typ = settle(v, typ)
		}
		if err := doc.take(v, typ, typed, i); err != nil {
			return err
		}
	}
	return nil
}

// named reads the event of that UUID, which a feed has beside its manifest.
func (doc *document) named(uuid string) error {
	doc.entry++
	if doc.path == "" {
		doc.bad(int(doc.entry), uuid, "the events of a manifest are looked for beside it, and it came by standard input")
		return nil
	}
	path := filepath.Join(filepath.Dir(doc.path), uuid+".json")
	if _, err := os.Stat(path); err != nil {
		doc.bad(int(doc.entry), uuid, "its file "+uuid+".json is not beside the manifest")
		return nil
	}
	return doc.open(path)
}
