package triage

import (
	"fmt"
	"testing"
	"time"

	"logquarry/engine/report"
)

func TestActor(t *testing.T) {
	for name, want := range map[string]string{
		"arn:aws:sts::111122223333:assumed-role/Ops/ada": "role 111122223333 Ops",
		"arn:aws:iam::111122223333:role/teams/x/Ops":     "role 111122223333 Ops",
		"arn:aws-cn:iam::111122223333:user/x/ada":        "arn:aws-cn:iam::111122223333:user/x/ada",
		"ec2.amazonaws.com":                              "ec2.amazonaws.com",
		"arn:aws:iam::111122223333:root":                 "arn:aws:iam::111122223333:root",
		"arn:aws:sts::111122223333:federated-user/ada":   "arn:aws:sts::111122223333:federated-user/ada",
		"arn:aws:": "arn:aws:", "": "",
	} {
		if got := actor(name, "").Key(); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for name, want := range map[string]string{"ec2.amazonaws.com": "service", "arn:aws:iam::1:root": "root", "arn:aws:iam::1:user/a": "user", "AIDAX": "principal", "arn:aws:sts::1:assumed-role/a/b": "role"} {
		if got := actor(name, "").Kind; got != want {
			t.Errorf("%s is a %s, want a %s", name, got, want)
		}
	}
}

func TestChoose(t *testing.T) {
	at := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	g := assumptions{at: map[string]int{}, edgeAt: map[[2]int]int{}}
	role := func(n int) string { return fmt.Sprintf("arn:aws:iam::111122223333:role/r%d", n) }
	add := func(from, to string) { g.add(from, "", to, report.Assumption{Count: 1, First: at, Last: at}) }
	add("arn:aws:iam::111122223333:user/ada", role(1))
	// A session of the role, taken on, and the same once more.
	add("arn:aws:sts::111122223333:assumed-role/r1/x", role(2))
	add("arn:aws:sts::111122223333:assumed-role/r1/y", role(2))
	add(role(2), role(3))
	add(role(3), role(4)) // a step too far
	for i := range 200 {
		add(fmt.Sprintf("arn:aws:iam::111122223333:user/u%d", i), role(100+i%7))
	}
	g.all[g.at["role 111122223333 r2"]].Weight = 8
	c := g.choose(report.MaxActors)
	names := ""
	for _, a := range c.Actors {
		names += a.Key() + "; "
	}
	if want := "role 111122223333 r2; role 111122223333 r1; arn:aws:iam::111122223333:user/ada; role 111122223333 r3; "; names != want {
		t.Errorf("chosen %s, want %s", names, want)
	}
	if !c.Named || c.Omitted != 0 || c.Others != 208 || len(c.Assumptions) != 3 {
		t.Errorf("%+v", c)
	}
	for _, e := range c.Assumptions {
		if c.Actors[e.From].Role == "r1" && e.Count != 2 {
			t.Errorf("two assumptions are told as %d", e.Count)
		}
	}
	// Where no finding names anybody, the busiest; never more than can be read.
	for i := range g.all {
		g.all[i].Weight = 0
	}
	if c = g.choose(report.MaxActors); c.Named || len(c.Actors) != report.MaxActors || c.Omitted != 212-report.MaxActors || c.Actors[0].Kind != "role" {
		t.Errorf("%d actors, %d left out, named %v", len(c.Actors), c.Omitted, c.Named)
	}
}
