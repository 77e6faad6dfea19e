package corpus

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"testing"

	"logquarry/cmd/logmaker/logfile"
)

// versionDigest is that of the small corpora below, as [Version] makes them.
const versionDigest = "4a9d33df85f16c8c2503bedd52dd6cdaa2323f52bedda05de3f5c5b9aafa662d"

// Whoever keeps a corpus trusts Version to say whether it is still the same.
func TestVersionNamesTheBytes(t *testing.T) {
	root := t.TempDir()
	for name, write := range map[string]func(string) (logfile.Totals, error){
		"cloudtrail": func(dir string) (logfile.Totals, error) { return CloudTrail(dir, 0.005) },
		"vpc_flow":   func(dir string) (logfile.Totals, error) { return VPCFlow(dir, 0.01) },
		"waf":        func(dir string) (logfile.Totals, error) { return WAF(dir, 0.01) },
		"tiny":       func(dir string) (logfile.Totals, error) { return Tiny(dir, 0.005) },
		"many":       func(dir string) (logfile.Totals, error) { return Many(dir, 0.001) },
		"big":        func(dir string) (logfile.Totals, error) { return Big(dir, 2_000_000) },
	} {
		if _, err := write(root + "/" + name); err != nil {
			t.Fatal(err)
		}
	}
	for _, kind := range LineKinds() {
		if _, err := Lines(root+"/"+kind, kind, 0.0002); err != nil {
			t.Fatal(err)
		}
	}
	dir := os.DirFS(root)
	sum := sha256.New()
	err := fs.WalkDir(dir, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(dir, path)
		sum.Write([]byte(path))
		sum.Write([]byte{0})
		sum.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(sum.Sum(nil)); got != versionDigest {
		t.Errorf("the corpora of Version %d changed: raise Version, and set versionDigest to %q", Version, got)
	}
}
