// Package evidence says whether the evidence is still what it was: log files
// and digests of CloudTrail against one another and against Amazon's public
// keys, and all files against the ledger of a case.
//
// In: files, as they are found, and what a ledger says of them. Out: verdicts
// with reasons. It knows nothing of the database, of the network and of the
// look of what it finds out.
package evidence
