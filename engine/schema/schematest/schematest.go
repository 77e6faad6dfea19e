// Package schematest hands tests the shipped sources, read once a test program:
// reading them takes longer than most tests, with the race detector by far.
package schematest

import (
	"sync"
	"testing"

	"logquarry/engine/schema"
	"logquarry/schemas"
)

var shipped = sync.OnceValues(func() ([]*schema.Source, error) { return schema.Load(schemas.FS) })

// Shipped are the sources of schemas/. They are shared, and not to be changed.
func Shipped(t testing.TB) []*schema.Source {
	t.Helper()
	sources, err := shipped()
	if err != nil {
		t.Fatal(err)
	}
	return sources
}
