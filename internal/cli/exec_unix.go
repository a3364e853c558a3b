//go:build unix

package cli

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// passed are the signals that a job may be waiting for.
var passed = []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGUSR1, syscall.SIGUSR2}

// forward catches signals from before the command starts; begin hands them to it once it has. The keyboard's own
// signals reach both processes where fettle is in the foreground of a terminal, so they are not handed on twice.
func forward() (begin func(*os.Process), stop func()) {
	signals := make(chan os.Signal, 16)
	for _, s := range passed {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	done := make(chan struct{})
	begin = func(to *os.Process) {
		go func() {
			for {
				select {
				case <-done:
					return
				case s := <-signals:
					if keyboard := s == syscall.SIGINT || s == syscall.SIGQUIT; !keyboard || !inForeground() {
						_ = to.Signal(s) // it may have ended this moment
					}
				}
			}
		}()
	}
	return begin, func() {
		signal.Stop(signals)
		close(done)
	}
}

func inForeground() bool {
	tty, err := openTerminal()
	if err != nil {
		return false
	}
	defer func() { _ = tty.Close() }() // nothing was written
	group, err := unix.IoctlGetInt(int(tty.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

// statusOf is the exit code as a shell would tell it.
func statusOf(ended *exec.ExitError) int {
	if w, ok := ended.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return 128 + int(w.Signal())
	}
	return ended.ExitCode()
}
