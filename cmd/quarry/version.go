package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/custody"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Say which version this is, and which databases it has",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := struct {
				Version string `json:"version"`
				Commit  string `json:"commit,omitempty"`
				Go      string `json:"go"`
				DuckDB  string `json:"duckdb_driver,omitempty"`
				OS      string `json:"os"`
				Arch    string `json:"arch"`
				// Databases are those of --geoip and --ip-ranges.
				Databases []custody.Database `json:"databases,omitempty"`
			}{Version: version, Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
			if info, ok := debug.ReadBuildInfo(); ok {
				for _, s := range info.Settings {
					if s.Key == "vcs.revision" {
						v.Commit = s.Value
					}
				}
				for _, d := range info.Deps {
					if d.Path == "github.com/duckdb/duckdb-go/v2" {
						v.DuckDB = d.Version
					}
				}
			}
			answers, err := a.enrichment()
			if err == nil {
				v.Databases, err = answers.All()
			}
			if err != nil {
				return err
			}
			if a.json {
				return a.tell(v)
			}
			fmt.Fprintf(a.out, "quarry %s (%s %s/%s, duckdb-go %s)\n", v.Version, v.Go, v.OS, v.Arch, v.DuckDB)
			for _, d := range v.Databases {
				_, err = fmt.Fprintf(a.out, "%s\n  %s of %s, SHA-256 %s\n", d.Path, d.Type, d.Built.Format(time.DateTime), d.SHA256)
			}
			return err
		},
	}
}

func (a *app) completionCommand() *cobra.Command {
	return &cobra.Command{
		Use:       "completion SHELL",
		Short:     "Write the completion script for bash, zsh, fish or powershell",
		Example:   "  source <(quarry completion bash)",
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("quarry completion bash", "completion needs the name of a shell: bash, zsh, fish or powershell")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			root := c.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.out, true)
			case "zsh":
				return root.GenZshCompletion(a.out)
			case "fish":
				return root.GenFishCompletion(a.out, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.out)
			}
			return usage("there are bash, zsh, fish and powershell", "no completion for %s", args[0])
		},
	}
}
