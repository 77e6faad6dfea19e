// Command quarry is a forensic query engine over AWS logs.
//
// In: arguments and the standard streams. Out: results on stdout, everything
// else on stderr, an exit code. It wires the engine's packages together and is
// the only one to print errors; each command has a file of its own.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// version is set by the linker: -X main.version=1.2.3.
var version = "dev"

func main() { os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// run is the whole program but for the process.
func run(ctx context.Context, args []string, in io.Reader, out, errw io.Writer) int {
	restrictNewFiles()
	a := &app{in: in, out: out, err: errw, getenv: os.Getenv}
	shell := ctx
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The second Ctrl-C ends the process at once.
	context.AfterFunc(ctx, stop)
	// In the shell Ctrl-C is for the statement that runs.
	a.shellContext = func() context.Context { a.inShell = true; stop(); return shell }
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errw)
	a.args = args
	err := root.ExecuteContext(ctx)
	a.tellNotes()
	// What was written is told before anything else can fail.
	a.recordNow(context.WithoutCancel(ctx))
	return a.exit(ctx, err)
}

// root is the command without a name: the shell and one-liners.
func (a *app) root() *cobra.Command {
	root := a.statements()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(flagError)
	root.Version = version
	root.SetVersionTemplate("quarry {{.Version}}\n")
	f := root.PersistentFlags()
	f.StringVar(&a.casePath, "case", "", "case `file` (default $QUARRY_CASE, or case.duckdb)")
	f.StringVar(&a.format, "format", "", "result `format`: table, csv, tsv, json, ndjson, markdown, line\n(default table on a terminal, else csv)")
	f.StringVarP(&a.output, "output", "o", "", "write results to `file`")
	f.BoolVar(&a.force, "force", false, "let --output replace a file")
	f.BoolVar(&a.noColor, "no-color", false, "no colour")
	f.BoolVarP(&a.quiet, "quiet", "q", false, "no progress, no summaries")
	f.BoolVar(&a.json, "json", false, "one JSON object on stdout saying what was done")
	f.IntVar(&a.threads, "threads", 0, "`number` of threads (default one a core)")
	f.StringVar(&a.memory, "memory", "", "`size` of the database's buffers, such as 1GB; beyond it spills to disk")
	f.StringVar(&a.schemas, "schemas", "", "`folder` of further sources, each a folder with source.yaml and views.sql")
	f.StringVar(&a.geoip, "geoip", "", "`folder` of GeoIP databases, *.mmdb (default $QUARRY_GEOIP)")
	f.StringVar(&a.ipRanges, "ip-ranges", "", "AWS's ip-ranges.json (default $QUARRY_IP_RANGES, or the one in --geoip)")
	root.PersistentPreRun = func(c *cobra.Command, _ []string) {
		if a.command = strings.TrimPrefix(c.CommandPath(), "quarry"); a.command == "" {
			a.command = " statements"
		}
		a.command = a.command[1:]
	}
	root.AddCommand(a.triageCommand(), a.fetchCommand(), a.loadCommand(), a.huntCommand(), a.watchCommand(), a.sigmaCommand(), a.pivotCommand(), a.matchCommand(), a.keepCommand(), a.reportCommand(), a.sealCommand(), a.verifyCommand(), a.exportCommand(),
		a.packsCommand(), a.sourcesCommand(), a.schemaCommand(), a.completionCommand(), a.versionCommand())
	root.InitDefaultHelpCmd()
	return root
}
