package atomicfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// maxSecret bounds what ReadSecret takes into memory.
const maxSecret = 1 << 20

// CheckPrivate refuses a file or folder that others could have written: it must belong to this user or to root
// and be writable by nobody else. A link is followed; its target counts, so check the folder too.
func CheckPrivate(path string) error { return check(path, 0o022) }

// CheckSecret is CheckPrivate, and others may not read the file either.
func CheckSecret(path string) error { return check(path, 0o077) }

// ReadSecret reads a plain file of at most 1 MiB, checking it as CheckSecret does after opening it, so that what is read is what was checked.
func ReadSecret(path string) (content []byte, err error) {
	// Without O_NONBLOCK, opening a planted pipe would wait for its writer.
	f, err := os.OpenFile(filepath.Clean(path), os.O_RDONLY|openNonblock, 0)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if err := refuseKind(path, info); err != nil {
		return nil, err
	}
	if err := checkInfo(path, info, 0o077); err != nil {
		return nil, err
	}
	content, err = io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err == nil && len(content) > maxSecret {
		return nil, &Refused{path, "it is larger than 1 MiB", "name the right file"}
	}
	return content, err
}

// EnsureDir makes the folder at path, and missing ones above it, mode 0700. An existing folder is kept if it is
// this user's and closed to everybody else. An empty one is closed; one with content may be open for a reason and is refused.
func EnsureDir(path string) error {
	path = filepath.Clean(path)
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("cannot make the folder: %w", err)
	}
	if _, closed, err := ownFolder(path); err != nil || closed {
		return err
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	// Looked at again after the content was: of several processes that start at once, one closes the folder and fills it.
	info, closed, err := ownFolder(path)
	if err != nil || closed {
		return err
	}
	if shared := info.Mode()&fs.ModeSticky != 0; shared || (len(entries) > 0 && info.Mode().Perm()&0o077 != 0) {
		return &Refused{path, fmt.Sprintf("the folder is open to others (mode %04o)", info.Mode().Perm()),
			"name a folder of its own, or: chmod 700 " + shellQuote(path)}
	}
	return os.Chmod(path, 0o700) //nolint:gosec // a folder needs its x bits
}

// ownFolder refuses another user's folder, and reports whether there is nothing to be done about its mode.
func ownFolder(path string) (info fs.FileInfo, closed bool, err error) {
	if info, err = os.Stat(path); err != nil {
		return nil, false, err
	}
	uid, _, known := owner(info)
	if known && uid != os.Geteuid() {
		return nil, false, &Refused{path, "the folder belongs to " + userName(uid), "run this as that user, or name a folder of your own"}
	}
	return info, !known || info.Mode().Perm() == 0o700, nil
}

// check applies checkInfo to whatever path leads to.
func check(path string, forbidden fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return checkInfo(path, info, forbidden)
}

// checkInfo refuses a strange owner and any of the forbidden mode bits.
func checkInfo(path string, info fs.FileInfo, forbidden fs.FileMode) error {
	uid, _, known := owner(info)
	if !known {
		return nil
	}
	mode := info.Mode().Perm()
	switch {
	case uid != 0 && uid != os.Geteuid():
		return &Refused{path, "it belongs to " + userName(uid), "if its content is yours: sudo chown " + userName(os.Geteuid()) + " " + shellQuote(path)}
	case mode&forbidden&0o022 != 0:
		return &Refused{path, fmt.Sprintf("others can write to it (mode %04o)", mode), "chmod go-w " + shellQuote(path)}
	case mode&forbidden != 0:
		return &Refused{path, fmt.Sprintf("others can read it (mode %04o)", mode), "chmod go= " + shellQuote(path)}
	}
	return nil
}
