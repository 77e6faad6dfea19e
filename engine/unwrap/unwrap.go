// Package unwrap peels off how records arrived: envelopes of CloudWatch Logs,
// EventBridge, Firehose, SNS and SQS, answers of the AWS CLI, results of queries.
//
// In: plain bytes of a file (from unpack). Out: messages, each one record, with
// the name of the source that takes it. Ways may lie in one another, and one
// file may hold several. It leaves decoding records to decode.
package unwrap

import (
	"bytes"
	"io"
	"path"
	"strings"

	"logquarry/engine/decode"
	"logquarry/engine/decode/jsontext"
	"logquarry/engine/schema"
)

// The ways of arrival, as they are told to people.
const (
	Subscription = "CloudWatch Logs subscription"
	Export       = "CloudWatch Logs export"
	LogEvents    = "CloudWatch Logs get-log-events"
	Insights     = "CloudWatch Logs Insights"
	EventBridge  = "EventBridge"
	SNS          = "SNS"
	SQS          = "SQS"
	Kinesis      = "Kinesis"
	Firehose     = "Firehose"
	Lookup       = "CloudTrail LookupEvents"
	Rule         = "Config rule invocation"
	CLI          = "AWS CLI"
	API          = "answer of an API"
	Results      = "query results"
	Collector    = "log collector"
)

// Known tells what messages are; find implements it.
type Known interface {
	// Source is the name of the source that takes a message: by its content;
	// where o is given also by its log group, and for a message of CloudWatch
	// Logs the source that takes all. "" where none does.
	Source(text []byte, o *decode.Origin) string
	// Object is Source of an object with these members by its content alone.
	Object(text []byte, ms []jsontext.Member) string
	// Arrived is Source of a message whose content alone says own.
	Arrived(own string, text []byte, o *decode.Origin) string
}

// Frame is how the outermost layer of a file is cut into pieces. Empty: the
// records lie in the file as they are.
type Frame string

const (
	Objects Frame = "objects" // JSON documents, however strung together
	Lines   Frame = "lines"   // lines with a time in front, of a CloudWatch Logs export
	Base64  Frame = "base64"  // documents in base64, one a line or one in all
	Table   Frame = "table"   // comma-separated results with a header line
)

// Options say how a file's messages are got at.
type Options struct {
	Frame   Frame
	Known   Known
	Sources []*schema.Source
	Path    string // of the file; the folder of an export is its log stream
	// Most is how many messages of one document are wanted, where the first few
	// are enough to tell what it is; 0: all.
	Most int
}

// Reader reads the messages of one file.
type Reader struct {
	o       Options
	in      decode.Input
	queue   []item
	at      int // of the next item in queue
	arena   []byte
	origins []decode.Origin // of what is in the queue, or the last of them
	opener  opener

	inArray []string       // keys of the big arrays the reader is in; "" for a bare one
	tail    bool           // behind such an array, in the object around it
	lost    bool           // what was rejected may have taken opening brackets with it
	log     decode.Origin  // of the document whose array the reader is in
	from    *decode.Origin // log where the document says something of its elements; nil: it does not
	base    decode.Origin
	table   *table
	number  int64 // of the last item handed out
	failed  bool
	begun   bool

	subscriptions, control int64
}

// item is a message, or a part that cannot be read.
type item struct {
	m      decode.Message
	source string
	bad    *decode.Reject
}

// NewReader reads the messages of r.
func NewReader(r io.Reader, o Options) *Reader {
	x := newReader(o)
	x.in.Reset(r)
	return x
}

// newReader makes a reader whose input is still to be set.
func newReader(o Options) *Reader {
	x := &Reader{o: o}
	x.opener = opener{r: x, containers: map[string]bool{}}
	for _, s := range o.Sources {
		for _, key := range s.Records {
			x.opener.containers[key] = true
		}
	}
	if o.Frame == Lines {
		x.base = decode.Origin{Via: Export, Log: true, LogStream: streamOf(o.Path)}
	}
	return x
}

// streamOf is the log stream of an exported file: its folder's name, where the
// file is called as exports are.
func streamOf(p string) string {
	if !IsExport(p) {
		return ""
	}
	dir, _ := path.Split(strings.ReplaceAll(p, `\`, "/"))
	return path.Base(dir)
}

// IsExport reports whether a file is called as those of a CloudWatch Logs export
// are: 000000.gz.
func IsExport(p string) bool {
	name := strings.TrimSuffix(path.Base(strings.ReplaceAll(p, `\`, "/")), ".gz")
	return name != "" && strings.Trim(name, "0123456789") == ""
}

// Next is the next message and the name of its source, "" where none knows it.
// A part that cannot be read comes as bad instead. The message is valid until
// the next call. io.EOF is the end; another error that reading failed, after bad
// has told so.
func (r *Reader) Next() (m decode.Message, source string, bad *decode.Reject, err error) {
	for r.at == len(r.queue) {
		r.queue, r.at, r.arena, r.origins = r.queue[:0], 0, r.arena[:0], r.origins[:0]
		if !r.fill() {
			if err := r.in.Err(); err != nil {
				if !r.failed {
					r.failed = true
					r.reject(r.in.Pos, r.in.Pos, err.Error())
					break
				}
				return m, "", nil, err
			}
			if len(r.queue) == 0 {
				return m, "", nil, io.EOF
			}
		}
	}
	x := &r.queue[r.at]
	r.at++
	r.number++
	return x.m, x.source, x.bad, nil
}

// Number is the place among the file's messages, from 1, of the one that Next
// returned last. Parts that cannot be read are counted too.
func (r *Reader) Number() int64 { return r.number }

// Subscriptions is how many documents of CloudWatch Logs subscriptions were
// read, and Control how many of them were its asking whether the destination is
// there: those hold no log events.
func (r *Reader) Subscriptions() int64 { return r.subscriptions }

// Control: see [Reader.Subscriptions].
func (r *Reader) Control() int64 { return r.control }

// Header is the source that the header line of a table names, and whether it is
// that of log events, which tell their own; "" and false where there is none.
func (r *Reader) Header() (source string, log bool) {
	if r.table == nil {
		return "", false
	}
	return r.table.source, r.table.source == ""
}

// Bytes is how far the file has been read.
func (r *Reader) Bytes() int64 { return r.in.Offset(r.in.Pos) }

// fill reads the next piece of the file into the queue; false at its end.
func (r *Reader) fill() bool {
	switch r.o.Frame {
	case Lines:
		return r.exported()
	case Base64:
		return r.encoded()
	case Table:
		return r.row()
	default:
		return r.object()
	}
}

// enough reports whether the document at hand has given all that is wanted.
func (r *Reader) enough() bool { return r.o.Most > 0 && len(r.queue) >= r.o.Most }

// push adds a message to the queue.
func (r *Reader) push(p place, text []byte, o *decode.Origin) {
	if r.enough() {
		return
	}
	text = bytes.TrimRight(text, "\r\n")
	if len(bytes.TrimSpace(text)) == 0 {
		// A log event may be empty; it is a message of its log all the same.
		if o == nil || !o.Log {
			return
		}
	}
	r.add(p, text, r.o.Known.Source(text, o), o)
}

// whole adds a message that is an object to the queue; own is the source that
// its content says.
func (r *Reader) whole(p place, text []byte, own string, o *decode.Origin) {
	if !r.enough() {
		r.add(p, text, r.o.Known.Arrived(own, text, o), o)
	}
}

func (r *Reader) add(p place, text []byte, source string, o *decode.Origin) {
	r.queue = append(r.queue, item{m: decode.Message{Text: text, Offset: p.offset, Line: p.line, Origin: o}, source: source})
}

// place is where in the file a piece begins.
type place struct{ offset, line int64 }

func (r *Reader) place(i int) place { return place{r.in.Offset(i), r.in.Line(i)} }

// reject adds the bytes from start to end of the window to the queue as a part
// that cannot be read.
func (r *Reader) reject(start, end int, reason string) {
	raw := r.in.Bytes()[start:min(end, start+decode.RawLimit)]
	r.bad(r.place(start), raw, reason)
}

func (r *Reader) bad(p place, raw []byte, reason string) {
	r.queue = append(r.queue, item{bad: &decode.Reject{
		Line: p.line, Offset: p.offset, Reason: reason, Raw: append([]byte(nil), raw[:min(len(raw), decode.RawLimit)]...),
	}})
}

// origin is an empty one, which stays until the queue is empty.
func (r *Reader) origin() *decode.Origin {
	if len(r.origins) == cap(r.origins) {
		r.origins = make([]decode.Origin, 0, min(max(4, 2*cap(r.origins)), 256)) // those handed out stay where they are
	}
	r.origins = append(r.origins, decode.Origin{})
	return &r.origins[len(r.origins)-1]
}

// keep copies text to where it stays until the queue is empty.
func (r *Reader) keep(text []byte) []byte {
	from := len(r.arena)
	r.arena = append(r.arena, text...)
	return r.arena[from:len(r.arena):len(r.arena)]
}
