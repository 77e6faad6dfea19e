package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"logquarry/cmd/logmaker/corpus"
	"logquarry/cmd/logmaker/digests"
	"logquarry/cmd/logmaker/logfile"
)

// childHash is what reading and hashing files costs by itself: each is read,
// unpacked and hashed, as many at a time as there are threads.
const childHash = "child-hash"

// signed is the corpus of many small log files of CloudTrail with the digests
// that belong to them, and keysName its file of public keys.
const (
	signed   = "verify"
	keysName = "keys.json"
)

// validation is what it took to check the digests of a corpus.
type validation struct {
	files        int
	hash, quarry costs
}

// writeSigned makes the corpus.
func writeSigned(dir string, scale float64) (logfile.Totals, error) {
	totals, err := corpus.Many(dir, scale)
	if err != nil {
		return totals, err
	}
	_, err = digests.Write(dir, filepath.Join(dir, keysName), true, digests.Options{Bucket: "example-cloudtrail-logs", Trail: "main"})
	return totals, err
}

// validate measures quarry verify over a corpus beside reading and hashing it.
func (b *session) validate(ctx context.Context, l *logs) (v validation, err error) {
	var paths []string
	for _, p := range l.paths() {
		if filepath.Ext(p) == ".gz" {
			paths = append(paths, p)
		}
	}
	if err := warm(paths); err != nil {
		return v, err
	}
	self, err := os.Executable()
	if err != nil {
		return v, err
	}
	order := filepath.Join(b.dir, "job.json")
	defer os.Remove(order)
	text, err := json.Marshal(paths)
	if err != nil {
		return v, err
	}
	if err := os.WriteFile(order, text, 0o644); err != nil {
		return v, err
	}
	threads := strconv.Itoa(b.threads)
	for i := range b.runs {
		b.say("%s, run %d of %d", l.name, i+1, b.runs)
		_, used, err := spend(exec.CommandContext(ctx, self, childHash, threads, order))
		if err != nil {
			return v, err
		}
		v.hash = append(v.hash, used)
		out, used, err := spend(exec.CommandContext(ctx, b.quarry, "verify", l.dir, "--keys", filepath.Join(l.dir, keysName), "--json", "--quiet", "--threads", threads))
		if err != nil {
			return v, fmt.Errorf("%w: %s", err, out)
		}
		var did struct {
			Sound    bool           `json:"sound"`
			LogFiles map[string]int `json:"log_files"`
		}
		if err := json.Unmarshal(out, &did); err != nil {
			return v, fmt.Errorf("what quarry verify says it did: %w: %s", err, out)
		}
		if !did.Sound || did.LogFiles["valid"] != int(l.totals.Files) {
			return v, fmt.Errorf("quarry verify found %v of %d log files", did.LogFiles, l.totals.Files)
		}
		v.files, v.quarry = did.LogFiles["valid"], append(v.quarry, used)
	}
	return v, nil
}

// runChildHash hashes what the files of a list unpack to.
func runChildHash(ctx context.Context, args []string) error {
	if len(args) != 2 {
		return errors.New("child-hash THREADS LIST")
	}
	threads, err := strconv.Atoi(args[0])
	if err != nil {
		return err
	}
	text, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	var paths []string
	if err := json.Unmarshal(text, &paths); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for part := range slices.Chunk(paths, (len(paths)+threads-1)/max(1, threads)) {
		g.Go(func() error {
			h, z, buf := sha256.New(), new(gzip.Reader), make([]byte, 256<<10)
			for _, p := range part {
				if ctx.Err() != nil {
					return context.Cause(ctx)
				}
				data, err := os.Open(p)
				if err != nil {
					return err
				}
				h.Reset()
				err = z.Reset(data)
				if err == nil {
					_, err = io.CopyBuffer(h, struct{ io.Reader }{z}, buf)
				}
				data.Close()
				if err != nil {
					return fmt.Errorf("%s: %w", p, err)
				}
			}
			return nil
		})
	}
	return g.Wait()
}
