package diagnose

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/internal/safetext"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Remedy names what has to be done, by a stable identifier.
type Remedy string

// The remedies.
const (
	RetryLater               Remedy = "retry_later"
	Refresh                  Remedy = "refresh"
	Reauthorize              Remedy = "reauthorize"
	ReauthorizeInteractively Remedy = "reauthorize_interactively" // a fresh sign-in, a second factor
	GrantPermissions         Remedy = "grant_permissions"
	AskAdministrator         Remedy = "ask_administrator"
	FixClient                Remedy = "fix_client"
	FixUserAccount           Remedy = "fix_user_account"
	FixMachine               Remedy = "fix_machine" // clock, DNS, proxy, TLS, wrong tenant or host in the config
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

// Input is everything known about a failure; what is not known stays zero.
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

// codes are all codes of an input; Microsoft's numbers are known by the name its texts give them.
func (in Input) codes() []string {
	all := make([]string, 0, 2+2*len(in.Codes))
	for _, c := range append([]string{in.Subcode, in.Code}, in.Codes...) {
		if c == "" {
			continue
		}
		all = append(all, c)
		if isNumber(c) && fits([]string{"microsoft"}, in.Provider) {
			all = append(all, "AADSTS"+c)
		}
	}
	return all
}

// Diagnosis is a cause with its remedy. Its texts are safe to print and hold no secret.
type Diagnosis struct {
	Cause       string // stable identifier: revoked, expired, idle, missing_permissions, client_invalid, …
	Remedy      Remedy
	Title       string
	Explanation string
	Evidence    string // what it was concluded from
	Confidence  Confidence
	Line        int // of a pasted text, counted from 1; 0 where there is none
}

// Hints is what the caller knows beside the error.
type Hints struct {
	Provider string        // id
	Age      time.Duration // of the grant
}

// Explain finds the rule that fits. An answer that says "try later" by its status is never read any further:
// a body that comes with a 500 decides nothing about a grant.
func Explain(in Input) Diagnosis {
	t, err := rules()
	if err != nil {
		return unknown(in)
	}
	if in.Place != "" && triesLater(in.Status) {
		in = Input{Place: in.Place, Status: in.Status}
	}
	s := see(in)
	// In the order of the files, best grade first: the first that fits is the answer.
	for i := range t.rules {
		if evidence, ok := t.rules[i].match(s); ok {
			return t.rules[i].diagnosis(in, evidence)
		}
	}
	return unknown(in)
}

// triesLater reports whether a status asks for patience, whatever comes with it.
func triesLater(status int) bool { return status >= 500 || status == 408 || status == 429 }

func (r *rule) diagnosis(in Input, evidence []string) Diagnosis {
	if in.Status != 0 && !slices.ContainsFunc(evidence, func(s string) bool { return strings.HasPrefix(s, "HTTP ") }) {
		evidence = append(evidence, fmt.Sprintf("HTTP %d", in.Status))
	}
	return Diagnosis{
		Cause: r.Cause, Remedy: r.Remedy, Title: r.Title, Explanation: r.Explanation, Confidence: r.Confidence,
		Evidence: safetext.Line(strings.Join(evidence, ", ")),
	}
}

// unknown says honestly that no rule fits.
func unknown(in Input) Diagnosis {
	var evidence []string
	for _, c := range in.codes() {
		if len(evidence) < 5 {
			evidence = append(evidence, c)
		}
	}
	if in.Status != 0 {
		evidence = append(evidence, fmt.Sprintf("HTTP %d", in.Status))
	}
	return Diagnosis{
		Cause: "unknown", Remedy: Unknown, Confidence: NotCertain, Title: "The cause is not known",
		Explanation: "fettle has no rule for this. The code and the provider's documentation are the best lead.",
		Evidence:    safetext.Cut(strings.Join(evidence, ", "), 200),
	}
}

// Of explains an error, usually an *oauthflow.Error.
func Of(err error, h Hints) Diagnosis {
	in := Input{Provider: h.Provider, Age: h.Age}
	var e *oauthflow.Error
	switch {
	case err == nil:
		return unknown(in)
	case errors.As(err, &e):
		in.Place, in.Status, in.Code, in.Subcode, in.Codes, in.Text = e.Place, e.Status, e.Code, e.Subcode, e.Codes, e.Description
		if e.Provider != "" {
			in.Provider = e.Provider
		}
		// With a code or a status the server was reached, and its network error is only how the answer ended.
		if e.Code == "" && e.Status == 0 {
			in.Err = e.Err
		}
	case errors.Is(err, oauthflow.ErrNoRevocation):
		return Diagnosis{
			Cause: "no_revocation", Remedy: FixUserAccount, Confidence: Certain, Title: "The provider offers no way to revoke",
			Explanation: safetext.Line(err.Error()),
		}
	default:
		in.Err = err
	}
	return Explain(in)
}

func duration(d provider.Duration) time.Duration { return time.Duration(d) }
