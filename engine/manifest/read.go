package manifest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Is says whether the file is a manifest with a chain, by its name and beginning.
func Is(path string) bool {
	if filepath.Base(path) != Name {
		return false
	}
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	const begins = `{"seq":1,"prev":"",`
	head := make([]byte, len(begins))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == begins
}

// Break is the first place where a manifest is not as it was written.
type Break struct {
	Line   int64 // from 1
	Reason string
}

func (b *Break) Error() string { return fmt.Sprintf("line %d: %s", b.Line, b.Reason) }

// Report is what a manifest came to.
type Report struct {
	Lines int64
	// Chained is false for a list that somebody else made: no line has a number
	// or the hash of another, so that a change would not show.
	Chained bool
	// Torn is how many bytes of an unfinished line stand at the end, which a
	// killed run leaves.
	Torn int64
	// Broken is where the chain ends; nil: nowhere.
	Broken *Break
	// Last is the hash of the last line, which covers all before it.
	Last string
}

// Read reads a manifest and calls each with every line that is whole, also
// behind a break; at is where the line begins, in bytes. The error is one of
// reading, or a *[Break] at a line that is no JSON object, behind which nothing
// is read.
func Read(r io.Reader, each func(e *Entry, at int64)) (Report, error) {
	in := bufio.NewReaderSize(r, 256<<10)
	rep := Report{Chained: true}
	var at int64
	for {
		line, err := in.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return rep, err
		}
		end := err != nil
		if end && rep.Chained && rep.torn(line) {
			rep.Torn = int64(len(line))
			return rep, nil
		}
		text := bytes.TrimSpace(line)
		switch {
		case len(text) > 0:
			rep.Lines++
			var e Entry
			if jerr := json.Unmarshal(text, &e); jerr != nil {
				b := &Break{rep.Lines, "no JSON object: " + jerr.Error()}
				if rep.Broken == nil {
					rep.Broken = b
				}
				return rep, b
			}
			rep.follow(&e, line)
			if each != nil {
				each(&e, at)
			}
		case len(line) > 0 && rep.Broken == nil && rep.Chained:
			rep.Broken = &Break{rep.Lines + 1, "an empty line, which was not written"}
		}
		at += int64(len(line))
		if end {
			if rep.Lines == 0 {
				rep.Chained = true
			}
			return rep, nil
		}
	}
}

// torn says whether what stands behind the last end of a line is the beginning of
// the line that would have come next. Where the machine went down, some of it may
// never have been filled in.
func (r *Report) torn(tail []byte) bool {
	begins := fmt.Appendf(nil, `{"seq":%d,"prev":%q,`, r.Lines+1, r.Last)
	got := bytes.TrimRight(tail, "\x00")
	return len(tail) > 0 && (bytes.HasPrefix(got, begins) || bytes.HasPrefix(begins, got))
}

// follow holds a line against those before it.
func (r *Report) follow(e *Entry, line []byte) {
	free := e.Seq == 0 && e.Prev == ""
	if r.Lines == 1 && free {
		r.Chained = false
	}
	before := r.Last
	r.Last = sum(line)
	switch {
	case r.Broken != nil || !r.Chained && free:
	case !r.Chained:
		r.Broken = &Break{r.Lines, "the lines before it are no chain"}
	case e.Seq != r.Lines:
		r.Broken = &Break{r.Lines, fmt.Sprintf("it is number %d: lines were taken out or put in", e.Seq)}
	case e.Prev != before:
		r.Broken = &Break{r.Lines, "it does not hold the hash of the line before: one of the two was changed"}
	}
}
