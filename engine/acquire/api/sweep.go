package api

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"

	"logquarry/engine/manifest"
)

// sweep puts in order what a killed run left below top: what is half written is
// taken away, and a file that is whole, but not in the manifest yet, is entered
// there. It stands for no window, so that its time is asked for again. Whoever holds
// the manifest is alone in the folder.
func (f *Fetch) sweep(ctx context.Context, top string) error {
	err := filepath.WalkDir(filepath.Join(f.Dir, top), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case strings.HasSuffix(path, part):
			return os.Remove(path)
		case !strings.HasSuffix(path, ending):
			return nil
		}
		rel, err := filepath.Rel(f.Dir, path)
		if err != nil || f.knows(filepath.ToSlash(rel)) {
			return err
		}
		return f.adopt(ctx, path, filepath.ToSlash(rel))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// knows reports whether the manifest has a path.
func (f *Fetch) knows(path string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.paths[path]
}

// adopt enters a file into the manifest, unless it is none of ours: each of its
// lines must be an answer with what was asked for.
func (f *Fetch) adopt(ctx context.Context, path, rel string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	z, err := gzip.NewReader(io.TeeReader(in, sum))
	if err != nil {
		return nil
	}
	var first request
	var at time.Time
	pages := int64(0)
	for lines := bufio.NewReaderSize(z, 1<<20); ; pages++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			break
		}
		var asked struct {
			Request *request `json:"@request"`
		}
		if err != nil || json.Unmarshal(line, &asked) != nil || asked.Request == nil || asked.Request.Service == "" {
			return nil
		}
		if pages == 0 {
			first, at = *asked.Request, asked.Request.Fetched
		}
	}
	// What follows the last answer belongs to the file too.
	if _, err := io.Copy(sum, in); err != nil {
		return err
	}
	info, err := in.Stat()
	if err != nil {
		return err
	}
	p, err := json.Marshal(parameters{Request: first.Parameters})
	if err != nil {
		return err
	}
	f.free(rel)
	return f.Log.Append(ctx, manifest.Entry{Status: manifest.Fetched, Fetched: at, Path: rel, Size: info.Size(), SHA256: hex.EncodeToString(sum.Sum(nil)),
		API: &manifest.Call{Service: first.Service, Operation: first.Operation, Region: first.Region, Account: first.Account, Parameters: p, Pages: pages}})
}
