package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"logquarry/engine/acquire"
	"logquarry/engine/coverage"
	"logquarry/engine/custody"
	"logquarry/engine/evidence"
	"logquarry/engine/render"
	"logquarry/engine/seal"
	"logquarry/engine/store"
	"logquarry/engine/verify"
)

// shownVerdicts is how many objects of a kind the report lists; the other
// formats have all.
const shownVerdicts = 20

type verifyFlags struct {
	keys   []string
	root   string
	sealed string
	online bool
}

func (a *app) verifyCommand() *cobra.Command {
	var f verifyFlags
	c := &cobra.Command{
		Use:   "verify [PATH…]",
		Short: "Check the evidence: CloudTrail's digests, hashes, counts, actions, coverage",
		Long: `verify checks whether the evidence is what was delivered and what was loaded:

  CloudTrail   each log file against the digests, each digest against its
               signature and the digests beside it, by the public keys of --keys
  manifest     what quarry fetch got: each file against its SHA-256 there, and the
               chain of the lines
  files        each against its SHA-256 in the case; those that vanished or came
  records      the rows and rejects of each file in the case, counted again
  actions      what was done to the case: whether the list was changed
  coverage     for which hours there are logs, and which call explains a hole
  seal         with --sealed KEY: the signature of CASE.seal.json, and whether the
               case is still what was sealed

It needs no network, but for --online. The keys are what "aws cloudtrail
list-public-keys" prints, for the Regions and times of the digests. The signature
of a digest stands in the metadata of its S3 object: it is read from a file
manifest.ndjson, or from one beside the digest, such as
DIGEST.json.gz.metadata.json with what "aws s3api head-object" prints. Where it is
gone, the digest after it proves a digest, and only the newest stays unproven.

With PATHs these are checked in the place of what was loaded, also without a
case. A report is written for people; with --format csv, json and the like there
is a row for each digest, log file and file.

The exit code is 1 where something was changed, is missing or moved. A case on
another machine, its evidence and the keys are checked by one command:
quarry verify --case FILE --evidence-root DIR --keys FILE --sealed KEY`,
		Example: `  quarry verify --keys keys.json
  quarry verify --case incident.duckdb --evidence-root /mnt/usb/logs --keys keys.json
  quarry verify --sealed responder.key.pub
  quarry verify ./logs --keys eu.json --keys us.json --format csv --output verdicts.csv`,
		RunE: func(c *cobra.Command, args []string) error { return a.verify(c.Context(), args, f) },
	}
	c.Flags().StringArrayVar(&f.keys, "keys", nil, "`file` of CloudTrail's public keys; may be given again")
	c.Flags().BoolVar(&f.online, "online", false, "ask CloudTrail for the public keys that --keys lacks")
	c.Flags().StringVar(&f.sealed, "sealed", "", "check the seal of the case with the public `key`, a file or the key itself")
	c.Flags().StringVar(&f.root, "evidence-root", "", "`folder` below which the evidence of the case lies now")
	return c
}

func (a *app) verify(ctx context.Context, paths []string, f verifyFlags) (err error) {
	keys, err := readKeys(f.keys)
	if err != nil {
		return err
	}
	var public seal.PublicKey
	if f.sealed != "" {
		if public, err = seal.ReadPublicKey(f.sealed); err != nil {
			return fmt.Errorf("--sealed: %w", err)
		}
	}
	for _, p := range append(paths[:len(paths):len(paths)], f.root) {
		if p == "" {
			continue
		}
		if _, err := os.Stat(p); err != nil {
			return fmt.Errorf("verify: %w", err)
		}
	}
	t, err := a.results()
	if err != nil {
		return err
	}
	defer func() { err = t.finish(err) }()
	// The report is for people, whatever reads it; another format is asked for.
	var format render.Format
	if a.format != "" || t.file != nil {
		if format, err = a.resultFormat(t.Writer); err != nil {
			return err
		}
	}
	c, err := a.caseToVerify(ctx, len(paths) > 0)
	if err != nil {
		return err
	}
	if c != nil {
		defer func() {
			if cerr := c.Close(); err == nil {
				err = cerr
			}
		}()
	}
	path, _ := a.caseName()
	scratch, err := os.MkdirTemp(a.scratchFolder(path), ".quarry-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	start := time.Now()
	var sealed *sealing
	if f.sealed != "" {
		if c == nil {
			return usage("--case FILE names it", "--sealed is for a case, and there is none")
		}
		if sealed, err = checkSeal(ctx, c, public); err != nil {
			return err
		}
	}
	var online verify.KeySource
	if f.online {
		online = acquire.Keys{}
	}
	r, err := verify.Run(ctx, verify.Options{
		Online: online, Case: c, Paths: paths, Root: f.root, Keys: keys, Sources: a.sources, Scratch: scratch, Threads: a.workers(), Progress: a.verifyProgress(),
	})
	if a.showsProgress() {
		fmt.Fprint(a.err, eraseLine)
	}
	if err != nil {
		return err
	}
	if t.record.File.Format = string(format); c != nil {
		if err := t.describe(ctx, c); err != nil {
			return err
		}
	}
	switch {
	case a.json && t.file == nil:
		err = a.tell(verifyDone(r, sealed, time.Since(start)))
	case format != "":
		t.record.File.Rows, err = a.write(t.Writer, verdictRows(r), format)
	default:
		err = a.verifyPage(t.Writer, r, sealed, c != nil, len(f.keys) > 0 || f.online, time.Since(start))
	}
	if err == nil && a.json && t.file != nil {
		err = a.tell(verifyDone(r, sealed, time.Since(start)))
	}
	if err != nil {
		return err
	}
	if !r.Sound() || !sealed.holds() {
		// What was found is whole, and stays where it was written.
		if err := t.finish(nil); err != nil {
			return err
		}
		return errTold
	}
	return nil
}

// caseToVerify is the case, or nil where there is none and none is needed.
func (a *app) caseToVerify(ctx context.Context, may bool) (*store.Case, error) {
	path, named := a.caseName()
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if may && !named {
			return nil, nil
		}
		return nil, &hinted{fmt.Errorf("open case %s: there is no such file", path), "quarry verify PATH checks the digests of a folder without a case"}
	}
	// The case may be somebody else's, and so its views.
	return a.openCase(ctx, path, store.Options{ReadOnly: true, Confined: true})
}

func readKeys(paths []string) (evidence.Keys, error) {
	keys := evidence.Keys{}
	for _, p := range paths {
		f, err := os.Open(p)
		if err != nil {
			return nil, fmt.Errorf("--keys: %w", err)
		}
		err = keys.Add(f)
		f.Close()
		if err != nil {
			return nil, &hinted{fmt.Errorf("--keys %s: %w", p, err),
				"aws cloudtrail list-public-keys --region REGION --start-time … --end-time … > keys.json"}
		}
	}
	return keys, nil
}

func (a *app) verifyProgress() func(done, total int, bytes int64) {
	if !a.showsProgress() {
		return nil
	}
	var last time.Time
	return func(done, total int, bytes int64) {
		if now := time.Now(); now.Sub(last) > 100*time.Millisecond {
			last = now
			fmt.Fprintf(a.err, "%sreading %s/%s files, %s MB", eraseLine, render.Thousands(int64(done)), render.Thousands(int64(total)), render.Thousands(bytes>>20))
		}
	}
}

// verifyPage is the report for people.
func (a *app) verifyPage(w io.Writer, r *verify.Report, sealed *sealing, hasCase, hasKeys bool, took time.Duration) error {
	p := &page{w: w}
	p.digests(r, hasKeys)
	p.manifests(r.Fetched)
	if hasCase {
		p.ledger(r)
		p.coverage(r, terminal(w), a.colour(w))
	}
	if sealed != nil {
		p.seal(sealed)
	}
	p.line("")
	switch verdict := "Nothing here shows that the evidence was changed"; {
	case !r.Sound() || !sealed.holds():
		p.line("THE EVIDENCE DOES NOT HOLD in what is listed above.  (%s files, %s)", render.Thousands(int64(r.Files)), seconds(took.Seconds()))
	case len(r.Evidence.Digests) > 0 && evidence.Count(r.Evidence.Digests)[evidence.Valid] == 0:
		p.line("%s, and nothing proves that it was not.  (%s files, %s)", verdict, render.Thousands(int64(r.Files)), seconds(took.Seconds()))
	default:
		p.line("%s.  (%s files, %s)", verdict, render.Thousands(int64(r.Files)), seconds(took.Seconds()))
	}
	return p.err
}

// page writes lines until one fails.
type page struct {
	w   io.Writer
	err error
}

func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

const stamp = "2006-01-02 15:04:05"

func (p *page) digests(r *verify.Report, hasKeys bool) {
	e := r.Evidence
	for _, n := range e.Notes {
		p.line("note: %s", render.Escape(n))
	}
	if len(e.Digests) == 0 {
		p.line("CLOUDTRAIL DIGESTS: there are none here%s", map[bool]string{true: ", so none of the log files is covered", false: ""}[len(e.Logs) > 0])
		return
	}
	keys := plural(int64(r.Keys), "public key")
	if !hasKeys {
		keys = "no public keys: --keys FILE gives them"
	}
	p.line("CLOUDTRAIL DIGESTS (%s)", keys)
	for _, c := range e.Chains {
		p.line("")
		p.line("  %s", render.Escape(c.Chain.String()))
		p.line("    digests    %s", verdictCounts(c.Digests))
		p.line("    log files  %s", verdictCounts(c.Logs))
		for _, s := range c.Spans {
			line := fmt.Sprintf("    %-9s  %s to %s", s.State, s.From.Format(stamp), s.To.Format(stamp))
			if s.Why != "" {
				line += "  " + s.Why
			}
			p.line("%s", line)
		}
	}
	free := 0
	for _, l := range e.Logs {
		if l.Chain == (evidence.Chain{}) {
			free++
		}
	}
	if free > 0 {
		p.line("")
		p.line("  %s that no digest lists", plural(int64(free), "log file"))
	}
	var problems, open []evidence.Checked
	for _, list := range [][]evidence.Checked{e.Digests, e.Logs} {
		for _, c := range list {
			switch {
			case c.Finding.Problem():
				problems = append(problems, c)
			case c.Verdict != evidence.Valid && c.Finding != evidence.Distrusted:
				open = append(open, c)
			}
		}
	}
	p.problems(problems)
	p.unproven(open)
}

// problems lists what does not hold, one by one.
func (p *page) problems(list []evidence.Checked) {
	if len(list) == 0 {
		return
	}
	p.line("")
	p.line("  WHAT DOES NOT HOLD")
	for _, c := range list[:min(len(list), shownVerdicts)] {
		p.line("    %s: %s", c.What(), render.Escape(c.Name()))
		p.line("      %s", render.Escape(c.Reason))
	}
	p.more(len(list))
}

// unproven lists what is not proven by its reason: one reason holds for many.
func (p *page) unproven(list []evidence.Checked) {
	if len(list) == 0 {
		return
	}
	type why struct{ what, reason string }
	by := map[why][]evidence.Checked{}
	var order []why
	for _, c := range list {
		w := why{c.What(), c.Reason}
		if by[w] == nil {
			order = append(order, w)
		}
		by[w] = append(by[w], c)
	}
	p.line("")
	p.line("  what is not proven")
	for _, w := range order[:min(len(order), shownVerdicts)] {
		p.line("    %s: %s", w.what, render.Escape(w.reason))
		const shown = 3
		for _, c := range by[w][:min(len(by[w]), shown)] {
			p.line("      %s", render.Escape(c.Name()))
		}
		if n := len(by[w]) - shown; n > 0 {
			p.line("      and %s more", render.Thousands(int64(n)))
		}
	}
	p.more(len(order))
}

// more says that a list has n lines, of which not all are shown.
func (p *page) more(n int) {
	if n -= shownVerdicts; n > 0 {
		p.line("    and %s more: --format csv lists all", render.Thousands(int64(n)))
	}
}

func verdictCounts(n map[evidence.Verdict]int) string {
	var parts []string
	for _, v := range evidence.Verdicts {
		if n[v] > 0 {
			parts = append(parts, render.Thousands(int64(n[v]))+" "+string(v))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// manifests is how the files stand to the lists of what was fetched.
func (p *page) manifests(f *evidence.Fetched) {
	if f.Manifests == 0 {
		return
	}
	p.line("")
	verdict := "each with the hash of the one before"
	if len(f.Broken) > 0 {
		verdict = "and the chain of their hashes is broken"
	}
	p.line("FILES AGAINST WHAT WAS FETCHED: %s as fetched; %s in %s, %s", plural(f.Same, "file"), plural(f.Lines, "line"), plural(int64(f.Manifests), "manifest"), verdict)
	if f.NotHad > 0 {
		p.line("  %s could not be had: status failed in the manifest says why", plural(f.NotHad, "object"))
	}
	for _, b := range f.Broken {
		p.line("    %s", render.Escape(b))
	}
	for _, h := range f.Held[:min(len(f.Held), shownVerdicts)] {
		p.line("    %s: %s", h.Standing, render.Escape(h.Path))
		p.line("      %s", render.Escape(h.Reason))
	}
	p.more(len(f.Held))
}

func (p *page) ledger(r *verify.Report) {
	counts := map[evidence.Standing]int{}
	var list []evidence.Held
	for _, h := range r.Held {
		counts[h.Standing]++
		if h.Standing.Problem() || h.Standing == evidence.New {
			list = append(list, h)
		}
	}
	var parts []string
	for _, s := range evidence.Standings {
		if counts[s] > 0 {
			parts = append(parts, render.Thousands(int64(counts[s]))+" "+string(s))
		}
	}
	p.line("")
	p.line("FILES AGAINST THE CASE: %s", strings.Join(parts, ", "))
	for _, name := range r.Nowhere {
		p.line("  %s is not to be found: --evidence-root DIR says where it lies now", render.Escape(name))
	}
	for _, h := range list[:min(len(list), shownVerdicts)] {
		p.line("    %s: %s", h.Standing, render.Escape(h.Path))
		p.line("      %s", render.Escape(h.Reason))
	}
	p.more(len(list))
	p.line("")
	if len(r.Recounts) == 0 {
		p.line("RECORDS: %s counted again, as many as the ledger says of each file", plural(r.Rows, "row"))
	} else {
		p.line("RECORDS: the case does not hold what its ledger says")
	}
	for _, c := range r.Recounts[:min(len(r.Recounts), shownVerdicts)] {
		p.line("    %s: %s of %s, %s of %s", render.Escape(c.Path),
			render.Thousands(c.Rows), plural(c.Loaded, "row"), render.Thousands(c.Rejects), plural(c.Rejected, "reject"))
	}
	p.more(len(r.Recounts))
	p.line("")
	if r.Broken == "" {
		p.line("ACTIONS: %s, each with the hash of the one before", render.Thousands(r.Actions))
	} else {
		p.line("ACTIONS: %s", render.Escape(r.Broken))
	}
}

// sealing is what a seal says, and how the case differs from it.
type sealing struct {
	*seal.Report
	seal.Comparison
	path string
}

// holds reports whether the case is what was sealed, or was only added to by
// actions that it records. No seal was asked for where s is nil.
func (s *sealing) holds() bool { return s == nil || s.Good && s.ActionsHold && len(s.Differences) == 0 }

func checkSeal(ctx context.Context, c *store.Case, key seal.PublicKey) (*sealing, error) {
	s := &sealing{path: c.Path + seal.Suffix}
	var err error
	if s.Report, err = seal.Check(s.path, key); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = &hinted{err, "quarry seal --key FILE makes a seal"}
		}
		return nil, err
	}
	if !s.Good {
		return s, nil
	}
	now, err := caseNow(ctx, c)
	if err != nil {
		return nil, err
	}
	if now.SHA256, now.Bytes, err = custody.Sum(c.Path); err != nil {
		return nil, err
	}
	s.Comparison = s.Manifest.Compare(now)
	return s, nil
}

// coverage draws for which hours there are logs.
func (p *page) coverage(r *verify.Report, width int, colour bool) {
	if len(r.Coverage.Rows) == 0 || p.err != nil {
		return
	}
	if width == 0 {
		width = 100
	}
	p.line("")
	p.line("COVERAGE: the hours of each log, as the view coverage judges them")
	p.err = coverage.Draw(p.w, r.Coverage, coverage.Options{Width: width, Rows: 30, Gaps: 10, Colour: colour, Indent: "  "})
}

func (p *page) seal(s *sealing) {
	p.line("")
	if !s.Good {
		p.line("SEAL: %s does not hold: %s", render.Escape(s.path), render.Escape(s.Why))
		return
	}
	by := s.Manifest.By
	p.line("SEAL: signed with key %s on %s by %s on %s", s.KeyID, by.At.UTC().Format(stamp), render.Escape(by.OSUser), render.Escape(by.Host))
	switch {
	case s.Same:
		p.line("  the case is, byte for byte, what was sealed")
	case s.holds():
		p.line("  all that was sealed is there as it was; %s since", plural(s.Since, "action"))
	}
	for _, d := range s.Differences[:min(len(s.Differences), shownVerdicts)] {
		p.line("    %s %s: %s", d.What, render.Escape(d.Name), render.Escape(d.How))
	}
	p.more(len(s.Differences))
}
