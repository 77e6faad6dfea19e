package queries_test

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"logquarry/engine/hunt"
	"logquarry/engine/schema/schematest"
)

// topics says which hunts look for what a topic of the made-up incident's
// answers names. A topic without hunts is listed with none.
var topics = map[string][]string{
	"T2": {"ct-new-region"}, "T3": {"ct-denied-principals", "ct-denied-burst"}, "T4": {"ct-new-address"}, "T7": {"ct-console-writes"},
	"T9": {"ct-role-chain"}, "T10": {"ct-logging-gap"},
	"I1": {"ct-console-login-no-mfa"}, "I2": {"ct-root-use"}, "I3": {"ct-console-guessing", "ct-console-guessed"}, "I5": {"ct-console-outside-idp"},
	"I6": {"ct-instance-credentials-elsewhere"}, "I7": {"waf-attack-allowed"}, "I9": {"ct-guest-credentials"}, "I10": {"ct-lambda-public"},
	"E1": {"ct-unusual-instances"}, "E2": {"ct-ssm-many-instances"}, "E3": {"ct-userdata-swap"}, "E4": {"ct-lambda-code-change"},
	"E5": {"ct-container-task"}, "E6": {"ct-dev-environment"},
	"P1": {"ct-credentials-for-another"}, "P2": {"ct-user-with-credentials"}, "P3": {"ct-role-trusts-stranger"}, "P4": {"ct-identity-provider"},
	"P5": {"ct-console-from-key"}, "P6": {"ct-mfa-removed"}, "P7": {"ct-resource-shared"}, "P8": {"ct-instance-keys"},
	"V1": {"ct-admin-policy"}, "V2": {"ct-policy-version"}, "V3": {"ct-role-passed", "ct-passed-role-taken"}, "V4": {"ct-password-then-login"}, "V5": {"ct-admin-role-made"},
	"V6": {"ct-service-role-by-hand"}, "V7": {"ct-assumerole-probing"},
	"D1": {"ct-trail-impaired"}, "D2": {"ct-logs-deleted"}, "D3": {"ct-detection-impaired"}, "D4": {"ct-waf-weakened"}, "D5": {"ct-organization-left"},
	"D6": {"ct-encryption-weakened"}, "D7": {"ct-alarms-silenced"}, "D8": {"flow-records-lost"},
	"C1": {"ct-secrets-burst"}, "C2": {"ct-secrets-burst"}, "C3": {"ct-instance-secrets"}, "C4": {"ct-attack-tool"}, "C5": {"ct-secret-objects"},
	"R1": {"ct-recon-burst", "ct-instance-role-recon"}, "R2": {"ct-denied-burst"}, "R3": {"ct-whoami-then-buckets", "ct-instance-role-recon", "ct-guest-credentials"},
	"R4": {"ct-many-regions", "ct-bucket-enumeration"}, "R5": {"flow-port-scan"}, "R6": {"ct-instance-role-recon"},
	"L1": {"ct-cross-account-role"}, "L2": {"flow-admin-port-from-internet", "flow-admin-port-inside"}, "L3": {"ct-key-many-addresses", "ct-new-address"},
	"K1": {"ct-object-mass-read"}, "K2": {"ct-object-mass-read"}, "K3": {"ct-anonymous-read"}, "K4": {"ct-table-export"}, "K5": {"ct-traffic-mirror"},
	"N2": {"flow-beacon"}, "N3": {"flow-dns-outside"},
	"X1": {"ct-snapshot-shared"}, "X2": {"ct-bucket-replication"}, "X3": {"flow-bytes-out"}, "X4": {"x-bucket-read-then-egress"}, "X5": {"ct-security-group-opened"},
	"M1": {"ct-bulk-delete"}, "M2": {"ct-versioning-then-delete"}, "M3": {"ct-objects-encrypted"}, "M4": {"ct-resource-hijack", "ct-unusual-instances"},
	"M5": {"waf-flood"}, "M6": {"ct-database-destroyed"},
	"S2": {"x-api-caller-in-flows", "x-scanner-calls-api", "x-blocked-client-calls-api", "x-address-everywhere"}, "S3": {"x-blocked-client-calls-api"},
	"N1": {"dns-mining-pool"}, "S4": {"x-dns-answer-flow"}, "NFW": {"nfw-alert-passed"}, "GD": {"guardduty-high", "x-guardduty-key-calls"},
	"CFG": {"cfg-sg-open-admin", "cfg-rule-broken"}, "S7": {"x-config-change-by"}, "SSH": {"ssh-guessed"}, "RDS": {"rds-login-guessing"},
	"RS": {"redshift-unload"}, "I11": {"eks-anonymous"}, "K8S": {"eks-secrets-listed", "eks-exec"},
	"S5": {"x-opened-then-reached"}, "S8": {"x-instance-role-stranger"}, "S9": {"x-address-everywhere"},
}

type answer struct {
	Hunt      string    `yaml:"hunt"`
	First     time.Time `yaml:"first"`
	Last      time.Time `yaml:"last"`
	Principal string    `yaml:"principal"`
	SrcIP     string    `yaml:"src_ip"`
	Target    string    `yaml:"target"`
	Says      string    `yaml:"says"`
}

// is says whether a finding is the answer: the same time, and its address,
// principal or target in a leading column.
func (a answer) is(r row) bool {
	return overlaps(r, a.First, a.Last) && slices.ContainsFunc(hunt.Leading(), func(col string) bool {
		v := fmt.Sprint(r[col])
		return a.SrcIP != "" && v == a.SrcIP || a.Principal != "" && v == a.Principal || a.Target != "" && strings.Contains(v, a.Target)
	})
}

type answers struct {
	Sources map[string]struct {
		Files, Records, Rows, Duplicates, Rejects int64
	} `yaml:"sources"`
	Findings   []answer `yaml:"findings"`
	NearMisses []struct {
		Hunt string `yaml:"hunt"`
		Who  string `yaml:"who"`
		Says string `yaml:"says"`
	} `yaml:"near_misses"`
}

// TestEvidence runs all hunts, with their defaults, over the made-up incident:
// each planted answer must be among the findings of its topic, and no planted
// near-miss may be.
func TestEvidence(t *testing.T) {
	const folder = "../testdata/evidence"
	text, err := os.ReadFile(folder + ".answers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var want answers
	if err := yaml.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	if len(want.Findings) == 0 || len(want.NearMisses) == 0 {
		t.Fatal("no answers")
	}
	c, srcs := openCase(t), schematest.Shipped(t)
	sum := loadPaths(t, c, srcs, folder)
	for source, l := range want.Sources {
		got := sum.Sources[source]
		if got.Files != l.Files || got.Records != l.Records || got.Rows != l.Rows || got.Duplicates != l.Duplicates || got.Rejects != l.Rejects {
			t.Errorf("%s: loaded %+v, the answers say %+v", source, got, l)
		}
	}
	if len(sum.Sources) != len(want.Sources) || len(want.Sources) != len(srcs) {
		t.Errorf("loaded %d sources, the answers have %d, there are %d", len(sum.Sources), len(want.Sources), len(srcs))
	}
	lib := library(t)
	found := map[string][]row{}
	for _, h := range lib.Hunts() {
		found[h.ID] = findings(t, c, h, nil)
	}
	for topic, hunts := range topics {
		for _, id := range hunts {
			if _, there := lib.Hunt(id); !there {
				t.Errorf("topic %s names hunt %s, which is not there", topic, id)
			}
		}
	}
	for _, a := range want.Findings {
		hunts, known := topics[a.Hunt]
		if !known {
			t.Errorf("topic %s is in no list", a.Hunt)
		}
		hit := slices.ContainsFunc(hunts, func(id string) bool { return slices.ContainsFunc(found[id], a.is) })
		if !hit && len(hunts) > 0 {
			t.Errorf("%s not found by %s: %s (%s, %s, %s)", a.Hunt, strings.Join(hunts, ", "), a.Says, a.First.Format(time.RFC3339), a.SrcIP, a.Principal)
		}
	}
	for _, m := range want.NearMisses {
		for _, id := range topics[m.Hunt] {
			// Hunts of low severity show what is there; telling is left to the reader.
			if h, _ := lib.Hunt(id); h.Severity.Rank() <= hunt.Low.Rank() {
				continue
			}
			for _, r := range found[id] {
				// The same principal may have done the real thing at another time.
				real := slices.ContainsFunc(want.Findings, func(a answer) bool { return a.Hunt == m.Hunt && a.is(r) })
				if l := leading(r); strings.Contains(l, strconv.Quote(m.Who)) && !real {
					t.Errorf("%s: %s takes a near-miss for a hit (%s): %s", m.Hunt, id, m.Says, l)
				}
			}
		}
	}
}

// overlaps says whether the span of all times in a finding touches first to last, give or take the width of a flow record.
func overlaps(r row, first, last time.Time) bool {
	var from, to time.Time
	for _, v := range r {
		s, _ := v.(string)
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			continue
		}
		if from.IsZero() || at.Before(from) {
			from = at
		}
		if at.After(to) {
			to = at
		}
	}
	if from.IsZero() {
		return false
	}
	const slack = time.Minute
	return !from.After(last.Add(slack)) && !to.Before(first.Add(-slack))
}
