package hunt

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Earliest and Latest are what $since and $until are bound to where no window
// is given. They are ordinary timestamps, not infinities, so that every engine
// takes them and DuckDB prunes row groups with them.
func Earliest() time.Time { return time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC) }

// Latest is the bound of an open $until: see [Earliest].
func Latest() time.Time { return time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC) }

// BaselineUntil is a parameter that no hunt declares: one whose SQL uses
// $baseline_until has it, a timestamp. What comes before it is what is usual.
// Its default is [Earliest]: no period is given, and the hunt judges an event by
// the rest of the case.
const BaselineUntil = "baseline_until"

// addBaseline gives the hunt the parameter BaselineUntil, if it lacks it.
func (h *Hunt) addBaseline() {
	if _, ok := h.Param(BaselineUntil); !ok {
		h.Params = append(h.Params, Param{Name: BaselineUntil, Type: Timestamp, Default: Earliest(),
			Doc: "end of the time that is taken for usual; without it, the rest of the case is"})
	}
}

// Bind gives the value of every parameter of the hunt: from values, else the
// default. The map holds exactly the names the SQL uses; values are string,
// int64, float64, bool or time.Time. A zero since or until leaves that side open.
// An unknown name, a missing required one and text of the wrong type are errors.
func (h *Hunt) Bind(values map[string]string, since, until time.Time) (map[string]any, error) {
	known := make([]string, 0, len(h.Params))
	for _, p := range h.Params {
		known = append(known, p.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if slices.Contains(known, name) {
			continue
		}
		if name == "since" || name == "until" {
			return nil, &Error{Msg: fmt.Sprintf("%s: %s is the window of the run, not a parameter", h.ID, name), Hint: "give it as --" + name}
		}
		e := &Error{Msg: fmt.Sprintf("%s has no parameter %s", h.ID, name), Hint: hintNearest(name, known)}
		if e.Hint == "" && len(known) > 0 {
			e.Hint = "it has " + strings.Join(known, ", ")
		}
		return nil, e
	}
	out := make(map[string]any, len(h.Params)+2)
	for _, p := range h.Params {
		text, given := values[p.Name]
		switch {
		case given:
			v, err := convert(p.Type, text)
			if err != nil {
				return nil, &Error{Msg: fmt.Sprintf("%s: parameter %s: %v", h.ID, p.Name, err)}
			}
			out[p.Name] = v
		case p.Required:
			return nil, &Error{Msg: fmt.Sprintf("%s: parameter %s has no default and no value", h.ID, p.Name), Hint: fmt.Sprintf("add -p %s=VALUE", p.Name)}
		default:
			out[p.Name] = p.Default
		}
	}
	if h.Window {
		if since.IsZero() {
			since = Earliest()
		}
		if until.IsZero() {
			until = Latest()
		}
		// Only the names in use: some engines refuse values too many.
		for _, n := range names(h.SQL) {
			switch n.text {
			case "since":
				out["since"] = since.UTC()
			case "until":
				out["until"] = until.UTC()
			}
		}
	}
	return out, nil
}

// Check says whether values can be bound in a run of all hunts: each name must
// be a parameter of at least one of them, and each hunt that has it must take the value.
func Check(hunts []Hunt, values map[string]string) error {
	var known []string
	for i := range hunts {
		for _, p := range hunts[i].Params {
			known = append(known, p.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !slices.Contains(known, name) {
			e := &Error{Msg: fmt.Sprintf("none of the %d hunts has a parameter %s", len(hunts), name), Hint: hintNearest(name, known)}
			if len(hunts) == 1 {
				e.Msg = fmt.Sprintf("%s has no parameter %s", hunts[0].ID, name)
			}
			return e
		}
	}
	for i := range hunts {
		if _, err := hunts[i].Bind(own(&hunts[i], values), time.Time{}, time.Time{}); err != nil {
			return err
		}
	}
	return nil
}

// own are the values meant for h.
func own(h *Hunt, values map[string]string) map[string]string {
	out := map[string]string{}
	for _, p := range h.Params {
		if v, ok := values[p.Name]; ok {
			out[p.Name] = v
		}
	}
	return out
}

// timeLayouts are the spellings a timestamp parameter takes; without a zone it is UTC.
var timeLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02 15:04:05.999999999", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly}

func convert(t ParamType, text string) (any, error) {
	switch t {
	case Bigint:
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a whole number", text)
		}
		return v, nil
	case Double:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is not a number", text)
		}
		return v, nil
	case Boolean:
		switch strings.ToLower(text) {
		case "true", "yes", "1":
			return true, nil
		case "false", "no", "0":
			return false, nil
		}
		return nil, fmt.Errorf("%q is not true or false", text)
	case Timestamp:
		for _, layout := range timeLayouts {
			if v, err := time.Parse(layout, text); err == nil {
				return v.UTC(), nil
			}
		}
		return nil, fmt.Errorf("%q is not a time such as 2026-01-02T03:04:05Z", text)
	default:
		return text, nil
	}
}
