package load

import (
	"fmt"

	"logquarry/engine/decode"
	"logquarry/engine/decode/delimited"
	"logquarry/engine/decode/jsonrec"
	"logquarry/engine/decode/jsontext"
	"logquarry/engine/decode/regex"
	"logquarry/engine/find"
	"logquarry/engine/schema"
	"logquarry/engine/unwrap"
)

// plan is how the files of one source are decoded.
type plan struct {
	source *schema.Source // with the columns that the decoders fill
	table  *schema.Source // with those that have storage
	layout decode.Columns
	types  []schema.Type // of source
	// late are the columns of source without storage, storedTypes the types of
	// the others.
	late        []int
	storedTypes []schema.Type
	// make makes the decoder of the source's own shape; objects the one of its
	// records as JSON objects, the same where JSON is its shape; one the one of
	// messages, in either form; row the one of a Parquet file's rows as objects.
	make, objects, one, row func(keep decode.Keep) decode.Decoder
}

// plans are those of all sources, and what tells messages apart.
type plans struct {
	by      map[string]*plan
	known   *find.Known
	sources []*schema.Source
}

// newPlans makes the plans of sources, of whose columns those of stored, the same
// sources in the same order, have storage. JSON sources know of one another, since their records can stand in
// one file.
// known is that of an earlier plan; nil: there is none.
func newPlans(sources, stored []*schema.Source, known *find.Known) (*plans, error) {
	all := &plans{by: make(map[string]*plan), known: known, sources: sources}
	var err error
	if known == nil {
		if all.known, err = find.NewKnown(sources); err != nil {
			return nil, err
		}
	}
	var json []*jsonrec.Plan
	objects := map[string]*jsonrec.Plan{}
	decoded := make([]*schema.Source, len(sources))
	for i, s := range sources {
		if stored[i] != s {
			s = s.Decoded(func(name string) bool { _, ok := stored[i].Column(name); return ok })
		}
		decoded[i] = s
		if objects[s.Name], err = jsonrec.NewPlan(s); err != nil {
			return nil, err
		}
		if s.Shape == schema.JSON {
			json = append(json, objects[s.Name])
		}
	}
	for i, s := range decoded {
		jp := objects[s.Name]
		var others []*jsonrec.Plan
		for _, o := range json {
			if o != jp {
				others = append(others, o)
			}
		}
		p := &plan{source: s, table: stored[i], layout: decode.Layout(s), types: decode.Types(s)}
		for c := range s.Columns {
			if _, ok := p.table.Column(s.Columns[c].Name); !ok {
				p.late = append(p.late, c)
			}
		}
		p.storedTypes = decode.Types(p.table)
		p.objects = func(keep decode.Keep) decode.Decoder { return jsonrec.NewDecoder(jp, others, keep) }
		// The source of a message has been told: nothing else is in it.
		alone := func(keep decode.Keep) decode.Decoder { return jsonrec.NewDecoder(jp, nil, keep) }
		p.row = alone
		switch s.Shape {
		case schema.JSON:
			p.make, p.one = p.objects, alone
		case schema.Regex:
			rp, err := regex.NewPlan(s)
			if err != nil {
				return nil, err
			}
			p.make = func(keep decode.Keep) decode.Decoder { return regex.NewDecoder(rp, keep) }
		case schema.Delimited, schema.W3C, schema.CSV:
			dp, err := delimited.NewPlan(s)
			if err != nil {
				return nil, err
			}
			p.make = func(keep decode.Keep) decode.Decoder { return delimited.NewDecoder(dp, keep) }
		default:
			return nil, fmt.Errorf("%s: no decoder for shape %q", s.Name, s.Shape)
		}
		if p.one == nil {
			p.one = func(keep decode.Keep) decode.Decoder {
				return decode.NewEither(p.make(keep), alone(keep), func(text []byte) bool {
					// The decoder of patterns can read what is no JSON.
					return jp.Takes(text) && (s.Shape != schema.Regex || decode.IsJSON(text))
				})
			}
		}
		all.by[s.Name] = p
	}
	return all, nil
}

// unwrapping says how a file's messages are got at. asked is the source all of
// them are taken for; nil: each tells its own.
func (p *plans) unwrapping(frame unwrap.Frame, path string, asked *schema.Source) unwrap.Options {
	o := unwrap.Options{Frame: frame, Known: p.known, Sources: p.sources, Path: path}
	if asked != nil {
		o.Known = only{asked.Name}
	}
	return o
}

// mixed lets d, where it decodes JSON, open envelopes that stand among the
// records of a file. one decodes messages; again is as in a task.
func (p *plans) mixed(d, one decode.Decoder, source, path string, asked *schema.Source, again bool) {
	j, ok := d.(*jsonrec.Decoder)
	if !ok {
		return
	}
	o := p.unwrapping(unwrap.Objects, path, asked)
	j.Envelope = func(text []byte) bool { return unwrap.IsEnvelope(text, o.Known) }
	j.Inner, j.Again = unwrap.NewDecoder(one, o, source, !again), again
}

// only takes every message for one source.
type only struct{ source string }

func (o only) Source([]byte, *decode.Origin) string          { return o.source }
func (o only) Object([]byte, []jsontext.Member) string       { return o.source }
func (o only) Arrived(string, []byte, *decode.Origin) string { return o.source }
