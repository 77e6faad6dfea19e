package s3

import (
	"os"
	"path"

	"golang.org/x/sync/errgroup"
)

// syncers is how many files are synced at a time: a disk takes several as one.
const syncers = 16

// few is up to how many files are synced one by one where the whole file system
// can be synced at once.
const few = 8

// eachSynced syncs files one by one.
func eachSynced(root *os.Root, names []string) error {
	var g errgroup.Group
	g.SetLimit(syncers)
	for _, name := range names {
		g.Go(func() error {
			f, err := root.OpenFile(name, os.O_RDWR, 0)
			if err != nil {
				return err
			}
			err = f.Sync()
			if cerr := f.Close(); err == nil {
				err = cerr
			}
			return err
		})
	}
	return g.Wait()
}

// syncFolders makes the names in folders last, and in those above them. Not every
// system lets a folder be synced.
func syncFolders(root *os.Root, folders map[string]bool) error {
	all := map[string]bool{}
	for dir := range folders {
		for ; !all[dir]; dir = path.Dir(dir) {
			all[dir] = true
		}
	}
	if len(all) > few {
		if done, err := syncAll(root); done || err != nil {
			return err
		}
	}
	for dir := range all {
		if d, err := root.Open(dir); err == nil {
			_ = d.Sync()
			d.Close()
		}
	}
	return nil
}

// syncFiles makes the content of files last.
func syncFiles(root *os.Root, names []string) error {
	if len(names) > few {
		if done, err := syncAll(root); done || err != nil {
			return err
		}
	}
	return eachSynced(root, names)
}
