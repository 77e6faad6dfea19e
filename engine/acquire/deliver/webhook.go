package deliver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"logquarry/engine/watch"
)

// The headers of a request to a webhook. Its signature is "v1=" and HMAC-SHA256,
// in hexadecimal, over the timestamp, a dot and the body as it was sent. A
// receiver makes the same with the key, compares in constant time, and refuses a
// timestamp that is more than some minutes off, which nobody can change without
// the key. Finding is the id by which it knows what came before.
const (
	TimestampHeader = "Quarry-Timestamp" // seconds since 1970 UTC
	SignatureHeader = "Quarry-Signature"
	FindingHeader   = "Quarry-Finding"
)

// leastKey is how short a key may be, in bytes.
const leastKey = 16

// Sign is the signature of a body at a time of [TimestampHeader].
func Sign(key []byte, timestamp string, body []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(timestamp))
	h.Write([]byte{'.'})
	h.Write(body)
	return "v1=" + hex.EncodeToString(h.Sum(nil))
}

// webhook posts each finding to a URL.
type webhook struct {
	url, label string
	key        []byte
	client     *http.Client
	now        func() time.Time
}

// answerTime bounds one request.
const answerTime = 15 * time.Second

func newWebhook(text string, key []byte) (watch.Target, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil, errors.New("not the URL of a webhook") // which may be secret
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) {
		return nil, fmt.Errorf("http://%s: findings go over https; http is for this machine alone", u.Host)
	}
	if len(key) < leastKey {
		return nil, fmt.Errorf("https://%s: a webhook needs a key of at least %d bytes, with which requests are signed", u.Host, leastKey)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = parallel
	return &webhook{url: text, key: key, now: time.Now,
		// The path and the query may be what lets one in.
		label: fmt.Sprintf("%s://%s/…%s", u.Scheme, u.Host, short(text)),
		client: &http.Client{Transport: transport, Timeout: answerTime,
			// Where it leads is not where findings were to go.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// parallel is how many requests go to a webhook at a time.
const parallel = 4

func (w *webhook) Name() string { return w.label }
func (w *webhook) Most() int    { return 32 }

func (w *webhook) Send(ctx context.Context, list []watch.Finding) []error {
	errs := make([]error, len(list))
	var g errgroup.Group
	g.SetLimit(parallel)
	for i, f := range list {
		g.Go(func() error {
			errs[i] = w.post(ctx, f)
			return nil
		})
	}
	_ = g.Wait() // none fails
	return errs
}

func (w *webhook) post(ctx context.Context, f watch.Finding) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(f.Body))
	if err != nil {
		return w.plain(err)
	}
	at := strconv.FormatInt(w.now().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "quarry")
	req.Header.Set(TimestampHeader, at)
	req.Header.Set(SignatureHeader, Sign(w.key, at, f.Body))
	req.Header.Set(FindingHeader, f.ID)
	res, err := w.client.Do(req)
	if err != nil {
		return w.plain(err)
	}
	defer res.Body.Close()
	// What is left of the body is read, so that the connection can be used again.
	text, _ := io.ReadAll(io.LimitReader(res.Body, 4096))
	if res.StatusCode >= 200 && res.StatusCode < 300 {
		return nil
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(text)), "\n")
	err = fmt.Errorf("it answered %s", res.Status)
	if line != "" {
		err = fmt.Errorf("%w: %s", err, line[:min(len(line), 200)])
	}
	switch res.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		// It is about this finding. Others may be about the receiver, who can be helped.
		return &watch.Refusal{Err: err}
	}
	return err
}

// plain is an error without the URL in it.
func (w *webhook) plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
