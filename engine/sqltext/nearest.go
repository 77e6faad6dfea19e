package sqltext

import (
	"strings"
	"unicode/utf8"
)

// Nearest is the candidate that word was most likely meant to be: the one with
// the fewest letters missing, added, changed or swapped, whatever their case,
// and at most one for each three letters of the word. Among equals the one
// that starts most like the word wins, then the first. ok is false where none
// is near enough.
func Nearest(word string, candidates []string) (nearest string, ok bool) {
	w := []rune(strings.ToLower(word))
	if len(w) == 0 {
		return "", false
	}
	best := max(1, len(w)/3) + 1
	bestPrefix := -1
	for _, c := range candidates {
		if d := utf8.RuneCountInString(c) - len(w); d >= best+1 || -d >= best+1 {
			continue
		}
		r := []rune(strings.ToLower(c))
		d := distance(w, r, best)
		p := commonPrefix(w, r)
		if d < best || d == best && nearest != "" && p > bestPrefix {
			nearest, best, bestPrefix = c, d, p
		}
	}
	// One letter of one is another word, not a slip of the finger.
	if nearest == "" || best >= len(w) && !strings.EqualFold(nearest, word) {
		return "", false
	}
	return nearest, true
}

func commonPrefix(a, b []rune) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}

// distance is the Damerau-Levenshtein distance of a and b in its restricted
// form (no letter is edited twice), or limit+1 where it is above limit.
func distance(a, b []rune, limit int) int {
	before := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	row := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		low := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			low = min(low, row[j])
		}
		if low > limit {
			return limit + 1
		}
		before, last, row = last, row, before
	}
	return min(last[len(b)], limit+1)
}
