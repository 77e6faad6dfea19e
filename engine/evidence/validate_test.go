package evidence

import (
	"compress/gzip"
	"fmt"
	mathrand "math/rand/v2"
	"path"
	"strings"
	"sync"
	"testing"
	"time"
)

// said is a verdict with what of its kind it is.
type said struct {
	Verdict
	Finding
}

var (
	sound     = said{Valid, Sound}
	unsigned  = said{Unproven, Unsigned}
	unvouched = said{Unproven, Distrusted}
	noDigest  = said{NotCovered, NoDigest}
)

// outcome is what is said of each object; of files no digest lists, by their key.
func outcome(r *Report) map[string]said {
	out := map[string]said{}
	for _, list := range [][]Checked{r.Digests, r.Logs} {
		for _, c := range list {
			key := c.Object.Key
			if key == "" {
				key = strings.TrimPrefix(c.Path, "evidence/")
			}
			out[key] = said{c.Verdict, c.Finding}
		}
	}
	return out
}

// untouched is what is to be said of a copy nobody tampered with.
func untouched(trails []*trail, signatures bool) map[string]said {
	want := map[string]said{}
	for _, x := range trails {
		for i, d := range x.digests {
			s, l := sound, sound
			if !signatures && i == len(x.digests)-1 {
				s, l = unsigned, unvouched
			}
			want[d.Key] = s
			for _, o := range d.logs {
				want[o.Key] = l
			}
		}
	}
	return want
}

func compareOutcome(t *testing.T, what string, got, want map[string]said) {
	t.Helper()
	for key, w := range want {
		if g, ok := got[key]; !ok {
			t.Errorf("%s: %s: nothing is said of it, want %v", what, path.Base(key), w)
		} else if g != w {
			t.Errorf("%s: %s: %v, want %v", what, path.Base(key), g, w)
		}
	}
	for key, g := range got {
		if _, ok := want[key]; !ok {
			t.Errorf("%s: %s: %v of something that is not there", what, path.Base(key), g)
		}
	}
}

func TestUntouched(t *testing.T) {
	trails := deliver(t, 3, 3, 48)
	for _, signatures := range []bool{true, false} {
		c := download(t, trails, signatures)
		r := c.validate(publicKeys(t))
		compareOutcome(t, fmt.Sprint("signatures ", signatures), outcome(r), untouched(trails, signatures))
		if p := r.Problems(); len(p) > 0 {
			t.Errorf("signatures %v: problems %v", signatures, p)
		}
		if len(r.Chains) != len(trails) || len(r.Notes) > 0 {
			t.Errorf("%d chains, notes %v", len(r.Chains), r.Notes)
		}
		for _, x := range r.Chains {
			want := 1
			if !signatures {
				want = 2
			}
			if len(x.Spans) != want || x.Spans[0].State != Proven || !x.Spans[0].From.Equal(beginning) {
				t.Errorf("signatures %v: %v: spans %v", signatures, x.Chain, x.Spans)
			}
		}
	}
}

// Without keys nothing is proven, and nothing is accused.
func TestNoKeys(t *testing.T) {
	trails := deliver(t, 1, 1, 6)
	for _, signatures := range []bool{true, false} {
		r := download(t, trails, signatures).validate(Keys{})
		for _, list := range [][]Checked{r.Digests, r.Logs} {
			for _, c := range list {
				if c.Verdict != Unproven || c.Finding.Problem() {
					t.Errorf("%s: %s %s", c.Object.Key, c.Verdict, c.Finding)
				}
			}
		}
	}
}

// tampering is a way to change evidence. It changes c and want, what is to be
// said then, at place i of a trail; false where it cannot be done there.
type tampering struct {
	name string
	do   func(t testing.TB, c *copied, x *trail, i int, want map[string]said, rng *mathrand.Rand) bool
	log  bool // i is a log file, else a digest
}

// newest reports whether digest i is the last of its trail in a plain copy, for
// which nothing vouches.
func newest(c *copied, x *trail, i int) bool { return c.manifest == nil && i == len(x.digests)-1 }

// digestOf is the place of the digest that lists log file i.
func digestOf(x *trail, i int) int {
	for k, d := range x.digests {
		for _, l := range d.logs {
			if l == x.logs[i] {
				return k
			}
		}
	}
	panic("no digest")
}

// unwitnessed is what becomes of the digest before i in a plain copy that lost i
// as its witness.
func unwitnessed(c *copied, x *trail, i int, want map[string]said, how said) {
	if c.manifest != nil || i < 0 {
		return
	}
	want[x.digests[i].Key] = how
	for _, l := range x.digests[i].logs {
		want[l.Key] = unvouched
	}
}

func allLogs(x *trail, i int, want map[string]said, how said) {
	for _, l := range x.digests[i].logs {
		want[l.Key] = how
	}
}

// rewrite changes the text of a digest.
func rewrite(t testing.TB, c *copied, d *object, from, to string) {
	t.Helper()
	text := strings.Replace(string(d.plain), from, to, 1)
	if text == string(d.plain) {
		t.Fatalf("%s is not in %s", from, d.plain)
	}
	c.set(c.at[d.Key], gzipped(t, []byte(text), 6))
}

// flip changes the last character of a hexadecimal text.
func flip(s string) string {
	if strings.HasSuffix(s, "0") {
		return s[:len(s)-1] + "1"
	}
	return s[:len(s)-1] + "0"
}

var tamperings = []tampering{
	{"log deleted", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		c.remove(x.logs[i].Key)
		want[x.logs[i].Key] = said{Missing, Deleted}
		return true
	}, true},
	{"log changed", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		l := x.logs[i]
		c.set(c.at[l.Key], gzipped(t, []byte(strings.Replace(string(l.plain), "eventID", "eventiD", 1)), 6))
		want[l.Key] = said{Changed, Altered}
		if newest(c, x, digestOf(x, i)) {
			want[l.Key] = said{Unproven, Contradicted}
		}
		return true
	}, true},
	// It shows by itself, or it is none: in the padding of the last byte.
	{"log: one byte of the file changed", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, rng *mathrand.Rand) bool {
		l := x.logs[i]
		data := gzipped(t, l.plain, gzip.DefaultCompression)
		data[10+rng.IntN(len(data)-10)] ^= byte(1 + rng.IntN(255))
		c.set(c.at[l.Key], data)
		if n := c.contents[c.at[l.Key]]; n.Fault != "" {
			want[l.Key] = said{Changed, Damaged}
		}
		return true
	}, true},
	{"log cut off", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, rng *mathrand.Rand) bool {
		l := x.logs[i]
		data := gzipped(t, l.plain, gzip.DefaultCompression)
		c.set(c.at[l.Key], data[:rng.IntN(len(data))])
		want[l.Key] = said{Changed, Damaged}
		if c.contents[c.at[l.Key]].Fault == "" { // no byte of gzip left
			want[l.Key] = said{Changed, Altered}
			if newest(c, x, digestOf(x, i)) {
				want[l.Key] = said{Unproven, Contradicted}
			}
		}
		return true
	}, true},
	{"log compressed again", func(t testing.TB, c *copied, x *trail, i int, _ map[string]said, _ *mathrand.Rand) bool {
		c.set(c.at[x.logs[i].Key], gzipped(t, x.logs[i].plain, gzip.NoCompression))
		return true
	}, true},
	{"log not compressed", func(t testing.TB, c *copied, x *trail, i int, _ map[string]said, _ *mathrand.Rand) bool {
		c.set(c.at[x.logs[i].Key], x.logs[i].plain)
		return true
	}, true},
	{"log: a gzip member appended", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, rng *mathrand.Rand) bool {
		more := []string{"", `{"Records":[]}`, " "}[rng.IntN(3)]
		c.set(c.at[x.logs[i].Key], append(gzipped(t, x.logs[i].plain, 6), gzipped(t, []byte(more), 6)...))
		want[x.logs[i].Key] = said{Changed, Appended}
		return true
	}, true},
	{"log: bytes appended", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		c.set(c.at[x.logs[i].Key], append(gzipped(t, x.logs[i].plain, 6), "x"...))
		want[x.logs[i].Key] = said{Changed, Appended}
		return true
	}, true},
	{"log moved", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		l := x.logs[i]
		c.move(l.Key, "evidence/"+strings.Replace(l.Key, "/2026/", "/2025/", 1))
		how := want[l.Key]
		how.Finding = Moved
		want[l.Key] = how
		return true
	}, true},
	{"log put there", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		l := x.logs[i]
		key := strings.Replace(l.Key, ".json.gz", "A.json.gz", 1)
		c.put("evidence/"+key, gzipped(t, append(l.plain, ' '), 6))
		at, _ := deliveredAs(path.Base(l.Key))
		want[key] = said{NotCovered, Unlisted}
		if end, _ := time.Parse(time.RFC3339, x.digests[len(x.digests)-1].doc.DigestEndTime); at.at.Add(time.Hour).After(end) ||
			c.manifest == nil && at.at.Add(2*time.Hour).After(end) {
			want[key] = noDigest // those of its time are not all proven
		}
		return x.digests[0].doc.PreviousDigestHashValue == nil && !strings.Contains(x.digests[0].Key, "_backfill")
	}, true},
	{"digest deleted", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		deleteDigests(c, x, i, i+1, want)
		return true
	}, false},
	{"several digests deleted", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, rng *mathrand.Rand) bool {
		to := min(i+2+rng.IntN(4), len(x.digests))
		if to-i == len(x.digests) {
			return false // nothing is left to tell that there was a chain
		}
		deleteDigests(c, x, i, to, want)
		return true
	}, false},
	{"digest: a hash changed", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		d := x.digests[i]
		if len(d.logs) == 0 {
			return false
		}
		rewrite(t, c, d, d.doc.LogFiles[0].HashValue, flip(d.doc.LogFiles[0].HashValue))
		want[d.Key] = said{Changed, Altered}
		allLogs(x, i, want, unvouched)
		if newest(c, x, i) {
			want[d.Key] = unsigned
			want[d.logs[0].Key] = said{Unproven, Contradicted}
		}
		return true
	}, false},
	{"digest: a log file taken out", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		d := x.digests[i]
		if len(d.logs) == 0 {
			return false
		}
		doc := d.doc
		doc.LogFiles = doc.LogFiles[1:]
		c.set(c.at[d.Key], gzipped(t, marshal(t, doc), 6))
		want[d.Key] = said{Changed, Altered}
		allLogs(x, i, want, unvouched)
		if newest(c, x, i) {
			want[d.Key] = unsigned
		}
		want[d.logs[0].Key] = noDigest
		return true
	}, false},
	{"digest: hash of the one before changed", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		d := x.digests[i]
		if i == 0 {
			return false
		}
		rewrite(t, c, d, *d.doc.PreviousDigestHashValue, flip(*d.doc.PreviousDigestHashValue))
		want[d.Key] = said{Changed, Altered}
		allLogs(x, i, want, unvouched)
		return true
	}, false},
	// The last but one of a plain copy is vouched for by one that is not proven,
	// and what is signed holds what was changed: either may have been.
	{"digest: signature of the one before changed", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		d := x.digests[i]
		if i == 0 {
			return false
		}
		rewrite(t, c, d, *d.doc.PreviousDigestSignature, flip(*d.doc.PreviousDigestSignature))
		want[d.Key] = said{Changed, Altered}
		allLogs(x, i, want, unvouched)
		unwitnessed(c, x, i-1, want, unvouched)
		if newest(c, x, i+1) {
			want[d.Key] = said{Unproven, Contradicted}
			unwitnessed(c, x, i-1, want, said{Unproven, Contradicted})
		}
		if newest(c, x, i) {
			want[d.Key] = unsigned
			unwitnessed(c, x, i-1, want, said{Unproven, Contradicted})
		}
		return true
	}, false},
	{"digest: a chain begun by force", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		d := x.digests[i]
		if i == 0 {
			return false
		}
		doc := d.doc
		doc.PreviousDigestS3Bucket, doc.PreviousDigestS3Object, doc.PreviousDigestHashValue, doc.PreviousDigestSignature = nil, nil, nil, nil
		c.set(c.at[d.Key], gzipped(t, marshal(t, doc), 6))
		want[d.Key] = said{Changed, Altered}
		allLogs(x, i, want, unvouched)
		unwitnessed(c, x, i-1, want, unsigned)
		if newest(c, x, i+1) {
			want[d.Key] = said{Unproven, Contradicted}
		}
		if newest(c, x, i) {
			want[d.Key] = unsigned
		}
		return true
	}, false},
	{"digest: one byte of the file changed", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, rng *mathrand.Rand) bool {
		d := x.digests[i]
		data := gzipped(t, d.plain, gzip.DefaultCompression)
		data[10+rng.IntN(len(data)-10)] ^= byte(1 + rng.IntN(255))
		c.set(c.at[d.Key], data)
		if c.contents[c.at[d.Key]].Digest != nil {
			return false // the flip was in the padding of the last byte
		}
		want[d.Key] = said{Changed, Damaged}
		allLogs(x, i, want, noDigest)
		unwitnessed(c, x, i-1, want, unsigned)
		return true
	}, false},
	{"digest compressed again", func(t testing.TB, c *copied, x *trail, i int, _ map[string]said, _ *mathrand.Rand) bool {
		c.set(c.at[x.digests[i].Key], gzipped(t, x.digests[i].plain, gzip.NoCompression))
		return true
	}, false},
	{"digest: a gzip member appended", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		d := x.digests[i]
		c.set(c.at[d.Key], append(gzipped(t, d.plain, 6), gzipped(t, []byte("{}"), 6)...))
		want[d.Key] = said{Changed, Appended}
		return true
	}, false},
	{"digest changed and re-signed", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, rng *mathrand.Rand) bool {
		if c.manifest == nil {
			return false // a plain copy has no signature to change
		}
		resign(t, c, x, i, i+1, rng.IntN(2) == 0, want)
		return true
	}, false},
	{"the rest of a chain re-signed", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, rng *mathrand.Rand) bool {
		if c.manifest == nil || i%4 != 1 {
			return false // signing takes longest of all, and one at a time goes everywhere
		}
		resign(t, c, x, i, len(x.digests), rng.IntN(2) == 0, want)
		return true
	}, false},
	{"digest re-signed as it is", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		if c.manifest == nil {
			return false
		}
		d := x.digests[i]
		setSignature(c, d.Key, attacker().sign(t, d.doc, d.plain))
		want[d.Key] = said{Changed, Resigned}
		if i == len(x.digests)-1 {
			allLogs(x, i, want, unvouched)
		}
		return true
	}, false},
	{"digest moved", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		d := x.digests[i]
		c.move(d.Key, "evidence/"+strings.Replace(d.Key, "/2026/", "/2025/", 1))
		how := want[d.Key]
		how.Finding = Moved
		want[d.Key] = how
		return true
	}, false},
	{"digest replaced by an older one", func(t testing.TB, c *copied, x *trail, i int, want map[string]said, _ *mathrand.Rand) bool {
		if i == 0 {
			return false
		}
		old := x.digests[i-1]
		d := x.digests[i]
		c.set(c.at[d.Key], gzipped(t, old.plain, 6))
		if c.manifest != nil {
			setSignature(c, d.Key, old.signature)
		}
		want[d.Key] = said{Changed, Replaced}
		allLogs(x, i, want, noDigest)
		unwitnessed(c, x, i-1, want, unsigned)
		return true
	}, false},
}

func deleteDigests(c *copied, x *trail, from, to int, want map[string]said) {
	for k := from; k < to; k++ {
		c.remove(x.digests[k].Key)
		delete(want, x.digests[k].Key)
		allLogs(x, k, want, noDigest)
	}
	if to < len(x.digests) {
		want[x.digests[to-1].Key] = said{Missing, Deleted}
		if from == 0 {
			want[x.digests[to-1].Key] = said{Missing, Before}
		}
	}
	unwitnessed(c, x, from-1, want, unsigned)
}

// resign changes digest from and signs it and those after it, up to to, by an
// attacker's key, under CloudTrail's name or its own.
func resign(t testing.TB, c *copied, x *trail, from, to int, borrowed bool, want map[string]said) {
	t.Helper()
	var before *object
	if from > 0 {
		before = x.digests[from-1]
	}
	for k := from; k < to; k++ {
		d := *x.digests[k]
		d.doc.DigestPublicKeyFingerprint = attacker().fingerprint
		if borrowed {
			d.doc.DigestPublicKeyFingerprint = signerOf(x.region).fingerprint
			d.doc.AwsAccountID = "444455556666"
		}
		d.seal(t, before, attacker())
		c.set(c.at[d.Key], gzipped(t, d.plain, 6))
		setSignature(c, d.Key, d.signature)
		want[d.Key] = said{Changed, Resigned}
		allLogs(x, k, want, unvouched)
		before = &d
	}
}

func setSignature(c *copied, key, signature string) {
	m := c.manifest[key]
	m.Metadata = map[string]string{"signature": signature}
	c.manifest[key] = m
	c.writeManifest()
}

// Each way, at each place of a chain, in a copy with signatures and in a plain
// one: it is found and named as what it is, and nothing else is accused. The
// chains share the ways among them: they differ in Region, in the folders before
// their keys and in their trails' names.
func TestTamperingEverywhere(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	trails := deliver(t, 3, 3, 48)
	keys := publicKeys(t)
	var mu sync.Mutex
	tried := map[string]int{}
	t.Run("chains", func(t *testing.T) {
		for n, x := range trails {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				rng := mathrand.New(mathrand.NewPCG(3, uint64(n)))
				// A chain is judged by its own digests alone, so it stands for itself.
				copies := map[bool]*copied{true: download(t, trails[n:n+1], true), false: download(t, trails[n:n+1], false)}
				for w, way := range tamperings {
					if n < 9 && n%3 != w%3 {
						continue
					}
					places := len(x.digests)
					if way.log {
						places = len(x.logs)
					}
					for i := range places {
						signatures := (i+n/3)%2 == 0
						c, want := copies[signatures].clone(), untouched(trails[n:n+1], signatures)
						if !way.do(t, c, x, i, want, rng) {
							continue
						}
						mu.Lock()
						tried[fmt.Sprint(way.name, signatures)]++
						mu.Unlock()
						compareOutcome(t, fmt.Sprintf("%s, at %d of %d, signatures %v", way.name, i, places, signatures), outcome(c.validate(keys)), want)
						if t.Failed() {
							t.FailNow()
						}
					}
				}
			})
		}
	})
	for _, way := range tamperings {
		if !strings.Contains(way.name, "re-signed") && (tried[way.name+"true"] < 24 || tried[way.name+"false"] < 24) {
			t.Errorf("%s was tried %d and %d times", way.name, tried[way.name+"true"], tried[way.name+"false"])
		}
	}
}

// Five hundred at random, in the copy of all trails.
func TestTamperingAtRandom(t *testing.T) {
	if testing.Short() {
		t.Skip("runs whole without -short")
	}
	const rounds = 500
	trails := deliver(t, 3, 3, 48)
	keys := publicKeys(t)
	rng := mathrand.New(mathrand.NewPCG(20260310, 1))
	copies := map[bool]*copied{true: download(t, trails, true), false: download(t, trails, false)}
	done := 0
	for done < rounds {
		signatures := rng.IntN(2) == 0
		x, way := trails[rng.IntN(len(trails))], tamperings[rng.IntN(len(tamperings))]
		places := len(x.digests)
		if way.log {
			places = len(x.logs)
		}
		i := rng.IntN(places)
		c, want := copies[signatures].clone(), untouched(trails, signatures)
		if !way.do(t, c, x, i, want, rng) {
			continue
		}
		done++
		compareOutcome(t, fmt.Sprintf("round %d: %s, at %d, signatures %v", done, way.name, i, signatures), outcome(c.validate(keys)), want)
		if t.Failed() {
			return
		}
	}
}
