package cli

import (
	"os"

	"golang.org/x/sys/unix"
)

// harden keeps secrets in this process from core dumps and from other processes of the same user, and
// undoes settings with which Bubble Tea would write every key to a file.
func harden() {
	_ = os.Unsetenv("TEA_TRACE") // cannot fail for such a name
	_ = os.Unsetenv("TEA_DEBUG")
	// A kernel that refuses either leaves things as they were; there is nothing to be done about it.
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &coreLimit); err == nil {
		_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 0, Max: coreLimit.Max})
	}
}

// coreLimit is what programs that fettle runs get back.
var coreLimit unix.Rlimit

// unharden gives a child the limits that fettle was started with. This process itself stays without dumps.
func unharden() { _ = unix.Setrlimit(unix.RLIMIT_CORE, &coreLimit) }
