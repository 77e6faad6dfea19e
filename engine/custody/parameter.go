package custody

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Parameter is the value bound to $Name, as text that gives back exactly the
// value it was made of.
type Parameter struct {
	Name  string `json:"name"`
	Type  string `json:"type"` // varchar, bigint, double, boolean, timestamp or null
	Value string `json:"value"`
}

// Parameters are values as the store binds them, by name in the order of names.
func Parameters(values map[string]any) []Parameter {
	var out []Parameter
	for _, name := range slices.Sorted(maps.Keys(values)) {
		p := Parameter{Name: name}
		switch v := values[name].(type) {
		case nil:
			p.Type = "null"
		case string:
			p.Type, p.Value = "varchar", v
		case int64:
			p.Type, p.Value = "bigint", strconv.FormatInt(v, 10)
		case float64:
			p.Type, p.Value = "double", strconv.FormatFloat(v, 'g', -1, 64)
		case bool:
			p.Type, p.Value = "boolean", strconv.FormatBool(v)
		case time.Time:
			p.Type, p.Value = "timestamp", v.UTC().Format(time.RFC3339Nano)
		default:
			panic(fmt.Sprintf("custody: internal error: a %T is no parameter", v))
		}
		out = append(out, p)
	}
	return out
}

// Values are the values that [Parameters] made texts of.
func Values(list []Parameter) (map[string]any, error) {
	out := map[string]any{}
	for _, p := range list {
		var v any
		var err error
		switch p.Type {
		case "null":
		case "varchar":
			v = p.Value
		case "bigint":
			v, err = strconv.ParseInt(p.Value, 10, 64)
		case "double":
			v, err = strconv.ParseFloat(p.Value, 64)
		case "boolean":
			v, err = strconv.ParseBool(p.Value)
		case "timestamp":
			v, err = time.Parse(time.RFC3339Nano, p.Value)
		default:
			err = fmt.Errorf("no type %q", p.Type)
		}
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", p.Name, err)
		}
		out[p.Name] = v
	}
	return out, nil
}
