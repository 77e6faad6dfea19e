package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"logquarry/cmd/logmaker/corpus"
	"logquarry/cmd/logmaker/logfile"
)

// bigBytes is the size of the one big file at scale 1.
const bigBytes = 2_000_000_000

// stamp says what a kept corpus is; one made by other arguments or by another
// version of the generator is made anew.
type stamp struct {
	Kind    string         `json:"kind"` // as cmd/logmaker names it
	Scale   float64        `json:"scale"`
	Version int            `json:"version"`
	Totals  logfile.Totals `json:"totals"`
}

const stampName = "stamp.json"

// logs is one corpus on disk.
type logs struct {
	name   string // of the measure, as cloudtrail_5x
	source string // the table its records belong to
	dir    string // of the files
	totals logfile.Totals
	groups []group
}

// group is files that DuckDB can read with one set of columns.
type group struct {
	Header string   `json:"header"` // the line of field names; empty for JSON
	Paths  []string `json:"paths"`
}

func (l *logs) paths() []string {
	var all []string
	for _, g := range l.groups {
		all = append(all, g.Paths...)
	}
	return all
}

// write makes one corpus in dir; it is what the child process called
// childCorpus does.
func write(s stamp, dir string) (logfile.Totals, error) {
	switch s.Kind {
	case "cloudtrail":
		return corpus.CloudTrail(dir, s.Scale)
	case "vpc_flow":
		return corpus.VPCFlow(dir, s.Scale)
	case "waf":
		return corpus.WAF(dir, s.Scale)
	case "tiny":
		return corpus.Tiny(dir, s.Scale)
	case signed:
		return writeSigned(dir, s.Scale)
	case "big":
		return corpus.Big(dir, int64(bigBytes*s.Scale))
	}
	return corpus.Lines(dir, s.Kind, s.Scale)
}

// keep makes the corpus below root, or takes the one that is there, and lists
// its files. say is told when it has to be made, which can take minutes.
func keep(ctx context.Context, root, name, source string, want stamp, say func(string, ...any)) (*logs, error) {
	want.Version = corpus.Version
	home := filepath.Join(root, fmt.Sprintf("%s-%g", name, want.Scale))
	l := &logs{name: name, source: source, dir: filepath.Join(home, "files")}
	have, err := readStamp(filepath.Join(home, stampName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	want.Totals = have.Totals
	if have != want || err != nil {
		say("making the corpus %s at scale %g", name, want.Scale)
		if want.Totals, err = remake(ctx, home, l.dir, want); err != nil {
			return nil, fmt.Errorf("make corpus %s: %w", name, err)
		}
	}
	l.totals = want.Totals
	l.groups, err = list(l.dir, source == "vpc_flow" || source == "tgw_flow")
	return l, err
}

func readStamp(path string) (s stamp, err error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(text, &s); err != nil {
		// Whatever it is, the corpus beside it cannot be trusted.
		return stamp{}, fs.ErrNotExist
	}
	return s, nil
}

// remake makes the corpus in a child process: what a process has used of memory
// counts towards the peak of the children it starts later, so this one stays small.
func remake(ctx context.Context, home, files string, want stamp) (logfile.Totals, error) {
	if err := os.RemoveAll(home); err != nil {
		return logfile.Totals{}, err
	}
	if err := os.MkdirAll(files, 0o755); err != nil {
		return logfile.Totals{}, err
	}
	arg, err := json.Marshal(want)
	if err != nil {
		return logfile.Totals{}, err
	}
	self, err := os.Executable()
	if err != nil {
		return logfile.Totals{}, err
	}
	out, _, err := spend(exec.CommandContext(ctx, self, childCorpus, string(arg), files))
	if err != nil {
		return logfile.Totals{}, err
	}
	if err := json.Unmarshal(out, &want.Totals); err != nil {
		return logfile.Totals{}, err
	}
	text, err := json.Marshal(want)
	if err != nil {
		return logfile.Totals{}, err
	}
	// Last, so that a corpus cut short has no stamp.
	return want.Totals, os.WriteFile(filepath.Join(home, stampName), append(text, '\n'), 0o644)
}

// list is the files below dir, parted by their header lines where they have any.
func list(dir string, headed bool) ([]group, error) {
	var groups []group
	at := map[string]int{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		header := ""
		if headed {
			if header, err = firstLine(path); err != nil {
				return fmt.Errorf("read header of %s: %w", path, err)
			}
		}
		i, ok := at[header]
		if !ok {
			i = len(groups)
			at[header] = i
			groups = append(groups, group{Header: header})
		}
		groups[i].Paths = append(groups[i].Paths, path)
		return nil
	})
	return groups, err
}

func firstLine(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return "", err
	}
	line, err := bufio.NewReader(z).ReadString('\n')
	return strings.TrimSuffix(line, "\n"), err
}

// warm reads the files once, so that the first tool measured does not pay for
// the disk what the others find in memory.
func warm(paths []string) error {
	buf := make([]byte, 1<<20)
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, buf)
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
