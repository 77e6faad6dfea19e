package find_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"logquarry/engine/find"
)

// unpacked finds what is in one archive, checks that nothing was written but
// into the scratch folder, and gives what was found and what lies there.
func unpacked(t *testing.T, text string, opts find.Options) (found []string, members []os.DirEntry) {
	t.Helper()
	top := t.TempDir()
	opts.Scratch = filepath.Join(top, "a", "b", "scratch")
	if err := os.MkdirAll(opts.Scratch, 0o755); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "f", text)
	files, err := finder(t, opts).Find(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !utf8.ValidString(f.Path) {
			t.Errorf("%q is no text, which a case cannot keep", f.Path)
		}
		if f.Problem == "" && f.Path != filepath.Join(dir, "f") && filepath.Dir(f.Local) != opts.Scratch {
			t.Errorf("%q lies at %q", f.Path, f.Local)
		}
	}
	err = filepath.WalkDir(top, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() && (filepath.Dir(path) != opts.Scratch || !strings.HasPrefix(e.Name(), "member-") || !e.Type().IsRegular()) {
			t.Errorf("written: %s, %s", path, e.Type())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if members, err = os.ReadDir(opts.Scratch); err != nil {
		t.Fatal(err)
	}
	return names(files, dir), members
}

// climbing are names that lead out of a folder, or are none.
var climbing = []string{
	"../up.json", "../../../../../../../../tmp/up.json", "/abs.json", "//abs.json", "a/../../b.json", "..", ".", "", "/", `..\up.json`, `C:\windows\x.json`, "C:x.json",
	`\\server\share\x.json`, "nul", "con.json", "a\x00b.json", "a\nb.json", "\x1b[2J.json", "\u202enosj.exe", "\xff\xfe.json", strings.Repeat("n", 5000) + ".json", strings.Repeat("d/", 2000) + "x.json",
	"member-1", "~/.ssh/authorized_keys", "a!b!c.json", "-rf.json",
}

func TestNamesThatClimb(t *testing.T) {
	var z, tr bytes.Buffer
	zw, tw := zip.NewWriter(&z), tar.NewWriter(&tr)
	n := 0
	for _, name := range climbing {
		m, err := zw.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(name, "/") {
			io.WriteString(m, trail)
			n++
		}
		if name == "" || strings.HasSuffix(name, "/") || strings.Contains(name, "\x00") {
			continue // tar writes no such regular members
		}
		if err := tw.WriteHeader(&tar.Header{Name: name, Size: int64(len(trail)), Mode: 0o6777, Typeflag: tar.TypeReg}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(tw, trail)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	tw.Close()
	found, members := unpacked(t, z.String(), find.Options{})
	if len(found) != n || len(members) != n {
		t.Errorf("zip: %d found, %d written, of %d", len(found), len(members), n)
	}
	if found, members = unpacked(t, tr.String(), find.Options{}); len(found) != n-2 || len(members) != n-2 {
		t.Errorf("tar: %d found, %d written, of %d", len(found), len(members), n-2)
	}
	for _, s := range found {
		if !strings.HasSuffix(s, " cloudtrail") {
			t.Errorf("%.80q", s)
		}
	}
}

// TestNoFiles: links and devices are made nowhere, and what is written through
// one does not leave the folder either.
func TestNoFiles(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range []tar.Header{
		{Name: "dir", Typeflag: tar.TypeSymlink, Linkname: "/tmp"},
		{Name: "dir/x.json", Typeflag: tar.TypeReg, Size: int64(len(trail))},
		{Name: "passwd", Typeflag: tar.TypeLink, Linkname: "/etc/passwd"},
		{Name: "same", Typeflag: tar.TypeLink, Linkname: "dir/x.json"},
		{Name: "sda", Typeflag: tar.TypeBlock, Devmajor: 8},
		{Name: "zero", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 5},
		{Name: "pipe", Typeflag: tar.TypeFifo},
		{Name: "d/", Typeflag: tar.TypeDir},
	} {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			io.WriteString(w, trail)
		}
	}
	w.Close()
	found, members := unpacked(t, b.String(), find.Options{})
	want := []string{
		"f!dir ! a link, which is not followed", "f!dir/x.json cloudtrail", "f!passwd ! a hard link to what is not in the archive",
		"f!pipe ! no regular file, which is not unpacked", "f!sda ! no regular file, which is not unpacked", "f!zero ! no regular file, which is not unpacked",
	}
	if !slices.Equal(found, want) || len(members) != 1 {
		t.Errorf("found %q, %d written", found, len(members))
	}

	var z bytes.Buffer
	zw := zip.NewWriter(&z)
	h := &zip.FileHeader{Name: "link"}
	h.SetMode(os.ModeSymlink | 0o777)
	m, err := zw.CreateHeader(h)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(m, "/etc/passwd")
	zw.Close()
	found, members = unpacked(t, z.String(), find.Options{})
	if len(found) != 1 || !strings.HasPrefix(found[0], "f!link ! no regular file but L") || len(members) != 0 {
		t.Errorf("found %q, %d written", found, len(members))
	}
}

// overlapping is a zip whose n members share one body, size bytes of zeros.
func overlapping(t *testing.T, n, size int) string {
	t.Helper()
	one := zipOf(t, "a", strings.Repeat("\x00", size))
	end := strings.Index(one, "PK\x01\x02")
	head, dir := one[:end], one[end:strings.Index(one, "PK\x05\x06")]
	var b bytes.Buffer
	b.WriteString(head)
	for range n {
		b.WriteString(dir)
	}
	tail := []byte(one[strings.Index(one, "PK\x05\x06"):])
	binary.LittleEndian.PutUint16(tail[8:], uint16(n))
	binary.LittleEndian.PutUint16(tail[10:], uint16(n))
	binary.LittleEndian.PutUint32(tail[12:], uint32(n*len(dir)))
	b.Write(tail)
	return b.String()
}

// TestBombs: each limit holds, is told, and leaves what came before.
func TestBombs(t *testing.T) {
	written := func(members []os.DirEntry) (n int64) {
		for _, m := range members {
			if info, err := m.Info(); err == nil {
				n += info.Size()
			}
		}
		return n
	}
	const allowed = 65 << 20 // freeSize and a little
	few := func(found []string) string { return fmt.Sprintf("%.300q", found) }

	found, members := unpacked(t, overlapping(t, 500, 4<<20), find.Options{})
	if !strings.Contains(found[0], "f ! a decompression bomb: it unpacks to more than 400 times its size") || written(members) > allowed || len(members) < 10 {
		t.Errorf("overlapping members: %s, %d bytes", few(found), written(members))
	}

	// A member of holes: a tar of 3 KB that stands for 1 TiB.
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	w.WriteHeader(&tar.Header{Name: "first.json", Typeflag: tar.TypeReg, Size: int64(len(trail))})
	io.WriteString(w, trail)
	w.Close()
	sparse := b.Bytes()[:b.Len()-1024]
	block := make([]byte, 512)
	copy(block, "holes")
	copy(block[100:], "0000644\x000000000\x000000000\x0000000000000\x0000000000000\x00")
	copy(block[148:], "        S")
	copy(block[257:], "ustar  \x00")
	copy(block[386:], "00000000000\x0000000000000\x00")                   // one piece, empty
	copy(block[483:], "\x80\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00") // real size: 2^40
	sum := 0
	for _, c := range block {
		sum += int(c)
	}
	copy(block[148:], fmt.Sprintf("%06o\x00 ", sum))
	sparse = append(append(sparse, block...), make([]byte, 1024)...)
	found, members = unpacked(t, string(sparse), find.Options{})
	if len(found) != 2 || !strings.Contains(found[0], "f ! a decompression bomb") || found[1] != "f!first.json cloudtrail" || written(members) > allowed {
		t.Errorf("holes: %s, %d bytes", few(found), written(members))
	}

	// Bombs in one another count against the outermost.
	inner := zipOf(t, "z", strings.Repeat("\x00", 30<<20))
	found, members = unpacked(t, zipOf(t, "0.json", trail, "1.zip", inner, "2.zip", inner, "3.zip", inner, "4.json", trail), find.Options{})
	if !strings.Contains(found[0], "f ! a decompression bomb") || found[1] != "f!0.json cloudtrail" || written(members) > allowed {
		t.Errorf("nested: %s, %d bytes", few(found), written(members))
	}

	found, members = unpacked(t, zipOf(t, "a.json", trail, "b", strings.Repeat("x", 3000), "c", strings.Repeat("y", 3000)), find.Options{MaxBytes: 4000})
	if len(found) != 3 || !strings.HasPrefix(found[0], "f ! there is no room to unpack it") || found[1] != "f!a.json cloudtrail" || written(members) > 4000 {
		t.Errorf("no room: %s", few(found))
	}

	var many []string
	for i := range 300 {
		many = append(many, fmt.Sprintf("%03d", i), "")
	}
	found, members = unpacked(t, zipOf(t, many...), find.Options{MaxMembers: 200})
	if len(found) != 201 || !strings.HasPrefix(found[0], "f ! archives with more than 200 members") || len(members) != 200 {
		t.Errorf("many: %s, %d found, %d written", few(found), len(found), len(members))
	}
	if _, members = unpacked(t, tarOf(t, many...), find.Options{MaxMembers: 200}); len(members) != 200 {
		t.Errorf("many in a tar: %d written", len(members))
	}
}

// TestLyingZip: sizes and checksums that a zip states wrongly are found.
func TestLyingZip(t *testing.T) {
	z := []byte(zipOf(t, "a.json", trail, "b.json", trail))
	sum := make([]byte, 4)
	binary.LittleEndian.PutUint32(sum, crc32.ChecksumIEEE([]byte(trail)))
	at := bytes.Index(z, append([]byte("PK\x07\x08"), sum...))
	dir := bytes.Index(z, []byte("PK\x01\x02"))
	if at < 0 || dir < 0 {
		t.Fatal("the zip is made another way")
	}
	z[at+4] ^= 1
	z[dir+16] ^= 1
	found, _ := unpacked(t, string(z), find.Options{})
	if len(found) != 2 || !strings.Contains(found[0], "checksum") || found[1] != "f!b.json cloudtrail" {
		t.Errorf("a wrong checksum: %q", found)
	}
}

// TestLinks: a link inside the folder is followed; one out of it is told, as
// are loops, so that nothing else of the machine ends up in a case.
func TestLinks(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	write(t, dir, "real/a.json", trail)
	secret := write(t, other, "secret.json", trail)
	rel, err := filepath.Rel(dir, secret)
	if err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]string{
		"in.json": "real/a.json", "out.json": secret, "passwd": "/etc/passwd", "up.json": rel,
		"chain.json": "out.json", "loop": "loop", "self": ".", "root": "/", "zero": "/dev/zero", "real/back.json": "../in.json",
	} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	files, err := finder(t, find.Options{}).Find(t.Context(), []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	const outside = " ! a link to a file outside the folder, which is not followed; name the file itself to load it"
	want := []string{
		"chain.json" + outside, "in.json cloudtrail", "loop ! stat: too many levels of symbolic links", "out.json" + outside, "passwd" + outside,
		"real/a.json cloudtrail", "real/back.json cloudtrail", "root ! a link to a folder, which is not followed",
		"self ! a link to a folder, which is not followed", "up.json" + outside, "zero ! not a regular file",
	}
	got := names(files, dir)
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	// A link that is named is followed.
	files, err = finder(t, find.Options{}).Find(t.Context(), []string{filepath.Join(dir, "out.json")})
	if got := names(files, dir); err != nil || !slices.Equal(got, []string{"out.json cloudtrail"}) {
		t.Errorf("a link that was named: %q, %v", got, err)
	}
}
