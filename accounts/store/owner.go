package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
)

// OwnerError says that the store belongs to another OS user. Nothing was created or touched.
type OwnerError struct {
	Path  string
	Owner string // user name, or the number of a user without one
}

// Command is what to run instead, up to fettle's own arguments.
func (e *OwnerError) Command() string { return "sudo -u " + e.Owner + " fettle" }

// Error implements error with the line to run.
func (e *OwnerError) Error() string {
	return fmt.Sprintf("%s belongs to %s, and a book belongs to one user: run %s …", e.Path, e.Owner, e.Command())
}

// checkOwner refuses a folder of another user. Where the folder does not exist yet, root is kept from making it
// inside another user's folder: that is what sudo with a kept HOME would do, and lock the user out.
func checkOwner(dir string) error {
	for _, path := range []string{dir, filepath.Join(dir, dbFile)} {
		info, err := os.Stat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		// The database too: a folder that was given away may still hold the other user's file.
		if uid, known := owner(info); known && uid != os.Geteuid() {
			return &OwnerError{Path: path, Owner: userName(uid)}
		}
	}
	above, info, err := existing(dir)
	if err != nil {
		return err
	}
	if uid, known := owner(info); known && uid != os.Geteuid() && os.Geteuid() == 0 {
		return &OwnerError{Path: above, Owner: userName(uid)}
	}
	return nil
}

// existing returns dir, or the nearest folder above it that exists.
func existing(dir string) (string, fs.FileInfo, error) {
	for {
		info, err := os.Stat(dir)
		if !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			return dir, info, err
		}
		dir = filepath.Dir(dir)
	}
}

func userName(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return "#" + id // as sudo wants it
}
