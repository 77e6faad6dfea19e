package find

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"logquarry/engine/decode/jsonrec"
	"logquarry/engine/schema"
	"logquarry/engine/unpack"
	"logquarry/engine/unwrap"
)

// The first look at a file is short, for most files are small and plain to
// see; a file whose first record is long gets a second.
const (
	firstLook  = 4 << 10
	secondLook = 1 << 20
	thirdLook  = 16 << 20 // of JSON, whose first record may be that long
)

// identify tells what a file is. It fills the fields of file.
func (f *Finder) identify(file *File) {
	file.Day = Day(file.Path)
	head, whole, err := f.look(file, firstLook)
	if err == nil && file.Kind == unpack.Plain {
		file.Source = f.byContent(head, whole, file)
		for _, n := range []int{secondLook, thirdLook} {
			if file.Source != nil || whole || n == thirdLook && !beginsJSON(head) {
				break
			}
			if head, whole, err = f.look(file, n); err != nil {
				break
			}
			file.Source = f.byContent(head, whole, file)
		}
	}
	named := f.byName(file.Path)
	var damaged *unpack.Error
	switch {
	case errors.As(err, &damaged) && len(head) == 0:
		// Nothing can be read; a name says at least what is lost.
		file.Problem = damaged.Error()
		if named != nil {
			file.Source, file.By = named, "name"
		}
		return
	case errors.As(err, &damaged):
		// Damaged further on: the load keeps what stands before.
		if file.Source == nil {
			file.Source = f.byContent(head, whole, file)
		}
	case err != nil:
		file.Problem = plainError(err)
		return
	}
	if isArchive(file.Kind) {
		return
	}
	switch {
	case f.opts.Source != nil:
		file.Source, file.By = f.opts.Source, "asked"
		file.Objects = beginsObject(head)
		if file.Kind == unpack.Parquet && !file.Source.Parquet {
			file.Problem = "a Parquet file, which " + file.Source.Name + " is not delivered as"
		}
	case file.Kind == unpack.Parquet:
		// Its columns are read by the database; load tells its source.
		file.Source, file.By = named, "name"
	case file.Source != nil:
		file.By = "content"
		if named != nil && named != file.Source && file.Source.Recognise.With != named.Name {
			file.Note = fmt.Sprintf("its content is %s, its name that of %s", file.Source.Name, named.Name)
		}
		if file.Frame == unwrap.Lines && file.Source == f.known.catchAll && !unwrap.IsExport(file.Path) {
			file.Note = "its lines are those of a CloudWatch Logs export, its name is not"
		}
	case len(bytes.TrimSpace(head)) == 0 && whole:
		file.Note = "empty"
		if named != nil {
			file.Source, file.By = named, "name"
		}
	case named != nil && !emptyRecords(head):
		file.Source, file.By = named, "name"
		file.Objects = beginsObject(head)
		file.Note = "its name is that of " + named.Name + ", its beginning is not"
	case named != nil:
		file.Source, file.By = named, "name"
	case emptyRecords(head):
		file.Note = "a list without records"
	}
	if file.Source != nil && file.By == "name" && file.Size == 0 {
		file.Note = "empty"
	}
}

// look opens the file and gives its first n plain bytes, and whether that is
// all of it.
func (f *Finder) look(file *File, n int) ([]byte, bool, error) {
	in, err := os.Open(file.Local)
	if err != nil {
		return nil, false, err
	}
	defer in.Close()
	s, err := unpack.NewStream(in, unpack.Limits{})
	if err != nil {
		return nil, false, err
	}
	defer s.Close()
	file.Kind, file.Compression = s.Kind(), s.Compression()
	head := make([]byte, n)
	k, err := io.ReadFull(s, head)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return head[:k], true, nil
	}
	return head[:k], false, err
}

// byContent is the source whose records head begins with; nil where there is
// none. Where several claim it the file says so.
func (f *Finder) byContent(head []byte, whole bool, file *File) *schema.Source {
	// The first line or two may be broken, or somebody's remark.
	for range 5 {
		if s := f.byStart(head, whole, file); s != nil || file.Frame != "" || beginsJSON(head) {
			return s
		}
		_, rest, more := bytes.Cut(head, []byte{'\n'})
		if !more {
			break
		}
		head = rest
	}
	return nil
}

// byStart is byContent of what begins where head does.
func (f *Finder) byStart(head []byte, whole bool, file *File) *schema.Source {
	file.Frame, file.Arrival, file.Objects, file.Fields, file.Note = "", "", false, nil, ""
	if file.Frame = unwrap.Sniff(head, whole, f.known, f.opts.Sources); file.Frame != "" {
		return f.byMessage(file)
	}
	var claims []*schema.Source
	if keys := jsonrec.Peek(head, f.known.records, 16); keys != nil {
		// The first record that anyone knows decides; the load sorts out
		// records of other sources behind it.
		for _, k := range keys {
			if claims = f.known.byKeys(k); len(claims) > 0 {
				break
			}
		}
	}
	file.Objects = len(claims) > 0
	if len(claims) == 0 {
		claims, file.Fields = f.known.byLine(head)
	}
	if len(claims) > 1 {
		named := f.byName(file.Path)
		for _, s := range claims {
			if s == named {
				return s
			}
		}
		file.Note = "could be " + names(claims)
	}
	return first(claims)
}

// sampled is how many messages are looked at to tell the source of a file.
const sampled = 64

// byMessage is the source of the first message of a file that anyone knows.
func (f *Finder) byMessage(file *File) *schema.Source {
	in, err := os.Open(file.Local)
	if err != nil {
		return nil
	}
	defer in.Close()
	s, err := unpack.NewStream(in, unpack.Limits{})
	if err != nil {
		return nil
	}
	defer s.Close()
	r := unwrap.NewReader(s, unwrap.Options{Frame: file.Frame, Known: f.known, Sources: f.opts.Sources, Path: file.Path, Most: sampled})
	looked, reason := 0, ""
	for ; looked < sampled; looked++ {
		m, name, bad, err := r.Next()
		if err != nil {
			break
		}
		if bad != nil && reason == "" {
			reason = "; " + bad.Reason
		}
		if name == "" {
			continue
		}
		if m.Origin != nil {
			file.Arrival = m.Origin.Via
		}
		return f.source(name)
	}
	header, log := r.Header()
	switch {
	case looked > 0:
		file.Note = fmt.Sprintf("envelopes, but no record of a known source among the first %d%s", looked, reason)
	case r.Subscriptions() > 0:
		file.Arrival = unwrap.Subscription
		return f.known.catchAll
	case header != "":
		file.Arrival = unwrap.Results
		return f.source(header)
	case log:
		file.Arrival = unwrap.Insights
		return f.known.catchAll
	}
	return nil
}

// source is the source of a name; nil where there is none.
func (f *Finder) source(name string) *schema.Source {
	for _, s := range f.opts.Sources {
		if s.Name == name {
			return s
		}
	}
	return nil
}

func has(list []*schema.Source, s *schema.Source) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// emptyRecords reports whether head is a whole, empty delivery: {"Records":[]}.
func emptyRecords(head []byte) bool { return noRecords.Match(head) }

// beginsObject and beginsJSON report whether head begins like an object, or like
// that or a list of records.
func beginsObject(head []byte) bool { return firstByte(head) == '{' }
func beginsJSON(head []byte) bool   { c := firstByte(head); return c == '{' || c == '[' }

// firstByte is the first byte of head that is neither mark nor blank; 0: none.
func firstByte(head []byte) byte {
	head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")))
	if len(head) == 0 {
		return 0
	}
	return head[0]
}

// noRecords is an object whose only array is empty, or an empty array.
var noRecords = regexp.MustCompile(`^\s*(\{[^\[\]]*\[\s*\][^\[\]]*\}|\[\s*\])\s*$`)

// byName is the source whose path patterns the path fits; nil where none or
// several do.
func (f *Finder) byName(path string) *schema.Source {
	var found *schema.Source
	slashed := []byte(filepath.ToSlash(path))
	for _, s := range f.opts.Sources {
		for _, m := range f.paths[s.Name] {
			if m.Match(slashed) {
				if found != nil && found != s {
					return nil
				}
				found = s
			}
		}
	}
	return found
}
