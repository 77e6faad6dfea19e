package evidence

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"logquarry/engine/manifest"
)

// fetched is a line of a manifest, as far as it is read here.
type fetched struct {
	Status   string            `json:"status,omitempty"`
	Bucket   string            `json:"bucket"`
	Key      string            `json:"key"`
	Path     string            `json:"path"` // from the manifest's folder on, with slashes
	SHA256   string            `json:"sha256,omitempty"`
	Metadata map[string]string `json:"metadata"`
}

// listed is what a manifest says.
type listed struct {
	lines  []fetched
	report manifest.Report
	fault  error // why it could not be read to its end
}

// chained says whether a list is one that shows by itself that it was changed.
func (l *listed) chained() bool {
	return l != nil && l.report.Chained && len(l.lines) > 0
}

// readManifest reads the lines of a manifest; beside a fault those before it.
func readManifest(f File) *listed {
	l := new(listed)
	in, err := os.Open(f.Local)
	if err != nil {
		l.fault = err
		return l
	}
	defer in.Close()
	l.report, l.fault = manifest.Read(in, func(e *manifest.Entry, _ int64) {
		l.lines = append(l.lines, fetched{e.Status, e.Bucket, e.Key, e.Path, e.SHA256, e.Metadata})
	})
	return l
}

// Fetched is what came of holding files against the manifests among them.
type Fetched struct {
	Manifests int   // with a chain
	Lines     int64 // of these
	Same      int64 // files that are as they were fetched
	NotHad    int64 // objects that could not be had, whatever the reason, and were not had later
	// Held are the files that are not as they were fetched, by path.
	Held []Held
	// Broken says of each manifest whose chain does not hold where it ends.
	Broken []string
}

// Sound reports whether all is as it was fetched.
func (f *Fetched) Sound() bool { return len(f.Held) == 0 && len(f.Broken) == 0 }

// CompareManifests holds files, whose contents [Measure] gave, against the
// manifests among them. Lists without hashes, which others make, say nothing here.
func CompareManifests(files []File, contents []Content, faults []error) *Fetched {
	out := &Fetched{}
	at := make(map[string]int, len(files))
	for i, f := range files {
		at[slash(f.Path)] = i
	}
	for i, f := range files {
		l := contents[i].manifest
		if !l.chained() {
			continue
		}
		out.Manifests++
		out.Lines += int64(len(l.lines))
		if b := l.report.Broken; b != nil {
			out.Broken = append(out.Broken, fmt.Sprintf("%s: %v", f.Path, b))
		}
		dir := path.Dir(slash(f.Path))
		type object struct{ bucket, key string }
		missing, last := map[object]bool{}, map[string]string{}
		for _, m := range l.lines {
			switch {
			case m.Status == manifest.Failed:
				missing[object{m.Bucket, m.Key}] = true
			case m.Path != "" && m.SHA256 != "":
				last[m.Path] = m.SHA256
				delete(missing, object{m.Bucket, m.Key})
			}
		}
		out.NotHad += int64(len(missing))
		for name, sum := range last {
			// As the file would be called had it been found.
			h := Held{Path: strings.TrimSuffix(f.Path, manifest.Name) + name}
			k, ok := at[path.Join(dir, name)]
			switch {
			case !ok:
				h.Standing, h.Reason = Vanished, "it was fetched, and is not there any more"
			case faults[k] != nil:
				h.Standing, h.Reason = NotRead, faults[k].Error()
			case !strings.EqualFold(contents[k].Raw.String(), sum):
				h.Standing, h.Reason = Differs, "its SHA-256 when it was fetched was "+sum+" and is "+contents[k].Raw.String()
			default:
				out.Same++
				continue
			}
			out.Held = append(out.Held, h)
		}
	}
	slices.SortFunc(out.Held, func(a, b Held) int { return cmp.Compare(a.Path, b.Path) })
	return out
}
