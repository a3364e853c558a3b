package packages

import (
	"fmt"
	"strings"
)

// Code says in one word why a package cannot be brought or fetched.
type Code string

// The codes; they stand in JSON.
const (
	BadTarget   Code = "bad_target"   // the destination is not spelled right
	NoTarget    Code = "no_target"    // bucket or folder missing
	Denied      Code = "denied"       // access denied, or no credentials
	ClockSkew   Code = "clock_skew"   // the server does not accept this machine's time
	WrongRegion Code = "wrong_region" // the bucket is elsewhere
	WrongServer Code = "wrong_server" // something answers, and it is not such a server
	Unreachable Code = "unreachable"  // no answer, or the answer broke off
	Full        Code = "full"         // no room there
	Foreign     Code = "foreign"      // something else lies there
	Conflict    Code = "conflict"     // somebody synced meanwhile
	Changed     Code = "changed"      // a local file changed while it was read
	Damaged     Code = "damaged"      // what lies there is not what was put there
	NotYet      Code = "not_yet"      // no sync has come to its end there
	OlderThan   Code = "older_than_fetched"
	BadWriter   Code = "bad_writer" // signed by an unknown key, or not at all
	Stranger    Code = "stranger"   // a local file stands in the way that nothing here put there
	notThere    Code = "not_there"  // told within this package only: the object is missing
)

// Error says why a package cannot be brought or fetched, where, and what to do.
type Error struct {
	Code   Code
	Target string // the destination, or the local file or folder
	Text   string // why, without the target
	Remedy string
	Err    error
}

// Error implements error: one sentence with the target, and what to do.
func (e *Error) Error() string {
	s := e.Text
	if e.Target != "" {
		s = e.Target + ": " + e.Text
	}
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// BlockedError says why nothing of a package was brought anywhere: what would lie there would not run.
type BlockedError struct {
	Package  string
	Problems []Problem
}

// Error implements error with every problem.
func (e *BlockedError) Error() string {
	texts := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		texts = append(texts, p.Text)
	}
	remedy := ""
	if len(e.Problems) > 0 && e.Problems[0].Remedy != "" {
		remedy = "; " + e.Problems[0].Remedy
	}
	return fmt.Sprintf("package %q cannot be synced: %s%s", e.Package, strings.Join(texts, ", "), remedy)
}
