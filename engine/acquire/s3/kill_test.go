package s3

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"logquarry/engine/manifest"
)

// TestMain is the process that is killed where it is told what to fetch.
func TestMain(m *testing.M) {
	endpoint, dir := os.Getenv("S3_TEST_ENDPOINT"), os.Getenv("S3_TEST_FOLDER")
	if endpoint == "" {
		os.Exit(m.Run())
	}
	sum, err := Fetch(context.Background(), Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir, Parallel: 16, PartBytes: 8000})
	fmt.Println(sum.Fetched, sum.Have, sum.Failed, err)
	if err != nil || sum.Failed > 0 {
		os.Exit(1)
	}
}

// A run that is killed at any moment leaves what the next goes on with: in the end
// every object is there once, and the chain whole.
func TestKilled(t *testing.T) {
	s, endpoint := newStore(t)
	want := fill(s, 4000)
	served := make(chan struct{}, 1)
	s.beforeGets(func(_ string, _ int, _ http.ResponseWriter, r *http.Request) bool {
		select {
		case served <- struct{}{}:
		default:
		}
		// Far away, so that there is something left after the last kill.
		select {
		case <-time.After(60 * time.Millisecond):
		case <-r.Context().Done():
		}
		return false
	})
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(3, 4))
	moments := map[int64]bool{}
	promised := int64(0)
	for kills := 0; kills < 20; {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), "S3_TEST_ENDPOINT="+endpoint, "S3_TEST_FOLDER="+dir)
		c.Stdout = os.Stderr
		select {
		case <-served:
		default:
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- c.Wait() }()
		select {
		case <-served: // it fetches
		case err := <-done:
			t.Fatalf("all was there after %d kills, %v", kills, err)
		}
		select {
		case <-time.After(time.Duration(random.IntN(900)) * time.Millisecond):
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-done
			kills++
		case err := <-done:
			t.Fatalf("all was there after %d kills, %v", kills, err)
		}
		// What the list says is there, now too.
		f, err := os.Open(filepath.Join(dir, manifest.Name))
		if err != nil {
			continue // it was not begun
		}
		rep, err := manifest.Read(f, func(e *manifest.Entry, _ int64) {
			if info, err := os.Stat(filepath.Join(dir, e.Path)); err != nil || info.Size() != e.Size {
				t.Errorf("%s: %v", e.Path, err)
			}
		})
		f.Close()
		if err != nil || rep.Broken != nil || rep.Lines < promised {
			t.Fatalf("after kill %d: %+v, %v; there were %d lines", kills, rep, err, promised)
		}
		promised = rep.Lines
		moments[promised] = true
	}
	if len(moments) < 5 {
		t.Errorf("killed at %d different places alone", len(moments))
	}
	t.Logf("%d lines after the kills, which left %d different lists", promised, len(moments))
	s.beforeGets(nil)
	sum := run(t, Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir, PartBytes: 8000})
	if sum.Fetched+sum.Have != int64(len(want)) || sum.Have < promised || sum.Moved != 0 {
		t.Errorf("in the end %d fetched, %d there, %d moved, %d promised", sum.Fetched, sum.Have, sum.Moved, promised)
	}
	all := lines(t, dir)
	got := tree(t, dir)
	if len(all) != len(want) || len(got) != len(want) {
		t.Fatalf("%d lines, %d files, want %d", len(all), len(got), len(want))
	}
	for key, body := range want {
		if got[key] != body {
			t.Errorf("%s is not what it was", key)
		}
	}
}
