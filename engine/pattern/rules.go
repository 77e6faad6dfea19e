package pattern

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"logquarry/engine/decode/jsontext"
)

// The states of a rule.
const (
	Disabled = "DISABLED"
	Enabled  = "ENABLED"
	// EnabledWithAll is a rule that takes read-only management events too.
	EnabledWithAll = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"
)

// Rule is a rule of EventBridge, or a pattern alone: then State is empty.
type Rule struct {
	Name     string // of a pattern alone the file's
	ARN      string
	Bus      string // name or ARN; empty: the default bus
	State    string
	Schedule string // its schedule expression
	Targets  []string
	Pattern  *Pattern // nil: it has a schedule alone
	Text     string   // the pattern as JSON
	File     string
	Line     int
}

// Plain reports whether r is a pattern alone, of which no rule is known.
func (r *Rule) Plain() bool { return r.State == "" }

// Place are the region and the account of the rule, as its ARN says them; empty
// where it has none.
func (r *Rule) Place() (region, account string) {
	if part := strings.SplitN(r.ARN, ":", 6); len(part) == 6 && part[2] == "events" {
		return part[3], part[4]
	}
	return "", ""
}

// DefaultBus reports whether the rule is on the bus that AWS services send to.
func (r *Rule) DefaultBus() bool {
	return r.Bus == "" || r.Bus == "default" || strings.HasSuffix(r.Bus, ":event-bus/default")
}

// Error is what of a file of rules cannot be used.
type Error struct {
	File         string
	Line, Column int    // from 1; 0: none
	Rule         string // its name, or empty
	What         string
	Advice       string
}

func (e *Error) Error() string {
	at := e.File
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d:%d", e.File, e.Line, e.Column)
	}
	if e.Rule != "" {
		at += ": rule " + e.Rule
	}
	return at + ": " + e.What
}

// Hint is advice for a line of its own, or empty.
func (e *Error) Hint() string { return e.Advice }

// Rules is what files of rules hold.
type Rules struct {
	Rules  []Rule   // those with a pattern
	Timed  []Rule   // those with a schedule alone
	Faults []*Error // what could not be read
	Notes  []string // what is incomplete
}

const (
	mostFile  = 64 << 20 // bytes of a file of rules
	mostFiles = 10_000
)

// Read reads files of rules and patterns, and the .json files in folders. What a
// file is, its content says:
//   - an event pattern;
//   - {"EventPattern": …}, as in CloudFormation and from aws events describe-rule;
//   - {"Rules": […]}, from aws events list-rules, and beside it maybe
//     {"Targets": {"name": […]}};
//   - {"Targets": […]}, from aws events list-targets-by-rule: of the rule that
//     "Rule" names, or else the file: name.json or name.targets.json.
//
// A file may hold several of these, one after another or in an array. Targets
// are those of the rules in the same folder. An unreadable path is an error;
// what is wrong in a file is among the Faults.
func Read(paths []string) (*Rules, error) {
	out := &Rules{}
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			files = append(files, path)
			continue
		}
		n := len(files)
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.Type().IsRegular() && strings.EqualFold(filepath.Ext(name), ".json") {
				files = append(files, name)
			}
			if len(files) > mostFiles {
				return fmt.Errorf("%s holds more than %d files", path, mostFiles)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(files) == n {
			out.Faults = append(out.Faults, &Error{File: path, What: "no .json file in this folder"})
		}
	}
	r := reading{out: out, targets: make(map[string][]string)}
	for _, name := range files {
		if err := r.file(name); err != nil {
			return nil, err
		}
	}
	r.finish()
	return out, nil
}

// reading is a run over files.
type reading struct {
	out     *Rules
	targets map[string][]string // by folder and name of the rule
	parser
	name  string // the file's
	whole []byte
}

func (r *reading) file(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostFile+1))
	if err != nil {
		return err
	}
	r.name = name
	if len(text) > mostFile {
		r.out.Faults = append(r.out.Faults, &Error{File: name, What: fmt.Sprintf("more than %d MiB: this is no file of rules", mostFile>>20)})
		return nil
	}
	r.whole = text
	r.b = append(slices.Clone(text), ' ')
	at := 0
	if bytes.HasPrefix(r.b, []byte("\ufeff")) {
		at = 3
	}
	found := false
	for at = jsontext.Space(r.b, at); at < len(r.b); at = jsontext.Space(r.b, at) {
		end, _, err := jsontext.Skip(r.b, at)
		if err != nil {
			var bad *jsontext.SyntaxError
			if errors.As(err, &bad) {
				r.fault(bad.At, "", fault(0, "", "not JSON: %s", bad.What))
			} else {
				r.fault(len(text), "", fault(0, "", "not JSON: it ends in the middle of a value"))
			}
			return nil
		}
		r.document(at)
		found, at = true, end
	}
	if !found {
		r.out.Faults = append(r.out.Faults, &Error{File: name, What: "the file is empty"})
	}
	return nil
}

// fault notes an error about what stands at r.b[at].
func (r *reading) fault(at int, rule string, err error) {
	e := &Error{File: r.name, Rule: rule, What: err.Error()}
	e.Line, e.Column = r.position(at)
	var bad *SyntaxError
	if errors.As(err, &bad) {
		e.Advice = bad.Hint
	}
	r.out.Faults = append(r.out.Faults, e)
}

// position is the line and the column, in characters, of r.whole[at].
func (r *reading) position(at int) (line, column int) {
	before := r.whole[:min(at, len(r.whole))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return bytes.Count(before, []byte{'\n'}) + 1, len([]rune(string(before[start:]))) + 1
}

// document reads the value at r.b[at].
func (r *reading) document(at int) {
	switch r.b[at] {
	case '{':
	case '[':
		_ = r.elements(at, func(el int) error { r.document(el); return nil })
		return
	default:
		r.fault(at, "", fault(0, "", "neither a pattern nor rules: %s", cut(r.b[at:r.end(at)])))
		return
	}
	places := r.places(at)
	rules, hasRules := places["Rules"]
	targets, hasTargets := places["Targets"]
	_, hasPattern := places["EventPattern"]
	_, hasSchedule := places["ScheduleExpression"]
	switch {
	case hasRules && r.b[rules] == '[' && r.listed(rules):
		_ = r.elements(rules, func(el int) error { r.rule(el, r.places(el)); return nil })
		if next, ok := places["NextToken"]; ok && r.b[next] == '"' {
			r.out.Notes = append(r.out.Notes, r.name+": the list is one page of several (it has a NextToken)")
		}
		if hasTargets && r.b[targets] == '{' {
			_ = r.parser.members(targets, func(name string, _, value int) error { r.target(name, value); return nil })
		}
	case hasPattern, hasSchedule && r.b[places["ScheduleExpression"]] == '"':
		r.rule(at, places)
	case hasTargets && r.b[targets] == '{' && r.onlyArrays(targets):
		_ = r.parser.members(targets, func(name string, _, value int) error { r.target(name, value); return nil })
	case hasTargets && r.b[targets] == '[' && r.listed(targets):
		name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(r.name), filepath.Ext(r.name)), ".targets")
		if given, ok := places["Rule"]; ok {
			if text, ok := r.parser.text(given); ok {
				name = text
			}
		}
		r.target(name, targets)
	default:
		text := r.b[at:r.end(at)]
		p, err := Parse(text)
		if err != nil {
			r.syntax(err, "", func(i int) int { return at + i })
			return
		}
		name := strings.TrimSuffix(filepath.Base(r.name), filepath.Ext(r.name))
		line, _ := r.position(at)
		r.out.Rules = append(r.out.Rules, Rule{Name: name, Pattern: p, Text: string(text), File: r.name, Line: line})
	}
}

// listed reports whether the array at r.b[i] holds objects that are no match
// expressions, as lists of rules and targets do and patterns do not.
func (r *reading) listed(i int) bool {
	all := true
	_ = r.elements(i, func(el int) error {
		if all = all && r.b[el] == '{'; all {
			places := r.places(el)
			_, name := places["Name"]
			_, arn := places["Arn"]
			_, id := places["Id"]
			all = name || arn || id
		}
		return nil
	})
	return all
}

// onlyArrays reports whether the members of the object at r.b[i] are lists of targets.
func (r *reading) onlyArrays(i int) bool {
	all := true
	_ = r.parser.members(i, func(_ string, _, value int) error {
		all = all && r.b[value] == '[' && r.listed(value)
		return nil
	})
	return all
}

// places says where the members of the object at r.b[i] have their values; none
// where there is no object.
func (r *reading) places(i int) map[string]int {
	out := make(map[string]int)
	if r.b[i] == '{' {
		_ = r.parser.members(i, func(name string, _, value int) error { out[name] = value; return nil })
	}
	return out
}

// rule reads one rule at r.b[at], whose members are at places.
func (r *reading) rule(at int, places map[string]int) {
	text := func(name string) string {
		if i, ok := places[name]; ok {
			s, _ := r.parser.text(i)
			return s
		}
		return ""
	}
	rule := Rule{Name: text("Name"), ARN: text("Arn"), Bus: text("EventBusName"), State: text("State"), Schedule: text("ScheduleExpression"), File: r.name}
	rule.Line, _ = r.position(at)
	if rule.State == "" && (rule.ARN != "" || rule.Name != "") {
		rule.State = Enabled // as PutRule and CloudFormation make it
	}
	if rule.Name == "" {
		rule.Name = strings.TrimSuffix(filepath.Base(r.name), filepath.Ext(r.name))
	}
	if i, ok := places["Targets"]; ok && r.b[i] == '[' {
		r.target(rule.Name, i)
	}
	i, ok := places["EventPattern"]
	if !ok || r.b[i] == 'n' {
		if rule.Schedule == "" {
			r.fault(at, rule.Name, fault(0, "", "it has neither an EventPattern nor a ScheduleExpression"))
			return
		}
		r.out.Timed = append(r.out.Timed, rule)
		return
	}
	pattern := r.b[i:r.end(i)]
	place := func(k int) int { return i + k }
	if r.b[i] == '"' {
		literal := pattern
		pattern = jsontext.Unescape(nil, literal)
		place = func(k int) int { return i + escapedAt(literal, k) }
	}
	var err error
	if rule.Pattern, err = Parse(pattern); err != nil {
		r.syntax(err, rule.Name, place)
		return
	}
	rule.Text = string(pattern)
	r.out.Rules = append(r.out.Rules, rule)
}

// syntax notes what is wrong in a pattern; place says where in the file a byte of
// the pattern stands.
func (r *reading) syntax(err error, rule string, place func(int) int) {
	var bad *SyntaxError
	if !errors.As(err, &bad) {
		panic("pattern: internal error: " + err.Error())
	}
	r.fault(place(bad.At), rule, err)
}

// escapedAt is where in a string as JSON writes it the byte at of its text stands.
func escapedAt(literal []byte, at int) int {
	i, n := 1, 0
	for i < len(literal)-1 {
		next := i + 1
		if literal[i] == '\\' {
			if next = i + 2; literal[i+1] == 'u' {
				next = i + 6
				if next+6 < len(literal) && literal[i+2]|0x20 == 'd' && literal[i+3]|0x20 >= '8' && literal[next] == '\\' && literal[next+1] == 'u' {
					next += 6
				}
			}
		}
		if n += len(jsontext.Unescape(nil, append(append([]byte{'"'}, literal[i:min(next, len(literal)-1)]...), '"'))); n > at {
			break
		}
		i = next
	}
	return i
}

// target notes the targets of the rule called name: a list at r.b[i].
func (r *reading) target(name string, i int) {
	if r.b[i] != '[' {
		r.fault(i, name, fault(0, "", "its targets are no array"))
		return
	}
	key := filepath.Dir(r.name) + "\x00" + name
	_ = r.elements(i, func(el int) error {
		arn := ""
		if at, ok := r.places(el)["Arn"]; ok {
			arn, _ = r.parser.text(at)
		}
		if arn == "" {
			r.fault(el, name, fault(0, "", "a target without an Arn"))
		} else if !slices.Contains(r.targets[key], arn) {
			r.targets[key] = append(r.targets[key], arn)
		}
		return nil
	})
	if r.targets[key] == nil {
		r.targets[key] = []string{}
	}
}

// finish gives the rules their targets. Rules of one name get what tells them
// apart behind it.
func (r *reading) finish() {
	used := make(map[string]bool)
	names := make(map[string]int)
	for _, list := range [][]Rule{r.out.Rules, r.out.Timed} {
		for i := range list {
			key := filepath.Dir(list[i].File) + "\x00" + list[i].Name
			list[i].Targets = r.targets[key]
			used[key] = true
		}
	}
	for i := range r.out.Rules {
		names[r.out.Rules[i].Name]++
	}
	for i := range r.out.Rules {
		rule := &r.out.Rules[i]
		if names[rule.Name] > 1 {
			rule.Name += " (" + cmp.Or(rule.ARN, fmt.Sprintf("%s:%d", rule.File, rule.Line)) + ")"
		}
	}
	for key := range r.targets {
		if !used[key] && len(r.targets[key]) > 0 {
			dir, name, _ := strings.Cut(key, "\x00")
			r.out.Notes = append(r.out.Notes, fmt.Sprintf("targets of a rule %s, which is not in %s", name, dir))
		}
	}
	slices.Sort(r.out.Notes)
}
