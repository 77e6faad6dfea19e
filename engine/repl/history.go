package repl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// historyLimit is how many statements are kept.
const historyLimit = 10_000

// HistoryPath is where statements are kept between sessions: $QUARRY_HISTORY,
// where it is set, else quarry/history under $XDG_STATE_HOME or
// ~/.local/state. It is "", which keeps none, where $QUARRY_HISTORY is set but
// empty or there is no home.
func HistoryPath(lookup func(string) (string, bool)) string {
	if p, ok := lookup("QUARRY_HISTORY"); ok {
		return p
	}
	if dir, ok := lookup("XDG_STATE_HOME"); ok && filepath.IsAbs(dir) {
		return filepath.Join(dir, "quarry", "history")
	}
	if home, ok := lookup("HOME"); ok && home != "" {
		return filepath.Join(home, ".local", "state", "quarry", "history")
	}
	return ""
}

// history is past statements, oldest first, each once. The file has one a line
// and mode 0600: statements hold indicators of a case.
type history struct {
	path    string
	entries []string
	broken  bool // the file cannot be written; said once
}

// openHistory reads the file, which need not be there.
func openHistory(path string) (*history, error) {
	h := &history{path: path}
	if path == "" {
		return h, nil
	}
	entries, err := readHistory(path)
	if err != nil {
		h.broken = true
		return h, err
	}
	h.entries = entries
	return h, nil
}

func readHistory(path string) ([]string, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return distinct(strings.Split(strings.ToValidUTF8(string(data), "?"), "\n")), nil
}

// distinct keeps of equal lines the last, and of all the newest.
func distinct(lines []string) []string {
	seen := make(map[string]bool, len(lines))
	kept := make([]string, 0, len(lines))
	for _, line := range slices.Backward(lines) {
		line = strings.TrimSpace(line)
		if line != "" && !seen[line] && len(kept) < historyLimit {
			seen[line] = true
			kept = append(kept, line)
		}
	}
	slices.Reverse(kept)
	return kept
}

// add puts line at the end. The file is read again first, so that sessions
// side by side do not lose each other's lines, and replaced as a whole.
func (h *history) add(line string) error {
	line = strings.TrimSpace(line)
	if line == "" || len(h.entries) > 0 && h.entries[len(h.entries)-1] == line {
		return nil
	}
	h.entries = distinct(append(h.entries, line))
	if h.path == "" || h.broken {
		return nil
	}
	if err := h.write(line); err != nil {
		h.broken = true
		return err
	}
	return nil
}

func (h *history) write(line string) (err error) {
	path := h.path
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	there, err := readHistory(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".history-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	if _, err = f.WriteString(strings.Join(distinct(append(there, line)), "\n") + "\n"); err != nil {
		f.Close()
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// search are the entries that hold every word of text, in any case, newest first.
func (h *history) search(text string) []string {
	words := strings.Fields(strings.ToLower(text))
	var found []string
	for _, entry := range slices.Backward(h.entries) {
		low := strings.ToLower(entry)
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(low, w) }) {
			found = append(found, entry)
		}
	}
	return found
}
