package attack

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestList holds the list to what ATT&CK says of its version: 15 tactics, 222
// techniques, 475 sub-techniques.
func TestList(t *testing.T) {
	if !strings.Contains(enterprise, "version "+Version+" (") {
		t.Errorf("the list does not say that it is version %s", Version)
	}
	id := regexp.MustCompile(`^T[0-9]{4}(\.[0-9]{3})?$`)
	whole, part, last := 0, 0, ""
	used := map[string]bool{}
	for _, x := range Techniques() {
		switch {
		case !id.MatchString(x.ID):
			t.Errorf("id %q", x.ID)
		case x.ID <= last:
			t.Errorf("%s stands behind %s", x.ID, last)
		case x.Name == "" || x.Name != strings.TrimSpace(x.Name):
			t.Errorf("%s is named %q", x.ID, x.Name)
		}
		last = x.ID
		if x.Parent == "" {
			whole++
		} else {
			part++
			if p, ok := Lookup(x.Parent); !ok || p.Parent != "" {
				t.Errorf("%s belongs to %s, which is no technique", x.ID, x.Parent)
			}
		}
		at := -1
		for _, tactic := range x.Tactics {
			used[tactic] = true
			i := slices.IndexFunc(Tactics(), func(y Tactic) bool { return y.Short == tactic })
			if i <= at {
				t.Errorf("%s: tactics %v are not in the order of the matrix", x.ID, x.Tactics)
			}
			at = i
		}
	}
	if whole != 222 || part != 475 || len(Tactics()) != 15 || len(used) != 15 {
		t.Errorf("%d techniques, %d sub-techniques, %d tactics of which %d have techniques", whole, part, len(Tactics()), len(used))
	}
	for old := range matrix().successors {
		if _, there := Lookup(old); there {
			t.Errorf("%s is revoked, and there", old)
		}
		if _, ok := Successor(old); !ok {
			t.Errorf("what stands in the place of %s is not there", old)
		}
	}
}

func TestLookup(t *testing.T) {
	x, ok := Lookup("T1078.004")
	if !ok || x.FullName() != "Valid Accounts: Cloud Accounts" || x.URL() != "https://attack.mitre.org/techniques/T1078/004/" {
		t.Errorf("%+v, %v, %s, %s", x, ok, x.FullName(), x.URL())
	}
	if want := []string{"initial-access", "persistence", "privilege-escalation", "stealth"}; !slices.Equal(x.Tactics, want) {
		t.Errorf("tactics %v, want %v", x.Tactics, want)
	}
	for _, id := range []string{"", "T9999", "T1562.008", "T1078.4", "TA0001"} {
		if x, ok := Lookup(id); ok {
			t.Errorf("%s is %v", id, x)
		}
	}
	if x, ok := Successor("T1562.008"); !ok || x.ID != "T1685.002" {
		t.Errorf("T1562.008 became %v, %v", x, ok)
	}
	for id, want := range map[string]string{"T1562.008": "T1685.002", "T1078": "T1078", "T9999": ""} {
		if x, ok := Current(id); x.ID != want || ok != (want != "") {
			t.Errorf("%s is now %v, %v", id, x, ok)
		}
	}
	if _, ok := Successor("T1078"); ok {
		t.Error("T1078 is revoked")
	}
}

func TestParseRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"T1\tx":                   "line 1 has 2 fields",
		"# c\nT1\tx\tName":        `line 2: no tactic "x"`,
		"TA1\tx\tX\nT1\tx,\tName": `line 2: no tactic ""`,
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
