// Package lock keeps two processes from working in the same place.
//
// In: an open file. Out: its lock, or that another has it. What the file is, and
// what the lock stands for, is its users'.
package lock

import "errors"

// ErrHeld says that another process, or another open file of this one, has the lock.
var ErrHeld = errors.New("another process has the lock")
