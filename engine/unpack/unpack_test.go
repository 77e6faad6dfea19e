package unpack_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"logquarry/engine/unpack"
)

func gz(b []byte) []byte {
	var buf bytes.Buffer
	w := gzip.NewWriter(&buf)
	w.Write(b)
	w.Close()
	return buf.Bytes()
}

func zst(b []byte) []byte {
	w, _ := zstd.NewWriter(nil)
	return w.EncodeAll(b, nil)
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// bz is "bzip2 text\n", as bzip2 1.0.8 packs it.
var bz = []byte("BZh91AY&SY\xc8\x1a\x7f\x8b")

func read(r io.Reader, limits unpack.Limits) (text []byte, kind unpack.Kind, compression string, err error) {
	s, err := unpack.NewStream(r, limits)
	if err != nil {
		return nil, "", "", err
	}
	defer s.Close()
	text, err = io.ReadAll(s)
	return text, s.Kind(), s.Compression(), err
}

func TestStream(t *testing.T) {
	short := []byte("hello\n")
	r := rand.New(rand.NewPCG(1, 2))
	long := make([]byte, 300<<10)
	for i := range long {
		long[i] = "0123456789abcdef"[r.IntN(16)]
	}
	tests := []struct {
		name        string
		in          []byte
		want        []byte
		kind        unpack.Kind
		compression string
		err         string // part of it
	}{
		{"nothing", nil, nil, unpack.Plain, "none", ""},
		{"plain", short, short, unpack.Plain, "none", ""},
		{"plain, long", long, long, unpack.Plain, "none", ""},
		{"one byte", []byte{0x1f}, []byte{0x1f}, unpack.Plain, "none", ""},
		{"gzip", gz(short), short, unpack.Plain, "gzip", ""},
		{"gzip of nothing", gz(nil), nil, unpack.Plain, "gzip", ""},
		{"two members", join(gz(long), gz(short)), join(long, short), unpack.Plain, "gzip", ""},
		{"a member of nothing between", join(gz(short), gz(nil), gz(short)), join(short, short), unpack.Plain, "gzip", ""},
		{"zeros behind", join(gz(long), make([]byte, 1000)), long, unpack.Plain, "gzip", ""},
		{"gzip in gzip", gz(gz(long)), long, unpack.Plain, "gzip+gzip", ""},
		{"zstd", zst(long), long, unpack.Plain, "zstd", ""},
		{"two frames", join(zst(short), zst(long)), join(short, long), unpack.Plain, "zstd", ""},
		{"zstd in gzip", gz(zst(long)), long, unpack.Plain, "gzip+zstd", ""},
		{"UTF-16, little end first", []byte("\xff\xfeh\x00\xe9\x00\n\x00"), []byte("hé\n"), unpack.Plain, "utf-16", ""},
		{"UTF-16, big end first", []byte("\xfe\xff\x00h\x00\xe9\x00\n"), []byte("hé\n"), unpack.Plain, "utf-16", ""},
		{"Parquet", []byte("PAR1xxxx"), []byte("PAR1xxxx"), unpack.Parquet, "none", ""},
		{"zip in gzip", gz([]byte("PK\x03\x04xx")), []byte("PK\x03\x04xx"), unpack.Zip, "gzip", ""},

		{"cut off", gz(long)[:100_000], long, unpack.Plain, "gzip", "cut off: the file ends in the middle of the stream"},
		{"cut off, short", gz([]byte(strings.Repeat("x", 300)))[:14], nil, unpack.Plain, "gzip", "cut off"},
		{"footer cut off", gz(short)[:len(gz(short))-4], short, unpack.Plain, "gzip", "cut off"},
		{"header cut off", gz(short)[:5], nil, "", "", "begins like a gzip file but is none: cut off"},
		{"second member's header cut off", join(gz(short), gz(short)[:5]), short, unpack.Plain, "gzip", "a further member: cut off"},
		{"bytes behind", join(gz(short), []byte("x")), short, unpack.Plain, "gzip", "bytes behind the end"},
		{"bytes behind zeros", join(gz(long), make([]byte, 20), []byte("xyz")), long, unpack.Plain, "gzip", "bytes behind the end"},
		{"bytes like a member behind", join(gz(short), []byte("\x1f\x8bxx")), short, unpack.Plain, "gzip", "a further member: "},
		{"no gzip", []byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff"), nil, "", "", "gzip: "},
		{"zstd cut off", zst(long)[:140_000], long, unpack.Plain, "zstd", "cut off"},
		{"no bzip2", join(bz, []byte("xxxxxxxxxxxxxxx")), nil, "", "", "bzip2: "},
		{"five layers", gz(gz(gz(gz(gz(short))))), nil, "", "", "more than 4 layers"},
	}
	for _, tt := range tests {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "one byte": iotest.OneByteReader, "data with error": iotest.DataErrReader,
		} {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				got, kind, compression, err := read(wrap(bytes.NewReader(tt.in)), unpack.Limits{})
				if kind != tt.kind || compression != tt.compression {
					t.Errorf("%q in %q, want %q in %q", kind, compression, tt.kind, tt.compression)
				}
				if tt.err == "" {
					if err != nil || !bytes.Equal(got, tt.want) {
						t.Errorf("%d bytes, %v; want %d bytes", len(got), err, len(tt.want))
					}
					return
				}
				var damage *unpack.Error
				if !errors.As(err, &damage) || !strings.Contains(err.Error(), tt.err) || damage.Offset > int64(len(tt.in)) {
					t.Errorf("error %v, want %q", err, tt.err)
				}
				if !bytes.HasPrefix(tt.want, got) && len(tt.want) > 0 || len(tt.want) > 0 && len(got) == 0 {
					t.Errorf("%d bytes before the damage", len(got))
				}
			})
		}
	}
}

// TestSmallDamagedFile: what stands before the damage is given even where that
// is less than the look at a file's beginning.
func TestSmallDamagedFile(t *testing.T) {
	text := strings.Repeat("a line of a log\n", 10)
	for name, in := range map[string][]byte{
		"checksum": func() []byte { b := gz([]byte(text)); b[len(b)-8] ^= 1; return b }(),
		"trailing": join(gz([]byte(text)), []byte("x")),
		"footer":   gz([]byte(text))[:len(gz([]byte(text)))-3],
	} {
		got, _, _, err := read(bytes.NewReader(in), unpack.Limits{})
		if string(got) != text || err == nil {
			t.Errorf("%s: %d of %d bytes, error %v", name, len(got), len(text), err)
		}
	}
}

// TestErrorsAreSaidAgain: a reader of whole windows drops an error that comes
// with the last byte it wanted, and asks again.
func TestErrorsAreSaidAgain(t *testing.T) {
	text := []byte(strings.Repeat("0123456789abcdef", 64))
	for _, in := range [][]byte{join(gz(text), []byte("trailing")), func() []byte { b := gz(text); b[len(b)-8] ^= 1; return b }()} {
		s, err := unpack.NewStream(bytes.NewReader(in), unpack.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(s, make([]byte, len(text))); err != nil {
			t.Errorf("the text: %v", err)
		}
		var damage *unpack.Error
		for i := range 3 {
			if n, err := s.Read(make([]byte, 10)); n != 0 || !errors.As(err, &damage) {
				t.Errorf("read %d behind the text: %d bytes, %v", i, n, err)
			}
		}
		s.Close()
	}
}

func TestReadErrors(t *testing.T) {
	in := gz([]byte(strings.Repeat("0123456789", 100)))
	gone := errors.New("the disk is gone")
	for n := range in {
		_, _, _, err := read(io.MultiReader(bytes.NewReader(in[:n]), iotest.ErrReader(gone)), unpack.Limits{})
		if err == nil || !strings.Contains(err.Error(), gone.Error()) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// zeros is n zero bytes.
type zeros int

func (z *zeros) Read(p []byte) (int, error) {
	if *z == 0 {
		return 0, io.EOF
	}
	n := min(len(p), int(*z))
	clear(p[:n])
	*z -= zeros(n)
	return n, nil
}

func TestBomb(t *testing.T) {
	var once, twice bytes.Buffer
	w := gzip.NewWriter(&once)
	z := zeros(1 << 30)
	if _, err := io.Copy(w, &z); err != nil {
		t.Fatal(err)
	}
	w.Close()
	w = gzip.NewWriter(&twice)
	w.Write(once.Bytes())
	w.Close()
	for name, in := range map[string][]byte{"one layer": once.Bytes(), "two layers": twice.Bytes()} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		s, err := unpack.NewStream(bytes.NewReader(in), unpack.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		n, err := io.Copy(io.Discard, s)
		s.Close()
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), "a decompression bomb: more than 400 times its size") || n > 900<<20 {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
			t.Errorf("%s: took %d MiB in %v", name, grown>>20, time.Since(start))
		}
	}
	// What shrinks well in good faith is no bomb.
	line := gz([]byte(strings.Repeat("2 111122223333 eni-0a1b2c3d4e5f60718 192.0.2.10 198.51.100.7 49152 443 6 20 4249 1767322800 1767322860 ACCEPT OK\n", 1_000_000)))
	if _, _, _, err := read(bytes.NewReader(line), unpack.Limits{}); err != nil {
		t.Errorf("one line a million times: %v", err)
	}
}

func FuzzStream(f *testing.F) {
	f.Add(gz([]byte("hello")))
	f.Add(join(gz([]byte("hello")), gz(gz([]byte("x"))), []byte{0, 0, 1}))
	f.Add(zst([]byte("hello")))
	f.Add([]byte("\xff\xfeh\x00"))
	f.Add(bz)
	f.Fuzz(func(t *testing.T, in []byte) {
		limits := unpack.Limits{Ratio: 400, Free: 1 << 20}
		a, kind, compression, err := read(bytes.NewReader(in), limits)
		b, kind2, compression2, err2 := read(iotest.OneByteReader(bytes.NewReader(in)), limits)
		if kind != kind2 || compression != compression2 || (err == nil) != (err2 == nil) {
			t.Errorf("%s %s %v, a byte at a time %s %s %v", kind, compression, err, kind2, compression2, err2)
		}
		if err == nil && !bytes.Equal(a, b) {
			t.Errorf("%d bytes, a byte at a time %d", len(a), len(b))
		}
		if len(a) > 2<<20+1000*len(in) {
			t.Errorf("%d bytes of %d", len(a), len(in))
		}
	})
}
