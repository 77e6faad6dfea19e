package api

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"logquarry/engine/custody"
)

// TestKilled kills runs at any moment: what they leave is gone on with, and in the
// end each event is there, the list of files whole, and nothing half written.
func TestKilled(t *testing.T) {
	h := busy(240)
	served := make(chan struct{}, 1)
	a := &cloud{t: t, regions: []string{"eu-west-1"}, answers: map[string]func(string, map[string]any) any{"cloudtrail LookupEvents": func(region string, in map[string]any) any {
		select {
		case served <- struct{}{}:
		default:
		}
		time.Sleep(2 * time.Millisecond) // far away, so that a run takes a while
		return h.lookup(region, in)
	}}}
	endpoint, dir := a.serve().Endpoint, t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	kills := 0
	for done := false; !done; {
		c := exec.CommandContext(t.Context(), os.Args[0])
		c.Env = append(os.Environ(), "API_TEST_ENDPOINT="+endpoint, "API_TEST_FOLDER="+dir)
		c.Stderr = os.Stderr
		select {
		case <-served:
		default:
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Wait() }()
		select {
		case <-served:
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			done = true
			continue
		}
		select {
		case <-time.After(time.Duration(random.IntN(100)) * time.Millisecond):
			if kills++; kills > 100 {
				t.Fatal("it gets nowhere")
			}
			if err := c.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			<-ended
		case err := <-ended:
			if err != nil {
				t.Fatal(err)
			}
			done = true
		}
	}
	got := ids(t, dir)
	twice := len(got)
	if got = slices.Compact(got); len(got) != 238 || kills < 3 {
		t.Errorf("%d events are there after %d kills", len(got), kills)
	}
	// At the edges of files alone, where the times are the same.
	if twice -= len(got); twice > 3*len(lines(t, dir)) {
		t.Errorf("%d events are there twice", twice)
	}
	written := int64(0)
	for _, e := range entries(t, dir) {
		if e.Path == "" {
			continue
		}
		written++
		if sum, size, err := custody.Sum(filepath.Join(dir, e.Path)); err != nil || sum != e.SHA256 || size != e.Size {
			t.Errorf("%s is not what the manifest says: %v", e.Path, err)
		}
	}
	if n := len(lines(t, dir)); int64(n) != written {
		t.Errorf("%d files, of which the manifest has %d", n, written)
	}
}
