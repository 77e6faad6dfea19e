// Package cmd holds the commands, one a folder. Here, beside them, stand the
// tests of how the whole tree hangs together.
package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const (
	root   = ".."
	module = "logquarry"
)

// topFolders are fixed: a new concern finds its place in one of them.
var topFolders = []string{".ci", "cmd", "engine", "queries", "schemas", "testdata"}

// importers says who alone may import what: a path or anything below it.
// Folders without a module before them are ours.
var importers = map[string][]string{
	"github.com/duckdb/duckdb-go":        {"engine/store", "engine/load", "cmd/bench"},
	"github.com/gaissmai/bart":           {"engine/enrich"},
	"github.com/oschwald":                {"engine/enrich"},
	"github.com/maxmind":                 {"engine/enrich/geodb"},
	"logquarry/engine/enrich/geodb":      {}, // for tests
	"github.com/marcboeker":              {}, // duckdb-go's old home
	"github.com/c-bata/go-prompt":        {"engine/repl"},
	"github.com/aws/aws-sdk-go-v2":       {"engine/acquire", "cmd/bench"},
	"github.com/spf13/cobra":             {"cmd"},
	"aead.dev/minisign":                  {"engine/seal"},
	"github.com/xuri/excelize":           {"engine/export"},
	"net/http":                           {"engine/acquire"},
	"os/signal":                          {"cmd", "engine/repl"},
	"log":                                {}, // it writes to standard error
	"testing":                            {"engine/schema/schematest"},
	"logquarry/engine/sigma/sigmatest":   {}, // the yardstick of tests
	"logquarry/engine/schema/schematest": {}, // for tests
	"logquarry/engine/acquire/moto":      {}, // for tests
	"logquarry/cmd":                      {"cmd"},
	"logquarry/engine/repl":              {"cmd", "engine/session"}, // session is the shell's Engine
	"logquarry/engine/load":              {"cmd", "engine/session", "engine/watch"},
	"github.com/fsnotify/fsnotify":       {"engine/watch"},
	"github.com/rogpeppe/go-internal":    {},
}

// withoutDatabase are the stages that do not know DuckDB, not even by way of
// others: they take and give values, rows and files.
var withoutDatabase = []string{"engine/attack", "engine/batch", "engine/custody", "engine/decode", "engine/enrich", "engine/evidence", "engine/export", "engine/find", "engine/hunt", "engine/indicator", "engine/manifest", "engine/pattern", "engine/render",
	"engine/repl", "engine/report", "engine/schema", "engine/seal", "engine/sigma", "engine/sqltext", "engine/timeline", "engine/unpack", "engine/unwrap", "engine/value"}

type goPackage struct {
	ImportPath, Name, Dir string
	Standard              bool
	Imports, Deps         []string
	Module                *struct{ Path string }
}

// ours is the folder of a package of this module below its root.
func (p goPackage) ours() (folder string, ok bool) {
	if p.Module == nil || p.Module.Path != module {
		return "", false
	}
	return strings.TrimPrefix(p.ImportPath, module+"/"), true
}

// within says whether path is one of the folders or below one.
func within(path string, folders ...string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
}

// packages are those of the module and all they depend on, without tests.
func packages(t *testing.T) []goPackage {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "list", "-deps", "-json=ImportPath,Name,Dir,Standard,Imports,Deps,Module", "./...")
	c.Dir = root
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("go list: %v: %s", err, &stderr)
	}
	var all []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func TestImportsRunDownTheWalk(t *testing.T) {
	seen := 0
	for _, p := range packages(t) {
		folder, ok := p.ours()
		if !ok {
			continue
		}
		seen++
		for _, path := range p.Imports {
			for owned, allowed := range importers {
				if within(path, owned) && !within(folder, allowed...) {
					t.Errorf("%s imports %s, which is for %v alone", folder, path, allowed)
				}
			}
		}
		if within(folder, withoutDatabase...) {
			for _, path := range p.Deps {
				if strings.HasPrefix(path, "github.com/duckdb/") {
					t.Errorf("%s reaches DuckDB through its imports: %s", folder, path)
					break
				}
			}
		}
		if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base"}, p.Name) {
			t.Errorf("%s: a package is one noun that says what is in it, not %s", folder, p.Name)
		}
	}
	if seen < 15 {
		t.Errorf("go list shows only %d packages of the module", seen)
	}
}

// tracked are the files of the tree that git knows or would take up.
func tracked(t *testing.T) []string {
	t.Helper()
	c := exec.CommandContext(t.Context(), "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	c.Dir = root
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		if _, staterr := os.Stat(filepath.Join(root, ".git")); errors.Is(staterr, os.ErrNotExist) {
			t.Skip("not a git checkout: which files belong to the tree is not known")
		}
		t.Fatalf("git ls-files: %v: %s", err, &stderr)
	}
	var files []string
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		// A file deleted and not yet committed is still listed.
		if _, err := os.Lstat(filepath.Join(root, name)); err == nil {
			files = append(files, name)
		}
	}
	return files
}

func TestTopLevelFoldersAreFixed(t *testing.T) {
	for _, name := range tracked(t) {
		if top, _, nested := strings.Cut(name, "/"); nested && !slices.Contains(topFolders, top) {
			t.Errorf("%s: the folders at the top are %v", name, topFolders)
		}
	}
}

func TestFilesStayShort(t *testing.T) {
	const most = 600
	for _, name := range tracked(t) {
		if filepath.Ext(name) != ".go" {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte{'\n'}); n > most {
			t.Errorf("%s has %d lines: split it, %d are the most", name, n, most)
		}
	}
}

// The words are put together here so that this file does not hold them.
var forbidden = map[string]*regexp.Regexp{
	"a path of one machine": regexp.MustCompile("/" + `work/|/` + `tmp/wt\b`),
	"a thing left undone":   regexp.MustCompile(`\b(TO` + `DO|FIX` + `ME|XX` + `X)\b`),
	"a private key":         regexp.MustCompile("-----BEGIN [A-Z ]*PRIVATE" + " KEY"),
}

func TestForbiddenWords(t *testing.T) {
	for _, name := range tracked(t) {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text[:min(len(text), 8000)], 0) >= 0 {
			continue // not text
		}
		for what, words := range forbidden {
			if at := words.FindIndex(text); at != nil {
				t.Errorf("%s:%d: %s: %q", name, 1+bytes.Count(text[:at[0]], []byte{'\n'}), what, text[at[0]:at[1]])
			}
		}
	}
}

func TestNoReplacedModules(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(?m)^\s*replace\b.*`).Find(text); m != nil {
		t.Errorf("go.mod replaces a module, so others build something else: %s", m)
	}
}

// reserved are names of the standard library that only some folders may use.
// Test files are free.
var reserved = map[string][]string{
	"os.Args":     {"cmd"},
	"os.Exit":     {"cmd"},
	"os.Stdin":    {"cmd", "engine/repl"},
	"os.Stdout":   {"cmd", "engine/repl"},
	"os.Stderr":   {"cmd", "engine/repl"},
	"fmt.Print":   {"cmd"},
	"fmt.Printf":  {"cmd"},
	"fmt.Println": {"cmd"},
	"time.Sleep":  {},      // no sleep as synchronisation
	"os.Chtimes":  {"cmd"}, // evidence is not changed
}

func TestLibraryPackagesKeepToThemselves(t *testing.T) {
	for _, name := range tracked(t) {
		if filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, filepath.Join(root, name), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, fault := range breaches(filepath.ToSlash(filepath.Dir(name)), file) {
			t.Errorf("%s:%d: %s", name, set.Position(fault.at).Line, fault.what)
		}
	}
}

type breach struct {
	at   token.Pos
	what string
}

// breaches are the uses of reserved names, and the init functions, of a file of folder.
func breaches(folder string, file *ast.File) (found []breach) {
	packageOf := map[string]string{} // the name in this file → the import path
	for _, i := range file.Imports {
		path, err := strconv.Unquote(i.Path.Value)
		if err != nil {
			panic("architecture: internal error: " + err.Error())
		}
		name := path[strings.LastIndexByte(path, '/')+1:]
		if i.Name != nil {
			name = i.Name.Name
		}
		packageOf[name] = path
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncDecl:
			if x.Recv == nil && x.Name.Name == "init" {
				found = append(found, breach{x.Pos(), "no init functions: whoever needs it calls it"})
			}
		case *ast.SelectorExpr:
			of, ok := x.X.(*ast.Ident)
			if !ok {
				return true
			}
			path := packageOf[of.Name]
			used := path[strings.LastIndexByte(path, '/')+1:] + "." + x.Sel.Name
			if allowed, ok := reserved[used]; ok && path != "" && !within(folder, allowed...) {
				found = append(found, breach{x.Pos(), used + " is for " + strings.Join(allowed, ", ") + " alone"})
			}
		case *ast.CallExpr:
			if f, ok := x.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
				found = append(found, breach{x.Pos(), f.Name + " writes to the standard error of whoever uses the package"})
			}
		}
		return true
	})
	return found
}

// A rule that never bites would look as if the tree kept it.
func TestBreachesAreFound(t *testing.T) {
	const text = `package p
import ("fmt"; "os"; clock "time")
func init() { fmt.Println(os.Args); clock.Sleep(1); println() }
func f(os struct{ Exit int }) string { return fmt.Sprint(os.Exit) }
type t struct{}
func (t) init() {}
`
	file, err := parser.ParseFile(token.NewFileSet(), "p.go", text, 0)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range breaches("engine/p", file) {
		got = append(got, strings.Fields(b.what)[0])
	}
	// A parameter named as a package looks like it: the check has no types.
	want := []string{"no", "fmt.Println", "os.Args", "time.Sleep", "println", "os.Exit"}
	if !slices.Equal(got, want) {
		t.Errorf("found %q, want %q", got, want)
	}
	if found := breaches("cmd/quarry", file); len(found) != 3 {
		t.Errorf("in cmd: %v, want init, Sleep and println", found)
	}
}
