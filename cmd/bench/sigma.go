package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"

	"logquarry/cmd/logmaker/rules"
)

// sigmaRules is the measure of Sigma rules over the case of cloudtrail_5x.
const sigmaRules = "sigma"

// ruleCount is how many rules the measure has, at every scale: it is the case
// that grows.
const ruleCount = 800

// ruled is what quarry hunt took for the rules.
type ruled struct {
	costs
	events, findings int64
}

// huntRules measures quarry hunt of made-up rules, mixed as published ones are,
// over a case of five times the usual CloudTrail. The load is not measured.
func (b *session) huntRules(ctx context.Context) (m ruled, err error) {
	l, err := b.corpus(ctx, "cloudtrail_5x")
	if err != nil {
		return m, err
	}
	file, dir := b.temporary("sigma"), filepath.Join(b.dir, "rules")
	found := filepath.Join(b.dir, "findings.ndjson")
	defer func() {
		err = errors.Join(err, remove(file), os.RemoveAll(dir), os.RemoveAll(found), os.RemoveAll(found+".custody.json"))
	}()
	if err := os.RemoveAll(dir); err != nil {
		return m, err
	}
	if err := rules.Write(dir, ruleCount); err != nil {
		return m, err
	}
	b.say("loading the case of %d rules", ruleCount)
	if _, err := b.quarryLoad(ctx, file, l); err != nil {
		return m, err
	}
	m.events = l.totals.Records
	for i := range b.runs {
		b.say("%d rules, run %d of %d", ruleCount, i+1, b.runs)
		out, used, err := spend(exec.CommandContext(ctx, b.quarry, "hunt", dir, "--case", file, "--quiet", "--json", "--format", "ndjson",
			"--output", found, "--force", "--threads", strconv.Itoa(b.threads)))
		if err != nil {
			return m, err
		}
		var did struct {
			Hunts, Findings, Skipped, Failed int64
			NotRun                           []any `json:"rules_not_run"`
		}
		if err := json.Unmarshal(out, &did); err != nil {
			return m, fmt.Errorf("what quarry hunt says it did: %w: %.500s", err, out)
		}
		if did.Hunts != ruleCount || did.Skipped+did.Failed > 0 || len(did.NotRun) > 0 || did.Findings == 0 {
			return m, fmt.Errorf("quarry hunt ran %d of %d rules, %d skipped, %d failed, with %d findings", did.Hunts, ruleCount, did.Skipped, did.Failed, did.Findings)
		}
		m.findings = did.Findings
		m.costs = append(m.costs, used)
	}
	return m, nil
}
