//go:build !unix

package cli

import (
	"os"
	"os/exec"
	"os/signal"
)

// forward keeps fettle alive until the command has dealt with the keyboard's interrupt, which reaches both.
func forward() (begin func(*os.Process), stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	return func(*os.Process) {}, func() { signal.Stop(signals) }
}

func statusOf(ended *exec.ExitError) int { return ended.ExitCode() }
