package accounts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/internal/safetext"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// causeClientSecret is a client secret that ends on a date that the operator entered.
const causeClientSecret = "client_secret"

// terms tells of every known end of the grant: those that are near, and one that is over already.
func (e *evaluation) terms() {
	alive := latest(e.now, e.Account.ProvenAt, e.Account.RefreshedAt)
	for _, d := range e.ends() {
		// An end that the provider itself has outlived is an error of the catalogue, or of whoever entered it.
		if d.at.IsZero() || d.at.Before(alive) || e.outgrown(d) {
			continue
		}
		if e.death.at.IsZero() || d.at.Before(e.death.at) {
			e.death = d
		}
		if left := d.at.Sub(e.now); left <= e.policy.Soon && !isHeld(e.Account) {
			e.tellEnd(d, left)
		}
	}
	e.death.because = e.sentence(e.death)
}

// outgrown reports a term that is over by the catalogue, while the provider has since given an access token for
// longer: Meta may prolong a sign-in by an exchange, and does not promise to.
func (e *evaluation) outgrown(d death) bool {
	return !e.Account.HasRefresh && !d.at.After(e.now) && e.Account.AccessExpiresAt.After(d.at)
}

// tellEnd makes a finding of an end that is near or over.
func (e *evaluation) tellEnd(d death, left time.Duration) {
	because := e.sentence(d)
	f := Finding{Cause: d.cause, Remedy: d.remedy, Severity: SeverityCritical}
	switch {
	case left > 0:
		f.State, f.Since = Expiring, d.at.Add(-e.policy.Soon)
		f.Title, f.Detail = fmt.Sprintf("dies at %s: %s", stamp(d.at), because), e.advice(d)
		if left > criticalBefore {
			f.Severity = SeverityWarning
		}
	case d.remedy == diagnose.FixClient:
		// The grant lives on; it cannot be used until the client is mended.
		f.State, f.Since = Blocked, d.at
		f.Title, f.Detail = "over: "+because, fmt.Sprintf("It ended at %s. %s", stamp(d.at), e.advice(d))
	case e.has(NeedsSignIn):
		return
	default:
		f.State, f.Since, f.Remedy = NeedsSignIn, d.at, diagnose.Reauthorize
		f.Title, f.Detail = "ended: "+because, fmt.Sprintf("It ended at %s. Sign in again.", stamp(d.at))
	}
	e.add(f)
}

// advice says what puts an end off.
func (e *evaluation) advice(d death) string {
	var said []string
	switch {
	case d.remedy == diagnose.Refresh && (e.Account.HasRefresh || e.Provider.Renew == provider.RenewExchange):
		said = append(said, "A refresh puts it off.")
	case d.remedy == diagnose.Reauthorize && d.fix == "":
		said = append(said, "Sign in again before then.")
	}
	if d.fix != "" {
		said = append(said, sentenceOf(d.fix))
	}
	return strings.Join(said, " ")
}

// ends lists every end that is known for this account, those of the catalogue first: of two on the same day
// the better told one counts.
func (e *evaluation) ends() []death {
	a, p := e.Account, e.Provider
	known := e.causes
	out := make([]death, 0, len(known.dated)+4)
	has := func(from provider.DeathFrom, days int) bool {
		return slices.ContainsFunc(known.dated, func(d provider.Death) bool { return d.From == from && (days == 0 || d.Days == days) })
	}
	testing := false
	for _, d := range known.dated {
		testing = testing || d.If == provider.IfTesting
		if d.From == provider.FromAnswer && (testing || !a.HasRefresh) {
			continue // what was stated is the end of the testing term
		}
		out = append(out, e.deathOf(d))
	}
	if p.MaxDays > 0 && !has(provider.FromConsent, p.MaxDays) {
		out = append(out, death{at: after(a.AuthorizedAt, p.MaxTerm()), cause: causeExpired, remedy: diagnose.Reauthorize})
	}
	if p.IdleDays > 0 && a.HasRefresh && !has(provider.FromUse, p.IdleDays) {
		out = append(out, death{at: after(e.lastUse(), p.IdleTerm()), cause: causeIdle, remedy: diagnose.Refresh})
	}
	switch {
	case !a.HasRefresh && !a.AccessExpiresAt.IsZero() && !later(a.RefreshedAt, a.AuthorizedAt).IsZero():
		out = append(out, e.accessEnd())
	case a.HasRefresh && !a.RefreshExpiresAt.IsZero() && !testing && !has(provider.FromAnswer, 0):
		out = append(out, e.statedEnd())
	}
	if !e.Client.SecretExpiresAt.IsZero() {
		out = append(out, e.secretEnd())
	}
	return out
}

// sentence says why a grant ends. Only what is shown is put into words: there may be ten thousand accounts, and
// hardly one of them is about to end.
func (e *evaluation) sentence(d death) string {
	switch {
	case d.at.IsZero() || d.because != "":
		return d.because
	case d.cause == causeIdle:
		return fmt.Sprintf("%s ends what is unused for %d days", nameOf(e.Provider), e.Provider.IdleDays)
	case d.cause == causeClientSecret:
		return fmt.Sprintf("the secret of the client %q ends then", safetext.Line(e.Client.Label))
	}
	return fmt.Sprintf("%s ends every sign-in after %d days", nameOf(e.Provider), e.Provider.MaxDays)
}

// accessEnd is the end of an account that has an access token and nothing to renew it with but itself.
func (e *evaluation) accessEnd() death {
	if e.Provider.Renew == provider.RenewExchange {
		return death{at: e.Account.AccessExpiresAt, because: "its access token ends then and has to be exchanged before", cause: causeExpired, remedy: diagnose.Refresh}
	}
	return death{at: e.Account.AccessExpiresAt, because: "its access token ends then and there is no refresh token", cause: causeExpired, remedy: diagnose.Reauthorize}
}

// statedEnd is the end that the provider stated for the refresh token.
func (e *evaluation) statedEnd() death {
	d := death{at: e.Account.RefreshExpiresAt, because: "the provider said that its refresh token ends then", cause: causeExpired, remedy: diagnose.Reauthorize}
	if e.rolls() {
		d.remedy = diagnose.Refresh
	}
	return d
}

// secretEnd is the end of the client's secret: no account of the client can be refreshed after it.
func (e *evaluation) secretEnd() death {
	return death{
		at: e.Client.SecretExpiresAt, cause: causeClientSecret, remedy: diagnose.FixClient,
		fix: "make a new secret in the provider's console and give it to fettle with `fettle client replace`",
	}
}

func nameOf(p provider.Provider) string {
	if p.Name != "" {
		return p.Name
	}
	return p.ID
}
