package evidence

import (
	"fmt"
	"math/big"
	"path"
	"slices"
	"strings"
	"time"
)

// Validate checks the log files and digests of CloudTrail among files, whose
// contents Measure gave, against one another and by keys.
//
// A digest is proven by a signature of CloudTrail's: its own, where what was
// kept beside it has that, or the copy in the digest after it. It is proven as
// well by a proven digest after it that records its hash. A log file is proven
// by a proven digest that lists its hash. What only something unproven
// contradicts is not called changed: either of the two may be.
func Validate(files []File, contents []Content, faults []error, keys Keys) *Report {
	v := &validator{files: files, contents: contents, faults: faults, keys: keys, slots: map[string]*slot{}}
	r := &Report{}
	var own map[int]bool
	v.about, own, r.Notes = beside(files, contents)
	v.gather(own)
	for _, s := range v.order {
		v.judge(s)
	}
	for _, s := range v.order {
		v.belie(s)
	}
	v.report(r)
	v.logs(r, own)
	v.chains(r)
	return r
}

type validator struct {
	files    []File
	contents []Content
	faults   []error
	keys     Keys
	about    map[int]known

	slots map[string]*slot // digests by their place
	order []*slot
}

// node is a file that is, or by its name was, a digest.
type node struct {
	i     int
	d     *Digest // nil: it cannot be read
	fault string
}

// slot is the place of one digest: what lies there, and who names it.
type slot struct {
	id     string // see idOf
	object Object
	chain  Chain
	end    time.Time

	claimed []*node // by what they say themselves
	placed  []*node // by where they lie, though they say otherwise or nothing
	after   []*node // digests that name this one as the one before them

	judged, busy bool
	node         *node // the one that stands for the slot
	result       Checked
	trusted      bool // what the digest says is CloudTrail's word
	silent       bool // there is nothing to report
}

// idOf names an object by its key from AWSLogs on: a copy need not have the
// folders before it. Digests bear the names of their trails, and log files
// random ones, so this is enough to tell them apart.
func idOf(key string) string {
	if p := placeOf(key); p != "" {
		return p
	}
	return key
}

// place is where file i lies, as far as the layout of the path, or the manifest,
// tells; empty where it does not.
func (v *validator) place(i int) string {
	if o := v.about[i].object; o.Key != "" {
		return idOf(o.Key)
	}
	return placeOf(slash(v.files[i].Path))
}

func (v *validator) slot(o Object) *slot {
	id := idOf(o.Key)
	s := v.slots[id]
	if s == nil {
		s = &slot{id: id, object: o}
		s.chain, s.end, _ = chainOf(o.Key)
		v.slots[id] = s
		v.order = append(v.order, s)
	}
	if s.object.Bucket == "" && o.Bucket != "" {
		s.object = o
		s.chain, _, _ = chainOf(o.Key)
	}
	return s
}

// gather finds the digests and puts each into its slot.
func (v *validator) gather(own map[int]bool) {
	var broken []*node
	for i := range v.files {
		if own[i] {
			continue
		}
		c, p := &v.contents[i], slash(v.files[i].Path)
		n := &node{i: i, d: c.Digest}
		switch {
		case c.Digest != nil:
			s := v.slot(c.Digest.Object)
			s.claimed = append(s.claimed, n)
			s.end = c.Digest.End
			if c.Digest.Previous.Key != "" {
				before := v.slot(c.Digest.Previous)
				before.after = append(before.after, n)
			}
		case c.DigestFault != "" || isDigestName(p):
			n.fault = c.DigestFault
			switch {
			case v.faults[i] != nil:
				n.fault = "it cannot be read: " + v.faults[i].Error()
			case c.Fault != "":
				n.fault = "it cannot be unpacked: " + c.Fault
			case n.fault == "":
				n.fault = "it is no digest any more"
			}
			broken = append(broken, n)
		}
	}
	names := map[string]*slot{} // for copies without folders
	for _, s := range v.order {
		names[path.Base(s.id)] = s
	}
	for i := range v.files {
		if d := v.contents[i].Digest; d != nil {
			p, says := v.place(i), v.slot(d.Object)
			if p == "" || p == says.id || v.slots[p] == nil && (len(says.claimed) == 1 || !isDigestName(p)) {
				continue
			}
			// Of a digest that lies elsewhere, too, this is a copy, put over
			// what its name says was here.
			s := v.slots[p]
			if s == nil {
				s = v.slot(v.delivered(i))
			}
			s.placed = append(s.placed, &node{i: i, d: d})
		}
	}
	for _, n := range broken {
		p := slash(v.files[n.i].Path)
		s := v.slots[v.place(n.i)]
		if s == nil {
			s = names[path.Base(p)]
		}
		if s == nil {
			s = v.slot(v.delivered(n.i))
		}
		s.placed = append(s.placed, n)
	}
}

// delivered is where a digest that only its name shows was delivered to: as the
// manifest has it, or where another of its chain and its own path say.
func (v *validator) delivered(i int) Object {
	if o := v.about[i].object; o.Key != "" {
		return o
	}
	p := v.place(i)
	if p == "" {
		return Object{Key: path.Base(slash(v.files[i].Path))}
	}
	chain, _, _ := chainOf(p)
	for _, s := range v.order {
		like := s.chain
		like.Prefix = chain.Prefix
		if k := strings.Index(s.object.Key, "AWSLogs/"); like == chain && k >= 0 {
			return Object{s.object.Bucket, s.object.Key[:k] + p}
		}
	}
	return Object{Key: p}
}

// judge finds out about a slot, those of the digests after it first: what they
// say of it counts only where they are trusted.
func (v *validator) judge(s *slot) {
	if s.judged || s.busy {
		return
	}
	s.busy = true
	for _, n := range s.after {
		v.judge(v.slot(n.d.Object))
	}
	s.busy, s.judged = false, true
	s.result = Checked{Object: s.object, Chain: s.chain, At: s.end}
	list := s.claimed
	if len(list) == 0 {
		list = s.placed
	}
	moved := len(s.claimed) == 0 && len(list) > 0 && list[0].d != nil && len(v.slot(list[0].d.Object).claimed) == 1
	if len(list) == 0 || moved && len(s.after) == 0 {
		v.absent(s)
		return
	}
	// Of several copies the soundest stands for the object, then the one that
	// lies in its place.
	var best Checked
	for _, n := range list {
		c, trusted := v.weigh(s, n)
		better := s.node == nil || rank(c) > rank(best) || rank(c) == rank(best) && v.place(n.i) == s.id && v.place(s.node.i) != s.id
		if better {
			s.node, best, s.trusted = n, c, trusted
		}
	}
	best.Object, best.Chain, best.At, best.Path = s.object, s.chain, s.end, v.files[s.node.i].Path
	s.result = v.whereabouts(best, s.node.i)
}

// belie finds a digest that nothing vouches for and that says of the one before
// it what is not so: only it can have been changed.
func (v *validator) belie(s *slot) {
	if s.result.Verdict != Unproven || s.node == nil || s.node.d.Previous.Key == "" {
		return
	}
	d, before := s.node.d, v.slot(s.node.d.Previous)
	if !before.trusted || before.node == nil || before.node.d == nil {
		return
	}
	if own := v.about[before.node.i].signature; strings.EqualFold(d.PreviousSum, before.node.d.sum.String()) &&
		(own == "" || before.result.Finding == Resigned || strings.EqualFold(own, d.PreviousSignature)) {
		return
	}
	s.result.Verdict, s.result.Finding = Changed, Altered
	s.result.Reason = "it records another hash or signature of the digest before it, which is proven"
}

func rank(c Checked) int {
	switch c.Verdict {
	case Valid:
		return 2
	case Unproven:
		return 1
	}
	return 0
}

// absent says what it means that a digest is not there.
func (v *validator) absent(s *slot) {
	named := ""
	for _, n := range s.after {
		o := v.slot(n.d.Object)
		if o.result.Verdict != Changed || o.trusted {
			named = n.d.Object.Key
		}
	}
	if named == "" {
		// Only a digest that was changed names it: that is no witness.
		s.silent = true
		return
	}
	s.result.Verdict, s.result.Finding = Missing, Deleted
	s.result.Reason = "the digest after it names it, and it is not in the evidence"
	for _, o := range v.order {
		if len(o.claimed)+len(o.placed) > 0 && o.chain == s.chain && o.end.Before(s.end) {
			return
		}
	}
	s.result.Finding = Before
	s.result.Reason = "the oldest digest here names it as the one before: the evidence begins behind it, or it was deleted"
}

// weigh says what can be said of one file for a slot.
func (v *validator) weigh(s *slot, n *node) (c Checked, trusted bool) {
	d := n.d
	switch {
	case d == nil && v.faults[n.i] != nil:
		return Checked{Verdict: Unproven, Finding: Unreadable, Reason: n.fault}, false
	case d == nil:
		return Checked{Verdict: Changed, Finding: Damaged, Reason: n.fault}, false
	case idOf(d.Object.Key) != s.id:
		return Checked{Verdict: Changed, Finding: Replaced, Reason: "in its place lies a digest that says it is " + d.Object.String()}, false
	}
	own := v.about[n.i].signature
	ownProof := noKey
	if own != "" {
		ownProof = v.keys.check(d, own)
	}
	copied, copyProof := "", noKey
	// What the digests after it record of its hash: proven ones that they agree
	// or not, and unproven ones that they do not. Another hash, for which
	// CloudTrail's signature holds, is proof by itself.
	hashed, denied, doubted := false, false, false
	for _, a := range s.after {
		witness := v.slot(a.d.Object)
		heard := witness.trusted && witness.node != nil && witness.node.d == a.d
		proof := noKey
		if ownProof != holds { // else there is nothing left to prove
			proof = v.keys.check(d, a.d.PreviousSignature)
		}
		if copied == "" || proof > copyProof {
			copied, copyProof = a.d.PreviousSignature, proof
		}
		same := strings.EqualFold(a.d.PreviousSum, d.sum.String())
		other, isSum := parseSum(a.d.PreviousSum)
		switch {
		case heard && same:
			hashed = true
		case heard, proof == fails && isSum && !same && v.keys.checkSum(d, other, a.d.PreviousSignature) == holds:
			denied = true
		case witness.result.Verdict != Changed:
			doubted = doubted || !same || proof == fails
		}
	}
	behind := v.contents[n.i].Behind
	signedAnew := own != "" && ownProof != holds && (ownProof == fails || copied != "" && !strings.EqualFold(own, copied))
	switch {
	case ownProof == holds, copyProof == holds, hashed:
		switch {
		case signedAnew && !strings.EqualFold(own, copied):
			return Checked{Verdict: Changed, Finding: Resigned, Reason: "its content is as delivered, but its signature is not CloudTrail's"}, true
		case behind:
			return Checked{Verdict: Changed, Finding: Appended, Reason: "bytes stand behind its gzip member; what it unpacks to is as delivered"}, true
		case ownProof == holds:
			return Checked{Verdict: Valid, Reason: "signed by CloudTrail"}, true
		case copyProof == holds:
			return Checked{Verdict: Valid, Reason: "signed by CloudTrail: the digest after it has its signature"}, true
		}
		return Checked{Verdict: Valid, Reason: "the digest after it, which is proven, records its hash"}, true
	case denied && own != "" && !strings.EqualFold(own, copied):
		return Checked{Verdict: Changed, Finding: Resigned, Reason: "neither its content nor its signature is what the digest after it records"}, false
	case denied:
		return v.altered(n, "its content is not what the digest after it records"), false
	case ownProof == fails && v.genuine(d, s.chain, own):
		return v.altered(n, "its signature is CloudTrail's, but for another content"), false
	case ownProof == fails:
		return Checked{Verdict: Changed, Finding: Resigned, Reason: "its signature is not CloudTrail's: it was signed anew, or the signature changed"}, false
	case own != "" && ownProof == noKey && v.genuine(d, s.chain, own):
		return v.altered(n, "its signature is CloudTrail's, but for another content"), false
	case own != "" && ownProof == noKey && v.neighbourKey(s):
		return Checked{Verdict: Changed, Finding: Resigned,
			Reason: fmt.Sprintf("it names the key %s, which is not among CloudTrail's, though those of the digests beside it are", d.Fingerprint)}, false
	case behind:
		return Checked{Verdict: Changed, Finding: Appended, Reason: "bytes stand behind its gzip member; nothing proves what that unpacks to"}, false
	case doubted:
		return Checked{Verdict: Unproven, Finding: Contradicted, Reason: "the digest after it records another hash or signature of it, and is not proven either: one of the two was changed"}, false
	case ownProof == expired || copyProof == expired:
		return Checked{Verdict: Unproven, Finding: NoKey, Reason: fmt.Sprintf("the key %s was not valid at its time", d.Fingerprint)}, false
	case len(v.keys) == 0:
		return Checked{Verdict: Unproven, Finding: NoKey, Reason: "no public keys were given"}, false
	case len(v.keys[d.Fingerprint]) == 0:
		return Checked{Verdict: Unproven, Finding: NoKey, Reason: fmt.Sprintf("the public key %s is not among those given", d.Fingerprint)}, false
	case len(s.after) == 0:
		return Checked{Verdict: Unproven, Finding: Unsigned,
			Reason: "its signature stood with the object in S3, which a plain copy does not keep, and no digest after it is here to have it"}, false
	}
	return Checked{Verdict: Unproven, Finding: Distrusted, Reason: "the digest after it, which has its signature, was changed or is not proven"}, false
}

// altered is a changed digest, with what shows in its bytes.
func (v *validator) altered(n *node, why string) Checked {
	if v.contents[n.i].Behind {
		return Checked{Verdict: Changed, Finding: Appended, Reason: "bytes stand behind its first gzip member"}
	}
	return Checked{Verdict: Changed, Finding: Altered, Reason: why}
}

// neighbourKey reports whether the key of another digest of the chain is known.
func (v *validator) neighbourKey(s *slot) bool {
	return slices.ContainsFunc(v.order, func(o *slot) bool {
		return o != s && o.chain == s.chain && slices.ContainsFunc(o.claimed, func(n *node) bool { return len(v.keys[n.d.Fingerprint]) > 0 })
	})
}

// genuine reports whether a signature was made by a key of the chain, over
// whatever it may be: what it decrypts to has the form of a SHA-256 to sign.
// That tells content that was changed from a signature that was.
// RFC 8017, 9.2: EMSA-PKCS1-v1_5.
func (v *validator) genuine(d *Digest, chain Chain, signature string) bool {
	sig, ok := new(big.Int).SetString(strings.TrimSpace(signature), 16)
	if !ok {
		return false
	}
	names := map[string]bool{d.Fingerprint: true}
	if len(v.keys[d.Fingerprint]) == 0 {
		for _, o := range v.order {
			if o.chain == chain {
				for _, n := range o.claimed {
					names[n.d.Fingerprint] = true
				}
			}
		}
	}
	for name := range names {
		for _, key := range v.keys[name] {
			if sig.Cmp(key.Public.N) >= 0 {
				continue
			}
			block := new(big.Int).Exp(sig, big.NewInt(int64(key.Public.E)), key.Public.N).FillBytes(make([]byte, key.Public.Size()))
			if isPadded(block) {
				return true
			}
		}
	}
	return false
}

// digestInfo stands before a SHA-256 in a block to sign. RFC 8017, 9.2, note 1.
const digestInfo = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

func isPadded(block []byte) bool {
	tail := len(block) - 32 - len(digestInfo)
	if tail < 11 || block[0] != 0 || block[1] != 1 || block[tail-1] != 0 || string(block[tail:tail+len(digestInfo)]) != digestInfo {
		return false
	}
	for _, b := range block[2 : tail-1] {
		if b != 0xff {
			return false
		}
	}
	return true
}

// whereabouts adds to what was found that a file lies elsewhere than it was
// delivered to.
func (v *validator) whereabouts(c Checked, i int) Checked {
	if c.Verdict == Changed || c.Verdict == Missing {
		return c
	}
	where := ""
	p := slash(v.files[i].Path)
	switch o := v.about[i].object; {
	case o.Key != "" && (o.Key != c.Object.Key || o.Bucket != "" && c.Object.Bucket != "" && o.Bucket != c.Object.Bucket):
		c.Finding, where = Moved, o.String()
	case o.Key != "":
		return c
	case placeOf(p) != "" && placeOf(p) != idOf(c.Object.Key):
		c.Finding, where = Moved, p
	case placeOf(p) == "" && path.Base(p) != path.Base(c.Object.Key) && c.Finding == Sound:
		c.Finding, where = Renamed, p
	default:
		return c
	}
	c.Reason += fmt.Sprintf("; it was delivered as %s and lies at %s", c.Object, where)
	return c
}

// report lists the digests.
func (v *validator) report(r *Report) {
	for _, s := range v.order {
		if !s.silent {
			r.Digests = append(r.Digests, s.result)
		}
	}
	sortChecked(r.Digests)
}

// chains says of each chain what times it proves.
func (v *validator) chains(r *Report) {
	by := map[Chain]*ChainReport{}
	at := map[Chain][]*slot{}
	for _, s := range v.order {
		if s.silent {
			continue
		}
		if by[s.chain] == nil {
			by[s.chain] = &ChainReport{Chain: s.chain, Digests: map[Verdict]int{}, Logs: map[Verdict]int{}}
		}
		c := by[s.chain]
		if c.Bucket == "" {
			c.Bucket = s.object.Bucket
		}
		c.Digests[s.result.Verdict]++
		at[s.chain] = append(at[s.chain], s)
	}
	for _, l := range r.Logs {
		if c := by[l.Chain]; c != nil {
			c.Logs[l.Verdict]++
		}
	}
	for chain, list := range at {
		slices.SortFunc(list, func(a, b *slot) int { return a.end.Compare(b.end) })
		by[chain].Spans = spans(list)
		r.Chains = append(r.Chains, *by[chain])
	}
	slices.SortFunc(r.Chains, func(a, b ChainReport) int { return strings.Compare(a.Chain.order(), b.Chain.order()) })
}

// spans are the stretches of time of the digests of one chain, the earliest first.
func spans(list []*slot) (out []Span) {
	add := func(s Span) {
		if k := len(out) - 1; k >= 0 && out[k].State == s.State && out[k].Why == s.Why && out[k].To.Equal(s.From) && s.State != Restart {
			out[k].To = s.To
			return
		}
		out = append(out, s)
	}
	var reached time.Time
	lost := false
	for _, s := range list {
		if s.result.Verdict == Missing {
			lost = lost || s.result.Finding == Deleted
			continue
		}
		var d *Digest
		if s.node != nil {
			d = s.node.d
		}
		if d == nil || idOf(d.Object.Key) != s.id {
			// How long its time was is not known; what it leaves open shows
			// before the next.
			from := s.end.Add(-time.Hour)
			if !reached.IsZero() && reached.After(from) {
				from = reached
			}
			if from.Before(s.end) {
				add(Span{from, s.end, Open, s.result.Verdict.because(s.result.Finding)})
				reached = s.end
			}
			continue
		}
		first := d.Previous.Key == ""
		switch {
		case reached.IsZero():
		case d.Start.After(reached) && lost:
			add(Span{reached, d.Start, Lost, missed(d.Start.Sub(reached))})
		case d.Start.After(reached) && first && s.trusted:
			add(Span{reached, d.Start, Silent, "a chain ended and another began: logging was stopped, validation switched off or the trail made anew, or the digests at the end of the first chain were deleted"})
		case d.Start.After(reached):
			add(Span{reached, d.Start, Silent, "no digest speaks of this time"})
		case first && s.trusted:
			add(Span{d.Start, d.Start, Restart, "a new chain begins here, without a gap: the trail was stopped and started, or made anew"})
		}
		lost = false
		state, why := Open, s.result.Verdict.because(s.result.Finding)
		if s.trusted {
			state, why = Proven, ""
		}
		from := d.Start
		if !reached.IsZero() && reached.After(from) {
			from = reached
		}
		if from.Before(d.End) {
			add(Span{from, d.End, state, why})
			reached = d.End
		}
	}
	return out
}

func (v Verdict) because(f Finding) string {
	if f == Sound {
		return "digest " + string(v)
	}
	return fmt.Sprintf("digest %s: %s", v, f)
}

// missed says how many digests a time without them stands for: CloudTrail makes
// one an hour.
func missed(d time.Duration) string {
	n := int64((d + 30*time.Minute) / time.Hour)
	if n <= 1 {
		return "a digest was deleted, or not copied"
	}
	return fmt.Sprintf("about %d digests in a row were deleted, or not copied", n)
}
