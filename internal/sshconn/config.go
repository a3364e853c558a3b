package sshconn

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// writeConfig writes the configuration ssh is to use, into dir: first what is not negotiable, since in ssh's files the
// first value of an option wins, then the operator's own files. A file, rather than -o options, because ssh hands -F
// down to the ssh of every jump host, and -o not: a jump host would be believed on first sight.
func writeConfig(dir string, opts Options) (string, error) {
	var b strings.Builder
	set := func(key, value string) { fmt.Fprintf(&b, "%s %s\n", key, value) }
	set("StrictHostKeyChecking", "yes")
	set("NoHostAuthenticationForLocalhost", "no")
	set("UpdateHostKeys", "no")
	set("BatchMode", yesNo(opts.Ask == nil))
	// A password would have to be typed each time; only what unlocks a key is asked for.
	set("PasswordAuthentication", "no")
	set("KbdInteractiveAuthentication", "no")
	set("NumberOfPasswordPrompts", "3") // of a key's passphrase, too
	set("ForwardAgent", "no")
	set("ForwardX11", "no")
	set("ClearAllForwardings", "yes")
	set("PermitLocalCommand", "no")
	set("RemoteCommand", "none")
	set("RequestTTY", "no")
	set("ForkAfterAuthentication", "no")
	set("StdinNull", "no")
	// A shared connection was checked by the rules of whoever opened it.
	set("ControlMaster", "no")
	set("ControlPath", "none")
	set("ConnectTimeout", strconv.Itoa(int((opts.ConnectTimeout+time.Second-1)/time.Second)))
	set("ConnectionAttempts", "1")
	set("ServerAliveInterval", "10")
	set("ServerAliveCountMax", "3")
	set("LogLevel", "DEBUG1") // the only level at which ssh tells the fingerprint of an unknown key
	for _, file := range ownConfigs(opts.Config) {
		set("Include", quote(file))
	}
	path := filepath.Join(dir, "config")
	return path, os.WriteFile(path, []byte(b.String()), 0o600)
}

// ownConfigs are the files ssh would read by itself; naming one by -F replaces both.
func ownConfigs(named string) []string {
	if named != "" {
		// An include without a folder would be looked for in ~/.ssh.
		if absolute, err := filepath.Abs(named); err == nil && !strings.HasPrefix(named, "~/") {
			named = absolute
		}
		return []string{named}
	}
	files := []string{"/etc/ssh/ssh_config"}
	// ssh goes by the account's home folder, not by $HOME.
	if u, err := user.Current(); err == nil && u.HomeDir != "" {
		files = append([]string{filepath.Join(u.HomeDir, ".ssh", "config")}, files...)
	}
	return files
}

// quote spells a path in a file whose includes are patterns.
func quote(path string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path) + `"`
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
