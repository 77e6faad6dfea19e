package export

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"logquarry/engine/attack"
	"logquarry/engine/render"
)

// scoNamespace is the one STIX 2.1 names for ids of cyber-observable objects,
// section 2.9. namespace is ours, for objects that are the same whenever the same
// findings are exported: a platform that takes them twice has them once.
var (
	scoNamespace = uuid.MustParse("00abedb4-aa42-466c-9c01-fed23315a9b7")
	namespace    = uuid.NewSHA1(scoNamespace, []byte("LogQuarry"))
)

// object is one STIX object; its keys are written in alphabetic order.
type object map[string]any

// STIX writes findings as a STIX 2.1 bundle: an indicator for each hunt with
// findings, whose pattern is its SQL; the attack patterns it indicates; and for
// each finding a sighting of the indicator, with the address and the principal
// as observed data. now is when the objects were made.
func STIX(w io.Writer, now time.Time, found []Found) error {
	b := &bundle{w: w, now: stixTime(now), made: map[string]bool{}}
	hash := sha256.New()
	for _, f := range found {
		for _, x := range f.Findings {
			hash.Write([]byte(f.Hunt.ID + "\x00" + findingKey(x) + "\x00"))
		}
	}
	b.raw(`{"type":"bundle","id":"bundle--` + uuid.NewSHA1(namespace, hash.Sum(nil)).String() + `","objects":[` + "\n")
	b.self = b.id("identity", "self")
	b.add(object{"type": "identity", "id": b.self, "name": "LogQuarry", "identity_class": "system",
		"description": "Hunts over AWS logs. The objects it made are findings: rows of logs that fit a hunt, each to be judged."})
	for i := range found {
		b.hunt(&found[i])
	}
	b.raw("\n]}\n")
	return b.err
}

// stixTime is a time as STIX writes it, with milliseconds.
func stixTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// findingKey is the same text for the same finding.
func findingKey(f Finding) string {
	return strings.Join([]string{f.Time.Format(time.RFC3339Nano), f.Source, f.Principal, f.SrcIP, f.Target, f.Summary, string(render.AppendJSON(nil, f.Details))}, "\x00")
}

type bundle struct {
	w    io.Writer
	now  string
	self string
	some bool
	made map[string]bool // ids of objects that are there already
	err  error
}

func (b *bundle) raw(s string) {
	if b.err == nil {
		_, b.err = io.WriteString(b.w, s)
	}
}

// id is one of our own objects' ids, the same for the same key.
func (b *bundle) id(kind, key string) string {
	return kind + "--" + uuid.NewSHA1(namespace, []byte(kind+"\x00"+key)).String()
}

// add writes an object once. What every object of ours has is put in.
func (b *bundle) add(o object) {
	id := o["id"].(string)
	if b.err != nil || b.made[id] {
		return
	}
	b.made[id] = true
	o["spec_version"] = "2.1"
	if !slices.Contains([]string{"ipv4-addr", "ipv6-addr", "user-account"}, o["type"].(string)) {
		o["created"], o["modified"] = b.now, b.now
		if id != b.self {
			o["created_by_ref"] = b.self
		}
	}
	text, err := json.Marshal(o)
	if err != nil {
		b.err = err
		return
	}
	if b.some {
		b.raw(",\n")
	}
	b.some = true
	if b.err == nil {
		_, b.err = b.w.Write(text)
	}
}

func (b *bundle) hunt(f *Found) {
	if len(f.Findings) == 0 {
		return
	}
	h := f.Hunt
	first := b.now
	for _, x := range f.Findings {
		if t := stixTime(x.Time); !x.Time.IsZero() && t < first {
			first = t
		}
	}
	indicator := b.id("indicator", h.ID+"\x00"+h.SQL)
	o := object{"type": "indicator", "id": indicator, "name": h.Title, "indicator_types": []string{"malicious-activity"},
		"pattern": h.SQL, "pattern_type": "sql", "valid_from": first,
		"external_references": []object{{"source_name": "logquarry", "external_id": h.ID}}}
	if h.Means != "" {
		o["description"] = strings.TrimSpace(h.Means + "\n\n" + h.Noise)
	}
	if h.Severity != "" {
		o["labels"] = []string{"severity:" + string(h.Severity)}
	}
	b.add(o)
	for _, id := range h.Attack {
		b.technique(indicator, id)
	}
	for _, x := range f.Findings {
		b.sighting(indicator, h.ID, x)
	}
}

func (b *bundle) technique(indicator, id string) {
	name := id // of one that is not in the list
	if t, ok := attack.Lookup(id); ok {
		name = t.Name
	}
	pattern := b.id("attack-pattern", id)
	b.add(object{"type": "attack-pattern", "id": pattern, "name": name, "external_references": []object{{
		"source_name": "mitre-attack", "external_id": id, "url": "https://attack.mitre.org/techniques/" + strings.ReplaceAll(id, ".", "/")}}})
	b.add(object{"type": "relationship", "id": b.id("relationship", indicator+" "+pattern), "relationship_type": "indicates",
		"source_ref": indicator, "target_ref": pattern})
}

func (b *bundle) sighting(indicator, hunt string, x Finding) {
	key := hunt + "\x00" + findingKey(x)
	var refs []string
	if addr, err := netip.ParseAddr(x.SrcIP); err == nil && addr.Zone() == "" {
		kind := "ipv4-addr"
		if addr.Is6() {
			kind = "ipv6-addr"
		}
		refs = append(refs, b.observable(object{"type": kind, "value": addr.String()}, "value"))
	}
	if x.Principal != "" {
		refs = append(refs, b.observable(object{"type": "user-account", "user_id": x.Principal, "account_type": "aws"}, "account_type", "user_id"))
	}
	s := object{"type": "sighting", "id": b.id("sighting", key), "sighting_of_ref": indicator, "where_sighted_refs": []string{b.self}, "count": 1,
		"description": x.Summary}
	if x.Summary == "" {
		delete(s, "description")
	}
	if !x.Time.IsZero() {
		s["first_seen"], s["last_seen"] = stixTime(x.Time), stixTime(x.Time)
		// Observed data must say when.
		if len(refs) > 0 {
			data := b.id("observed-data", key)
			b.add(object{"type": "observed-data", "id": data, "first_observed": stixTime(x.Time), "last_observed": stixTime(x.Time),
				"number_observed": 1, "object_refs": refs})
			s["observed_data_refs"] = []string{data}
		}
	}
	refsOf := []object{{"source_name": "logquarry", "description": "AWS log " + x.Source}}
	if x.Source == "" {
		refsOf = nil
	}
	for _, d := range x.Details {
		if d.Name == "event_id" && d.Value != nil {
			refsOf = append(refsOf, object{"source_name": "aws", "external_id": render.Plain(d.Value)})
		}
	}
	if refsOf != nil {
		s["external_references"] = refsOf
	}
	b.add(s)
}

// observable adds a cyber-observable object, whose id follows from the
// properties that contribute to it, and returns the id.
func (b *bundle) observable(o object, contributing ...string) string {
	part := map[string]any{}
	for _, k := range contributing {
		part[k] = o[k]
	}
	// Of texts under sorted keys this is the JSON of RFC 8785, as STIX asks.
	text, err := canonical(part)
	if err != nil {
		b.err = err
		return ""
	}
	id := o["type"].(string) + "--" + uuid.NewSHA1(scoNamespace, text).String()
	o["id"] = id
	b.add(o)
	return id
}

// canonical is JSON without blanks and with < > & as they are, keys sorted.
func canonical(v any) ([]byte, error) {
	var text strings.Builder
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(text.String(), "\n")), nil
}
