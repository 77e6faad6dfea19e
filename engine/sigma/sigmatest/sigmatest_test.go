package sigmatest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCases(t *testing.T) {
	cases, err := Cases()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			got, err := c.Evaluate()
			if c.Invalid != (err != nil) {
				t.Fatalf("error %v, want one: %v", err, c.Invalid)
			}
			if d := cmp.Diff(c.Want, got, cmpopts.EquateEmpty()); d != "" && !c.Invalid {
				t.Error(d)
			}
			if len(c.Want) == 0 && !c.Invalid {
				t.Error("a case that finds nothing shows nothing")
			}
		})
	}
}
