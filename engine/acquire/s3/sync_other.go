//go:build !linux

package s3

import (
	"errors"
	"os"
	"syscall"
)

func syncAll(*os.Root) (done bool, err error) { return false, nil }

// notFolder says whether err is that a file is where a folder would be.
func notFolder(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
