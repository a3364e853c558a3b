package atomicfile

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Options says how a file is replaced. The zero value writes mode 0600 and keeps no backup.
type Options struct {
	// Mode is the file's exact mode; 0 means 0600.
	Mode fs.FileMode
	// Group, unless nil, is the group the file is given to.
	Group *int
	// Verify, unless nil, is called with the content as read back from the disk before it replaces the former
	// one; its error abandons the replacement.
	Verify func(written []byte) error
	// Backup keeps the former content, with its mode, at the path with ".bak" appended.
	Backup bool
}

// BackupSuffix is appended to a path to name its backup.
const BackupSuffix = ".bak"

// Write replaces the content of the file at path, or creates it.
//
// When it returns nil the content is on the disk. When it returns an error the former file is untouched, except
// that the last step, syncing the folder, may fail after the replacement became visible.
func Write(path string, data []byte, opts Options) (err error) {
	dir, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("cannot open the folder of %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, dir.Close()) }()

	former, err := examine(dir, path)
	if err != nil {
		return err
	}
	if opts.Backup && former != nil {
		if err := backUp(dir, path, former); err != nil {
			return fmt.Errorf("cannot back up %s: %w", path, err)
		}
	}
	return replace(dir, path, data, opts)
}

// replace writes a temporary file in the folder itself, since only there a rename is atomic, and renames it.
// A rename replaces a link that somebody slipped in since examine, so it cannot lead elsewhere.
func replace(dir *os.Root, path string, data []byte, opts Options) (err error) {
	temp := tempPrefix + rand.Text() + tempSuffix
	defer func() {
		if err != nil {
			// Gone already if the rename succeeded; otherwise the first error is the one that matters.
			_ = dir.Remove(temp)
			err = fmt.Errorf("cannot write %s: %w", path, err)
		}
	}()
	if err := stage(dir, temp, data, opts); err != nil {
		return err
	}
	if opts.Verify != nil {
		written, err := dir.ReadFile(temp)
		if err != nil {
			return err
		}
		if err := opts.Verify(written); err != nil {
			return err
		}
	}
	if err := dir.Rename(temp, filepath.Base(path)); err != nil {
		return err
	}
	return syncDir(dir)
}

// stage writes the temporary file. It is 0600 until everything, the group included, is in place.
func stage(dir *os.Root, temp string, data []byte, opts Options) (err error) {
	f, err := dir.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if opts.Group != nil {
		if err := f.Chown(-1, *opts.Group); err != nil {
			return fmt.Errorf("give it to group %d, of which this user must be a member: %w", *opts.Group, err)
		}
	}
	mode := opts.Mode
	if mode == 0 {
		mode = 0o600
	}
	if err := f.Chmod(mode); err != nil {
		return err
	}
	return f.Sync()
}

// backUp copies rather than links: a second name for the former file would look like a hard link to the next
// writer if this one dies half way.
func backUp(dir *os.Root, path string, former fs.FileInfo) (err error) {
	bak := path + BackupSuffix
	if _, err := examine(dir, bak); err != nil {
		return err
	}
	f, err := dir.OpenFile(filepath.Base(path), os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if now, err := f.Stat(); err != nil || !os.SameFile(now, former) {
		return errors.Join(err, errors.New("it was replaced meanwhile; try again"))
	}
	var content bytes.Buffer
	if _, err := io.Copy(&content, f); err != nil {
		return err
	}
	return replace(dir, bak, content.Bytes(), Options{Mode: former.Mode().Perm()})
}
