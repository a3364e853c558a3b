package diagnose

import (
	"time"

	"fettle/oauthflow"
)

// Remedy names what has to be done, by a stable identifier.
type Remedy string

// The remedies.
const (
	RetryLater               Remedy = "retry_later"
	Refresh                  Remedy = "refresh"
	Reauthorize              Remedy = "reauthorize"
	ReauthorizeInteractively Remedy = "reauthorize_interactively"
	GrantPermissions         Remedy = "grant_permissions"
	AskAdministrator         Remedy = "ask_administrator"
	FixClient                Remedy = "fix_client"
	FixUserAccount           Remedy = "fix_user_account"
	FixMachine               Remedy = "fix_machine"
	Unknown                  Remedy = "unknown"
)

// Confidence says how sure a diagnosis is.
type Confidence string

// The grades of confidence.
const (
	Certain    Confidence = "certain"
	Likely     Confidence = "likely"
	NotCertain Confidence = "unknown"
)

// Input is everything known about a failure.
type Input struct {
	Provider string // id
	Place    oauthflow.Place
	Status   int
	Code     string
	Subcode  string
	Codes    []string
	Text     string        // description, or a line of a log
	Age      time.Duration // of the grant, 0 = not known
	Err      error         // a network error
}

// Diagnosis is a cause with its remedy.
type Diagnosis struct {
	Cause       string // stable identifier: revoked, expired, idle, …
	Remedy      Remedy
	Title       string
	Explanation string
	Evidence    string
	Confidence  Confidence
}

// Hints is what the caller knows beside the error.
type Hints struct {
	Provider string
	Age      time.Duration
}

// Explain finds the rule that fits.
func Explain(in Input) Diagnosis { return Diagnosis{} }

// Of explains an error, usually an *oauthflow.Error.
func Of(err error, h Hints) Diagnosis { return Diagnosis{} }

// Text explains the messages it finds in a pasted log.
func Text(log string) []Diagnosis { return nil }
