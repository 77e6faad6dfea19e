package evidence

import (
	"fmt"
	"path"
	"slices"
	"sync"
	"time"
)

// listing is a log file as digests list it.
type listing struct {
	id      string
	object  Object
	want    Sum
	valid   bool // want is a sum
	slot    *slot
	trusted bool
}

// logs checks the log files.
func (v *validator) logs(r *Report, own map[int]bool) {
	listed := map[string]*listing{}
	var order []*listing
	for _, s := range v.order {
		if s.silent || s.node == nil || s.node.d == nil || idOf(s.node.d.Object.Key) != s.id {
			continue
		}
		for _, l := range s.node.d.LogFiles {
			x := &listing{id: idOf(l.Object.Key), object: l.Object, slot: s, trusted: s.trusted}
			x.want, x.valid = parseSum(l.Sum)
			have := listed[x.id]
			switch {
			case have == nil:
				listed[x.id] = x
				order = append(order, x)
			case x.trusted && !have.trusted:
				*have = *x
			}
		}
	}
	f := v.logFiles(own)
	used := make([]bool, len(v.files))
	for _, x := range order {
		c, at := v.log(x, f)
		c.Object, c.Chain, c.At, c.Digest = x.object, x.slot.chain, x.slot.end, x.slot.object.Key
		if d, ok := deliveredAs(path.Base(x.object.Key)); ok {
			c.At = d.at
		}
		for _, i := range at {
			used[i] = true
		}
		r.Logs = append(r.Logs, c)
	}
	var rest []int
	for _, i := range f.all {
		if !used[i] {
			rest = append(rest, i)
		}
	}
	if len(rest) > 0 {
		v.rest(r, rest, used, listed)
	}
	sortChecked(r.Logs)
}

// rest says what is to be said of the log files at list, which stand for no
// listed one.
func (v *validator) rest(r *Report, list []int, used []bool, listed map[string]*listing) {
	// A copy of a file that is listed is accounted for.
	sums := map[Sum]bool{}
	for i, is := range used {
		if is {
			sums[v.contents[i].Plain] = true
		}
	}
	names := map[string]string{}
	for id := range listed {
		names[path.Base(id)] = id
	}
	for _, i := range list {
		if c := &v.contents[i]; !c.Unpacked || c.Fault != "" || !sums[c.Plain] {
			r.Logs = append(r.Logs, v.unlisted(i, listed, names))
		}
	}
}

// logFiles are the files that may be log files, found by their place, name and
// content.
type logFiles struct {
	all     []int // those that are by their name
	may     []int // all that may be
	byPlace map[string][]int
	// The rest is for files that are not in their place, which are few, so it is
	// made only when it is asked for.
	byName func() map[string][]int
	bySum  func() map[Sum][]int
}

func (v *validator) logFiles(own map[int]bool) *logFiles {
	f := &logFiles{byPlace: make(map[string][]int, len(v.files))}
	for i := range v.files {
		c := &v.contents[i]
		if own[i] || c.Digest != nil || c.DigestFault != "" || v.files[i].Opaque {
			continue
		}
		f.may = append(f.may, i)
		if _, ok := deliveredAs(v.name(i)); ok {
			f.all = append(f.all, i)
		}
		if p := v.place(i); p != "" {
			f.byPlace[p] = append(f.byPlace[p], i)
		}
	}
	f.byName = sync.OnceValue(func() map[string][]int {
		by := make(map[string][]int, len(f.may))
		for _, i := range f.may {
			by[v.name(i)] = append(by[v.name(i)], i)
		}
		return by
	})
	f.bySum = sync.OnceValue(func() map[Sum][]int {
		by := make(map[Sum][]int, len(f.may))
		for _, i := range f.may {
			c := &v.contents[i]
			if !c.Unpacked || c.Fault != "" {
				continue
			}
			by[c.Plain] = append(by[c.Plain], i)
			if c.Behind && c.First != c.Plain {
				by[c.First] = append(by[c.First], i)
			}
		}
		return by
	})
	return f
}

// name is what file i is called: by the manifest as it was delivered.
func (v *validator) name(i int) string {
	if k := v.about[i].object.Key; k != "" {
		return path.Base(k)
	}
	return path.Base(slash(v.files[i].Path))
}

// log finds out about one listed log file; at are the files that stand for it.
func (v *validator) log(x *listing, f *logFiles) (c Checked, at []int) {
	here := f.byPlace[x.id]
	if len(here) == 1 {
		// As nearly always: there is one, and it is the one.
		if c = v.compare(x, here[0]); c.Finding != Altered {
			c.Object, c.Path = x.object, v.files[here[0]].Path
			return v.whereabouts(c, here[0]), here
		}
	}
	here = slices.Clone(here)
	for _, i := range f.byName()[path.Base(x.id)] {
		if v.place(i) == "" {
			here = append(here, i) // a copy without folders
		}
	}
	away := slices.DeleteFunc(slices.Clone(f.byName()[path.Base(x.id)]), func(i int) bool { return slices.Contains(here, i) })
	if x.valid {
		for _, i := range f.bySum()[x.want] {
			if !slices.Contains(here, i) && !slices.Contains(away, i) {
				away = append(away, i)
			}
		}
	}
	// What lies in its place is what counts; of several copies the soundest.
	list := here
	if len(list) == 0 {
		list = away
	}
	found := make([]Checked, len(list))
	for k, i := range list {
		found[k] = v.compare(x, i)
		found[k].Path = v.files[i].Path
		if k == 0 || rank(found[k]) > rank(c) {
			c = found[k]
		}
	}
	if c.Verdict == Valid {
		// A copy that was changed is told of by itself.
		for k := len(list) - 1; k >= 0; k-- {
			if found[k].Verdict == Changed {
				list = slices.Delete(slices.Clone(list), k, k+1)
			}
		}
	}
	switch {
	case len(list) == 0:
		c = Checked{Verdict: Missing, Finding: Deleted, Reason: "its digest lists it, and it is not in the evidence"}
		switch {
		case x.trusted:
		case x.slot.result.Verdict == Changed:
			c = Checked{Verdict: Unproven, Finding: Distrusted, Reason: "only a digest that was changed lists it, and it is not in the evidence"}
		default:
			c.Reason += "; the digest itself is not proven"
		}
	case len(here) == 0 && c.Verdict == Changed && len(away) > 0 && c.Finding != Appended:
		// A file of that name elsewhere, with another content, is another file.
		for _, i := range away {
			if o := v.compare(x, i); o.Verdict != Changed {
				c = o
				c.Path = v.files[i].Path
			}
		}
	}
	c.Object = x.object
	if c.Path != "" {
		for _, i := range list {
			if v.files[i].Path == c.Path {
				c = v.whereabouts(c, i)
				break
			}
		}
	}
	if len(here) > 0 && c.Verdict == Changed && x.trusted {
		for _, i := range away {
			if v.compare(x, i).Verdict == Valid {
				c.Reason += "; an unchanged copy is " + v.files[i].Path
				list = append(list, i)
				break
			}
		}
	}
	return c, list
}

// compare holds a file against what its digest says of it.
func (v *validator) compare(x *listing, i int) Checked {
	c := &v.contents[i]
	var n Checked
	switch {
	case v.faults[i] != nil:
		return Checked{Verdict: Unproven, Finding: Unreadable, Reason: "it cannot be read: " + v.faults[i].Error()}
	case !x.valid:
		return Checked{Verdict: Unproven, Finding: Distrusted, Reason: "its digest has no SHA-256 of it"}
	case c.Behind && c.First == x.want:
		n = Checked{Verdict: Changed, Finding: Appended, Reason: "bytes stand behind its gzip member; what that unpacks to is as delivered"}
	case c.Fault != "":
		n = Checked{Verdict: Changed, Finding: Damaged, Reason: "it cannot be unpacked: " + c.Fault}
	case c.Unpacked && c.Plain == x.want:
		n = Checked{Verdict: Valid, Reason: "its digest, which is proven, records its hash"}
	default:
		n = Checked{Verdict: Changed, Finding: Altered, Reason: fmt.Sprintf("its content has the SHA-256 %s, its digest records %s", c.Plain, x.want)}
	}
	switch {
	case x.trusted:
		return n
	case n.Verdict == Valid && x.slot.result.Verdict == Changed:
		return Checked{Verdict: Unproven, Finding: Distrusted, Reason: "its digest records its hash, but was changed itself"}
	case n.Verdict == Valid:
		return Checked{Verdict: Unproven, Finding: Distrusted, Reason: "its digest records its hash, but is not proven itself: " + string(x.slot.result.Finding)}
	case n.Finding == Damaged, n.Finding == Appended:
		return n // its own bytes show it
	case x.slot.result.Verdict == Changed:
		return Checked{Verdict: Unproven, Finding: Distrusted, Reason: "its digest records another hash, but was changed itself"}
	}
	return Checked{Verdict: Unproven, Finding: Contradicted, Reason: "its digest records another hash, but is not proven itself: one of the two was changed"}
}

// unlisted says what it means that no digest lists a log file.
// listed are the log files that digests list, by their place, and byName those
// places.
func (v *validator) unlisted(i int, listed map[string]*listing, byName map[string]string) Checked {
	name := v.name(i)
	d, _ := deliveredAs(name)
	c := Checked{Path: v.files[i].Path, At: d.at, Verdict: NotCovered, Finding: NoDigest}
	id := v.place(i)
	if id == "" {
		id = byName[name]
	}
	if x := listed[id]; x != nil {
		// Another copy stands for the object; this one differs from it.
		c = v.compare(x, i)
		c.Path, c.At, c.Object, c.Chain, c.Digest = v.files[i].Path, d.at, x.object, x.slot.chain, x.slot.object.Key
		return c
	}
	if d.kind != "" {
		c.Reason = "digests need not list files of this kind"
		return c
	}
	// CloudTrail delivers within the hour of a digest; the name of a file has
	// its minute, which may lie before the delivery itself. Whose trail delivered
	// the file its name does not tell.
	until := d.at.Add(time.Hour)
	proven := map[Chain][]Span{}
	around, all := false, true
	for _, s := range v.order {
		if s.chain.AccountID != d.account || s.chain.Region != d.region || s.silent || id != "" && organizationOf(id) != organizationOf(s.id) {
			continue
		}
		if s.chain.Backfill {
			// It may list what came late, at any of these times.
			all = all && (s.trusted || !s.end.After(d.at) || s.end.After(until.Add(time.Hour)))
			continue
		}
		proven[s.chain] = append(proven[s.chain], Span{})
		if s.node == nil || s.node.d == nil || s.node.d.Start.After(until) || !s.node.d.End.After(d.at) {
			continue
		}
		around = true
		if s.trusted {
			proven[s.chain] = append(proven[s.chain], Span{From: s.node.d.Start, To: s.node.d.End})
		}
	}
	for _, spans := range proven {
		all = all && covers(spans, d.at, until)
	}
	switch {
	case len(proven) == 0:
		c.Reason = "there are no digests of its account, Region and kind of trail"
	case all:
		c.Finding = Unlisted
		c.Reason = "no digest lists it, though those of its time are proven: it was put there later, renamed, or comes from a trail without validation"
	case around:
		c.Reason = "no digest that is proven lists it, and of some trail one of its time is missing, changed or unproven"
	default:
		c.Reason = "there is no digest of its time"
	}
	return c
}

// covers reports whether spans together hold all of from to to.
func covers(spans []Span, from, to time.Time) bool {
	slices.SortFunc(spans, func(a, b Span) int { return a.From.Compare(b.From) })
	for _, s := range spans {
		if s.From.After(from) {
			return false
		}
		if s.To.After(from) {
			from = s.To
		}
	}
	return !from.Before(to)
}
