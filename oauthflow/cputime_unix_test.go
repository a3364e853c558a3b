//go:build unix

package oauthflow_test

import (
	"syscall"
	"time"
)

// spent is the processor time of this process. A clock on the wall would measure what else the machine is doing.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
