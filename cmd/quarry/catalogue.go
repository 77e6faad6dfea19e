package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"logquarry/engine/schema"
	"logquarry/engine/sqltext"
	"logquarry/engine/value"
)

func (a *app) sourcesCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "sources",
		Short: "List the kinds of logs that can be read",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			sources, err := a.sources()
			if err != nil {
				return err
			}
			l := value.NewList("source", "title", "shape", "columns", "citation")
			l.Columns()[3].Type = "BIGINT"
			for _, s := range sources {
				shape := string(s.Shape)
				if s.Parquet {
					shape += ", parquet"
				}
				l.Add(s.Name, s.Title, shape, int64(len(s.AllColumns())), s.Cite)
			}
			_, err = a.show(l)
			return err
		},
	}
}

func (a *app) schemaCommand() *cobra.Command {
	var page, examples bool
	c := &cobra.Command{
		Use:   "schema [TABLE]",
		Short: "Describe tables and views, or the columns of one",
		Example: `  quarry schema
  quarry schema cloudtrail
  quarry schema events
  quarry schema alb --examples
  quarry schema alb --page > alb.md`,
		Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			sources, err := a.sources()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			var names []string
			for _, s := range sources {
				names = append(names, s.Name+"\t"+s.Title)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(c *cobra.Command, args []string) error {
			sources, err := a.sources()
			if err != nil {
				return err
			}
			if len(args) == 1 {
				for _, s := range sources {
					if !strings.EqualFold(s.Name, args[0]) {
						continue
					}
					switch {
					case page:
						return a.page(s)
					case examples:
						return a.examples(s)
					}
					_, err := a.show(describe(s))
					if err == nil && !a.quiet {
						fmt.Fprintf(a.err, "quarry schema %s --examples shows queries, --page how a file is recognised\n", s.Name)
					}
					return err
				}
			}
			if page || examples {
				return usage("quarry sources lists them", "schema: --page and --examples need the name of a source")
			}
			return a.describeOther(c.Context(), args)
		},
	}
	c.Flags().BoolVar(&page, "page", false, "the source's whole documentation, as Markdown")
	c.Flags().BoolVar(&examples, "examples", false, "example queries on the source")
	c.MarkFlagsMutuallyExclusive("page", "examples")
	return c
}

// page writes the documentation of a source.
func (a *app) page(s *schema.Source) error {
	text, err := s.Page()
	if err != nil {
		return err
	}
	return a.writeText(text)
}

// examples writes a source's example queries, to be pasted or run as a file.
func (a *app) examples(s *schema.Source) error {
	list, err := schema.SplitExamples(s.Examples)
	if err != nil {
		return err
	}
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "-- %s\n%s;\n", e.Title, e.SQL)
	}
	return a.writeText(b.String())
}

// describe are the columns of a source's table.
func describe(s *schema.Source) *value.List {
	l := value.NewList("column", "type", "unit", "about", "field", "citation")
	for _, c := range s.AllColumns() {
		cite := c.Cite
		if cite == "" {
			cite = s.Cite
		}
		l.Add(c.Name, c.Type.SQL(), unit(c.Unit), c.Doc, c.From, cite)
	}
	return l
}

// unit is a column's unit, nothing where the spec says that it has none.
func unit(u string) any {
	if u == "-" {
		return nil
	}
	return u
}

// describeOther lists the tables and views of a case, or the columns of one
// that is no source's table. Without a case an empty one serves.
func (a *app) describeOther(ctx context.Context, args []string) (err error) {
	o, err := a.open(ctx, question{scratch: true})
	if err != nil {
		return err
	}
	defer o.closeInto(&err)
	cat, err := o.Catalogue(ctx)
	if err != nil {
		return err
	}
	if len(args) == 0 {
		l := value.NewList("name", "kind", "columns", "about")
		l.Columns()[2].Type = "BIGINT"
		for _, view := range []bool{false, true} {
			for _, r := range cat.Relations {
				kind := "table"
				if r.View {
					kind = "view"
				}
				if r.Args != nil {
					kind = "macro"
				}
				if r.View == view {
					l.Add(r.Name, kind, int64(len(r.Columns)), r.Doc)
				}
			}
		}
		_, err := a.show(l)
		return err
	}
	var names []string
	for _, r := range cat.Relations {
		if strings.EqualFold(r.Name, args[0]) {
			l := value.NewList("column", "type", "about")
			for _, c := range r.Columns {
				l.Add(c.Name, c.Type, c.Doc)
			}
			_, err := a.show(l)
			return err
		}
		names = append(names, r.Name)
	}
	hint := "quarry schema lists them"
	if near, ok := sqltext.Nearest(args[0], names); ok {
		hint = "did you mean " + near + "?"
	}
	return usage(hint, "schema %s: no such table or view", args[0])
}

func (a *app) pivotCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pivot VALUE",
		Short: "Everything about an address, ARN, key, instance, bucket … in the order of time",
		Example: `  quarry pivot 198.51.100.77
  quarry pivot 203.0.113.0/24 --format csv
  quarry pivot AKIAIOSFODNN7EXAMPLE
  quarry pivot i-0abcdef1234567890`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("quarry pivot 198.51.100.77", "pivot needs one VALUE")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) (err error) {
			ctx := c.Context()
			o, err := a.open(ctx, question{})
			if err != nil {
				return err
			}
			defer o.closeInto(&err)
			rows, err := o.Pivot(ctx, args[0])
			if err != nil {
				return fmt.Errorf("pivot %s: %w", args[0], err)
			}
			if about := a.enriched.About(args[0]); about != "" && !a.quiet {
				fmt.Fprintf(a.err, "%s: %s\n", args[0], escapeLines(about))
			}
			n, err := a.showFrom(ctx, o.Case(), rows)
			err = errors.Join(err, rows.Close())
			if err == nil && n == 0 && !a.quiet {
				fmt.Fprintf(a.err, "nothing about %s in %s\n", escapeLines(args[0]), escapeLines(o.Case().Path))
			}
			return err
		},
	}
}
