// Package logfile puts plain log bytes into files as AWS delivers them: gzip, and
// the key layouts of the buckets.
//
// In: plain bytes of numbered files. Out: files below a folder, and their totals.
// Each file is made from its number alone, so the bytes do not depend on how many
// cores wrote them. What stands in the files is left to others.
package logfile

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/gzip"
)

// gzipLevel is that of most of AWS's own deliveries, the default of zlib.
const gzipLevel = 6

// Totals is what was written.
type Totals struct {
	Files      int64 `json:"files"`
	Records    int64 `json:"records"`
	PlainBytes int64 `json:"plain_bytes"`
	Bytes      int64 `json:"bytes"` // on disk
}

// Plain is one file before compression.
type Plain struct {
	Key     string // slash-separated path below the folder
	Data    []byte
	Records int
	Raw     bool // written as it is, without gzip
}

// WriteAll makes files 0 to n-1 and writes them below dir. content is called from
// several goroutines, once for each number; it appends to the buffer it is
// given, which is empty and its own until it returns, and which WriteAll uses
// again.
func WriteAll(dir string, n int, content func(i int, buf []byte) Plain) (Totals, error) {
	var (
		next   atomic.Int64
		wait   sync.WaitGroup
		mu     sync.Mutex
		sum    Totals
		failed error
	)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			part, err := work(dir, n, &next, content)
			if err != nil {
				next.Store(int64(n)) // the others stop too
			}
			mu.Lock()
			defer mu.Unlock()
			sum.Files += part.Files
			sum.Records += part.Records
			sum.PlainBytes += part.PlainBytes
			sum.Bytes += part.Bytes
			if failed == nil {
				failed = err
			}
		})
	}
	wait.Wait()
	return sum, failed
}

func work(dir string, n int, next *atomic.Int64, content func(int, []byte) Plain) (sum Totals, err error) {
	var buf []byte
	var packed bytes.Buffer
	made := map[string]bool{}
	for {
		i := int(next.Add(1) - 1)
		if i >= n {
			return sum, nil
		}
		f := content(i, buf[:0])
		buf = f.Data
		out := f.Data
		if !f.Raw {
			packed.Reset()
			if err := Gzip(&packed, f.Data); err != nil {
				return sum, fmt.Errorf("compress %s: %w", f.Key, err)
			}
			out = packed.Bytes()
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Key))
		if parent := filepath.Dir(path); !made[parent] {
			if err := os.MkdirAll(parent, 0o755); err != nil {
				return sum, err
			}
			made[parent] = true
		}
		if err := os.WriteFile(path, out, 0o644); err != nil {
			return sum, err
		}
		sum.Files++
		sum.Records += int64(f.Records)
		sum.PlainBytes += int64(len(f.Data))
		sum.Bytes += int64(len(out))
	}
}

var writers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzipLevel)
	if err != nil {
		panic("logfile: internal error: " + err.Error())
	}
	return w
}}

// Gzip writes data to out as one gzip member without name and time.
func Gzip(out *bytes.Buffer, data []byte) error {
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(out)
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Close()
}

// TrailKey is the key of a CloudTrail file delivered at t. kind is CloudTrail,
// CloudTrail-Insight or CloudTrail-NetworkActivity; organization is empty or o-….
func TrailKey(organization, account, kind, region string, t time.Time, unique string) string {
	if organization != "" {
		organization += "/"
	}
	return fmt.Sprintf("AWSLogs/%s%s/%s/%s/%s/%s_%s_%s_%s_%s.json.gz", organization, account, kind, region,
		t.Format("2006/01/02"), account, kind, region, t.Format("20060102T1504Z"), unique)
}

// FlowKey is the key of a VPC flow log file of the window that ends at t.
func FlowKey(account, region, flowLog string, t time.Time, hash string) string {
	return fmt.Sprintf("AWSLogs/%s/vpcflowlogs/%s/%s/%s_vpcflowlogs_%s_%s_%s_%s.log.gz", account, region,
		t.Format("2006/01/02"), account, region, flowLog, t.Format("20060102T1504Z"), hash)
}

// WAFKey is the key of a WAF file of the five minutes from t.
func WAFKey(account, region, webACL string, t time.Time, hash string) string {
	return fmt.Sprintf("AWSLogs/%s/WAFLogs/%s/%s/%s/%s_waflogs_%s_%s_%s_%s.log.gz", account, region, webACL,
		t.Format("2006/01/02/15/04"), account, region, webACL, t.Format("20060102T1504Z"), hash)
}
