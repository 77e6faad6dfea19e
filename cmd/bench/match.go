package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// matched is the measure of a million indicators against the case of the three
// sources.
const matched = "match"

// indicators is how many a list of the measure has, at every scale: it is the
// case that grows.
const indicators = 1_000_000

// scanner is an address that is in all three corpora, so that a search which
// finds nothing is not taken for a quick one.
const scanner = "198.51.100.77"

// writeIndicators writes a list of indicators as feeds have them: mostly
// addresses, names and hashes, hardly any of which are in a log.
func writeIndicators(w io.Writer) error {
	out := bufio.NewWriter(w)
	rnd := rand.New(rand.NewPCG(1, 2))
	fmt.Fprintln(out, scanner)
	for i := 1; i < indicators; i++ {
		n := rnd.Uint64()
		switch i % 100 {
		default: // 55 of 100
			fmt.Fprintf(out, "%d.%d.%d.%d\n", 1+n%223, n>>8&255, n>>16&255, n>>24&255)
		case 0, 1, 2, 3, 4:
			fmt.Fprintf(out, "2001:db8:%x:%x::%x\n", n&0xffff, n>>16&0xffff, 1+n>>32&0xffff)
		case 5, 6:
			fmt.Fprintf(out, "%d.%d.%d.0/%d\n", 128+n%64, n>>8&255, n>>16&255, 24+n>>24%5)
		case 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24:
			fmt.Fprintf(out, "h%d.bad%d.example\n", n&0xffffffff, n>>32%1000)
		case 25, 26, 27, 28, 29:
			fmt.Fprintf(out, "%016x%016x\n", n, rnd.Uint64())
		case 30, 31, 32, 33, 34, 35, 36, 37, 38, 39:
			fmt.Fprintf(out, "%016x%016x%016x%016x\n", n, rnd.Uint64(), rnd.Uint64(), rnd.Uint64())
		case 40, 41, 42, 43:
			fmt.Fprintf(out, "hxxp://h%d[.]bad[.]example/%d.php\n", n&0xffffffff, n>>32)
		case 44:
			fmt.Fprintf(out, "bad-agent/%d.%d (%x)\n", n&15, n>>4&15, n>>8)
		}
	}
	return out.Flush()
}

// matchLists measures quarry match of the list over a case.
func (b *session) matchLists(ctx context.Context, file string) error {
	list := filepath.Join(b.dir, "indicators.txt")
	defer os.Remove(list)
	f, err := os.Create(list)
	if err != nil {
		return err
	}
	err = writeIndicators(f)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	for i := range b.runs {
		b.say("a million indicators, run %d of %d", i+1, b.runs)
		out, used, err := spend(exec.CommandContext(ctx, b.quarry, "match", list, "--case", file, "--quiet", "--json",
			"--output", filepath.Join(b.dir, "hits.ndjson"), "--force", "--threads", strconv.Itoa(b.threads)))
		if err != nil {
			return err
		}
		var did struct{ Indicators, Hits, Malformed int64 }
		if err := json.Unmarshal(out, &did); err != nil {
			return fmt.Errorf("what quarry match says it did: %w: %s", err, out)
		}
		if did.Indicators != indicators || did.Malformed > 0 || did.Hits == 0 {
			return fmt.Errorf("quarry match took %d of %d indicators and found %d hits", did.Indicators, indicators, did.Hits)
		}
		b.match = append(b.match, used)
	}
	for _, name := range []string{"hits.ndjson", "hits.ndjson.custody.json"} {
		if err := os.Remove(filepath.Join(b.dir, name)); err != nil {
			return err
		}
	}
	return nil
}
