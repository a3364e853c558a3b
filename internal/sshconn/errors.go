package sshconn

import (
	"fmt"
	"slices"
)

// Cause says what went wrong, for callers that decide by it.
type Cause string

// The causes.
const (
	NoProgram       Cause = "no_ssh"             // there is no ssh program
	BadConfig       Cause = "ssh_config"         // ssh does not take its configuration
	UnknownName     Cause = "unknown_host"       // the name cannot be resolved
	Unreachable     Cause = "host_unreachable"   // no connection, or none in time
	UnknownHostKey  Cause = "host_key_unknown"   // the host's key is not in known_hosts
	ChangedHostKey  Cause = "host_key_changed"   // the host shows another key than is known, or a revoked one
	NotAuthorized   Cause = "login_refused"      // the host does not let this user in
	NeedsPassphrase Cause = "passphrase_needed"  // the key has a passphrase, and nobody can be asked
	NoSFTP          Cause = "no_sftp"            // the host offers no SFTP
	Dropped         Cause = "connection_dropped" // the connection ended in the middle
	Stalled         Cause = "connection_stalled" // the other side said nothing for too long
	Denied          Cause = "permission_denied"  // of a file or folder
	NotFound        Cause = "not_found"          // a file or folder; errors.Is(err, fs.ErrNotExist) too
	Full            Cause = "disk_full"          // on the other side
	Unsafe          Cause = "unsafe_target"      // a link, a folder, somebody else's file
	Unsupported     Cause = "unsupported"        // the server cannot do what is needed
	Failed          Cause = "failed"             // something else
)

// transient are the causes that may go away by themselves.
var transient = []Cause{UnknownName, Unreachable, Dropped, Stalled}

// Error is a failure at one host, and at one path of it if there is one.
type Error struct {
	Cause       Cause
	Host        Host
	Path        string // "" = it is about the host
	Text        string // what is wrong, sanitised
	Remedy      string // what to do
	Fingerprint string // of the host's key, where it is about that
	Err         error  // may be nil
}

// Error implements error: where, what, and what to do, in one line.
func (e *Error) Error() string {
	at := e.Host.String()
	if e.Path != "" {
		at = Location{e.Host, e.Path}.String()
	}
	if e.Remedy == "" {
		return fmt.Sprintf("%s: %s", at, e.Text)
	}
	return fmt.Sprintf("%s: %s; %s", at, e.Text, e.Remedy)
}

// Unwrap returns the error below, so that errors.Is finds fs.ErrNotExist and the end of a context.
func (e *Error) Unwrap() error { return e.Err }

// Transient reports whether the same may work later without anybody doing anything.
func (e *Error) Transient() bool { return slices.Contains(transient, e.Cause) }
