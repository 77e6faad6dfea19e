package sigma_test

import (
	"os"
	"testing"

	"logquarry/engine/schema/schematest"
	"logquarry/engine/sigma"
)

// sharedRules are published rules, and sharedLogs real logs; both are kept
// beside the tree, not in it.
const sharedRules = "../../../shared/data/sigmahq-aws-rules/rules"

func TestPublishedRulesCompile(t *testing.T) {
	if _, err := os.Stat(sharedRules); err != nil {
		t.Skipf("no published rules here: %v", err)
	}
	set, err := sigma.Read([]string{sharedRules}, sigma.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range set.Problems {
		t.Error(p)
	}
	if len(set.Rules) < 50 {
		t.Errorf("only %d rules", len(set.Rules))
	}
	env := &sigma.Env{Sources: schematest.Shipped(t)}
	c := newCase(t, records(t, matchEvents...))
	for _, r := range set.Rules {
		compiled, err := env.Compile(r)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, n := range compiled.Notes {
			t.Logf("%s: %s", r.Position, n)
		}
		ids(t, c, "SELECT event_id FROM cloudtrail WHERE "+compiled.Parts[0].Where)
	}
}
