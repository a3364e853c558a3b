package sshconn

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
)

// lost says why the connection is gone or never was: by what we did to it, then by what ssh said. The error is the
// context's if that ended it.
func (c *Client) lost(err error) error {
	// The pipe breaks an instant before ssh has said its last word.
	select {
	case <-c.ssh.done:
	case <-time.After(hangUpTime):
		c.ssh.kill(err)
		<-c.ssh.done
	}
	e := &Error{Host: c.host, Err: err}
	switch cause := context.Cause(c.ssh.ctx); {
	case errors.Is(cause, errStalled):
		e.Cause, e.Text, e.Remedy = Stalled, fmt.Sprintf("it said nothing for %v", c.stall), "look at the host, then run the same again"
	case errors.Is(cause, errHandshake):
		e.Cause, e.Text, e.Remedy = Unreachable, "the connection was not made in time", "try ssh "+c.host.argument()+" by hand"
	case errors.Is(cause, errClosed):
		e.Cause, e.Text = Dropped, "the connection was closed"
	case c.ssh.parent.Err() != nil:
		return context.Cause(c.ssh.parent)
	default: // ssh ended by itself, and said why
		e.explain(c.ssh.words.String(), c.sftp != nil)
	}
	return e
}

// argument is how the host is named to ssh by hand.
func (h Host) argument() string {
	s := h.Name
	if h.User != "" {
		s = h.User + "@" + s
	}
	if h.Port != 0 {
		s = fmt.Sprintf("-p %d %s", h.Port, s)
	}
	return s
}

// What ssh says, as of OpenSSH 8 to 10. It is not translated.
var (
	serverKey   = lazyregexp.New(`(?m)^debug1: Server host key: (\S+) (SHA256:\S+)`)
	unknownKey  = lazyregexp.New(`(?m)^No (\S+) host key is known for (\S+) and you have requested strict checking`)
	changedKey  = lazyregexp.New(`(?m)^Host key for (\S+) has changed and you have requested strict checking`)
	offending   = lazyregexp.New(`(?m)^Offending \S+ key in (.+):(\d+)`)
	connecting  = lazyregexp.New(`(?m)^debug1: Connecting to (\S+) \[\S*\] port (\d+)`)
	unresolved  = lazyregexp.New(`(?m)^ssh: Could not resolve hostname (.*)`)
	unreached   = lazyregexp.New(`(?m)^(?:ssh: connect to host (.*)|Connection timed out during banner exchange|(?:Connection (?:closed|reset) by|kex_exchange_identification: ).*|.*: Connection timed out)`)
	refusedUser = lazyregexp.New(`(?m)^(\S+@\S+: Permission denied \(.*\))`)
	noSubsystem = lazyregexp.New(`(?m)^(subsystem request failed on channel|exec request failed)`)
	badConfig   = lazyregexp.New(`(?m)^(.*(?:Bad configuration option|Bad owner or permissions|terminating, \d+ bad configuration|: keyword \S+ extra arguments|Can't open user config).*|jumphost loop .*)`)
)

// explain derives cause, text and remedy from what ssh said; established says whether SFTP had begun.
func (e *Error) explain(words string, established bool) {
	switch {
	case strings.Contains(words, "Host key verification failed"):
		e.hostKey(words)
	case badConfig().MatchString(words):
		e.Cause, e.Text, e.Remedy = BadConfig, "ssh does not take its configuration: "+said(badConfig().FindString(words)), "correct that file"
	case noSubsystem().MatchString(words):
		e.Cause, e.Text, e.Remedy = NoSFTP, "the host offers no SFTP to this user", "enable its sftp subsystem (sshd_config: Subsystem sftp internal-sftp)"
	// From here on it matters how far it came: the same words mean a line that broke, or a host that never answered.
	case established:
		e.Cause, e.Text, e.Remedy = Dropped, "the connection ended in the middle"+because(words), "run the same again"
	case refusedUser().MatchString(words):
		e.login(words)
	case unresolved().MatchString(words):
		e.Cause, e.Text = UnknownName, "the name cannot be resolved: "+said(unresolved().FindStringSubmatch(words)[1])
		e.Remedy = "check the host's name, and ~/.ssh/config if it is an alias"
	case unreached().MatchString(words):
		e.Cause, e.Text = Unreachable, "no connection: "+said(unreached().FindString(words))
		e.Remedy = "check that the host is up and its SSH port open to this machine"
	default:
		e.Cause, e.Text, e.Remedy = Failed, "ssh gave up"+because(words), "try ssh "+e.Host.argument()+" by hand"
	}
}

// login tells a key that is locked from one that the host does not know: the former it would have accepted.
func (e *Error) login(words string) {
	// ssh names the key that the server accepts before it unlocks it; without an agent or an answer it stops there.
	accepted := strings.LastIndex(words, "debug1: Server accepts key:")
	if accepted > strings.LastIndex(words, "Authenticated to ") && !strings.Contains(words[accepted:], "signing failed") {
		e.Cause, e.Text = NeedsPassphrase, "the key that it accepts has a passphrase"
		e.Remedy = "load the key into an agent (ssh-add), run this at a terminal, or use a key without a passphrase"
		return
	}
	e.Cause, e.Text = NotAuthorized, "it does not let this user in: "+said(refusedUser().FindString(words))
	e.Remedy = "add this user's public key to authorized_keys there (ssh-copy-id), or name the key in ~/.ssh/config (IdentityFile)"
}

// hostKey says whose key it was and how it looks. The words of the last connection count: those of a jump host that was
// passed come before.
func (e *Error) hostKey(words string) {
	kind := ""
	if all := serverKey().FindAllStringSubmatch(words, -1); len(all) > 0 {
		kind, e.Fingerprint = all[len(all)-1][1], all[len(all)-1][2]
	}
	if m := changedKey().FindStringSubmatch(words); m != nil || strings.Contains(words, "REVOKED") {
		e.Cause, e.Text = ChangedHostKey, "its host key is not the one that is known: it shows "+said(kind+" "+e.Fingerprint)
		e.Remedy = "somebody may be in between; if its administrator confirms that fingerprint, forget the former key"
		known := usualKnown
		if file := offending().FindStringSubmatch(words); m != nil && file != nil {
			known = "'" + said(file[1]) + "'"
			e.Remedy += fmt.Sprintf(" (ssh-keygen -R '%s' -f %s)", plainName(m[1]), known)
		}
		e.Remedy += " and add this one (" + e.addKey(words, known) + ")"
		return
	}
	e.Cause, e.Text = UnknownHostKey, "its host key is not known"
	if m := unknownKey().FindStringSubmatch(words); m != nil && e.Fingerprint != "" {
		e.Text = fmt.Sprintf("the host key of %s is not known: %s %s", plainName(m[2]), said(kind), e.Fingerprint)
	}
	e.Remedy = "compare the fingerprint with what its administrator says, then add the key: " + e.addKey(words, usualKnown)
}

// usualKnown is where ssh keeps the keys of hosts unless its configuration says otherwise.
const usualKnown = "~/.ssh/known_hosts"

// addKey is the command that adds the host's key. It asks, with the fingerprint, rather than believe whatever answers
// then; and it reaches hosts behind a jump host, as ssh-keyscan does not.
func (e *Error) addKey(words, known string) string {
	command := "ssh -o StrictHostKeyChecking=ask "
	if all := connecting().FindAllStringSubmatch(words, -1); len(all) == 1 && !strings.Contains(words, "Executing proxy command") {
		return fmt.Sprintf("%s%s, or ssh-keyscan -p %s %s >> %s", command, e.Host.argument(), all[0][2], plainName(all[0][1]), known)
	}
	return command + e.Host.argument()
}

var pastable = lazyregexp.New(`^[A-Za-z0-9._:%@\[\]-]+$`)

// plainName keeps what ssh spelled from being more than a name in a command that somebody pastes.
func plainName(s string) string {
	if pastable().MatchString(s) {
		return s
	}
	return "HOST"
}

// because is the last thing ssh said that is no note of its progress.
func because(words string) string {
	lines := strings.Split(strings.TrimSpace(words), "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		line := strings.TrimSpace(lines[i])
		if line != "" && !strings.HasPrefix(line, "debug1: ") && !strings.HasPrefix(line, "Authenticated to ") &&
			!strings.HasPrefix(line, "Transferred: ") && !strings.HasPrefix(line, "Bytes per second: ") {
			return ": " + said(line)
		}
	}
	return ""
}

// said makes what another program says fit for a line of ours.
func said(words string) string { return safetext.Cut(strings.TrimSpace(words), 200) }
