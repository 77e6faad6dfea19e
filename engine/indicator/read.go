package indicator

import (
	"bufio"
	"bytes"
	stdctx "context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"logquarry/engine/unpack"
)

// Format is how a list is written.
type Format string

// The formats, told by content.
const (
	Plain Format = "plain"
	CSV   Format = "csv"
	STIX  Format = "stix"
	MISP  Format = "misp"
)

// unit is what the entries of a list are counted by.
func (f Format) unit() string {
	if f == STIX || f == MISP {
		return "entry"
	}
	return "line"
}

// Options say how lists are read.
type Options struct {
	// Column is the column of a CSV that holds the indicators; empty: it is found.
	Column string
	// All takes MISP's attributes too that are not meant for detection.
	All bool
}

// keptFaults is how many bad entries of a list are kept with their text.
const keptFaults = 5

// reader reads one file into a set.
type reader struct {
	ctx  stdctx.Context
	set  *Set
	list int32
	o    Options
	path string // empty: standard input
	// open reads another file, which a manifest names.
	open func(path string) error
	n    int
}

func (r *reader) here() *List { return &r.set.Lists[r.list] }

// bad notes an entry that cannot be used.
func (r *reader) bad(line int, text, reason string) {
	l := r.here()
	l.BadCount++
	if len(l.Bad) < keptFaults {
		if len(text) > 200 {
			text = text[:200] + "…"
		}
		l.Bad = append(l.Bad, Fault{line, strings.ToValidUTF8(text, "\uFFFD"), reason})
	}
}

// take adds a value, or notes why it cannot be used. The error says that nothing
// more can be read.
func (r *reader) take(text string, wanted Type, typed bool, i Indicator) error {
	if r.n++; r.n%1024 == 0 && r.ctx.Err() != nil {
		return stdctx.Cause(r.ctx)
	}
	p, err := parse(text, wanted, typed)
	if err != nil {
		r.bad(int(i.Line), text, err.Error())
		return nil
	}
	i.Value, i.Type, i.List = p.value, p.typ, r.list
	return r.set.add(i, p.forms)
}

// Read reads files, the files in folders, and standard input, named -, into the
// set. What is wrong with a file stands in its [List], and the others are read.
// The error says that nothing can be read on: a name that is not there, more
// than a set takes, or the cause of ctx.
func (s *Set) Read(ctx stdctx.Context, paths []string, stdin io.Reader, o Options) error {
	seen := map[string]bool{}
	var file func(path string) error
	file = func(path string) error {
		if abs, err := filepath.Abs(path); err == nil {
			if seen[abs] {
				return nil
			}
			seen[abs] = true
		}
		f, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("read indicators: %w", err)
		}
		defer f.Close()
		return s.read(ctx, path, f, o, file)
	}
	for _, path := range paths {
		if path == "-" {
			if err := s.read(ctx, "", stdin, o, file); err != nil {
				return err
			}
			continue
		}
		info, err := os.Stat(path)
		if err != nil {
			return fmt.Errorf("read indicators: %w", err)
		}
		if !info.IsDir() {
			if err := file(path); err != nil {
				return err
			}
			continue
		}
		err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return fmt.Errorf("read indicators: %w", err)
			}
			if !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") {
				return nil
			}
			return file(p)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Set) read(ctx stdctx.Context, path string, in io.Reader, o Options, open func(string) error) error {
	name := path
	if path == "" {
		name = "standard input"
	}
	// A MISP feed has the hashes of its values beside its manifest; they are no
	// indicators.
	if filepath.Base(path) == "hashes.csv" {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "manifest.json")); err == nil {
			return nil
		}
	}
	s.Lists = append(s.Lists, List{Path: name, Format: Plain})
	r := &reader{ctx: ctx, set: s, list: int32(len(s.Lists) - 1), o: o, path: path, open: open}
	sum := sha256.New()
	in = io.TeeReader(in, sum)
	stream, err := unpack.NewStream(in, unpack.Limits{})
	if err == nil {
		defer stream.Close()
		err = r.plainBytes(stream)
	}
	switch {
	case ctx.Err() != nil:
		return stdctx.Cause(ctx)
	case errors.Is(err, errFull):
		return fmt.Errorf("read indicators: %s: %w", name, err)
	}
	if _, cerr := io.Copy(io.Discard, in); err == nil && cerr != nil {
		err = cerr
	}
	r.here().Err, r.here().SHA256 = err, hex.EncodeToString(sum.Sum(nil))
	return nil
}

// head is how many bytes of a list its format is told by.
const head = 64 << 10

func (r *reader) plainBytes(s *unpack.Stream) error {
	if k := s.Kind(); k != unpack.Plain {
		return fmt.Errorf("a %s file, not a list: unpack it first", k)
	}
	in := bufio.NewReaderSize(s, 2*head)
	start, err := in.Peek(head)
	if err != nil && err != io.EOF {
		return err
	}
	if bytes.HasPrefix(start, []byte("\xef\xbb\xbf")) {
		if _, err := in.Discard(3); err != nil {
			return err
		}
		start = start[3:]
	}
	if bytes.IndexByte(start, 0) >= 0 {
		return errors.New("not text, so not a list")
	}
	text := bytes.TrimSpace(start)
	if len(text) == 0 {
		return nil
	}
	if text[0] == '{' || text[0] == '[' && len(bytes.TrimSpace(text[1:])) > 0 && strings.IndexByte(`{"]`, bytes.TrimSpace(text[1:])[0]) >= 0 {
		return r.json(in)
	}
	if shape, ok := r.tableOf(start, err == io.EOF); ok {
		r.here().Format = CSV
		return r.csv(in, shape)
	}
	if r.o.Column != "" {
		return fmt.Errorf("no table with a column %s", r.o.Column)
	}
	return r.plain(in)
}

// longestLine is how many bytes a line may have.
const longestLine = 1 << 20

// lines hands out the lines of in without their ends; one that is too long is
// noted and passed over.
func (r *reader) lines(in *bufio.Reader, f func(no int, line string) error) error {
	for no := 1; ; no++ {
		line, err := in.ReadSlice('\n')
		var long []byte
		skip := false
		for err == bufio.ErrBufferFull {
			if long = append(long, line...); len(long) > longestLine {
				skip, long = true, long[:200]
			}
			line, err = in.ReadSlice('\n')
		}
		if long != nil {
			line = append(long, line...)
		}
		if err != nil && err != io.EOF {
			return err
		}
		if skip {
			r.bad(no, string(line), fmt.Sprintf("a line longer than %d bytes", longestLine))
		} else if len(line) > 0 {
			if ferr := f(no, strings.TrimRight(string(line), "\r\n")); ferr != nil {
				return ferr
			}
		}
		if err == io.EOF {
			return nil
		}
	}
}

// plain reads a list of one indicator a line.
func (r *reader) plain(in *bufio.Reader) error {
	first := true
	return r.lines(in, func(no int, line string) error {
		text, comment := bare(line)
		if text == "" {
			return nil
		}
		if first {
			first = false
			if _, ok := valueColumns[columnName(text)]; ok {
				return nil // a header
			}
		}
		return r.take(text, Text, false, Indicator{Line: int32(no), Context: context(member{"comment", comment})})
	})
}

// strong are the types that a value looks like by itself.
func strong(t Type) bool { return t != Text && t != UserAgent && t != Substring && t != Account }

// bare is a line's value, and the comment behind it. Lines of a hosts file have
// their name second.
func bare(line string) (text, comment string) {
	text = strings.TrimSpace(line)
	if text == "" || text[0] == '#' || text[0] == ';' || strings.HasPrefix(text, "//") {
		return "", ""
	}
	for i := 1; i < len(text); i++ {
		if text[i] == '#' && (text[i-1] == ' ' || text[i-1] == '\t') {
			text, comment = strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:])
			break
		}
	}
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	if at := strings.IndexAny(text, " \t"); at > 0 {
		one, rest := text[:at], strings.TrimSpace(text[at:])
		if (one == "0.0.0.0" || one == "127.0.0.1") && isDomain(lowerASCII(rest)) {
			return rest, comment
		}
		if strong(tell(refang(one))) && !strings.HasPrefix(rest, "-") {
			return one, strings.TrimSpace(rest + " " + comment)
		}
	}
	return text, comment
}
