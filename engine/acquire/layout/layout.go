// Package layout knows under which keys AWS puts its logs into a bucket.
//
// In: what is wanted, by the kind of log, accounts, Regions and time, and who
// lists a bucket. Out: the shortest list of key prefixes under which that lies,
// and a filter on the keys found there. Listing and fetching it leaves to others;
// no request is made but through the [Lister] it is handed.
//
// Keys are alike in every partition: only the names of Regions differ, so China,
// GovCloud and the isolated partitions need nothing of their own here.
package layout

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Lister lists one level of a bucket. Several goroutines may call it at once.
type Lister interface {
	// Below returns what stands directly below prefix: each key beginning with
	// prefix, cut behind the first delimiter after it, once. Keys without the
	// delimiter need not be returned. A prefix under which nothing lies is no error.
	Below(ctx context.Context, prefix, delimiter string) ([]string, error)
}

// Want says what is wanted. Only Kind is needed; what is not said is looked up by
// listing, or taken whole where there is no lister.
type Want struct {
	// Kind is the name or another name of one of [Kinds].
	Kind string
	// Prefix is what the owner of the bucket chose to stand before AWS's own part
	// of the key: AWSLogs/ is joined to it with a slash, the names of S3 access
	// logs, of Firehose and of CloudFront stand behind it as they are.
	Prefix string
	// Accounts are ids of 12 digits.
	Accounts []string
	Regions  []string
	// Org is the id of an organization, o-…, whose trail is meant.
	Org string
	// Names are those of what the logs are of, where the key has it: the web ACL,
	// VPC, firewall, distribution, source bucket or Security Lake source.
	Names []string
	// Since and Until bound the times of events: Since included, Until not. Zero:
	// no bound; then Now ends the list of days.
	Since, Until, Now time.Time
	// Late is how long after an event its file may have been delivered; zero: what
	// is usual for the kind.
	Late time.Duration
}

// Kind is one kind of log and where it lies.
type Kind struct {
	// Name is that of the table its records go to; Also are other names for it.
	Name string
	Also []string
	// Title says what it is, Named what Want.Names are; empty: the key has no name.
	Title, Named string
	// Early is how long the time in a file's name may lie before the earliest of
	// its events, Late how long after it: the interval a file is for, plus the
	// usual delay of its delivery. Files delivered later still (CloudTrail tries
	// for 30 days) need Want.Late.
	Early, Late time.Duration
	// Cite is where AWS says so.
	Cite string

	routes []route
	name   *regexp.Regexp // of the last part of its keys; nil: any
	not    *regexp.Regexp // of those of another kind in the same place; nil: none
	clocks []clock        // the times in it, the first that is there counts
}

// clock is a time in a file's name.
type clock struct {
	at     *regexp.Regexp // its first group is the time; the last in a name counts
	layout string
	length time.Duration // the span the time stands for; zero: a moment
}

// Lookup finds a kind by one of its names.
func Lookup(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name || slices.Contains(k.Also, name) {
			return k, true
		}
	}
	return Kind{}, false
}

// Plan is where to look.
type Plan struct {
	// Prefixes are those to be listed, sorted; none begins with another.
	Prefixes []string
	// Kind is what was asked for.
	Kind Kind
	// Unlisted are levels for which nothing was given and nobody could be asked:
	// all below is taken.
	Unlisted []string

	from, to time.Time // of the times in names; zero: no bound
}

// UnknownError says that there is no such kind.
type UnknownError struct{ Kind string }

func (e *UnknownError) Error() string { return fmt.Sprintf("no kind of log %q", e.Kind) }

// Hint names the kinds there are.
func (e *UnknownError) Hint() string {
	var names []string
	for _, k := range Kinds() {
		names = append(names, k.Name)
	}
	return "kinds are " + strings.Join(names, ", ")
}

// WantError says what is wrong with a wish.
type WantError struct{ What, Advice string }

func (e *WantError) Error() string { return e.What }

// Hint says how it should be written.
func (e *WantError) Hint() string { return e.Advice }

var (
	accountID = regexp.MustCompile(`^\d{12}$`)
	orgID     = regexp.MustCompile(`^o-[a-z0-9]{10,32}$`)
	// regionName takes the pseudo Regions too: global of Config, cloudfront of WAF.
	regionName = regexp.MustCompile(`^([a-z]{2,}(-[a-z]+)+-\d+|global|cloudfront)$`)
)

// CheckRegions says which of some names is no Region's, as a *WantError.
func CheckRegions(names []string) error {
	for _, r := range names {
		if !regionName.MatchString(r) {
			return &WantError{fmt.Sprintf("region %q is no Region", r), "a Region is written eu-west-1, cn-north-1, us-gov-west-1"}
		}
	}
	return nil
}

func (w Want) check() error {
	for _, a := range w.Accounts {
		if !accountID.MatchString(a) {
			return &WantError{fmt.Sprintf("account %q is no account id", a), "an account id has 12 digits, zeros at its start too"}
		}
	}
	if err := CheckRegions(w.Regions); err != nil {
		return err
	}
	if w.Org != "" && !orgID.MatchString(w.Org) {
		return &WantError{fmt.Sprintf("organization %q is no organization id", w.Org), "an organization id is o- and 10 to 32 letters and digits"}
	}
	for _, n := range w.Names {
		if n == "" || strings.Contains(n, "/") {
			return &WantError{fmt.Sprintf("name %q cannot stand in a key", n), "give the name alone, without slashes"}
		}
	}
	if w.Late < 0 {
		return &WantError{fmt.Sprintf("files %s late", w.Late), "how late is a span from now on, as 24h"}
	}
	return nil
}

// Make makes the plan for w. Where l is nil nothing is looked up. An error is an
// *UnknownError, a *WantError, or the lister's with the prefix it was asked for.
func Make(ctx context.Context, w Want, l Lister) (*Plan, error) {
	kind, ok := Lookup(w.Kind)
	if !ok {
		return nil, &UnknownError{w.Kind}
	}
	if err := w.check(); err != nil {
		return nil, err
	}
	if w.Late == 0 {
		w.Late = kind.Late
	}
	p := &Plan{Kind: kind}
	until := w.Until
	if until.IsZero() {
		until = w.Now
	}
	if !w.Since.IsZero() {
		p.from = w.Since.UTC().Add(-kind.Early)
	}
	if !w.Until.IsZero() {
		p.to = w.Until.UTC().Add(w.Late)
	}
	span := span{p.from, until.UTC().Add(w.Late)}
	if until.IsZero() {
		span.to = time.Time{}
	}
	look := &lookup{lister: l, seen: map[string][]string{}}
	for _, r := range kind.routes {
		found, err := look.expand(ctx, r, w)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			if !f.whole {
				p.Prefixes = append(p.Prefixes, r.date.prefixes(f.prefix, span)...)
				continue
			}
			p.Prefixes = append(p.Prefixes, f.prefix)
			if f.level != "" {
				p.Unlisted = append(p.Unlisted, f.prefix+"{"+string(f.level)+"}")
			}
		}
	}
	p.Prefixes = shortest(p.Prefixes)
	slices.Sort(p.Unlisted)
	p.Unlisted = slices.Compact(p.Unlisted)
	return p, nil
}

// shortest sorts prefixes and drops those that begin with another.
func shortest(all []string) []string {
	slices.Sort(all)
	var out []string
	for _, p := range all {
		if n := len(out); n > 0 && strings.HasPrefix(p, out[n-1]) {
			continue
		}
		out = append(out, p)
	}
	return out
}

// Verdict is what a key says of its object.
type Verdict string

// The verdicts.
const (
	Wanted  Verdict = "wanted"
	Outside Verdict = "outside the time" // by the time in its name, or its folder's day
	Other   Verdict = "of another kind"  // a log of another kind in the same place, a test object, a folder
)

// Judge says whether the object of a key under one of the prefixes is wanted. One
// whose key says no time is: what it holds is then for the loader to say.
func (p *Plan) Judge(key string) Verdict {
	base := key[strings.LastIndexByte(key, '/')+1:]
	if base == "" || p.Kind.name != nil && !p.Kind.name.MatchString(base) || p.Kind.not != nil && p.Kind.not.MatchString(base) {
		return Other
	}
	at, length := p.Kind.when(key, base)
	switch {
	case at.IsZero():
	case !p.from.IsZero() && !at.Add(length).After(p.from), !p.to.IsZero() && !at.Before(p.to):
		return Outside
	}
	return Wanted
}

// pathDay is the day in a key's folders, padded or not, Hive's too.
var pathDay = regexp.MustCompile(`(?:^|/)(?:year=)?(\d{4})/(?:month=)?(\d{1,2})/(?:day=)?(\d{1,2})/|/eventDay=(\d{4})(\d\d)(\d\d)/`)

// when is the time a key says, and how long the span is that it stands for: the
// last time in its name, else the day of its folder.
func (k Kind) when(key, base string) (at time.Time, length time.Duration) {
	for _, c := range k.clocks {
		all := c.at.FindAllStringSubmatch(base, -1)
		if all == nil {
			continue
		}
		if at, err := time.Parse(c.layout, all[len(all)-1][1]); err == nil {
			return at, max(c.length, 1)
		}
	}
	if m := pathDay.FindStringSubmatch(key); m != nil {
		at, err := time.Parse("2006/1/2", strings.Join([]string{cmp.Or(m[1], m[4]), cmp.Or(m[2], m[5]), cmp.Or(m[3], m[6])}, "/"))
		if err == nil {
			return at, 24 * time.Hour
		}
	}
	return time.Time{}, 0
}
