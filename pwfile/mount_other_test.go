//go:build !linux

package pwfile_test

import (
	"errors"
	"testing"
)

func mountMemory(*testing.T, string, string) error { return errors.ErrUnsupported }
