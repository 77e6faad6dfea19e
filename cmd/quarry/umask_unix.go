//go:build unix

package main

import "syscall"

// restrictNewFiles gives every file the process makes to its owner alone: a
// case holds what the logs hold.
func restrictNewFiles() { syscall.Umask(0o077) }
