//go:build !unix

package atomicfile

import (
	"io/fs"
	"os"
)

const openNonblock = 0

// owner knows nothing here: access is a matter of the folder's ACL.
func owner(fs.FileInfo) (uid int, links uint64, known bool) { return 0, 0, false }

// syncDir does nothing: a folder cannot be synced on this system.
func syncDir(*os.Root) error { return nil }
