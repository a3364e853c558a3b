//go:build unix

package sshconn

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// detach gives ssh a session of its own, which is killed whole: the ssh of a jump host is in it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
