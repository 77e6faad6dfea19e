package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"logquarry/engine/find"
	"logquarry/engine/manifest"
)

// Origin is the object of S3 that a file is a copy of. What is not known is empty.
type Origin struct {
	Bucket, Key, Version, ETag string
	Encryption, KMSKey         string
}

// OriginOf is what a line of a manifest says of its file.
func OriginOf(e *manifest.Entry) Origin {
	return Origin{e.Bucket, e.Key, e.VersionID, e.ETag, e.Encryption, e.KMSKeyID}
}

// origins are what the manifests above the files say, by path. A manifest that
// cannot be read to its end says what stands before: quarry verify judges it. read
// has for each folder how far its manifest was read by an earlier load, whose files
// are hardly those of this one; it is brought up to date.
func origins(ctx context.Context, files []find.File, read map[string]int64) (func(path string) Origin, error) {
	top := map[string]string{}           // a folder → that of the manifest for it; empty: there is none
	known := map[string]map[string]int{} // that folder → paths below it → place in list
	var list []Origin
	for _, f := range files {
		name := outer(f.Path)
		dir := above(filepath.Dir(name), top)
		if dir == "" {
			continue
		}
		if known[dir] == nil {
			known[dir] = map[string]int{}
		}
		if rel, err := below(dir, name); err == nil {
			known[dir][rel] = -1
		}
	}
	for dir, wanted := range known {
		open := len(wanted) // paths that no line was of yet
		each := func(e *manifest.Entry) {
			at, ok := wanted[e.Path]
			switch {
			case !ok:
				return
			case at < 0:
				list = append(list, Origin{})
				at = len(list) - 1
				wanted[e.Path] = at
				open--
			}
			list[at] = OriginOf(e)
		}
		from := read[dir]
		end, err := readFrom(ctx, dir, from, each)
		if err == nil && open > 0 && from > 0 {
			end, err = readFrom(ctx, dir, 0, each)
		}
		if err != nil {
			return nil, err
		}
		read[dir] = end
	}
	return func(path string) Origin {
		name := outer(path)
		dir := top[filepath.Dir(name)]
		if rel, err := below(dir, name); dir != "" && err == nil {
			if at, ok := known[dir][rel]; ok && at >= 0 {
				return list[at]
			}
		}
		return Origin{}
	}, nil
}

// readFrom reads the manifest of a folder from the line on that begins there, and
// says where its last line begins.
func readFrom(ctx context.Context, dir string, from int64, each func(*manifest.Entry)) (last int64, err error) {
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	in, err := os.Open(filepath.Join(dir, manifest.Name))
	if err != nil {
		return 0, fmt.Errorf("read what was fetched: %w", err)
	}
	defer in.Close()
	if _, err := in.Seek(from, io.SeekStart); err != nil {
		return 0, fmt.Errorf("read what was fetched: %w", err)
	}
	last = from
	_, err = manifest.Read(in, func(e *manifest.Entry, at int64) { last = from + at; each(e) })
	var broken *manifest.Break
	if err != nil && !errors.As(err, &broken) {
		return 0, fmt.Errorf("read what was fetched: %w", err)
	}
	return last, nil
}

// outer is the file that lies on the disk: the archive of a member.
func outer(path string) string {
	if _, err := os.Lstat(path); err == nil {
		return path
	}
	name, _, _ := strings.Cut(path, "!")
	return name
}

// below is the path of a file from a folder on, with slashes.
func below(dir, name string) (string, error) {
	abs, err := filepath.Abs(name)
	if err != nil {
		return "", err
	}
	rel, err := filepath.Rel(dir, abs)
	return filepath.ToSlash(rel), err
}

// above is the nearest folder from dir upwards that has a manifest, absolute. It
// notes for each what it found.
func above(dir string, found map[string]string) string {
	if at, ok := found[dir]; ok {
		return at
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	at := ""
	if info, err := os.Stat(filepath.Join(abs, manifest.Name)); err == nil && info.Mode().IsRegular() {
		at = abs
	} else if parent := filepath.Dir(abs); parent != abs && (err == nil || errors.Is(err, fs.ErrNotExist)) {
		at = above(parent, found)
	}
	found[dir] = at
	return at
}
