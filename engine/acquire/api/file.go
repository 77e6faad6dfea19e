package api

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"logquarry/engine/acquire"
	"logquarry/engine/manifest"
)

// request is the member put in front of an answer.
type request struct {
	Service   string    `json:"service"`
	Operation string    `json:"operation"`
	Account   string    `json:"account"`
	Region    string    `json:"region"`
	Fetched   time.Time `json:"fetched"`
	RequestID string    `json:"requestId,omitempty"`
	// LogGroup is the one that was asked for: an answer of CloudWatch Logs does not
	// say.
	LogGroup   string          `json:"logGroupName,omitempty"`
	Parameters json.RawMessage `json:"parameters,omitempty"`
	// XML is the answer itself, where what follows was made from it.
	XML string `json:"xml,omitempty"`
}

// file is an evidence file that is being written, one answer a line. It is made
// with the first answer that holds anything, and is there under its name once it is
// whole and on the disk.
type file struct {
	f   *Fetch
	dir string // with slashes, from the folder on
	key about

	tmp   *os.File
	buf   *bufio.Writer
	zip   *gzip.Writer
	sum   hash.Hash
	pages int64
	items int64
	bytes int64
	ids   []string
	at    time.Time // of the first answer
}

// part is how the name of a file ends that is being written.
const part = ".quarry-part"

func (f *Fetch) file(dir string, key about) *file { return &file{f: f, dir: dir, key: key} }

// add takes up an answer with so many items. One without any is counted and not
// kept: the manifest says that there was nothing.
func (w *file) add(a answer, r request, items int64) error {
	if w.at.IsZero() {
		w.at = a.at
	}
	w.pages++
	w.items += items
	w.ids = append(w.ids, a.requestID)
	w.f.count(w.key.region, items, int64(len(a.body)))
	if items == 0 {
		return nil
	}
	r.Service, r.Operation, r.Account, r.Region, r.Fetched, r.RequestID = w.key.service, w.key.operation, w.key.account, w.key.region, a.at, a.requestID
	head, err := marshal(r)
	if err != nil {
		return err
	}
	body := bytes.TrimSpace(a.body)
	if len(body) < 2 || body[0] != '{' || !json.Valid(body) {
		return &acquire.Error{What: services[w.key.service].name + " " + w.key.operation + " in " + w.key.region, Reason: "the answer is no JSON object", Advice: "is a proxy in the way?"}
	}
	if w.tmp == nil {
		if err := w.create(); err != nil {
			return err
		}
	}
	w.bytes += int64(len(body))
	for _, text := range [][]byte{[]byte(`{"@request":`), head, separator(body), body[1:], {'\n'}} {
		if _, err := w.zip.Write(text); err != nil {
			return err
		}
	}
	return nil
}

// marshal is JSON that leaves the signs of HTML as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte{'\n'}), err
}

// separator stands between the member in front and those of the answer.
func separator(body []byte) []byte {
	if len(bytes.TrimSpace(body[1:])) == 1 {
		return nil // it has none
	}
	return []byte{','}
}

func (w *file) create() (err error) {
	dir := filepath.Join(w.f.Dir, filepath.FromSlash(w.dir))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if w.tmp, err = os.CreateTemp(dir, "*"+part); err != nil {
		return err
	}
	w.sum = sha256.New()
	w.buf = bufio.NewWriterSize(io.MultiWriter(w.tmp, w.sum), 64<<10)
	w.zip = gzip.NewWriter(w.buf)
	return nil
}

// end gives the file its name and puts it into the manifest, or only there that
// there was nothing.
func (w *file) end(ctx context.Context, name string, p parameters) (err error) {
	defer w.drop()
	text, err := json.Marshal(p)
	if err != nil {
		return err
	}
	e := manifest.Entry{Status: manifest.Fetched, Fetched: w.at, API: &manifest.Call{
		Service: w.key.service, Operation: w.key.operation, Region: w.key.region, Account: w.key.account, Parameters: text,
		Pages: w.pages, Items: w.items, RequestIDs: w.ids,
	}}
	if w.tmp != nil {
		if err := errors.Join(w.zip.Close(), w.buf.Flush(), w.tmp.Sync()); err != nil {
			return err
		}
		info, err := w.tmp.Stat()
		if err != nil {
			return err
		}
		if err := w.tmp.Close(); err != nil {
			return err
		}
		e.Path, e.Size, e.SHA256 = w.f.free(path.Join(w.dir, name)), info.Size(), hex.EncodeToString(w.sum.Sum(nil))
		if err := w.put(e.Path); err != nil {
			return err
		}
	}
	if err := w.f.Log.Append(ctx, e); err != nil {
		return err
	}
	if e.Path != "" {
		w.f.mu.Lock()
		w.f.sum.Files++
		w.f.mu.Unlock()
		if w.f.Each != nil {
			w.f.Each([]manifest.Entry{e})
		}
	}
	return nil
}

// ending is how the names of files end.
const ending = ".ndjson.gz"

// free is the path for a file: the one wanted, or that with a number where the
// manifest has the first already.
func (f *Fetch) free(want string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.paths == nil {
		f.paths = map[string]bool{}
	}
	name := want
	for n := 2; f.paths[name]; n++ {
		name = fmt.Sprintf("%s_%d%s", strings.TrimSuffix(want, ending), n, ending)
	}
	f.paths[name] = true
	return name
}

// put moves the file to its place. One that is there was written by a run that was
// killed before the manifest had it.
func (w *file) put(to string) error {
	at := filepath.Join(w.f.Dir, filepath.FromSlash(to))
	if err := os.Rename(w.tmp.Name(), at); err != nil {
		return err
	}
	w.tmp = nil
	d, err := os.Open(filepath.Dir(at))
	if err != nil {
		return err
	}
	_ = d.Sync() // not every system lets a folder be synced
	return d.Close()
}

// drop takes away what was not ended. It may be called again.
func (w *file) drop() {
	if w.tmp == nil {
		return
	}
	w.tmp.Close()
	os.Remove(w.tmp.Name())
	w.tmp = nil
}

// short is the beginning of a text's hash, to tell files apart by it.
func short(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}

// safe is a name of AWS's as the name of a file: what may not stand there is _, and
// then the beginning of the true name's hash keeps two apart.
func safe(name string) string {
	text := []byte(name)
	changed := len(text) > 120
	text = text[:min(len(text), 120)]
	for i, c := range text {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' && i > 0 {
			continue
		}
		text[i], changed = '_', true
	}
	if !changed {
		return name
	}
	return string(bytes.Trim(text, "_.")) + "-" + short(name)
}
