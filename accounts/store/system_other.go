//go:build !unix

package store

import (
	"errors"
	"io/fs"
	"math"
)

var errQuota = errors.New("quota exceeded")

// owner knows nothing here: access is a matter of the folder's ACL.
func owner(fs.FileInfo) (uid int, known bool) { return 0, false }

// syncDir does nothing: a folder cannot be synced on this system.
func syncDir(string) error { return nil }

// freeSpace does not know and lets the caller try.
func freeSpace(string) (uint64, error) { return math.MaxUint64, nil }
