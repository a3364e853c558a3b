package cli

import (
	"os"
	"os/user"
	"strconv"
	"strings"

	"fettle/internal/safetext"
)

// actor names who acts, for the history: the OS user, who became that user by sudo, and from where.
func actor() string {
	parts := []string{userName()}
	if sudo := os.Getenv("SUDO_USER"); sudo != "" && sudo != parts[0] {
		parts = append(parts, "sudo by "+safetext.Cut(sudo, 40))
	}
	if address := sshAddress(); address != "" {
		parts = append(parts, "ssh from "+address)
	}
	return strings.Join(parts, ", ")
}

// userName is the name for the history, or the number where the system knows no name (containers often do not).
func userName() string {
	if u, err := user.Current(); err == nil {
		return safetext.Cut(u.Username, 40)
	}
	return "#" + strconv.Itoa(os.Geteuid())
}

// sshAddress is where an SSH login comes from, "" if this is none.
func sshAddress() string {
	fields := strings.Fields(os.Getenv("SSH_CONNECTION"))
	if len(fields) == 0 {
		// Older servers set only this one.
		fields = strings.Fields(os.Getenv("SSH_CLIENT"))
	}
	if len(fields) == 0 {
		return ""
	}
	return safetext.Cut(fields[0], 60)
}

// overSSH reports whether this is a login from elsewhere: its person's browser is on another machine.
func overSSH() bool { return sshAddress() != "" || os.Getenv("SSH_TTY") != "" }
