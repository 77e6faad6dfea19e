// Package schemas holds the descriptions of the log sources as data: one folder
// a source with its source.yaml and views.sql, and the SQL all sources share.
//
// It takes nothing and gives the files as they are; engine/schema reads and
// checks them, engine/store runs the SQL.
package schemas

import "embed"

// FS holds <source>/source.yaml and <source>/views.sql of every shipped source,
// and functions.sql: the macros that give DuckDB the function names of Trino,
// to be run before any views.sql.
//
//go:embed functions.sql */source.yaml */views.sql
var FS embed.FS
