//go:build linux || darwin

package cli

import "golang.org/x/sys/unix"

// echoOff keeps a terminal from showing what is typed until its state is restored. term.ReadPassword does so only while
// it reads: what comes between two lines would be shown.
func echoOff(fd int) error {
	state, err := unix.IoctlGetTermios(fd, getTermios)
	if err != nil {
		return err
	}
	state.Lflag &^= unix.ECHO
	return unix.IoctlSetTermios(fd, setTermios, state)
}
