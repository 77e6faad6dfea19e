package s3

import (
	"context"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	service "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"logquarry/engine/acquire"
)

// lister lists places.
type lister struct {
	o *Options
	c *clients
	t *tally
}

// list gives every object wanted of all places to each, which may be called from
// many goroutines. A place that cannot be listed to its end is a problem of the
// tally; the error is one for which no other would fare better, or each's own.
func (l *lister) list(ctx context.Context, each func(context.Context, *Object) error) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(listers)
	for _, p := range l.o.Places {
		g.Go(func() error { return l.place(gctx, p, each) })
	}
	err := g.Wait()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func (l *lister) place(ctx context.Context, p Place, each func(context.Context, *Object) error) error {
	list, permission := l.objects, "s3:ListBucket"
	if l.o.AllVersions {
		list, permission = l.versions, "s3:ListBucketVersions"
	}
	var at mark
	for more := true; more; {
		client, err := l.c.of(ctx, p.Bucket)
		if err != nil {
			return err
		}
		l.t.add(func(s *Summary) { s.Requests++ })
		page, next, err := list(ctx, client, p, at)
		if err != nil && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			err = l.o.explain(err, p.String(), permission, arn(p.Bucket, ""))
			if l.c.moved(ctx, p.Bucket, client, err) {
				continue
			}
			_, err = l.t.problem(ctx, err, func(s *Summary) { s.Unlisted++ })
			return err
		}
		for i := range page {
			x := &page[i]
			if !l.o.wanted(x) {
				continue
			}
			l.o.Progress.Listed.Add(1)
			l.o.Progress.ListedBytes.Add(x.Size)
			if err := each(ctx, x); err != nil {
				return err
			}
		}
		at, more = next, next != mark{}
	}
	return nil
}

// mark is where the next page begins; zero: there is none.
type mark struct{ token, key, version string }

func (m mark) text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func (l *lister) objects(ctx context.Context, client *service.Client, p Place, at mark) ([]Object, mark, error) {
	out, err := client.ListObjectsV2(ctx, &service.ListObjectsV2Input{Bucket: &p.Bucket, Prefix: &p.Prefix, ContinuationToken: at.text(at.token),
		EncodingType: types.EncodingTypeUrl, RequestPayer: l.o.payer()})
	if err != nil {
		return nil, mark{}, err
	}
	name := decoder(out.EncodingType)
	page := make([]Object, 0, len(out.Contents))
	for _, c := range out.Contents {
		page = append(page, object(p.Bucket, name(c.Key), c.ETag, c.Size, c.LastModified, string(c.StorageClass), c.Owner))
	}
	var next mark
	if aws.ToBool(out.IsTruncated) {
		next.token = aws.ToString(out.NextContinuationToken)
		if next.token == "" {
			return nil, mark{}, &acquire.Error{Reason: "the listing goes on, and S3 does not say where"}
		}
	}
	return page, next, nil
}

func (l *lister) versions(ctx context.Context, client *service.Client, p Place, at mark) ([]Object, mark, error) {
	out, err := client.ListObjectVersions(ctx, &service.ListObjectVersionsInput{Bucket: &p.Bucket, Prefix: &p.Prefix, KeyMarker: at.text(at.key), VersionIdMarker: at.text(at.version),
		EncodingType: types.EncodingTypeUrl, RequestPayer: l.o.payer()})
	if err != nil {
		return nil, mark{}, err
	}
	name := decoder(out.EncodingType)
	page := make([]Object, 0, len(out.Versions)+len(out.DeleteMarkers))
	for _, v := range out.Versions {
		o := object(p.Bucket, name(v.Key), v.ETag, v.Size, v.LastModified, string(v.StorageClass), v.Owner)
		o.VersionID, o.Latest = aws.ToString(v.VersionId), aws.Bool(aws.ToBool(v.IsLatest))
		page = append(page, o)
	}
	for _, m := range out.DeleteMarkers {
		o := object(p.Bucket, name(m.Key), nil, nil, m.LastModified, "", m.Owner)
		o.VersionID, o.Latest, o.DeleteMarker = aws.ToString(m.VersionId), aws.Bool(aws.ToBool(m.IsLatest)), true
		page = append(page, o)
	}
	var next mark
	if aws.ToBool(out.IsTruncated) {
		next = mark{key: name(out.NextKeyMarker), version: aws.ToString(out.NextVersionIdMarker)}
		if next == (mark{}) {
			return nil, mark{}, &acquire.Error{Reason: "the listing goes on, and S3 does not say where"}
		}
	}
	return page, next, nil
}

// decoder reads names of a listing. XML cannot hold every character a key may have,
// so they are asked for as in a URL; a server that does not know that gives them
// as they are.
func decoder(encoding types.EncodingType) func(*string) string {
	return func(s *string) string {
		if encoding != types.EncodingTypeUrl {
			return aws.ToString(s)
		}
		plain, err := url.QueryUnescape(aws.ToString(s))
		if err != nil {
			return aws.ToString(s)
		}
		return plain
	}
}

func object(bucket, key string, etag *string, size *int64, modified *time.Time, class string, owner *types.Owner) Object {
	o := Object{Bucket: bucket, Key: key, ETag: strings.Trim(aws.ToString(etag), `"`), Size: aws.ToInt64(size), LastModified: aws.ToTime(modified).UTC(), StorageClass: class}
	if owner != nil {
		o.Owner = aws.ToString(owner.ID)
	}
	return o
}
