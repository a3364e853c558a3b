package store_test

import (
	"syscall"
)

// ownMounts lets a child mount what only it sees.
var ownMounts = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}

func mountTmpfs(dir, size string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size)
}
