// Package schemas holds the descriptions of the log sources as data: one folder
// a source with its source.yaml and views.sql, and the SQL all sources share.
//
// It takes nothing and gives the files as they are; engine/schema reads and
// checks them, engine/store runs the SQL.
package schemas

import "embed"

// FS holds <source>/source.yaml, <source>/views.sql and <source>/examples.sql of
// every shipped source; functions.sql, the macros that give DuckDB the function
// names of Trino, to be run before any views.sql; and cross.sql, the views over
// several sources, to be run after them all.
//
//go:embed functions.sql cross.sql */source.yaml */*.sql
var FS embed.FS
