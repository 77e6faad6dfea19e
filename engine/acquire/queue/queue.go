// Package queue reads queues of SQS as a source of a watch.
//
// In: messages: events that EventBridge sent, notifications of S3, either of them
// through SNS. Out: files in an evidence folder, which the loader reads like any
// other. Events become files of many messages, a line each as the queue gave it,
// written under a temporary name, synced and renamed; of notifications the
// objects are fetched. A message is deleted when the round of its file is
// committed, and until then kept from others. It implements [watch.Arrivals]; what
// the events mean it leaves to load.
package queue

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"

	"logquarry/engine/acquire"
	"logquarry/engine/watch"
)

// Bounds of reading.
const (
	receivers = 4
	// mostMessages and gathering bound a file: it is written when it has that many,
	// or its first has waited that long.
	mostMessages = 2000
	mostBytes    = 16 << 20
	gathering    = 300 * time.Millisecond
	mostBatch    = 10               // of one call to SQS
	longPoll     = 20               // seconds; as long as SQS waits for messages
	lastPause    = 30 * time.Second // between tries to reach the queue
)

// Queue is a queue being read. Its fields are not to be changed once Run began.
type Queue struct {
	URL     string
	Region  string // empty: the session's
	Session *acquire.Session
	Into    string // evidence folder
	// Visibility is for how long messages in hand are kept from others at a time,
	// in whole seconds; 0: two minutes.
	Visibility time.Duration
	// Fetch fetches objects that S3 told of, and says of each in turn what came of
	// it. Nil: notifications of S3 are set aside.
	Fetch  func(ctx context.Context, list []Object) []Fetched
	Report func(text string) // of what goes wrong, and goes on; called by several goroutines
	Now    func() time.Time  // nil: time.Now

	mu     sync.Mutex
	held   map[string]string // receipt by message id, of messages that are in hand
	client *sqs.Client
}

// Name implements [watch.Arrivals].
func (q *Queue) Name() string { return "sqs:" + q.URL }

// Fetched is where an object lies, or why it does not.
type Fetched struct {
	Path string
	Size int64 // bytes
	Err  error
	// Lost says that there is no use in trying again: the object is gone.
	Lost bool
}

// got is a message in hand.
type got struct {
	types.Message
	id string
}

func (q *Queue) begin(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.client != nil {
		return nil
	}
	if q.Now == nil {
		q.Now = time.Now
	}
	if q.Visibility == 0 {
		q.Visibility = 2 * time.Minute
	}
	c, err := q.Session.Config(ctx, q.Region)
	if err != nil {
		return err
	}
	q.client, q.held = sqs.NewFromConfig(c), map[string]string{}
	return nil
}

func (q *Queue) explain(err error, permission string) error {
	return acquire.Explain(err, acquire.Asked{What: q.Name(), Permission: permission, Resource: q.URL, Profile: q.Session.Profile})
}

func (q *Queue) report(text string) {
	if q.Report != nil {
		q.Report(q.Name() + ": " + text)
	}
}

// Run implements [watch.Arrivals].
func (q *Queue) Run(ctx context.Context, once bool, known watch.Known, out func(context.Context, watch.Arrival) error) error {
	if err := q.begin(ctx); err != nil {
		return err
	}
	if err := os.MkdirAll(q.Into, 0o700); err != nil {
		return err
	}
	if err := q.leftBehind(ctx, known, out); err != nil {
		return err
	}
	g, gctx := errgroup.WithContext(ctx)
	messages := make(chan got, 1000)
	var receiving errgroup.Group
	for range receivers {
		receiving.Go(func() error { return q.receive(gctx, once, known, messages) })
	}
	g.Go(func() error {
		defer close(messages)
		return receiving.Wait()
	})
	g.Go(func() error { return q.gather(gctx, messages, out) })
	keeping, stop := context.WithCancel(gctx)
	var keeper errgroup.Group
	keeper.Go(func() error { q.keep(keeping); return nil })
	err := g.Wait()
	stop()
	_ = keeper.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// receive asks the queue for messages until ctx ends or, with once, there are none.
func (q *Queue) receive(ctx context.Context, once bool, known watch.Known, messages chan<- got) error {
	wait := int32(longPoll)
	if once {
		wait = 1
	}
	fails, worked := 0, false
	for ctx.Err() == nil {
		res, err := q.client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &q.URL, MaxNumberOfMessages: mostBatch, WaitTimeSeconds: wait,
			VisibilityTimeout: int32(q.Visibility / time.Second), MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll}})
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			err = q.explain(err, "sqs:ReceiveMessage")
			if !worked || once {
				return err
			}
			if fails++; fails == 1 {
				q.report(err.Error() + "; it is tried again")
			}
			select {
			case <-ctx.Done():
			case <-time.After(min(lastPause, time.Second<<min(fails, 5))):
			}
			continue
		}
		worked, fails = true, 0
		if once && len(res.Messages) == 0 {
			return nil
		}
		var done []got
		for _, m := range res.Messages {
			g := got{m, aws.ToString(m.MessageId)}
			if known.Part(g.id) && !q.holds(g.id) {
				done = append(done, g) // an earlier round had it
				continue
			}
			if !q.hold(g.id, aws.ToString(m.ReceiptHandle)) {
				continue // it is in hand, and was handed out again
			}
			select {
			case messages <- g:
			case <-ctx.Done():
				return nil
			}
		}
		if err := q.delete(ctx, done); err != nil && ctx.Err() == nil {
			q.report(err.Error())
		}
	}
	return nil
}

// hold notes that a message is in hand; false where it was before.
func (q *Queue) hold(id, receipt string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, had := q.held[id]
	q.held[id] = receipt // the last one is the one that counts
	return !had
}

func (q *Queue) holds(id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, ok := q.held[id]
	return ok
}

// gather makes files of messages.
func (q *Queue) gather(ctx context.Context, messages <-chan got, out func(context.Context, watch.Arrival) error) error {
	var list []got
	bytes := 0
	var deadline <-chan time.Time
	flush := func() error {
		part := list
		list, bytes, deadline = nil, 0, nil
		return q.hand(ctx, part, out)
	}
	for {
		select {
		case m, ok := <-messages:
			if !ok {
				if ctx.Err() != nil {
					return nil
				}
				return flush()
			}
			list, bytes = append(list, m), bytes+len(aws.ToString(m.Body))
			if deadline == nil {
				deadline = time.After(gathering)
			}
			if len(list) >= mostMessages || bytes >= mostBytes {
				if err := flush(); err != nil {
					return err
				}
			}
		case <-deadline:
			if err := flush(); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil // what is in hand is shown to others again in a while
		}
	}
}

// hand makes arrivals of messages.
func (q *Queue) hand(ctx context.Context, list []got, out func(context.Context, watch.Arrival) error) error {
	var events, bad, nothing []got
	var told []notice
	for _, m := range list {
		what, err := read(aws.ToString(m.Body))
		switch {
		case err != nil:
			bad = append(bad, m)
		case what.nothing:
			nothing = append(nothing, m)
		case what.objects != nil:
			told = append(told, notice{m.id, what.objects})
		default:
			events = append(events, m)
		}
	}
	if err := q.delete(ctx, nothing); err != nil {
		q.report(err.Error())
	}
	if err := q.objects(ctx, told, out); err != nil {
		return err
	}
	if len(bad) > 0 {
		path, size, err := q.write("aside", bad)
		if err != nil {
			return err
		}
		for _, m := range bad {
			err := out(ctx, watch.Arrival{ID: "message " + m.id, At: q.Now(), Size: size, Parts: []string{m.id},
				Problem: fmt.Sprintf("message %s of %s: %v; it is kept in %s", m.id, q.URL, errNoJSON, path)})
			if err != nil {
				return err
			}
		}
	}
	if len(events) == 0 {
		return nil
	}
	path, size, err := q.write("sqs", events)
	if err != nil {
		return err
	}
	return out(ctx, watch.Arrival{ID: arrivalID(path), Path: path, Size: size, At: q.Now(), Parts: ids(events)})
}

func ids(list []got) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.id)
	}
	return out
}

func arrivalID(path string) string { return "queue file " + filepath.Base(path) }

// notice is a message by which S3 tells of objects.
type notice struct {
	id   string
	list []Object
}

// objects fetches what notices tell of. A message goes with the last of its
// objects; where one cannot be fetched now, the queue will tell again.
func (q *Queue) objects(ctx context.Context, told []notice, out func(context.Context, watch.Arrival) error) error {
	var list []Object
	for _, n := range told {
		list = append(list, n.list...)
	}
	if len(list) == 0 {
		return nil
	}
	var got []Fetched
	if q.Fetch != nil {
		got = q.Fetch(ctx, list)
	}
	if ctx.Err() != nil {
		return nil
	}
	at := 0
	for _, n := range told {
		from := at
		at += len(n.list)
		if got != nil {
			again := false
			for _, f := range got[from:at] {
				if f.Err != nil && !f.Lost {
					q.report(f.Err.Error())
					again = true
				}
			}
			if again {
				q.drop(n.id)
				continue
			}
		}
		for i, o := range n.list {
			a := watch.Arrival{ID: fmt.Sprintf("s3://%s/%s %s message %s", o.Bucket, o.Key, o.Version, n.id), At: q.Now()}
			switch {
			case got == nil:
				a.Problem = fmt.Sprintf("s3://%s/%s: S3 tells of it, and objects are not fetched here", o.Bucket, o.Key)
			case got[from+i].Err != nil:
				a.Problem = got[from+i].Err.Error()
			default:
				a.Path, a.Size = got[from+i].Path, got[from+i].Size
			}
			if i == len(n.list)-1 {
				a.Parts = []string{n.id}
			}
			if err := out(ctx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// drop gives a message back to the queue.
func (q *Queue) drop(id string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.held, id)
}

// line is a message as it is written: as the answer to ReceiveMessage has it.
type line struct {
	Messages [1]struct {
		MessageId  string
		Attributes map[string]string
		Body       string
	}
}

// write writes messages into a new file of the evidence folder.
func (q *Queue) write(kind string, list []got) (path string, size int64, err error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, m := range list {
		var l line
		l.Messages[0].MessageId, l.Messages[0].Attributes, l.Messages[0].Body = m.id, m.Attributes, aws.ToString(m.Body)
		if err := e.Encode(l); err != nil {
			return "", 0, err
		}
	}
	dir := filepath.Join(q.Into, kind, q.Now().UTC().Format("2006/01/02"))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", 0, err
	}
	f, err := os.CreateTemp(dir, ".*.tmp")
	if err != nil {
		return "", 0, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	if _, err = f.Write(b.Bytes()); err != nil {
		return "", 0, err
	}
	if err = f.Sync(); err != nil {
		return "", 0, err
	}
	if err = f.Close(); err != nil {
		return "", 0, err
	}
	// The id of a message is one of its kind, and the file begins with it.
	name := q.Now().UTC().Format("20060102T150405.000000Z") + "_" + safe(list[0].id) + ".ndjson"
	path = filepath.Join(dir, name)
	if err = os.Rename(f.Name(), path); err != nil {
		return "", 0, err
	}
	return path, int64(b.Len()), syncFolder(dir)
}

// safe is a message id as part of a file's name.
func safe(id string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r == '-' {
			return r
		}
		return '_'
	}, id[:min(len(id), 64)])
}

func syncFolder(dir string) (err error) {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return d.Sync()
}

// leftBehind hands out the files that were written and not taken before the
// process ended. Their messages come again and are known by then.
func (q *Queue) leftBehind(ctx context.Context, known watch.Known, out func(context.Context, watch.Arrival) error) error {
	root := filepath.Join(q.Into, "sqs")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir():
			return nil
		case strings.HasSuffix(path, ".tmp"):
			return os.Remove(path)
		case filepath.Ext(path) != ".ndjson" || known.Arrival(arrivalID(path)):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		a := watch.Arrival{ID: arrivalID(path), Path: path, Size: int64(len(text)), At: q.Now()}
		for d := json.NewDecoder(bytes.NewReader(text)); d.More(); {
			var l line
			if err := d.Decode(&l); err != nil {
				break // not one of ours; the loader says what is wrong
			}
			if !known.Part(l.Messages[0].MessageId) {
				a.Parts = append(a.Parts, l.Messages[0].MessageId)
			}
		}
		return out(ctx, a)
	})
	if errors.Is(err, os.ErrNotExist) || ctx.Err() != nil {
		return nil
	}
	return err
}

// keep keeps the messages that are in hand from others until ctx ends.
func (q *Queue) keep(ctx context.Context) {
	tick := time.NewTicker(q.Visibility / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		q.mu.Lock()
		held := make(map[string]string, len(q.held))
		for id, receipt := range q.held {
			held[id] = receipt
		}
		q.mu.Unlock()
		var entries []types.ChangeMessageVisibilityBatchRequestEntry
		flush := func() {
			if len(entries) == 0 || ctx.Err() != nil {
				return
			}
			// One that lapses comes again, and is known to be in hand.
			_, err := q.client.ChangeMessageVisibilityBatch(ctx, &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &q.URL, Entries: entries})
			if err != nil && ctx.Err() == nil {
				q.report(q.explain(err, "sqs:ChangeMessageVisibility").Error())
			}
			entries = nil
		}
		for _, receipt := range held {
			entries = append(entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: aws.String(strconv.Itoa(len(entries))), ReceiptHandle: &receipt,
				VisibilityTimeout: int32(q.Visibility / time.Second)})
			if len(entries) == mostBatch {
				flush()
			}
		}
		flush()
	}
}

// Done implements [watch.Arrivals]: the messages are deleted.
func (q *Queue) Done(ctx context.Context, list []watch.Arrival) error {
	if err := q.begin(ctx); err != nil {
		return err
	}
	var done []got
	for i := range list {
		for _, id := range list[i].Parts {
			q.mu.Lock()
			receipt, ok := q.held[id]
			q.mu.Unlock()
			if ok {
				done = append(done, got{types.Message{ReceiptHandle: &receipt}, id})
			}
		}
	}
	return q.delete(ctx, done)
}

// delete deletes messages from the queue, and lets go of them whether or not that
// succeeds: one that comes again is known.
func (q *Queue) delete(ctx context.Context, list []got) error {
	var g errgroup.Group
	g.SetLimit(receivers)
	for from := 0; from < len(list); from += mostBatch {
		part := list[from:min(from+mostBatch, len(list))]
		g.Go(func() error {
			in := &sqs.DeleteMessageBatchInput{QueueUrl: &q.URL}
			for i := range part {
				in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: part[i].ReceiptHandle})
			}
			res, err := q.client.DeleteMessageBatch(ctx, in)
			for i := range part {
				q.drop(part[i].id)
			}
			if err != nil {
				return q.explain(err, "sqs:DeleteMessage")
			}
			if len(res.Failed) > 0 {
				return fmt.Errorf("%d messages were not deleted: %s: %s", len(res.Failed), aws.ToString(res.Failed[0].Code), aws.ToString(res.Failed[0].Message))
			}
			return nil
		})
	}
	return g.Wait()
}
