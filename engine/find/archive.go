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

// Archives unpack to at most this many bytes together, and lie in one another
// at most so deep. Members are streamed to disk, never held in memory.
const (
	maxArchive = 1 << 40
	maxNesting = 3
	// maxRatio bounds one zip member, as unpack's limits bound a stream.
	maxRatio = 400
	freeSize = 64 << 20
)

func isArchive(k unpack.Kind) bool { return k == unpack.Zip || k == unpack.Tar }

// extract unpacks an archive into the scratch folder and identifies its
// members. Names of members are only shown, never used as paths. What cannot
// be unpacked is listed with its problem.
func (f *Finder) extract(ctx context.Context, file *File, depth int) ([]File, error) {
	var files []File
	add := func(name string, r io.Reader, packed int64) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		member := File{Path: file.Path + "!" + name}
		out, err := os.CreateTemp(f.opts.Scratch, "member-*")
		if err != nil {
			return err
		}
		limit := f.budget
		if packed >= 0 {
			limit = min(limit, max(freeSize, packed*maxRatio))
		}
		n, err := io.Copy(out, io.LimitReader(r, limit+1))
		f.budget -= n
		if cerr := out.Close(); cerr != nil {
			return cerr
		}
		member.Local, member.Size = out.Name(), n
		switch {
		case n > limit:
			member.Problem = "a decompression bomb: it unpacks to more than is allowed"
			os.Remove(out.Name())
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
	var err error
	if file.Kind == unpack.Zip && file.Compression == "none" {
		err = f.zip(file, add)
	} else {
		err = f.tar(file, add)
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

func (f *Finder) zip(file *File, add func(string, io.Reader, int64) error) error {
	z, err := zip.OpenReader(file.Local)
	if err != nil {
		return fmt.Errorf("read as a zip archive: %w", err)
	}
	defer z.Close()
	for _, m := range z.File {
		if !m.Mode().IsRegular() {
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

func (f *Finder) tar(file *File, add func(string, io.Reader, int64) error) error {
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
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read as a tar archive: %w", err)
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		if err := add(h.Name, t, -1); err != nil {
			return err
		}
	}
}
