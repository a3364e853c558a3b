package accounts

import (
	"fmt"
	"time"

	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// googleIssuer is where "Testing" consent screens exist.
const googleIssuer = "https://accounts.google.com"

// death is when a grant ends and why, as far as that can be known.
type death struct {
	at      time.Time
	because string
	cause   string
	remedy  diagnose.Remedy // what puts it off
}

// terms finds the nearest known end of the grant: over already, or soon.
func (e *evaluation) terms() {
	for _, d := range e.ends() {
		// An end that the provider itself has outlived is an error of the catalogue.
		if d.at.Before(later(e.Account.ProvenAt, e.Account.RefreshedAt)) {
			continue
		}
		if e.death.at.IsZero() || d.at.Before(e.death.at) {
			e.death = d
		}
	}
	d := e.death
	left := d.at.Sub(e.now)
	switch {
	case d.at.IsZero() || isHeld(e.Account) || left > e.policy.Soon && left > 0:
		return
	case left <= 0 && !e.has(NeedsSignIn):
		e.add(Finding{
			State: NeedsSignIn, Severity: SeverityCritical, Cause: d.cause, Remedy: diagnose.Reauthorize,
			Title:  "ended: " + d.because,
			Detail: fmt.Sprintf("It ended at %s. Sign in again.", stamp(d.at)), Since: d.at,
		})
	case left > 0:
		f := Finding{
			State: Expiring, Severity: SeverityWarning, Cause: d.cause, Remedy: d.remedy,
			Title:  fmt.Sprintf("dies at %s: %s", stamp(d.at), d.because),
			Detail: "Sign in again before then.", Since: d.at.Add(-e.policy.Soon),
		}
		if d.remedy == diagnose.Refresh {
			f.Detail = "A refresh puts it off."
		}
		if left <= criticalBefore {
			f.Severity = SeverityCritical
		}
		e.add(f)
	}
}

// ends lists every end that is known for this account.
func (e *evaluation) ends() []death {
	a, p := e.Account, e.Provider
	var out []death
	add := func(from time.Time, term time.Duration, because, cause string, remedy diagnose.Remedy) {
		if !from.IsZero() && term > 0 {
			out = append(out, death{from.Add(term), because, cause, remedy})
		}
	}
	last := later(a.RefreshedAt, a.AuthorizedAt)
	add(a.AuthorizedAt, p.MaxTerm(), fmt.Sprintf("%s ends every sign-in after %d days", nameOf(p), p.MaxDays), causeExpired, diagnose.Reauthorize)
	if a.HasRefresh {
		add(last, p.IdleTerm(), fmt.Sprintf("%s ends what is unused for %d days", nameOf(p), p.IdleDays), causeIdle, diagnose.Refresh)
	}
	switch {
	case !a.HasRefresh && !a.AccessExpiresAt.IsZero() && !last.IsZero():
		out = append(out, e.accessEnd())
	case a.HasRefresh && !a.RefreshExpiresAt.IsZero():
		out = append(out, e.statedEnd())
	}
	return out
}

// accessEnd is the end of an account that has an access token and nothing to renew it with but itself.
func (e *evaluation) accessEnd() death {
	if e.Provider.Renew == provider.RenewExchange {
		return death{e.Account.AccessExpiresAt, "its access token ends then and has to be exchanged before", causeExpired, diagnose.Refresh}
	}
	return death{e.Account.AccessExpiresAt, "its access token ends then and there is no refresh token", causeExpired, diagnose.Reauthorize}
}

// statedEnd is the end that the provider stated for the refresh token. Where each refresh brings a new
// refresh token, that one has a new term; a token that stays keeps its end.
func (e *evaluation) statedEnd() death {
	a := e.Account
	d := death{a.RefreshExpiresAt, "the provider said that its refresh token ends then", causeExpired, diagnose.Reauthorize}
	if a.Rotation != provider.RotationNone && e.Provider.MaxDays == 0 {
		d.remedy = diagnose.Refresh
	}
	// Google states an end where access is for a time only; seven days from consent is the mark of a
	// client whose consent screen is in Testing.
	if week := a.RefreshExpiresAt.Sub(a.AuthorizedAt); a.Server.Issuer == googleIssuer && week > 7*day-time.Hour && week < 7*day+time.Hour {
		d.because = "the consent screen of its client is in Testing, and Google ends such sign-ins after 7 days; publish it to get lasting ones"
	}
	return d
}

func nameOf(p provider.Provider) string {
	if p.Name != "" {
		return p.Name
	}
	return p.ID
}
