package logfile

import (
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestKeys(t *testing.T) {
	at := time.Date(2026, 3, 10, 9, 5, 0, 0, time.UTC)
	for got, want := range map[string]string{
		TrailKey("", "111122223333", "CloudTrail", "us-east-1", at, "abc"):              "AWSLogs/111122223333/CloudTrail/us-east-1/2026/03/10/111122223333_CloudTrail_us-east-1_20260310T0905Z_abc.json.gz",
		TrailKey("o-exampleorg1", "111122223333", "CloudTrail", "us-east-1", at, "abc"): "AWSLogs/o-exampleorg1/111122223333/CloudTrail/us-east-1/2026/03/10/111122223333_CloudTrail_us-east-1_20260310T0905Z_abc.json.gz",
		FlowKey("111122223333", "us-east-1", "fl-1", at, "abc"):                         "AWSLogs/111122223333/vpcflowlogs/us-east-1/2026/03/10/111122223333_vpcflowlogs_us-east-1_fl-1_20260310T0905Z_abc.log.gz",
		WAFKey("111122223333", "us-east-1", "acl", at, "abc"):                           "AWSLogs/111122223333/WAFLogs/us-east-1/acl/2026/03/10/09/05/111122223333_waflogs_us-east-1_acl_20260310T0905Z_abc.log.gz",
	} {
		if got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// A file that cannot be written ends the run with its error, and every goroutine.
func TestWriteAllStops(t *testing.T) {
	defer goleak.VerifyNone(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "taken"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	var made atomic.Int64
	_, err := WriteAll(dir, n, func(i int, buf []byte) Plain {
		made.Add(1)
		key := "files/" + strconv.Itoa(i)
		if i == 3 {
			key = "taken/below"
		}
		return Plain{Key: key, Data: append(buf, "x"...), Raw: true}
	})
	if err == nil {
		t.Fatal("no error though a folder's name is taken by a file")
	}
	if made.Load() == n {
		t.Error("went on to the end after the error")
	}
}
