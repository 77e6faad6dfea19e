package s3

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"logquarry/engine/manifest"
)

// Where objects lie that cannot lie under their key, and files that are not whole.
const (
	versionsFolder = "~versions" // VERSION/KEY, of versions that are not the latest
	otherFolder    = "~other"    // HASH/KEY, of keys whose place is taken
)

const (
	// maxPart is the longest name of a file or folder, in bytes: file systems
	// take 255, and some add to a name.
	maxPart = 200
	// maxPath is the longest path below the folder: Linux takes 4,095 bytes with
	// what stands before it.
	maxPath = 1500
)

// safePath is where an object of that key lies: a path with slashes that stays
// below its folder on any system, whatever the key is. For the keys that AWS
// makes it is the key. Whatever a name may not hold is written as %XX; a name
// that is too long is cut, and the hash of it put behind.
func safePath(key string) string {
	parts := strings.Split(key, "/")
	for i, p := range parts {
		parts[i] = safePart(p, i == 0)
	}
	p := strings.Join(parts, "/")
	if len(p) > maxPath {
		// Many short names can be as long as a long one.
		return path.Join("~long", hashOf(key), parts[len(parts)-1])
	}
	return p
}

// hashOf is enough of a hash to tell keys apart, also where somebody tries to make
// two of one.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:16])
}

// safePart is a part of a key as the name of a file or folder. first says that it
// lies at the top, where names of our own are.
func safePart(part string, first bool) string {
	switch part {
	case "": // a leading, double or trailing slash
		return "%2F"
	case ".", "..":
		return strings.ReplaceAll(part, ".", "%2E")
	}
	var b strings.Builder
	for i, w := 0, 0; i < len(part); i += w {
		var r rune
		r, w = utf8.DecodeRuneInString(part[i:])
		if !escaped(r, w) {
			b.WriteString(part[i : i+w])
			continue
		}
		for _, c := range []byte(part[i : i+w]) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	// Windows drops a dot or blank at the end, so that two names would be one.
	if last := name[len(name)-1]; last == '.' || last == ' ' {
		name = name[:len(name)-1] + fmt.Sprintf("%%%02X", last)
	}
	if reserved(name) || first && ours(name) {
		name = fmt.Sprintf("%%%02X", name[0]) + name[1:]
	}
	if len(name) > maxPart {
		ext := path.Ext(name)
		if len(ext) > 16 {
			ext = ""
		}
		cut := maxPart - 33 - len(ext)
		for !utf8.RuneStart(name[cut]) {
			cut--
		}
		name = name[:cut] + "~" + hashOf(part) + ext
	}
	return name
}

// escaped says whether a rune of that width may not stand in a name: no system
// takes a slash or NUL, Windows some more, and what people do not see they cannot
// judge.
func escaped(r rune, width int) bool {
	switch {
	case r == utf8.RuneError && width == 1, unicode.IsControl(r), unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp):
		return true
	}
	return strings.ContainsRune(`/\:*?"<>|`, r)
}

// reserved says whether Windows takes a name for a device, with any ending.
// Microsoft, "Naming Files, Paths, and Namespaces".
func reserved(name string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(name), ".")
	stem = strings.TrimRight(stem, " ")
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	for _, device := range []string{"COM", "LPT"} {
		if n, ok := strings.CutPrefix(stem, device); ok && (len(n) == 1 && n >= "1" && n <= "9" || n == "¹" || n == "²" || n == "³") {
			return true
		}
	}
	return false
}

// ours says whether a name at the top is one that fetching uses itself.
func ours(name string) bool {
	folded := fold(name)
	return folded == manifest.Name || folded == manifest.Scratch || strings.HasPrefix(folded, "~")
}

// fold makes names alike that a system may take for one: by case, or by the way an
// accent is written.
func fold(name string) string {
	for i := range len(name) {
		if name[i] >= utf8.RuneSelf {
			return norm.NFC.String(cases.Fold().String(norm.NFC.String(name)))
		}
	}
	return strings.ToLower(name)
}

// places deals out paths so that no two objects have the same on any system, and
// none is a file where another needs a folder. Its methods may be called from many
// goroutines.
type places struct {
	mu sync.Mutex
	// taken has the folded paths of files as true and of folders as false, by
	// their hash: there may be millions.
	taken map[[16]byte]bool
}

func newPlaces() *places { return &places{taken: map[[16]byte]bool{}} }

// take marks a path as one of a file that is there.
func (p *places) take(file string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mark(fold(file))
}

func (p *places) mark(folded string) {
	p.taken[short(folded)] = true
	for dir := path.Dir(folded); dir != "."; dir = path.Dir(dir) {
		at := short(dir)
		if _, ok := p.taken[at]; ok {
			return // and so are those above it
		}
		p.taken[at] = false
	}
}

func short(text string) [16]byte {
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}

// claim is the path for an object, which no other is given.
func (p *places) claim(o *Object) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := safePath(o.Key)
	var last string
	for _, candidate := range candidates(o, own) {
		folded := fold(candidate)
		if p.free(folded) {
			p.mark(folded)
			return candidate
		}
		last = candidate
	}
	// The same object, listed once more: its place is its own.
	return last
}

// another is the path for an object whose claimed one is taken by a file that is
// not ours.
func (p *places) another(o *Object) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := candidates(o, safePath(o.Key))
	last := list[len(list)-1]
	p.mark(fold(last))
	return last
}

// candidates are the paths an object may have, the best first. The last is no
// other object's.
func candidates(o *Object, own string) []string {
	var list []string
	if o.Latest == nil || *o.Latest {
		list = append(list, own)
	}
	if o.Latest != nil {
		list = append(list, path.Join(versionsFolder, safePart(o.VersionID, false), own))
	}
	return append(list, path.Join(otherFolder, hashOf(strings.Join([]string{o.Bucket, o.Key, o.VersionID, o.ETag, o.LastModified.UTC().String()}, "\x00")), own))
}

// free says whether a file may lie at the path.
func (p *places) free(folded string) bool {
	if _, ok := p.taken[short(folded)]; ok {
		return false
	}
	for dir := path.Dir(folded); dir != "."; dir = path.Dir(dir) {
		if file, ok := p.taken[short(dir)]; ok {
			// What lies above a folder are folders.
			return !file
		}
	}
	return true
}
