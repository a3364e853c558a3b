package busguard

import (
	"os"
	"strconv"
	"time"
)

// HelperCommand is the first argument of the process that may talk to the bus.
const HelperCommand = "keyring-helper"

// Limit is the age at which that process ends by itself, in case nobody is left to kill it.
const Limit = 10 * time.Second

// LimitExitCode is its exit code then.
const LimitExitCode = 15

const (
	addressVariable = "DBUS_SESSION_BUS_ADDRESS"
	kwalletVariable = "DISABLE_KWALLET"
	// nowhere fails at once: nothing can lie below a device.
	nowhere = "unix:path=/dev/null/no-bus"
)

// variable is an environment variable as it was before the guard.
type variable struct {
	name, value string
	set         bool
}

var originals []variable

func init() {
	if len(os.Args) > 1 && os.Args[1] == HelperCommand {
		time.AfterFunc(Limit, func() { os.Exit(LimitExitCode) })
		if address := os.Getenv(addressVariable); address == "" || address == "autolaunch:" {
			override(addressVariable, userBus())
		}
		return
	}
	override(addressVariable, nowhere)
	override(kwalletVariable, "1")
}

// Restore puts the environment back as it was before the guard.
func Restore() {
	for _, v := range originals {
		if v.set {
			// Setting a variable that was set before cannot fail.
			_ = os.Setenv(v.name, v.value)
		} else {
			_ = os.Unsetenv(v.name)
		}
	}
	originals = nil
}

func override(name, value string) {
	former, set := os.LookupEnv(name)
	originals = append(originals, variable{name, former, set})
	_ = os.Setenv(name, value) // fails only for a malformed name
}

// userBus is the address of the bus that systemd keeps for a user, for a login that was not told of it.
func userBus() string {
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = "/run/user/" + strconv.Itoa(os.Getuid())
	}
	if _, err := os.Stat(dir + "/bus"); err != nil { //nolint:gosec // the user's own runtime folder
		return nowhere
	}
	return "unix:path=" + dir + "/bus"
}
