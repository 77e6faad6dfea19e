package acquire

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// service answers as CloudTrail does, for one Region.
func service(t *testing.T, answer func(region string, in map[string]any) (int, any)) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		var in map[string]any
		if err != nil || json.Unmarshal(body, &in) != nil || !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".ListPublicKeys") {
			t.Errorf("asked %q: %s", r.Header.Get("X-Amz-Target"), body)
		}
		// The Region is in what the request was signed for.
		parts := strings.Split(r.Header.Get("Authorization"), "/")
		if len(parts) < 4 {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
			return
		}
		code, out := answer(parts[2], in)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(code)
		if err := json.NewEncoder(w).Encode(out); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	for name, value := range map[string]string{"AWS_ENDPOINT_URL": s.URL, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_MAX_ATTEMPTS": "1"} {
		t.Setenv(name, value)
	}
}

func TestPublicKeys(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der := x509.MarshalPKCS1PublicKey(&private.PublicKey)
	sum := md5.Sum(der)
	fingerprint := hex.EncodeToString(sum[:])
	from, to := time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC), time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	key := func(fingerprint string) map[string]any {
		return map[string]any{"Value": der, "Fingerprint": fingerprint, "ValidityStartTime": 1767225600.5, "ValidityEndTime": 1798761600}
	}
	service(t, func(region string, in map[string]any) (int, any) {
		switch {
		case region != "eu-central-1":
			return http.StatusBadRequest, map[string]any{"__type": "AccessDeniedException", "message": "no permission for cloudtrail:ListPublicKeys"}
		case in["StartTime"] != float64(from.Unix()) || in["EndTime"] != float64(to.Unix()):
			t.Errorf("asked for %v", in)
		case in["NextToken"] == nil:
			return http.StatusOK, map[string]any{"PublicKeyList": []any{key(fingerprint)}, "NextToken": "more"}
		}
		return http.StatusOK, map[string]any{"PublicKeyList": []any{key(fingerprint)}}
	})
	keys, err := Keys{}.PublicKeys(t.Context(), "eu-central-1", from, to)
	if err != nil || len(keys) != 2 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	k := keys[0]
	if k.Fingerprint != fingerprint || !k.Public.Equal(&private.PublicKey) || k.From.Year() != 2026 || k.To.Year() != 2027 {
		t.Errorf("key %+v", k)
	}
	_, err = Keys{}.PublicKeys(t.Context(), "us-east-1", from, to)
	if err == nil || !strings.HasPrefix(err.Error(), "public keys of us-east-1: ") || !strings.Contains(err.Error(), "cloudtrail:ListPublicKeys") {
		t.Errorf("refused: %v", err)
	}
	service(t, func(string, map[string]any) (int, any) {
		return http.StatusOK, map[string]any{"PublicKeyList": []any{key("00" + fingerprint[2:])}}
	})
	if _, err = (Keys{}).PublicKeys(t.Context(), "eu-central-1", from, to); err == nil || !strings.Contains(err.Error(), "it was changed") {
		t.Errorf("another fingerprint: %v", err)
	}
}
