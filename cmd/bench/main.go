// Command bench measures quarry side by side with what people use today: gzip
// -dc of the same files, and DuckDB's own readers with explicit columns.
//
// It makes its corpora with cmd/logmaker's packages and keeps them. Each tool
// runs as a child process, in turns, so that time, memory and processor time
// are the tool's own and a busy minute falls on all of them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"logquarry/cmd/logmaker/corpus"
)

// The bench binary calls itself by these names to do work whose memory or time
// has to be a process's own.
const (
	childCorpus = "child-corpus"
	childDuckDB = "child-duckdb"
)

// kinds are what can be measured, in the order they are.
var kinds = slices.Concat(caseSources, []string{"tiny", "big", "cloudtrail_5x"}, corpus.LineKinds(), []string{signed, "case", matched, sigmaRules, fetched, watchedLogs})

type options struct {
	scale    float64
	kinds    []string
	dir      string
	runs     int
	quarry   string
	threads  int
	markdown bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the command: 0 done, whether or not a must is met; 1 failed; 2 called wrongly.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	err := bench(ctx, args, stdout, stderr)
	var wrong usageError
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.As(err, &wrong):
		fmt.Fprintln(stderr, "bench:", err)
		return 2
	}
	fmt.Fprintln(stderr, "bench:", err)
	return 1
}

type usageError struct{ error }

func bench(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case childCorpus:
			return runChildCorpus(args[1:], stdout)
		case childDuckDB:
			return runChildDuckDB(ctx, args[1:], stdout)
		case childHash:
			return runChildHash(ctx, args[1:])
		case childPut:
			return runChildPut(ctx, args[1:])
		case childTransfer:
			return runChildTransfer(ctx, args[1:])
		}
	}
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	if _, err := exec.LookPath(o.quarry); err != nil {
		return fmt.Errorf("no quarry binary to measure: %w (make build)", err)
	}
	for _, tool := range []string{"gzip", "xargs"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is what quarry is measured against, and it is not there: %w", tool, err)
		}
	}
	b := session{options: o, say: func(format string, a ...any) { fmt.Fprintf(stderr, "bench: "+format+"\n", a...) }}
	if err := b.measure(ctx); err != nil {
		return err
	}
	facts, err := machine(ctx, o.quarry)
	if err != nil {
		return err
	}
	return errors.Join(append(b.failed, b.report(stdout, facts))...)
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Float64Var(&o.scale, "scale", 1, "size of the corpora, as a multiple of the usual one")
	flags.IntVar(&o.runs, "runs", 3, "runs of each tool, of which the median is reported")
	flags.StringVar(&o.dir, "dir", ".cache/bench", "folder for corpora and cases; the corpora are kept")
	flags.StringVar(&o.quarry, "quarry", "bin/quarry", "the binary to measure")
	flags.IntVar(&o.threads, "threads", runtime.NumCPU(), "threads of quarry and of DuckDB's readers")
	flags.BoolVar(&o.markdown, "markdown", false, "print Markdown, for the README")
	which := flags.String("kinds", strings.Join(kinds, ","), "what to measure")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return o, err
		}
		return o, usageError{err}
	}
	o.kinds = strings.Split(*which, ",")
	for _, k := range o.kinds {
		if !slices.Contains(kinds, k) {
			return o, usageError{fmt.Errorf("no kind %q; there are %s", k, strings.Join(kinds, ", "))}
		}
	}
	if flags.NArg() > 0 || o.runs < 1 || o.scale <= 0 || o.threads < 1 {
		return o, usageError{errors.New("scale, runs and threads are above 0, and there are no arguments besides the flags")}
	}
	// Children run elsewhere, and DuckDB takes its paths literally.
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return o, err
	}
	o.quarry, err = filepath.Abs(o.quarry)
	return o, err
}

func runChildCorpus(args []string, stdout io.Writer) error {
	if len(args) != 2 {
		return usageError{errors.New(childCorpus + " takes a stamp and a folder")}
	}
	var s stamp
	if err := json.Unmarshal([]byte(args[0]), &s); err != nil {
		return err
	}
	totals, err := write(s, args[1])
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(totals)
}

func runChildDuckDB(ctx context.Context, args []string, stdout io.Writer) error {
	if len(args) != 1 {
		return usageError{errors.New(childDuckDB + " takes the file of a job")}
	}
	text, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	var j job
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	rows, err := readWithDuckDB(ctx, j)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, rows)
	return err
}
