package s3

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// syncAll syncs the file system of the folder: one wait of the disk for thousands
// of files. done is false where the system cannot. syncfs(2): errors of writing are
// told since Linux 5.8.
func syncAll(root *os.Root) (done bool, err error) {
	d, err := root.Open(".")
	if err != nil {
		return false, err
	}
	defer d.Close()
	switch err := unix.Syncfs(int(d.Fd())); {
	case errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EINVAL):
		return false, nil
	case err != nil:
		return false, err
	}
	return true, nil
}

// notFolder says whether err is that a file is where a folder would be.
func notFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
