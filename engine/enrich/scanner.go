package enrich

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
)

//go:embed scanners.tsv
var scannersText string

// scannerEntry is a line of scanners.tsv.
type scannerEntry struct {
	words []string // lower case
	name  string
	cite  string
}

// scanners are the entries of scanners.tsv by their first word.
var scanners = sync.OnceValue(func() map[string][]scannerEntry {
	list, err := parseScanners(scannersText)
	if err != nil {
		panic("enrich: internal error: " + err.Error())
	}
	by := map[string][]scannerEntry{}
	for _, e := range list {
		by[e.words[0]] = append(by[e.words[0]], e)
	}
	return by
})

func parseScanners(text string) (list []scannerEntry, err error) {
	for n, line := range strings.Split(text, "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 3 || f[1] == "" || f[2] == "" {
			return nil, fmt.Errorf("scanners.tsv:%d: want words, a name and a source, between tabs", n+1)
		}
		e := scannerEntry{name: f[1], cite: f[2]}
		for rest := f[0]; ; {
			var word string
			if word, rest = nextWord(rest); word == "" {
				break
			}
			e.words = append(e.words, word)
		}
		if strings.Join(e.words, " ") != f[0] {
			return nil, fmt.Errorf("scanners.tsv:%d: %q is not words of lower-case letters and digits", n+1, f[0])
		}
		list = append(list, e)
	}
	return list, nil
}

// Scanner is the scanner or attack tool that a user agent names itself as. It
// says nothing of those that call themselves something else.
func Scanner(userAgent string) (name string, ok bool) {
	by := scanners()
	if len(userAgent) > longest {
		userAgent = userAgent[:longest]
	}
	for rest := strings.ToLower(userAgent); ; {
		var word string
		if word, rest = nextWord(rest); word == "" {
			return "", false
		}
		for _, e := range by[word] {
			if follows(rest, e.words[1:]) {
				return e.name, true
			}
		}
	}
}

// follows reports whether text begins with words.
func follows(text string, words []string) bool {
	for _, w := range words {
		var word string
		if word, text = nextWord(text); word != w {
			return false
		}
	}
	return true
}

// nextWord is the first run of letters and digits, and what stands behind it.
func nextWord(text string) (word, rest string) {
	from := 0
	for from < len(text) && !alphanumeric(text[from]) {
		from++
	}
	to := from
	for to < len(text) && alphanumeric(text[to]) {
		to++
	}
	return text[from:to], text[to:]
}

func alphanumeric(c byte) bool { return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' }
