// Command logmaker writes made-up AWS logs: large corpora to measure with, and
// the small incident that the hunts are tested against. The same arguments give
// the same bytes on every machine.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"logquarry/cmd/logmaker/corpus"
	"logquarry/cmd/logmaker/digests"
	"logquarry/cmd/logmaker/incident"
	"logquarry/cmd/logmaker/logfile"
	"logquarry/cmd/logmaker/rules"
)

const usage = `usage:
  logmaker corpus -kind cloudtrail|vpc_flow|waf|tiny|big|SOURCE -out DIR [-scale N] [-bytes N]
  logmaker evidence -out DIR [-answers FILE] [-damaged DIR]
  logmaker digests -out DIR -keys FILE [-manifest]    digests for the log files of CloudTrail in DIR
  logmaker rules -out DIR [-number N]                 Sigma rules about CloudTrail
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command: 0 done, 1 failed, 2 called wrongly.
func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	flags := flag.NewFlagSet("logmaker "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	out := flags.String("out", "", "folder to write to")
	var make func() (any, error)
	switch args[0] {
	case "corpus":
		kind := flags.String("kind", "", "cloudtrail, vpc_flow, waf, tiny, big, or the name of another source of lines")
		scale := flags.Float64("scale", 1, "size, as a multiple of the usual one")
		size := flags.Int64("bytes", 2_000_000_000, "size of big in bytes")
		make = func() (any, error) {
			sum, err := makeCorpus(*kind, *out, *scale, *size)
			return struct {
				Kind string `json:"kind"`
				logfile.Totals
			}{*kind, sum}, err
		}
	case "evidence":
		answers := flags.String("answers", "", "file of answers (default: DIR.answers.yaml)")
		damaged := flags.String("damaged", "", "folder for damaged copies of some of the files (default: none are written)")
		make = func() (any, error) {
			if *answers == "" {
				*answers = filepath.Clean(*out) + ".answers.yaml"
			}
			return incident.Write(*out, *answers, *damaged)
		}
	case "digests":
		keys := flags.String("keys", "", "file for the public keys")
		manifest := flags.Bool("manifest", false, "write manifest.ndjson with the digests' signatures")
		make = func() (any, error) {
			return digests.Write(*out, *keys, *manifest, digests.Options{Bucket: "example-cloudtrail-logs", Trail: "main"})
		}
	case "rules":
		number := flags.Int("number", 800, "how many rules to write")
		make = func() (any, error) {
			return struct {
				Rules int `json:"rules"`
			}{*number}, rules.Write(*out, *number)
		}
	default:
		fmt.Fprint(stderr, usage)
		return 2
	}
	if err := flags.Parse(args[1:]); err != nil {
		return 2
	}
	if *out == "" || flags.NArg() > 0 {
		fmt.Fprint(stderr, usage)
		return 2
	}
	sum, err := make()
	if err == nil {
		err = json.NewEncoder(stdout).Encode(sum)
	}
	if err != nil {
		fmt.Fprintln(stderr, "logmaker:", err)
		return 1
	}
	return 0
}

func makeCorpus(kind, out string, scale float64, size int64) (logfile.Totals, error) {
	switch kind {
	case "cloudtrail":
		return corpus.CloudTrail(out, scale)
	case "vpc_flow":
		return corpus.VPCFlow(out, scale)
	case "waf":
		return corpus.WAF(out, scale)
	case "tiny":
		return corpus.Tiny(out, scale)
	case "big":
		return corpus.Big(out, int64(float64(size)*scale))
	}
	return corpus.Lines(out, kind, scale)
}
