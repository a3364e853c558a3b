//go:build !linux

package cli

import "os"

// harden undoes settings with which Bubble Tea would write every key to a file.
func harden() {
	_ = os.Unsetenv("TEA_TRACE") // cannot fail for such a name
	_ = os.Unsetenv("TEA_DEBUG")
}

func unharden() {}
