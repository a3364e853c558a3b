//go:build !unix

package sshconn

import "os/exec"

// detach leaves the default here: ssh alone is killed.
func detach(*exec.Cmd) {}
