//go:build !linux

package store_test

import (
	"errors"
	"syscall"
)

var ownMounts *syscall.SysProcAttr

func mountTmpfs(string, string) error { return errors.ErrUnsupported }
