// Package queries holds the shipped hunts as data: one folder a pack's home,
// one SQL file a hunt with its front matter, and beside it the records it must
// find and those it must not.
//
// It takes nothing and gives the files as they are; engine/hunt reads and
// checks them.
package queries

import "embed"

// FS holds <tactic>/<id>.sql of every shipped hunt, for [logquarry/engine/hunt.Load].
//
//go:embed */*.sql
var FS embed.FS
