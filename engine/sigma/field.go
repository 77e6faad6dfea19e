package sigma

import (
	"fmt"
	"slices"
	"strings"

	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
)

// Env is what rules are compiled against.
type Env struct {
	Sources []*schema.Source
	// Extra are the keys found in the column extra of a source's rows, by source:
	// fields without a column, and values that did not fit theirs. A source that
	// is missing here may have any key; knowing them makes the SQL shorter.
	Extra map[string]map[string]bool
	// Stored are the columns that have storage in the case, by source; a source
	// that is missing here may have all.
	Stored map[string]map[string]bool
}

// Field is a field of a rule as it is found in the table of one source.
type Field struct {
	Name string
	// Known is whether the source describes such a field, or has a JSON column
	// that may hold it. Other fields are looked for in extra.
	Known bool
	// Hint asks after a known name like it; empty where there is none.
	Hint  string
	reads []read
}

// read is one place a field's values are found in. An event may have several.
type read struct {
	cond    string // SQL, when to look there; empty: always
	text    string // SQL of a VARCHAR, NULL where there is no value
	list    string // SQL of a VARCHAR[], where the place may hold an array
	present string // SQL, whether there is such a field, be it null or empty
	object  bool   // text may be that of a JSON object
	// Of a column that is no text:
	number string // SQL of its number
	time   string // SQL of its TIMESTAMP
}

// Value is an SQL expression of the field's value as text: the first, where an
// event has several; NULL where it has none.
func (f *Field) Value() string {
	var parts []string
	for _, r := range f.reads {
		x := r.text
		if r.list != "" {
			x = "(" + r.list + ")[1]"
		}
		if r.cond != "" {
			x = "CASE WHEN " + r.cond + " THEN " + x + " END"
		}
		parts = append(parts, x)
	}
	switch len(parts) {
	case 0:
		return "CAST(NULL AS VARCHAR)"
	case 1:
		return parts[0]
	}
	return "COALESCE(" + strings.Join(parts, ", ") + ")"
}

// Number is an SQL expression of the field's value as a DOUBLE; NULL where it has
// none or it is no number.
func (f *Field) Number() string {
	if len(f.reads) == 1 && f.reads[0].number != "" {
		return "CAST(" + f.reads[0].number + " AS DOUBLE)"
	}
	return "TRY_CAST(" + f.Value() + " AS DOUBLE)"
}

// any is the SQL condition that one of the field's values passes a test. depth
// is how many such conditions stand around it.
func (f *Field) any(depth int, test func(x string, r *read) string) string {
	var parts []string
	for i := range f.reads {
		r := &f.reads[i]
		var s string
		if r.list != "" {
			v := fmt.Sprintf("sigma_%d", depth)
			s = fmt.Sprintf("len(list_filter(%s, lambda %s: %s)) > 0", r.list, v, test(v, r))
		} else {
			s = test(r.text, r)
		}
		if r.cond != "" {
			s = r.cond + " AND (" + s + ")"
		}
		parts = append(parts, s)
	}
	return joined(parts, " OR ", "FALSE")
}

// has is the SQL condition that the field has a value, empty or not.
func (f *Field) has(depth int) string {
	return f.any(depth, func(x string, _ *read) string { return x + " IS NOT NULL" })
}

// present is the SQL condition that the event has such a field.
func (f *Field) present() string {
	var parts []string
	for _, r := range f.reads {
		s := r.present
		if r.cond != "" {
			s = r.cond + " AND (" + s + ")"
		}
		parts = append(parts, s)
	}
	return joined(parts, " OR ", "FALSE")
}

// joined puts parentheses around parts and op between them.
func joined(parts []string, op, none string) string {
	switch len(parts) {
	case 0:
		return none
	case 1:
		return parts[0]
	}
	return "(" + strings.Join(parts, ")"+op+"(") + ")"
}

// field finds the field called name in the table of s.
func (e *Env) field(s *schema.Source, name string) Field {
	if as, ok := names[s.Name][name]; ok {
		// AWS's own name comes first: it is what the log says.
		if len(columns(s, name)) == 0 {
			if strings.HasPrefix(as, "(") {
				return Field{Name: name, Known: true, reads: []read{{text: as, present: as + " IS NOT NULL"}}}
			}
			f := e.lookup(s, as)
			f.Name = name
			return f
		}
	}
	return e.lookup(s, name)
}

// columns are the columns that hold the field AWS calls name; several where it
// is an address with a port.
func columns(s *schema.Source, name string) (out []schema.Column) {
	for _, c := range s.Columns {
		if places := append([]string{c.From}, c.Also...); !strings.HasPrefix(name, "@") && slices.ContainsFunc(places, func(p string) bool { return strings.ReplaceAll(p, "[].", ".") == name }) {
			out = append(out, c)
		}
	}
	return out
}

func (e *Env) lookup(s *schema.Source, name string) Field {
	f := Field{Name: name, Known: true}
	own := columns(s, name)
	if c, ok := s.Column(name); ok && len(own) == 0 {
		own = []schema.Column{c}
	}
	steps := strings.Split(name, ".")
	switch {
	case len(own) > 1 && own[0].Part != "":
		text := fmt.Sprintf("(%s || COALESCE(':' || CAST(%s AS VARCHAR), ''))", schema.Quote(own[0].Name), schema.Quote(own[1].Name))
		f.reads = []read{{text: text, present: text + " IS NOT NULL"}}
		return f
	case len(own) > 0:
		c := own[0]
		f.reads = columnReads(c)
		if s.Shape == schema.JSON && c.From != "" {
			// A value that did not fit the column, or an explicit null, stands in
			// extra under the field's own name.
			for _, place := range append([]string{c.From}, c.Also...) {
				f.reads = append(f.reads, e.extraReads(s, place, nil)...)
			}
		}
		return f
	}
	// A field of a JSON column: the longest path that is one.
	for n := len(steps) - 1; n > 0; n-- {
		for _, c := range columns(s, strings.Join(steps[:n], ".")) {
			if c.Type == schema.JSONText {
				f.reads = jsonReads(schema.Quote(c.Name), steps[n:])
				return f
			}
		}
		if c, ok := s.Column(strings.Join(steps[:n], ".")); ok && c.Type == schema.JSONText {
			f.reads = jsonReads(schema.Quote(c.Name), steps[n:])
			return f
		}
	}
	if object := e.object(s, name); object != "" {
		f.reads = []read{{text: object, present: object + " IS NOT NULL", object: true}}
		return f
	}
	f.Known = false
	f.Hint = nearest(s, name)
	// Decoders look into the objects that have columns, and keep what is left of
	// them under its dotted path.
	for n := 1; n <= len(steps); n++ {
		if n > 1 && !parent(s, strings.Join(steps[:n-1], ".")) {
			break
		}
		f.reads = append(f.reads, e.extraReads(s, strings.Join(steps[:n], "."), steps[n:])...)
	}
	return f
}

// parent says whether a column of s comes from inside the object called path.
func parent(s *schema.Source, path string) bool {
	return slices.ContainsFunc(s.Columns, func(c schema.Column) bool {
		return slices.ContainsFunc(append([]string{c.From}, c.Also...), func(p string) bool { return strings.HasPrefix(p, path+".") })
	})
}

// nearest asks whether another name of the source was meant.
func nearest(s *schema.Source, name string) string {
	var known []string
	for _, c := range s.Columns {
		if strings.EqualFold(c.From, name) {
			return "did you mean " + c.From + "?"
		}
		known = append(known, c.From, c.Name)
	}
	for alias := range names[s.Name] {
		known = append(known, alias)
	}
	slices.Sort(known)
	if near, ok := sqltext.Nearest(name, known); ok {
		return "did you mean " + near + "?"
	}
	return ""
}

// columnReads reads a column of the table.
func columnReads(c schema.Column) []read {
	q := schema.Quote(c.Name)
	r := read{present: q + " IS NOT NULL"}
	switch c.Type {
	case schema.JSONText:
		return jsonReads(q, nil)
	case schema.Varchar:
		r.text = q
	case schema.Timestamp:
		// As logs write it; a fraction of a second only where there is one.
		r.text, r.time = fmt.Sprintf("(replace(CAST(%s AS VARCHAR), ' ', 'T') || 'Z')", q), q
	case schema.TimestampS:
		r.number, r.time = fmt.Sprintf("CAST(epoch(%s) AS BIGINT)", q), q
		r.text = "CAST(" + r.number + " AS VARCHAR)"
	case schema.TimestampMS:
		r.number, r.time = fmt.Sprintf("epoch_ms(%s)", q), q
		r.text = "CAST(" + r.number + " AS VARCHAR)"
	case schema.Double:
		// 8 as a double is written 8.0; logs write 8.
		r.text, r.number = fmt.Sprintf(`regexp_replace(CAST(%s AS VARCHAR), '\.0$', '')`, q), q
	case schema.Integer, schema.Bigint:
		r.text, r.number = "CAST("+q+" AS VARCHAR)", q
	default:
		r.text = "CAST(" + q + " AS VARCHAR)"
	}
	return []read{r}
}

// extraReads reads a key of extra, and further into what stands there.
func (e *Env) extraReads(s *schema.Source, key string, steps []string) []read {
	if keys, known := e.Extra[s.Name]; known && !keys[key] {
		return nil
	}
	return jsonReads(`"extra"`, append([]string{key}, steps...))
}

// jsonReads reads a column that holds a JSON document, or what the path of keys
// leads to in it. An array on the way or at the end stands for its elements; an
// object at the end is its text.
func jsonReads(column string, steps []string) []read {
	object, array := "prefix("+column+", '{')", "prefix("+column+", '[')"
	if len(steps) == 0 {
		there := column + " IS NOT NULL"
		return []read{
			{cond: object, text: column, present: there, object: true},
			{cond: array, list: texts("json_extract(" + column + ", '$[*]')"), present: there},
			{cond: "NOT " + object + " AND NOT " + array,
				// What is no JSON, as in results of queries, is taken as text.
				text: fmt.Sprintf("CASE WHEN %s <> 'null' THEN COALESCE(TRY(json_extract_string(%[1]s, '$')), %[1]s) END", column), present: there},
		}
	}
	// Looking for the last key in the text is far cheaper than parsing it. A key
	// may be written with escapes.
	last := steps[len(steps)-1]
	guard := fmt.Sprintf(`(contains(%s, %s) OR contains(%[1]s, '\u'))`, column, sqltext.Literal(`"`+last+`"`))
	in := func(root string, cond string, first int) read {
		list := root
		for i, step := range steps[first:] {
			v := fmt.Sprintf("sigma_s%d", i)
			list = fmt.Sprintf("flatten(list_transform(%s, lambda %s: %s))", list, v, spread(fmt.Sprintf("json_extract(%s, %s)", v, jsonPath(step))))
		}
		return read{cond: guard + " AND " + cond, list: texts(list), present: "TRUE", object: true}
	}
	o := in(spread(fmt.Sprintf("json_extract(%s, %s)", column, jsonPath(steps[0]))), object, 1)
	a := in("json_extract("+column+", '$[*]')", array, 0)
	o.present = presence(spreadTo("["+"json_extract("+column+", '$')]", steps))
	a.present = presence(spreadTo("json_extract("+column+", '$[*]')", steps))
	return []read{o, a}
}

// spreadTo is the list of what the steps lead to, with the last not taken apart.
func spreadTo(list string, steps []string) string {
	for i, step := range steps {
		v := fmt.Sprintf("sigma_s%d", i)
		x := fmt.Sprintf("json_extract(%s, %s)", v, jsonPath(step))
		if i < len(steps)-1 {
			list = fmt.Sprintf("flatten(list_transform(%s, lambda %s: %s))", list, v, spread(x))
		} else {
			list = fmt.Sprintf("list_transform(%s, lambda %s: %s)", list, v, x)
		}
	}
	return list
}

func presence(list string) string {
	return "COALESCE(TRY(len(list_filter(" + list + ", lambda sigma_p: sigma_p IS NOT NULL)) > 0), FALSE)"
}

// spread is the list of the elements of x where that is a JSON array, else of x.
func spread(x string) string {
	return fmt.Sprintf("CASE json_type(%s) WHEN 'ARRAY' THEN json_extract(%[1]s, '$[*]') ELSE [%[1]s] END", x)
}

// texts are the texts of the JSON values of a list, without nulls and arrays; no
// values where the document is no JSON.
func texts(list string) string {
	return fmt.Sprintf("TRY(list_transform(list_filter(%s, lambda sigma_j: json_type(sigma_j) NOT IN ('NULL', 'ARRAY')), lambda sigma_j: json_extract_string(sigma_j, '$')))", list)
}

// jsonPath is the SQL constant of the path to a key. Keys with quotes or
// backslashes do not come here: parseItem refuses them.
func jsonPath(key string) string { return sqltext.Literal(`$."` + key + `"`) }

// object is the JSON text of an object that has no column of its own, but whose
// members have: userIdentity. Empty where there is no such object. Its members
// stand in the order of the columns, those without a value are left out.
func (e *Env) object(s *schema.Source, path string) string {
	if s.Shape != schema.JSON || !parent(s, path) {
		return ""
	}
	var members []string
	seen := map[string]bool{}
	for _, c := range s.Columns {
		rest, ok := strings.CutPrefix(c.From, path+".")
		if !ok || strings.ContainsAny(rest, "[") {
			continue
		}
		key, _, nested := strings.Cut(rest, ".")
		if seen[key] {
			continue
		}
		seen[key] = true
		x := "CAST(to_json(" + schema.Quote(c.Name) + ") AS VARCHAR)"
		if nested {
			x = e.object(s, path+"."+key)
		} else if c.Type == schema.JSONText {
			x = schema.Quote(c.Name)
		}
		members = append(members, sqltext.Literal(`"`+key+`":`)+" || "+x)
	}
	if len(members) == 0 {
		return ""
	}
	return "('{' || NULLIF(concat_ws(',', " + strings.Join(members, ", ") + "), '') || '}')"
}
