package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"logquarry/engine/acquire"
	"logquarry/engine/manifest"
)

func TestCustomerKey(t *testing.T) {
	s, endpoint := newStore(t)
	key := noise(1, 32)
	sum := md5.Sum(key)
	name := base64.StdEncoding.EncodeToString(sum[:])
	sse := map[string]string{"x-amz-server-side-encryption-customer-algorithm": "AES256", "x-amz-server-side-encryption-customer-key-MD5": name}
	s.put("locked", stored{body: noise(2, 500), key: name, headers: sse, etag: strings.Repeat("0", 32)})
	s.put("locked in parts", stored{body: noise(3, 5000), key: name, headers: sse, etag: strings.Repeat("1", 32)})
	s.put("plain", stored{body: noise(4, 500)})
	s.put("plain in parts", stored{body: noise(5, 5000)})
	o := Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: t.TempDir(), PartBytes: 2000}
	if sum := run(t, o); sum.Fetched != 2 || sum.Failed != 2 || !strings.Contains(sum.Problems[0].Hint, "--sse-c-key") {
		t.Errorf("without the key: %+v", sum)
	}
	o.CustomerKey = key
	if sum := run(t, o); sum.Fetched != 2 || sum.Failed != 0 {
		t.Errorf("with the key: %+v", sum)
	}
	// A bucket may hold both.
	o.Dir = t.TempDir()
	if sum := run(t, o); sum.Fetched != 4 || sum.Failed != 0 {
		t.Errorf("both: %+v", sum)
	}
	for _, e := range lines(t, o.Dir) {
		if locked := strings.HasPrefix(e.Key, "locked"); locked != (e.Encryption == "SSE-C") || locked == strings.Contains(e.Verified, "etag") {
			t.Errorf("%+v", e)
		}
	}
}

func TestWhatIsVerified(t *testing.T) {
	s, endpoint := newStore(t)
	small, large := noise(1, 900), noise(2, 9000)
	sha := func(b []byte) string { sum := sha256.Sum256(b); return base64.StdEncoding.EncodeToString(sum[:]) }
	crc := func(b []byte) string {
		return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64.Checksum(b, crc64.MakeTable(nvme))))
	}
	const noHash = "0123456789abcdef0123456789abcdef"
	s.put("sha", stored{body: small, headers: map[string]string{"x-amz-checksum-sha256": sha(small), "x-amz-checksum-type": "FULL_OBJECT"}})
	s.put("sha, no MD5", stored{body: small, etag: noHash, headers: map[string]string{"x-amz-checksum-sha256": sha(small)}})
	s.put("no MD5", stored{body: small, etag: noHash})
	s.put("kms", stored{body: small, etag: noHash, headers: map[string]string{"x-amz-server-side-encryption": "aws:kms", "x-amz-object-lock-mode": "COMPLIANCE", "x-amz-tagging-count": "2"}})
	s.put("large sha", stored{body: large, headers: map[string]string{"x-amz-checksum-sha256": sha(large), "x-amz-checksum-type": "FULL_OBJECT"}})
	s.put("large crc", stored{body: large, etag: noHash + "-2", headers: map[string]string{"x-amz-checksum-crc64nvme": crc(large), "x-amz-checksum-type": "FULL_OBJECT"}})
	s.put("large composite", stored{body: large, headers: map[string]string{"x-amz-checksum-sha256": sha(small) + "-2", "x-amz-checksum-type": "COMPOSITE"}})
	s.put("large wrong", stored{body: large, headers: map[string]string{"x-amz-checksum-crc64nvme": crc(small), "x-amz-checksum-type": "FULL_OBJECT"}})
	s.put("wrong", stored{body: small, headers: map[string]string{"x-amz-checksum-sha256": sha(large)}})
	dir := t.TempDir()
	// One after the other: "no MD5" comes when ETags are known for hashes.
	sum := run(t, Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir, PartBytes: 2000, Parallel: 1})
	if sum.Fetched != 6 || sum.Failed != 3 {
		t.Errorf("%+v", sum)
	}
	for _, p := range sum.Problems {
		why := "checksum"
		if strings.HasSuffix(p.What, "/no MD5") {
			why = "the bytes are not those of the ETag"
		}
		if !strings.Contains(p.Reason, "it does not come whole, read 6 times: ") || !strings.Contains(p.Reason, why) {
			t.Errorf("%+v", p)
		}
	}
	want := map[string]string{"sha": "sha256, etag", "sha, no MD5": "sha256", "kms": "length",
		"large sha": "sha256, etag", "large crc": "crc64nvme", "large composite": "etag"}
	for _, e := range lines(t, dir) {
		if e.Status == manifest.Failed {
			continue
		}
		if e.Verified != want[e.Key] {
			t.Errorf("%s: %s, want %s", e.Key, e.Verified, want[e.Key])
		}
		if e.Key == "kms" && (e.Properties["object_lock_mode"] != "COMPLIANCE" || e.Properties["tag_count"] != "2") {
			t.Errorf("%+v", e.Properties)
		}
	}
	// CRC-64/NVME, as its check value is published: of "123456789".
	if got := crc64.Checksum([]byte("123456789"), crc64.MakeTable(nvme)); got != 0xae8b14860a799888 {
		t.Errorf("CRC-64/NVME %x", got)
	}
}

// A server's ETags need not be hashes of the bytes.
func TestNoHashes(t *testing.T) {
	s, endpoint := newStore(t)
	for i := range 3 {
		s.put(fmt.Sprint(i), stored{body: noise(uint64(i), 900), etag: fmt.Sprintf("0123456789abcdef0123456789abcde%d", i)})
	}
	dir := t.TempDir()
	if sum := run(t, Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir}); sum.Fetched != 3 || sum.Failed != 0 {
		t.Errorf("%+v", sum)
	}
	for _, e := range lines(t, dir) {
		if e.Verified != "length, and two readings alike; the ETag is not their MD5" {
			t.Errorf("%s: %s", e.Key, e.Verified)
		}
	}
}

func TestPlan(t *testing.T) {
	s, endpoint := newStore(t)
	s.pageLen = 3
	for i, class := range []string{"STANDARD", "STANDARD_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE", ""} {
		s.put(fmt.Sprint(i), stored{body: make([]byte, 1000*(i+1)), class: class})
	}
	s.put("large", stored{body: make([]byte, 10_000), class: "INTELLIGENT_TIERING"})
	s.put("gone", stored{body: []byte("x"), version: "1"})
	s.put("gone", stored{marker: true, version: "2"})
	dir := filepath.Join(t.TempDir(), "evidence")
	o := Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir, PartBytes: 4000}
	e, err := Plan(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	// In parts: 5,000 and 6,000 by two requests, 10,000 by three, each with two more.
	if e.Objects != 7 || e.Bytes != 31_000 || e.Archived != 2 || e.ArchivedBytes != 9000 || e.Lists != 3 || e.Gets != 4+4+4+5 || e.Have+e.DeleteMarkers+e.Unlisted != 0 {
		t.Errorf("%+v", e)
	}
	near := func(got, want float64) bool { return math.Abs(got-want) < 1e-12 }
	requests := 6*0.005/1000 + (1+4+4+4+5-1)*0.0004/1000 - 2*0.0004/1000 + 0.001/1000 + 0.01/1000
	if !near(e.Costs.Requests, requests) || !near(e.Costs.Retrieval, 2000/1e9*0.01+3000/1e9*0.03) || !near(e.Costs.Transfer, 31_000/1e9*0.09) || !strings.Contains(e.Costs.Assumed, "January 2025") {
		t.Errorf("%+v, want %g", e.Costs, requests)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("the folder was made")
	}
	run(t, o)
	o.AllVersions = true
	if e, err = Plan(t.Context(), o); err != nil || e.Have != 7 || e.HaveBytes != 31_000 || e.Objects != 1 || e.DeleteMarkers != 1 {
		t.Errorf("%+v, %v", e, err)
	}
}

// A fetch that is called off puts what it read in its place.
func TestCalledOff(t *testing.T) {
	s, endpoint := newStore(t)
	want := fill(s, 300)
	ctx, cancel := context.WithCancelCause(t.Context())
	var n atomic.Int64
	s.beforeGets(func(_ string, _ int, _ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodGet && n.Add(1) == 150 {
			cancel(errors.New("enough"))
		}
		return false
	})
	dir := t.TempDir()
	told := 0
	o := Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: dir, Parallel: 8, Each: func(list []manifest.Entry) { told += len(list) }}
	sum, err := Fetch(ctx, o)
	if err == nil || err.Error() != "enough" || sum.Fetched == 0 || sum.Fetched > 200 || sum.Failed != 0 {
		t.Fatalf("%+v, %v", sum, err)
	}
	if all := lines(t, dir); int64(len(all)) != sum.Fetched || told != len(all) {
		t.Errorf("%d lines, %d fetched, told of %d", len(all), sum.Fetched, told)
	}
	if again := run(t, o); again.Have != sum.Fetched || again.Fetched+again.Have != int64(len(want)) {
		t.Errorf("again: %+v", again)
	}
	lines(t, dir)
}

func TestFolderInUse(t *testing.T) {
	_, endpoint := newStore(t)
	dir := t.TempDir()
	l, err := manifest.Open(dir, manifest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var e *acquire.Error
	if _, err := Fetch(t.Context(), Options{Session: session(endpoint), Dir: dir}); !errors.Is(err, manifest.ErrBusy) || !errors.As(err, &e) || e.Hint() == "" {
		t.Errorf("in use: %v", err)
	}
}

// A disk without one call for all files is synced file by file.
func TestSyncOneByOne(t *testing.T) {
	root, err := os.OpenRoot(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprint(i))
		if err := root.WriteFile(names[i], bytes.Repeat([]byte("x"), i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := eachSynced(root, names); err != nil {
		t.Error(err)
	}
	if err := eachSynced(root, []string{"none"}); err == nil {
		t.Error("what is not there was synced")
	}
	if err := syncFolders(root, map[string]bool{".": true}); err != nil {
		t.Error(err)
	}
}

// What nothing comes of any more is asked for again.
func TestStall(t *testing.T) {
	s, endpoint := newStore(t)
	s.put("log", stored{body: noise(1, 5000)})
	s.beforeGets(func(_ string, n int, w http.ResponseWriter, r *http.Request) bool {
		if n != 1 {
			return false
		}
		w.Header().Set("Content-Length", "5000")
		_, _ = w.Write(make([]byte, 100))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
		return true
	})
	start := time.Now()
	if sum := run(t, Options{Session: session(endpoint), Places: []Place{{"example-logs", ""}}, Dir: t.TempDir(), Stall: 50 * time.Millisecond}); sum.Fetched != 1 {
		t.Errorf("%+v", sum)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// Each request says that the caller pays, or none does.
func TestRequesterPays(t *testing.T) {
	s, endpoint := newStore(t)
	s.put("log", stored{body: noise(1, 100)})
	s.put("large", stored{body: noise(2, 5000)})
	for _, pays := range []bool{true, false} {
		var with, all atomic.Int64
		server := inFront(t, endpoint, func(_ http.ResponseWriter, r *http.Request) bool {
			all.Add(1)
			if r.Header.Get("X-Amz-Request-Payer") == "requester" {
				with.Add(1)
			}
			return false
		})
		for _, versions := range []bool{false, true} {
			if sum := run(t, Options{Session: session(server), Places: []Place{{"example-logs", ""}}, Dir: t.TempDir(), PartBytes: 2000, RequesterPays: pays, AllVersions: versions}); sum.Fetched != 2 {
				t.Errorf("%+v", sum)
			}
		}
		if n := with.Load(); pays && n != all.Load() || !pays && n != 0 || all.Load() < 8 {
			t.Errorf("pays %v: %d of %d requests say so", pays, n, all.Load())
		}
	}
}
