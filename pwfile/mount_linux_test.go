package pwfile_test

import (
	"syscall"
	"testing"
)

// mountMemory puts a small file system over a folder, for the length of the test.
func mountMemory(t *testing.T, dir, option string) error {
	t.Helper()
	flags, data := uintptr(0), option
	if option == "ro" {
		flags, data = syscall.MS_RDONLY, ""
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", flags, data); err != nil {
		return err
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return nil
}
