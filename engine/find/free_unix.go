//go:build linux || darwin || freebsd

package find

import "syscall"

// freeBytes is how much this user may still write where dir lies.
func freeBytes(dir string) (n int64, ok bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}
