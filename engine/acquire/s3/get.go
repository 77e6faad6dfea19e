package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"logquarry/engine/acquire"
	"logquarry/engine/manifest"
)

// getter gets objects into files of the scratch folder.
type getter struct {
	o    *Options
	c    *clients
	t    *tally
	root *os.Root
	next atomic.Int64
	// slots bound the requests under way: a large object has several.
	slots chan struct{}
	bufs  sync.Pool
	// hashes: the server's ETags are MD5s. AWS's are; of others it is known once one
	// was that of its object.
	hashes atomic.Bool
}

func newGetter(o *Options, c *clients, t *tally, root *os.Root) *getter {
	g := &getter{o: o, c: c, t: t, root: root, slots: make(chan struct{}, o.Parallel),
		bufs: sync.Pool{New: func() any { b := make([]byte, bufBytes); return &b }}}
	g.hashes.Store(o.endpoint == "")
	return g
}

const (
	// bufBytes is read at a time; what fits is written at once.
	bufBytes = 128 << 10
	// readings is how often an object is read that does not come whole. The
	// requests have their own attempts.
	readings = 6
	// firstWait grows by half with each reading.
	firstWait = 100 * time.Millisecond
)

// got is an object in the scratch folder.
type got struct {
	entry manifest.Entry
	temp  string // below the folder
}

// errStalled is the cause of a reading that nothing came of any more.
var errStalled = errors.New("nothing came any more")

// errChanged says that the object is not the one that was listed.
var errChanged = errors.New("it was changed")

// broken is an error of reading, after which another reading may do better.
type broken struct{ err error }

func (b *broken) Error() string { return b.err.Error() }
func (b *broken) Unwrap() error { return b.err }

// get gets an object. An *[acquire.Error] says why it could not be had; any other
// error is one of this machine, or the cause of a context that ended.
func (g *getter) get(ctx context.Context, x *Object) (*got, error) {
	wait := firstWait
	var unlike map[string]bool // hashes of readings that did not match the ETag
	listed := x.ETag
	changed := ""
	for n := 1; ; n++ {
		out, err := g.once(ctx, x)
		var bad *broken
		switch {
		case ctx.Err() != nil:
			if out != nil {
				g.drop(out)
			}
			return nil, context.Cause(ctx)
		case errors.Is(err, errChanged):
			if changed != "" && n >= readings {
				return nil, &acquire.Error{What: x.String(), Reason: "it is changed again and again while it is read", Advice: "fetch again later, or with --all-versions"}
			}
			// What is there now is better than nothing, and is said.
			now, herr := g.head(ctx, x)
			if herr != nil {
				return nil, g.o.explain(herr, x.String(), "s3:GetObject", arn(x.Bucket, "/"+x.Key))
			}
			changed = fmt.Sprintf("it was changed between listing and reading: listed with ETag %s of %s", listed, x.LastModified.Format(time.RFC3339))
			x = now
			continue
		case errors.As(err, &bad):
		case err != nil:
			return nil, err
		default:
			out.entry.Problem = changed
			if changed != "" {
				out.entry.Hint = "--all-versions fetches what it was, where versions are kept"
			}
			if out.entry.Verified != notAlike {
				if strings.HasSuffix(out.entry.Verified, byETag) {
					g.hashes.Store(true)
				}
				return out, nil
			}
			// Where ETags are no hashes, two readings that are alike are what the
			// server has.
			if unlike[out.entry.SHA256] && !g.hashes.Load() {
				out.entry.Verified = "length, and two readings alike; the ETag is not their MD5"
				return out, nil
			}
			if unlike == nil {
				unlike = map[string]bool{}
			}
			unlike[out.entry.SHA256] = true
			g.drop(out)
			bad = &broken{errors.New("the bytes are not those of the ETag " + x.ETag)}
		}
		if n >= readings {
			return nil, torn(x, n, bad)
		}
		if err := pause(ctx, wait/2+rand.N(wait)); err != nil {
			return nil, err
		}
		wait += wait / 2
	}
}

// torn is the error of an object that does not come whole, read n times.
func torn(x *Object, n int, last *broken) error {
	return &acquire.Error{What: x.String(), Reason: fmt.Sprintf("it does not come whole, read %d times: %v", n, last.err), Advice: "run the same command again: it goes on where it was", Err: last.err}
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

func (g *getter) drop(x *got) { _ = g.root.Remove(x.temp) } // the folder goes with all that is left in it

// once reads an object once.
func (g *getter) once(ctx context.Context, x *Object) (_ *got, err error) {
	client, err := g.c.of(ctx, x.Bucket)
	if err != nil {
		return nil, err
	}
	temp := path.Join(manifest.Scratch, strconv.FormatInt(g.next.Add(1), 36))
	f, err := g.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	res := &got{temp: temp}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			g.drop(res)
		}
	}()
	read := &reading{g: g, client: client, x: x, f: f, check: check{etag: x.ETag, parts: etagParts(x.ETag)}}
	if x.Size > g.o.PartBytes {
		err = read.parts(ctx)
	} else {
		err = read.whole(ctx)
	}
	if err != nil {
		return nil, err
	}
	read.describe()
	res.entry = read.entry
	return res, nil
}

// head asks what an object is now.
func (g *getter) head(ctx context.Context, x *Object) (*Object, error) {
	client, err := g.c.of(ctx, x.Bucket)
	if err != nil {
		return nil, err
	}
	g.t.add(func(s *Summary) { s.Requests++ })
	algorithm, key, sum := g.o.customerKey()
	in := &service.HeadObjectInput{Bucket: &x.Bucket, Key: &x.Key, VersionId: version(x), RequestPayer: g.o.payer(), SSECustomerAlgorithm: algorithm, SSECustomerKey: key, SSECustomerKeyMD5: sum}
	out, err := client.HeadObject(ctx, in)
	if err != nil {
		return nil, err
	}
	now := *x
	now.ETag, now.Size, now.LastModified = strings.Trim(aws.ToString(out.ETag), `"`), aws.ToInt64(out.ContentLength), aws.ToTime(out.LastModified).UTC()
	return &now, nil
}

func version(x *Object) *string {
	if x.VersionID == "" {
		return nil
	}
	return &x.VersionID
}

// reading is one reading of an object into a file.
type reading struct {
	g      *getter
	client *service.Client
	x      *Object
	f      *os.File
	check  check
	entry  manifest.Entry
	out    *service.GetObjectOutput // the first answer
	used   []string                 // algorithms of checksums that the SDK held the bytes against
}

// request is a GetObject for a range; empty: the whole object. The answer's body is
// to be closed.
func (r *reading) request(ctx context.Context, span string) (*service.GetObjectOutput, error) {
	in := &service.GetObjectInput{Bucket: &r.x.Bucket, Key: &r.x.Key, VersionId: version(r.x), RequestPayer: r.g.o.payer()}
	if r.x.ETag != "" {
		in.IfMatch = aws.String(`"` + r.x.ETag + `"`)
	}
	var options []func(*service.Options)
	if span == "" {
		// The SDK then holds what it reads against it.
		in.ChecksumMode = types.ChecksumModeEnabled
	} else {
		in.Range = &span
		// S3 gives the checksum of what a range happens to be, others that of the
		// whole object.
		options = append(options, func(o *service.Options) { o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired })
	}
	in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = r.g.o.customerKey()
	r.g.t.add(func(s *Summary) { s.Requests++ })
	out, err := r.client.GetObject(ctx, in, options...)
	var e *acquire.Error
	permission := "s3:GetObject"
	if r.x.VersionID != "" {
		permission = "s3:GetObjectVersion"
	}
	what := func() error { return r.g.o.explain(err, r.x.String(), permission, arn(r.x.Bucket, "/"+r.x.Key)) }
	if err != nil && in.SSECustomerKey != nil && errors.As(what(), &e) && e.Code == "InvalidRequest" {
		// The key is for those objects that have one; the others do not take it.
		in.SSECustomerAlgorithm, in.SSECustomerKey, in.SSECustomerKeyMD5 = nil, nil, nil
		r.g.t.add(func(s *Summary) { s.Requests++ })
		out, err = r.client.GetObject(ctx, in, options...)
	}
	switch {
	case err == nil:
		return out, nil
	case ctx.Err() != nil:
		return nil, &broken{context.Cause(ctx)}
	}
	err = what()
	if errors.As(err, &e) {
		switch {
		case e.Code == "PreconditionFailed" || e.Status == http.StatusPreconditionFailed:
			return nil, errChanged
		case e.Status == http.StatusRequestedRangeNotSatisfiable:
			return nil, errChanged // it is shorter now
		case e.Status == 0 && !e.Ends:
			return nil, &broken{err}
		}
	}
	return nil, err
}

// whole reads the object by one request.
func (r *reading) whole(ctx context.Context) error {
	if err := r.g.enter(ctx); err != nil {
		return err
	}
	defer r.g.leave()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out, err := r.request(ctx, "")
	if err != nil {
		return err
	}
	defer out.Body.Close()
	// Until then the time is that of the request, which has its own limits.
	watch := time.AfterFunc(r.g.o.Stall, func() { stop(errStalled) })
	defer watch.Stop()
	r.out = out
	if n := aws.ToInt64(out.ContentLength); n != r.x.Size {
		return &broken{fmt.Errorf("%d bytes are announced, listed were %d", n, r.x.Size)}
	}
	n, err := r.g.copy(r.f, io.TeeReader(&watched{out.Body, watch, r.g.o.Stall}, r.check.begin(0)))
	if err := came(ctx, n, r.x.Size, err); err != nil {
		return err
	}
	if used, ok := service.GetChecksumValidationMetadata(out.ResultMetadata); ok {
		r.used = used.AlgorithmsUsed
	}
	if r.check.parts == 0 || len(r.used) > 0 {
		return nil
	}
	partSize, err := r.uploaded(ctx)
	if err != nil || partSize == 0 {
		return err
	}
	return r.again(ctx, r.check.begin(partSize))
}

// parts reads the object by several requests at a time, all for one ETag.
func (r *reading) parts(ctx context.Context) error {
	size, step := r.x.Size, r.g.o.PartBytes
	if err := r.part(ctx, 0, step, true); err != nil {
		return err
	}
	if r.x.ETag == "" {
		return &acquire.Error{What: r.x.String(), Reason: "it has no ETag, so that its parts cannot be told to be of one object"}
	}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.g.o.Parallel)
	for at := step; at < size; at += step {
		g.Go(func() error { return r.part(gctx, at, min(step, size-at), false) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	partSize, err := r.uploaded(ctx)
	if err != nil {
		return err
	}
	kept, err := r.checksum(ctx)
	if err != nil {
		return err
	}
	// Hashes go from the first byte to the last, and the parts came as they liked.
	if err := r.again(ctx, io.MultiWriter(r.check.begin(partSize), kept)); err != nil {
		return err
	}
	name, ok := kept.held(&r.check)
	switch {
	case name == "":
	case !ok:
		return &broken{errors.New("the bytes are not those of its checksum " + name)}
	default:
		r.used = append(r.used, name)
	}
	return nil
}

// checksum asks for the checksum of the whole object: with a range there is none.
func (r *reading) checksum(ctx context.Context) (*kept, error) {
	out, err := r.head(ctx, nil)
	switch {
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return &kept{Writer: io.Discard}, nil // what is not known is not held against
	}
	o := r.out
	o.ChecksumType = out.ChecksumType
	o.ChecksumCRC64NVME, o.ChecksumCRC32, o.ChecksumCRC32C, o.ChecksumSHA1, o.ChecksumSHA256 = out.ChecksumCRC64NVME, out.ChecksumCRC32, out.ChecksumCRC32C, out.ChecksumSHA1, out.ChecksumSHA256
	return newKept(out), nil
}

// head asks for what S3 keeps of the object, or of a part.
func (r *reading) head(ctx context.Context, part *int32) (*service.HeadObjectOutput, error) {
	algorithm, key, sum := r.g.o.customerKey()
	r.g.t.add(func(s *Summary) { s.Requests++ })
	return r.client.HeadObject(ctx, &service.HeadObjectInput{Bucket: &r.x.Bucket, Key: &r.x.Key, VersionId: version(r.x), IfMatch: aws.String(`"` + r.x.ETag + `"`), PartNumber: part,
		ChecksumMode: types.ChecksumModeEnabled, RequestPayer: r.g.o.payer(), SSECustomerAlgorithm: algorithm, SSECustomerKey: key, SSECustomerKeyMD5: sum})
}

// again reads the file that was written.
func (r *reading) again(ctx context.Context, w io.Writer) error {
	if _, err := r.f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err := r.g.copy(w, &ending{ctx, r.f})
	return err
}

// part reads a range. One that does not come whole is read again by itself.
func (r *reading) part(ctx context.Context, at, n int64, first bool) error {
	wait := firstWait
	for k := 1; ; k++ {
		err := r.partOnce(ctx, at, n, first)
		var bad *broken
		switch {
		case !errors.As(err, &bad) || ctx.Err() != nil:
			return err
		case k >= readings:
			return torn(r.x, k, bad)
		}
		if err := pause(ctx, wait/2+rand.N(wait)); err != nil {
			return err
		}
		wait += wait / 2
	}
}

func (r *reading) partOnce(ctx context.Context, at, n int64, first bool) error {
	if err := r.g.enter(ctx); err != nil {
		return err
	}
	defer r.g.leave()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out, err := r.request(ctx, fmt.Sprintf("bytes=%d-%d", at, at+n-1))
	if err != nil {
		return err
	}
	defer out.Body.Close()
	watch := time.AfterFunc(r.g.o.Stall, func() { stop(errStalled) })
	defer watch.Stop()
	if first {
		r.out = out
	}
	if want := fmt.Sprintf("bytes %d-%d/%d", at, at+n-1, r.x.Size); aws.ToString(out.ContentRange) != want {
		return &broken{fmt.Errorf("the range %q came, asked for was %q", aws.ToString(out.ContentRange), want)}
	}
	got, err := r.g.copy(io.NewOffsetWriter(r.f, at), &watched{out.Body, watch, r.g.o.Stall})
	return came(ctx, got, n, err)
}

// came is the error of a body of which got bytes were copied and want were to come;
// err is that of copying.
func came(ctx context.Context, got, want int64, err error) error {
	var write *writeError
	switch {
	case errors.As(err, &write):
		return write.err
	case ctx.Err() != nil:
		return &broken{context.Cause(ctx)}
	case err != nil:
		return &broken{err}
	case got != want:
		return &broken{fmt.Errorf("%d bytes came of %d", got, want)}
	}
	return nil
}

// uploaded is how long the parts were by which the object was uploaded, as the
// first of them is; 0: it was not uploaded in parts. Its ETag is made of theirs.
func (r *reading) uploaded(ctx context.Context) (int64, error) {
	if r.check.parts == 0 {
		return 0, nil
	}
	out, err := r.head(ctx, aws.Int32(1))
	switch {
	case ctx.Err() != nil:
		return 0, context.Cause(ctx)
	case err != nil:
		return 0, nil // what is not known is not held against
	}
	return aws.ToInt64(out.ContentLength), nil
}

// enter waits for leave to make a request.
func (g *getter) enter(ctx context.Context) error {
	select {
	case g.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (g *getter) leave() { <-g.slots }

// watched puts off the end of a reading with every byte that comes.
type watched struct {
	r     io.Reader
	watch *time.Timer
	stall time.Duration
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.watch.Reset(w.stall)
	}
	return n, err
}

// ending ends reading when its context does.
type ending struct {
	ctx context.Context
	r   io.Reader
}

func (e *ending) Read(p []byte) (int, error) {
	if e.ctx.Err() != nil {
		return 0, context.Cause(e.ctx)
	}
	return e.r.Read(p)
}

// writeError is an error of this machine, after which reading again is no use.
type writeError struct{ err error }

func (w *writeError) Error() string { return w.err.Error() }

// copy copies with a buffer of the pool, filled before it is written: most objects
// are one write.
func (g *getter) copy(w io.Writer, r io.Reader) (n int64, err error) {
	buf := g.bufs.Get().(*[]byte)
	defer g.bufs.Put(buf)
	for {
		k := 0
		for k < len(*buf) && err == nil {
			var m int
			m, err = r.Read((*buf)[k:])
			k += m
		}
		if k > 0 {
			if _, werr := w.Write((*buf)[:k]); werr != nil {
				return n, &writeError{werr}
			}
			n += int64(k)
		}
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case err != nil:
			return n, err
		}
	}
}
