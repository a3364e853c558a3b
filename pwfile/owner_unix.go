//go:build unix

package pwfile

import (
	"io/fs"
	"syscall"
)

// groupOf returns the group of a file; known is false where files have none.
func groupOf(info fs.FileInfo) (gid int, known bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, false
	}
	return int(st.Gid), true
}
