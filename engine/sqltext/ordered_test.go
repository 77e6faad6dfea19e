package sqltext

import "testing"

func TestOrdered(t *testing.T) {
	for sql, want := range map[string]bool{
		"SELECT 1 ORDER BY 1":                             true,
		"select a from t\norder /* x */ by a limit 3":     true,
		"WITH x AS (SELECT 1 ORDER BY 1) SELECT * FROM x": false,
		"SELECT list(a ORDER BY a) FROM t":                false,
		"SELECT 'ORDER BY 1' -- ORDER BY 1":               false,
		`SELECT "order" BY`:                               false,
		"SELECT [x FOR x IN l] FROM t ORDER BY 1":         true,
		"SELECT order_by FROM t":                          false,
		"":                                                false,
	} {
		if got := Ordered(sql); got != want {
			t.Errorf("%q: %v", sql, got)
		}
	}
}
