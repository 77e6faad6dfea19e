package verify_test

import (
	"archive/zip"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"logquarry/cmd/logmaker/digests"
	"logquarry/engine/evidence"
	"logquarry/engine/schema"
	"logquarry/engine/schema/schematest"
	"logquarry/engine/verify"
)

const incident = "../../testdata/evidence"

// signed is a copy of the incident's CloudTrail with digests, and their keys.
func signed(t *testing.T) (dir string, keys evidence.Keys) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "logs")
	if err := os.CopyFS(filepath.Join(dir, "AWSLogs/111122223333/CloudTrail"), os.DirFS(incident+"/AWSLogs/111122223333/CloudTrail")); err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(t.TempDir(), "keys.json")
	if _, err := digests.Write(dir, list, true, digests.Options{Bucket: "example-logs", Trail: "main"}); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(list)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	keys = evidence.Keys{}
	if err := keys.Add(f); err != nil {
		t.Fatal(err)
	}
	return dir, keys
}

func run(t *testing.T, o verify.Options) *verify.Report {
	t.Helper()
	o.Scratch = t.TempDir()
	o.Sources = func() ([]*schema.Source, error) { return schematest.Shipped(t), nil }
	r, err := verify.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// An archive is looked into, and what lies in it is judged as if it lay there.
func TestArchive(t *testing.T) {
	dir, keys := signed(t)
	path := filepath.Join(t.TempDir(), "logs.zip")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	if err := errors.Join(z.AddFS(os.DirFS(dir)), z.Close(), out.Close()); err != nil {
		t.Fatal(err)
	}
	plain, packed := run(t, verify.Options{Paths: []string{dir}, Keys: keys}), run(t, verify.Options{Paths: []string{path}, Keys: keys})
	for name, r := range map[string]*verify.Report{"folder": plain, "archive": packed} {
		if n := evidence.Count(r.Evidence.Digests); !r.Sound() || n[evidence.Valid] < 100 || len(n) != 1 {
			t.Errorf("%s: %v, problems %v", name, n, r.Evidence.Problems())
		}
	}
	if plain.Files != packed.Files {
		t.Errorf("%d files, in the archive %d", plain.Files, packed.Files)
	}
}

// online knows the keys of some Regions.
type online struct {
	keys    evidence.Keys
	refused string
	asked   []string
}

func (o *online) PublicKeys(_ context.Context, region string, from, to time.Time) ([]evidence.Key, error) {
	o.asked = append(o.asked, region)
	if o.refused == "all" || region == o.refused {
		return nil, errors.New("public keys of " + region + ": refused")
	}
	if !from.Before(to) {
		return nil, errors.New("no time")
	}
	var out []evidence.Key
	for _, list := range o.keys {
		out = append(out, list...)
	}
	return out, nil
}

func TestOnline(t *testing.T) {
	dir, keys := signed(t)
	// None is asked where the keys are there.
	o := &online{keys: keys}
	if r := run(t, verify.Options{Paths: []string{dir}, Keys: keys, Online: o}); !r.Sound() || len(o.asked) > 0 {
		t.Errorf("asked %v", o.asked)
	}
	r := run(t, verify.Options{Paths: []string{dir}, Keys: evidence.Keys{}, Online: o})
	if n := evidence.Count(r.Evidence.Digests); len(n) != 1 || n[evidence.Valid] == 0 || r.Keys != 1 || len(o.asked) < 3 {
		t.Errorf("%v, %d keys, asked %v", n, r.Keys, o.asked)
	}
	// A Region that refuses is noted; where all do, it is an error.
	o = &online{keys: keys, refused: "us-east-1"}
	if r = run(t, verify.Options{Paths: []string{dir}, Keys: evidence.Keys{}, Online: o}); len(r.Evidence.Notes) != 1 || !strings.Contains(r.Evidence.Notes[0], "us-east-1: refused") {
		t.Errorf("notes %v", r.Evidence.Notes)
	}
	_, err := verify.Run(t.Context(), verify.Options{Paths: []string{dir}, Keys: evidence.Keys{}, Online: &online{refused: "all"}, Scratch: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("all refused: %v", err)
	}
}

// A file that cannot be read is said, and no other is lost.
func TestUnreadable(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may read everything")
	}
	dir, keys := signed(t)
	var path string
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if err == nil && path == "" && strings.Contains(p, "_CloudTrail_") {
			path = p
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	r := run(t, verify.Options{Paths: []string{dir}, Keys: keys})
	p := r.Evidence.Problems()
	if len(p) != 1 || p[0].Path != path || p[0].Finding != evidence.Unreadable {
		t.Errorf("problems %v", p)
	}
}

func TestStops(t *testing.T) {
	dir, keys := signed(t)
	ctx, stop := context.WithCancelCause(t.Context())
	stop(errors.New("enough"))
	if _, err := verify.Run(ctx, verify.Options{Paths: []string{dir}, Keys: keys, Scratch: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "enough") {
		t.Errorf("%v", err)
	}
}
