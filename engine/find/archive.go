package find

import (
	"archive/tar"
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"logquarry/engine/unpack"
)

// Limits of archives, which bound what a small hostile one can do to the
// machine. Members are streamed to disk, never held in memory, and lie there
// under names of ours.
const (
	// maxNesting is how deep archives may lie in one another.
	maxNesting = 3
	// maxRatio bounds a member of a zip against its packed size, and all that
	// comes out of one archive, nested ones too, against the archive's own: in a
	// zip members may overlap, in a tar they may be holes.
	maxRatio = unpack.DefaultRatio
	// freeSize may always come out of an archive, and of a member.
	freeSize = unpack.DefaultFree
	// maxMembers of all archives together; each is a file on disk.
	maxMembers = 4_000_000
	// maxArchives is what archives unpack to together where it is not known how
	// much room there is. Else they may take three quarters of what is free:
	// the case needs room too.
	maxArchives = 1 << 40
	// maxNames of a tar's members are remembered, to know where hard links lead.
	maxNames = 100_000
)

// room is how much archives may unpack to in the folder dir.
func room(dir string) int64 {
	free, ok := freeBytes(dir)
	if !ok {
		return maxArchives
	}
	return free / 4 * 3
}

func isArchive(k unpack.Kind) bool { return k == unpack.Zip || k == unpack.Tar }

// extract unpacks an archive into the scratch folder and identifies its
// members. Names of members are only shown, never used as paths. What cannot
// be unpacked is listed with its problem.
func (f *Finder) extract(ctx context.Context, file *File, depth int) ([]File, error) {
	if depth == 1 {
		f.allowed = freeSize
		if file.Size > freeSize/maxRatio {
			f.allowed = file.Size * maxRatio
		}
	}
	var files []File
	add := func(name string, r io.Reader, packed int64) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if f.members++; f.members > f.maxMembers {
			return fmt.Errorf("archives with more than %d members together; the rest is not unpacked", f.maxMembers)
		}
		member := File{Path: file.Path + "!" + name}
		out, err := os.CreateTemp(f.opts.Scratch, "member-*")
		if err != nil {
			return err
		}
		limit := min(f.budget, f.allowed)
		if packed >= 0 && packed < limit/maxRatio {
			limit = min(limit, max(freeSize, packed*maxRatio))
		}
		n, err := io.Copy(out, io.LimitReader(r, limit+1))
		f.budget -= n
		f.allowed -= n
		if cerr := out.Close(); cerr != nil {
			return cerr
		}
		member.Local, member.Size = out.Name(), n
		switch {
		case n > limit:
			member.Local = ""
			if rerr := os.Remove(out.Name()); rerr != nil {
				return rerr
			}
			f.budget += n
			switch {
			case f.budget < n:
				return errors.New("there is no room to unpack it: the rest would take more than three quarters of what is free; TMPDIR names another folder")
			case f.allowed < 0:
				return fmt.Errorf("a decompression bomb: it unpacks to more than %d times its size; the rest is not unpacked", maxRatio)
			}
			member.Problem = "a decompression bomb: it unpacks to more than is allowed"
		case err != nil && !readFault(err):
			return err
		case err != nil && n == 0:
			member.Problem = "unpack: " + err.Error()
		default:
			f.identify(&member)
			if err != nil {
				member.Lost = "only its beginning could be unpacked: " + err.Error()
			}
			if member.Problem == "" && isArchive(member.Kind) {
				if depth == maxNesting {
					member.Problem = fmt.Sprintf("an archive more than %d deep in others", maxNesting)
					break
				}
				inner, err := f.extract(ctx, &member, depth+1)
				if err != nil {
					return err
				}
				files = append(files, inner...)
				if member.Problem == "" {
					return nil
				}
			}
		}
		files = append(files, member)
		return nil
	}
	skipped := func(name, why string) {
		files = append(files, File{Path: file.Path + "!" + name, Problem: why})
	}
	var err error
	if file.Kind == unpack.Zip && file.Compression == "none" {
		err = f.zip(file, add, skipped)
	} else {
		err = f.tar(file, add, skipped)
	}
	if err != nil && readFault(err) {
		file.Problem = err.Error()
		err = nil
	}
	return files, err
}

// readFault tells damage of an archive from trouble with the scratch folder.
func readFault(err error) bool {
	var pe *os.PathError
	var own *unpack.Error
	return errors.As(err, &own) || errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) ||
		errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, tar.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) ||
		!errors.As(err, &pe) && !errors.Is(err, context.Canceled)
}

func (f *Finder) zip(file *File, add func(string, io.Reader, int64) error, skipped func(name, why string)) error {
	z, err := zip.OpenReader(file.Local)
	if err != nil {
		return fmt.Errorf("read as a zip archive: %w", err)
	}
	defer z.Close()
	for _, m := range z.File {
		if m.Mode().IsDir() {
			continue
		}
		if !m.Mode().IsRegular() {
			skipped(m.Name, "no regular file but "+m.Mode().Type().String()+", which is not unpacked")
			continue
		}
		r, err := m.Open()
		if err != nil {
			// The others may be sound: add lists this one with its problem.
			r = io.NopCloser(failed{err})
		}
		err = add(m.Name, r, int64(m.CompressedSize64))
		r.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// failed is a member that cannot be opened.
type failed struct{ err error }

func (f failed) Read([]byte) (int, error) { return 0, f.err }

func (f *Finder) tar(file *File, add func(string, io.Reader, int64) error, skipped func(name, why string)) error {
	in, err := os.Open(file.Local)
	if err != nil {
		return err
	}
	defer in.Close()
	s, err := unpack.NewStream(in, unpack.Limits{})
	if err != nil {
		return err
	}
	defer s.Close()
	if s.Kind() != unpack.Tar {
		return fmt.Errorf("a %s archive inside %s compression, which is not unpacked", s.Kind(), s.Compression())
	}
	t := tar.NewReader(s)
	seen := map[string]bool{} // by name
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read as a tar archive: %w", err)
		}
		switch h.Typeflag {
		case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		case tar.TypeLink:
			// The content is that of a member before.
			if !seen[h.Linkname] {
				skipped(h.Name, "a hard link to what is not in the archive")
			}
			continue
		case tar.TypeSymlink:
			skipped(h.Name, "a link, which is not followed")
			continue
		default:
			skipped(h.Name, "no regular file, which is not unpacked")
			continue
		}
		if len(seen) < maxNames {
			seen[h.Name] = true
		}
		if err := add(h.Name, t, -1); err != nil {
			return err
		}
	}
}
