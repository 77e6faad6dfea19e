package evidence

import (
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"logquarry/engine/manifest"
)

// CloudTrail puts the signature of a digest into the metadata of its object in
// S3, which a plain copy loses. It is looked for in two places: a manifest of the
// objects that were fetched, and a file beside the digest with its name and more
// behind it, which holds what `aws s3api head-object` says or nothing but the
// signature.

// ManifestName is what a manifest is called. It lies at the top of what was
// fetched, one JSON object a line.
const ManifestName = manifest.Name

// known is what is known of a file from beside it.
type known struct {
	object    Object // zero: not known
	signature string // hexadecimal; empty: none
}

// maxSidecar is the largest file that is read as one beside a digest.
const maxSidecar = 64 << 10

// beside reads all manifests and files beside digests. It returns what they say,
// by the index of the file they speak of, and the indexes of the files read so.
func beside(files []File, contents []Content) (about map[int]known, own map[int]bool, faults []string) {
	about, own = map[int]known{}, map[int]bool{}
	byPath := make(map[string]int, len(files))
	digests := map[string][]int{} // by folder
	for i, f := range files {
		p := slash(f.Path)
		byPath[p] = i
		if contents[i].Digest != nil || isDigestName(p) {
			digests[path.Dir(p)] = append(digests[path.Dir(p)], i)
		}
	}
	for i, f := range files {
		p := slash(f.Path)
		if isManifest(f) {
			for _, m := range contents[i].manifest.lines {
				if k, ok := byPath[path.Join(path.Dir(p), m.Path)]; ok {
					about[k] = known{Object{m.Bucket, m.Key}, signatureOf(m.Metadata)}
				}
			}
			if err := contents[i].manifest.fault; err != nil {
				faults = append(faults, fmt.Sprintf("%s: %v", f.Path, err))
			}
			own[i] = true
			continue
		}
		if contents[i].Size > maxSidecar || contents[i].Digest != nil {
			continue
		}
		for _, k := range digests[path.Dir(p)] {
			if rest, ok := strings.CutPrefix(path.Base(p), path.Base(slash(files[k].Path))); !ok || !strings.HasPrefix(rest, ".") {
				continue
			}
			text, err := os.ReadFile(f.Local)
			if err != nil {
				faults = append(faults, fmt.Sprintf("%s: %v", f.Path, err))
				break
			}
			if sig := sidecar(text); sig != "" {
				own[i] = true
				if about[k].signature == "" {
					about[k] = known{about[k].object, sig}
				}
			}
			break
		}
	}
	return about, own, faults
}

// slash is a path with slashes, in which the members of an archive lie like files
// in a folder.
func slash(p string) string { return strings.ReplaceAll(filepath.ToSlash(p), "!", "/") }

func isDigestName(p string) bool {
	if !strings.Contains(p, "_CloudTrail-Digest_") {
		return false
	}
	_, _, ok := chainOf(path.Base(p))
	return ok
}

// signatureOf is the signature among an object's metadata, whose names may have
// their prefix and any case.
func signatureOf(metadata map[string]string) string {
	for name, v := range metadata {
		if strings.TrimPrefix(strings.ToLower(name), "x-amz-meta-") == "signature" {
			return v
		}
	}
	return ""
}

// bareSignature is a signature and nothing else, and minSignature how long one
// is by a key of 1024 bits, in hexadecimal.
var bareSignature = regexp.MustCompile(`^[0-9a-fA-F]+$`)

const minSignature = 256

// sidecar is the signature in a file beside a digest; empty where it holds none.
func sidecar(text []byte) string {
	if s := strings.TrimSpace(string(text)); len(s) >= minSignature && bareSignature.MatchString(s) {
		return s
	}
	var j map[string]json.RawMessage
	if json.Unmarshal(text, &j) != nil {
		return ""
	}
	flat := map[string]string{}
	for name, v := range j {
		var s string
		var m map[string]string
		switch {
		case json.Unmarshal(v, &s) == nil:
			flat[name] = s
		case strings.EqualFold(name, "metadata") && json.Unmarshal(v, &m) == nil:
			if sig := signatureOf(m); sig != "" {
				return sig
			}
		}
	}
	return signatureOf(flat)
}
