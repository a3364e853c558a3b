//go:build !unix

package childproc

import "os/exec"

// detach leaves the default here: the program alone is killed.
func detach(*exec.Cmd) {}
