package corpus

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"logquarry/cmd/logmaker/record"
)

// piece is a part of a template: fixed text, or a word to fill in.
type piece struct {
	text string
	word int // index into words, -1 for fixed text
}

type template []piece

// words are what a template may name. A value is drawn on the first use in an
// event and kept for the rest of it.
var words = []struct {
	name string
	fill func(b []byte, f *filler) []byte
}{
	{"account", func(b []byte, f *filler) []byte { return append(b, f.account...) }},
	{"region", func(b []byte, f *filler) []byte { return append(b, f.region...) }},
	{"bucket", func(b []byte, f *filler) []byte { return append(b, f.pick(f.place.buckets)...) }},
	{"prefix", func(b []byte, f *filler) []byte { return f.prefix(b) }},
	{"key", func(b []byte, f *filler) []byte { return f.objectKey(b) }},
	{"instance", func(b []byte, f *filler) []byte { return append(b, f.pick(f.place.instances)...) }},
	{"vol", func(b []byte, f *filler) []byte { return append(b, f.pick(f.place.volumes)...) }},
	{"snap", func(b []byte, f *filler) []byte { return record.AppendHex(append(b, "snap-0"...), f.r, 16) }},
	{"vpc", func(b []byte, f *filler) []byte { return append(b, f.pick(f.place.vpcs)...) }},
	{"subnet", func(b []byte, f *filler) []byte { return append(b, f.pick(f.place.subnets)...) }},
	{"sg", func(b []byte, f *filler) []byte { return append(b, f.pick(f.place.groups)...) }},
	{"eni", func(b []byte, f *filler) []byte { return record.AppendHex(append(b, "eni-0"...), f.r, 16) }},
	{"ami", func(b []byte, f *filler) []byte { return append(b, f.pick(f.place.images)...) }},
	{"kms", func(b []byte, f *filler) []byte { return append(b, f.pick(f.place.keys)...) }},
	{"role", func(b []byte, f *filler) []byte { return append(b, f.pick(roleNames)...) }},
	{"user", func(b []byte, f *filler) []byte { return append(b, f.pick(userNames)...) }},
	{"function", func(b []byte, f *filler) []byte { return append(b, f.pick(functionNames)...) }},
	{"table", func(b []byte, f *filler) []byte { return append(b, f.pick(tableNames)...) }},
	{"loggroup", func(b []byte, f *filler) []byte {
		return append(append(b, "/aws/lambda/"...), f.pick(functionNames)...)
	}},
	{"queue", func(b []byte, f *filler) []byte { return append(append(b, f.pick(tableNames)...), "-queue"...) }},
	{"topic", func(b []byte, f *filler) []byte { return append(append(b, f.pick(tableNames)...), "-topic"...) }},
	{"secret", func(b []byte, f *filler) []byte { return append(append(b, "prod/"...), f.pick(secretNames)...) }},
	{"parameter", func(b []byte, f *filler) []byte { return append(append(b, "/app/prod/"...), f.pick(secretNames)...) }},
	{"cluster", func(b []byte, f *filler) []byte { return append(b, f.pick(clusterNames)...) }},
	{"session", func(b []byte, f *filler) []byte { return f.sessionName(b) }},
	{"asia", func(b []byte, f *filler) []byte { return record.AppendBase32(append(b, "ASIAEXAMPLE"...), f.r, 9) }},
	{"aroa", func(b []byte, f *filler) []byte { return record.AppendBase32(append(b, "AROAEXAMPLE"...), f.r, 10) }},
	{"token", func(b []byte, f *filler) []byte {
		return record.AppendBase64(append(b, "IQoJb3JpZ2luX2VjEXAMPLE"...), f.r, 180)
	}},
	{"id2", func(b []byte, f *filler) []byte { return append(record.AppendBase64(b, f.r, 75), '=') }},
	{"hex8", hexWord(8)}, {"hex16", hexWord(16)}, {"hex17", hexWord(17)}, {"hex32", hexWord(32)}, {"hex64", hexWord(64)},
	{"b32x9", func(b []byte, f *filler) []byte { return record.AppendBase32(b, f.r, 9) }},
	{"b32x13", func(b []byte, f *filler) []byte { return record.AppendBase32(b, f.r, 13) }},
	{"b64x44", func(b []byte, f *filler) []byte { return append(record.AppendBase64(b, f.r, 43), '=') }},
	{"b64x200", func(b []byte, f *filler) []byte { return record.AppendBase64(b, f.r, 200) }},
	{"uuid", func(b []byte, f *filler) []byte { return record.AppendUUID(b, f.r) }},
	{"requestid", func(b []byte, f *filler) []byte { return record.AppendUUID(b, f.r) }},
	{"file", func(b []byte, f *filler) []byte {
		b = f.now.AppendFormat(b, "20060102T1504Z_")
		return record.AppendBase62(b, f.r, 16)
	}},
	{"bytes", func(b []byte, f *filler) []byte {
		return strconv.AppendInt(b, int64(1)<<f.r.IntN(24)+int64(f.r.IntN(4096)), 10)
	}},
	{"n", func(b []byte, f *filler) []byte { return strconv.AppendInt(b, 1+f.r.Int64N(250), 10) }},
	{"date", func(b []byte, f *filler) []byte { return f.now.AppendFormat(b, "2006/01/02") }},
	{"longtime", func(b []byte, f *filler) []byte { return f.now.AppendFormat(b, "Jan 2, 2006 3:04:05 PM") }},
	{"seconds", func(b []byte, f *filler) []byte { return strconv.AppendInt(b, f.now.Unix(), 10) }},
	{"millis", func(b []byte, f *filler) []byte { return strconv.AppendInt(b, f.now.UnixMilli(), 10) }},
}

func hexWord(n int) func([]byte, *filler) []byte {
	return func(b []byte, f *filler) []byte { return record.AppendHex(b, f.r, n) }
}

// parse cuts s into pieces. A word is the longest known name after a $; $$ is a $.
func parse(s string) template {
	var t template
	for s != "" {
		i := strings.IndexByte(s, '$')
		if i < 0 {
			return append(t, piece{s, -1})
		}
		if i > 0 {
			t = append(t, piece{s[:i], -1})
		}
		s = s[i+1:]
		if strings.HasPrefix(s, "$") {
			t = append(t, piece{"$", -1})
			s = s[1:]
			continue
		}
		best := -1
		for w := range words {
			if name := words[w].name; strings.HasPrefix(s, name) && (best < 0 || len(name) > len(words[best].name)) {
				best = w
			}
		}
		if best < 0 {
			panic("corpus: internal error: unknown word in template at $" + s)
		}
		t = append(t, piece{"", best})
		s = s[len(words[best].name):]
	}
	return t
}

// filler fills templates for one file: one account, one region, few minutes.
type filler struct {
	r       *rand.Rand
	account string
	region  string
	place   *place
	now     time.Time
	known   [][]byte // value of each word in this event; empty: not drawn yet
	job     uint64   // counts what jobs write, so that keys follow each other
}

func newFiller(r *rand.Rand, account, region string, p *place) *filler {
	return &filler{r: r, account: account, region: region, place: p, known: make([][]byte, len(words)), job: r.Uint64N(1 << 30)}
}

// begin forgets the last event's values.
func (f *filler) begin(now time.Time) {
	f.now = now
	for i := range f.known {
		f.known[i] = f.known[i][:0]
	}
}

func (f *filler) append(b []byte, t template) []byte {
	for _, p := range t {
		if p.word < 0 {
			b = append(b, p.text...)
			continue
		}
		if len(f.known[p.word]) == 0 {
			f.known[p.word] = words[p.word].fill(f.known[p.word], f)
		}
		b = append(b, f.known[p.word]...)
	}
	return b
}

// value is what a word stands for in this event, empty where no template named it.
func (f *filler) value(name string) string {
	for i := range words {
		if words[i].name == name {
			return string(f.known[i])
		}
	}
	panic("corpus: internal error: unknown word " + name)
}

// pick draws from list, its head far more often than its tail.
func (f *filler) pick(list []string) string { return list[skew(f.r, len(list))] }

// skew is a number below n; small ones come more often.
func skew(r *rand.Rand, n int) int {
	x := r.Float64()
	return int(x * x * x * float64(n))
}

func (f *filler) prefix(b []byte) []byte {
	b = append(b, f.pick(prefixes)...)
	return f.now.AppendFormat(b, "2006/01/02/")
}

func (f *filler) objectKey(b []byte) []byte {
	b = f.prefix(b)
	f.job += 1 + f.r.Uint64N(3)
	b = append(b, "part-"...)
	b = strconv.AppendUint(b, f.job, 10)
	b = append(b, '-')
	b = record.AppendHex(b, f.r, 8)
	return append(b, f.pick(suffixes)...)
}

func (f *filler) sessionName(b []byte) []byte {
	switch f.r.IntN(4) {
	case 0:
		return append(b, f.pick(functionNames)...)
	case 1:
		return append(b, f.pick(f.place.instances)...)
	case 2:
		return strconv.AppendInt(append(b, "botocore-session-"...), f.now.Unix(), 10)
	}
	return append(f.appendUser(b), "@example.com"...)
}

func (f *filler) appendUser(b []byte) []byte { return append(b, f.pick(userNames)...) }
