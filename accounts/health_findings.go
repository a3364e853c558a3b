package accounts

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
)

// Causes that no provider's answer gives.
const (
	causeUnreachable        = "unreachable"
	causeUnknown            = "unknown"
	causeExpired            = "expired"
	causeIdle               = "idle"
	causeWrongIdentity      = "wrong_identity"
	causeNoResources        = "no_resources"
	causeMissingPermissions = "missing_permissions"
	causeConfigMoved        = "config_changed"
	causeProviderMissing    = "provider_missing"
	causeNoGrant            = "never_authorized"
	causeHeld               = "held"
	causeUnproven           = "unproven"
	causeToRevoke           = "to_revoke"
	causeClientUnusable     = "client_unusable"
	causeClock              = "clock_skew"
)

// failureState is what a failed observation says about the account.
func failureState(o store.Observation) State {
	switch {
	case o.Transient:
		return Unreachable
	case o.Cause == causeWrongIdentity:
		return WrongIdentity
	case o.Cause == causeNoResources:
		return NoResources
	}
	// What is known about an answer goes before its code: Microsoft and Google put a blocked device, a deleted
	// user or a login limit into invalid_grant too, and signing in again would not help against those.
	switch diagnose.Remedy(o.Remedy) {
	case diagnose.Reauthorize, diagnose.ReauthorizeInteractively:
		return NeedsSignIn
	case diagnose.GrantPermissions:
		return MissingPermissions
	case diagnose.AskAdministrator, diagnose.FixClient, diagnose.FixUserAccount, diagnose.FixMachine:
		return Blocked
	// The access token alone is refused; the grant behind it may be sound.
	case diagnose.Refresh:
		return Unproven
	case diagnose.RetryLater:
		return Unreachable
	}
	if o.Kind == store.ObservedRefresh && o.Code == codeInvalidGrant {
		return NeedsSignIn
	}
	if o.Kind == store.ObservedRefresh && o.Code != "" && o.Code != oauthflow.CodeInvalidResponse {
		return Blocked // a refusal that nobody understands is a refusal all the same
	}
	return Unreachable
}

// failures are the observations that still count and say that state. What is older than the last consent
// does not; a transient failure is outlived by any later success, a refusal of an API by a later refresh.
func (e *evaluation) failures(state State) []store.Observation {
	var out []store.Observation
	for _, o := range e.Observations {
		// Whether a revocation failed is told by to_revoke, and a clock that is off by clock.
		if o.OK || o.Kind == store.ObservedRevoke || o.Kind == store.ObservedClock || failureState(o) != state {
			continue
		}
		// A sign-in that seems to lie ahead may be the older of the two; forgetting a refusal would be the worse mistake.
		formerGrant := o.At.Before(e.Account.AuthorizedAt) && !ahead(e.Account.AuthorizedAt, e.now)
		if formerGrant || e.outlived(o, state) {
			continue
		}
		out = append(out, o)
	}
	return out
}

func (e *evaluation) outlived(o store.Observation, state State) bool {
	for _, other := range e.Observations {
		if !other.OK || !other.At.After(o.At) || ahead(other.At, e.now) || !asksProvider(other.Kind) {
			continue
		}
		switch {
		case state == Unreachable || state == Unproven:
			return true
		// What could not be opened was opened for it.
		case o.Kind == store.ObservedStore:
			return true
		// Only a refresh disproves "sign in again", and no probe with an old access token does.
		case state == NeedsSignIn && other.Kind == store.ObservedRefresh:
			return true
		}
	}
	return false
}

// asksProvider reports whether an observation of that kind is an answer of the provider, and not of this machine.
func asksProvider(k store.ObservationKind) bool {
	return k != store.ObservedStore && k != store.ObservedClock && k != store.ObservedHolder
}

// report adds a finding for each observation that says state.
func (e *evaluation) report(state State, severity Severity) {
	for _, o := range e.failures(state) {
		remedy := diagnose.Remedy(cmp.Or(o.Remedy, string(diagnose.Unknown)))
		// invalid_grant without any known reason: whatever it was, only a sign-in mends it.
		if state == NeedsSignIn && !endsGrant(remedy) {
			remedy = diagnose.Reauthorize
		}
		e.add(Finding{
			State: state, Severity: severity, Cause: cmp.Or(o.Cause, causeUnknown), Remedy: remedy,
			Title: cmp.Or(o.Title, "Refused for an unknown reason"), Detail: o.Detail, Since: cmp.Or(o.FailsFrom, o.At),
		})
	}
}

func (e *evaluation) toRevoke() {
	f := Finding{
		State: ToRevoke, Severity: SeverityWarning, Cause: causeToRevoke, Remedy: diagnose.RetryLater,
		Title:  "Removed here, still valid at the provider",
		Detail: "The revocation did not go through. Remove the account again to retry it.",
	}
	for _, o := range e.Observations {
		if o.Kind == store.ObservedRevoke && !o.OK {
			f.Since = cmp.Or(o.FailsFrom, o.At)
			f.Detail = strings.TrimSpace(o.Title + ". Remove the account again to retry the revocation.")
		}
	}
	e.add(f)
}

func (e *evaluation) signIn() {
	a := e.Account
	// An account is made when its first grant comes, and is without one of its own until that has been promoted.
	if a.AuthorizedAt.IsZero() && a.RefreshedAt.IsZero() && !a.HasRefresh && a.ProvenAt.IsZero() {
		f := Finding{
			State: NeedsSignIn, Severity: SeverityCritical, Cause: causeNoGrant, Remedy: diagnose.Reauthorize,
			Title: "Never fully authorized", Detail: "No credential is stored for this account. Authorize it.", Since: a.CreatedAt,
		}
		if e.Unchecked {
			f.Title = "Signed in, and not checked yet"
			f.Detail = "The credential is stored. If nobody is at it, have it checked: fettle decide " + a.Name + " repeat"
		}
		e.add(f)
	}
	e.report(NeedsSignIn, SeverityCritical)
}

func (e *evaluation) identity() { e.report(WrongIdentity, SeverityCritical) }

func (e *evaluation) permissions() {
	// The comparison of today goes before what was observed: it follows a catalogue that asks for more than it did.
	if len(e.Missing) > 0 {
		words := make([]string, len(e.Missing))
		for i, m := range e.Missing {
			words[i] = "“" + safetext.Line(cmp.Or(m.Words, m.Scope)) + "”"
		}
		e.add(Finding{
			State: MissingPermissions, Severity: SeverityCritical, Cause: causeMissingPermissions, Remedy: diagnose.GrantPermissions,
			Title:  "Permissions missing: " + strings.Join(words, ", "),
			Detail: "Authorize again and tick every box on the consent page.", Since: e.Account.AuthorizedAt,
		})
		return
	}
	e.report(MissingPermissions, SeverityCritical)
}

func (e *evaluation) blocked() {
	switch {
	case e.Provider.ID == "":
		e.add(Finding{
			State: Blocked, Severity: SeverityCritical, Cause: causeProviderMissing, Remedy: diagnose.FixMachine,
			Title:  fmt.Sprintf("Provider %q is not configured", safetext.Line(e.Account.Provider)),
			Detail: "The catalogue has no such provider any more. Put its section back into the configuration.",
		})
	// Only one of the two is told: without an entry there is nothing to compare with.
	case len(e.Drift) > 0:
		said := make([]string, len(e.Drift))
		for i, d := range e.Drift {
			said[i] = d.String()
		}
		e.add(Finding{
			State: Blocked, Severity: SeverityCritical, Cause: causeConfigMoved, Remedy: diagnose.FixMachine,
			Title: "The configuration points elsewhere: " + strings.Join(said, "; "),
			Detail: fmt.Sprintf("Nothing secret is sent until you correct the configuration or accept it: fettle provider accept %s",
				e.Provider.ID),
		})
	}
	e.report(Blocked, SeverityCritical)
}

func (e *evaluation) unreachable() {
	for _, o := range e.failures(Unreachable) {
		since := cmp.Or(o.FailsFrom, o.At)
		f := Finding{
			State: Unreachable, Severity: SeverityWarning, Cause: cmp.Or(o.Cause, causeUnreachable),
			Remedy: diagnose.Remedy(cmp.Or(o.Remedy, string(diagnose.RetryLater))),
			Title:  cmp.Or(o.Title, "The provider cannot be reached"), Detail: o.Detail, Since: since,
		}
		if e.now.Sub(since) >= criticalAfter {
			f.Severity = SeverityCritical
		}
		if !o.LastGood.IsZero() {
			f.Detail = strings.TrimSpace(f.Detail + " It last worked at " + stamp(o.LastGood) + ".")
		}
		e.add(f)
	}
}

// clock tells of a clock that was found wrong within the last day: whoever sets it does not come back to say so.
func (e *evaluation) clock() {
	for _, o := range e.Observations {
		if o.Kind != store.ObservedClock || o.OK || e.now.Sub(o.At).Abs() > day {
			continue
		}
		f := Finding{
			State: Blocked, Severity: SeverityCritical, Cause: causeClock, Remedy: diagnose.FixMachine,
			Title: cmp.Or(o.Title, "This machine's clock is wrong"), Detail: o.Detail, Since: cmp.Or(o.FailsFrom, o.At),
		}
		if o.Transient {
			f.State, f.Severity = Unproven, SeverityWarning
		}
		e.add(f)
	}
}

func (e *evaluation) resources() { e.report(NoResources, SeverityWarning) }

// open tells of a refresh that was cut off and not yet settled.
func (e *evaluation) open() {
	// A trace is normal while a request is out, which takes seconds.
	if e.Intent == nil || e.now.Sub(e.Intent.At) < inFlight {
		return
	}
	e.add(Finding{
		State: Unproven, Severity: SeverityWarning, Cause: causeInterrupted, Remedy: diagnose.Refresh,
		Title:  "Refresh interrupted at " + clock(e.Intent.At),
		Detail: "Its answer was never stored. The next refresh finds out whether the credential still works.", Since: e.Intent.At,
	})
}

// proof is never a bare green: it says when the provider last accepted the grant.
func (e *evaluation) proof() {
	e.report(Unproven, SeverityWarning)
	a := e.Account
	fresh := !a.ProvenAt.IsZero() && e.now.Sub(a.ProvenAt) <= e.policy.Fresh && !ahead(a.ProvenAt, e.now)
	switch {
	case isHeld(a):
		e.add(e.holder())
	case !fresh && a.ProvenAt.IsZero():
		e.add(Finding{
			State: Unproven, Severity: SeverityWarning, Cause: causeUnproven, Remedy: diagnose.Refresh,
			Title: "Never proven", Detail: "The provider has not accepted this credential yet. Refresh the account to prove it.", Since: a.CreatedAt,
		})
	case ahead(a.ProvenAt, e.now):
		e.add(Finding{
			State: Unproven, Severity: SeverityWarning, Cause: causeUnproven, Remedy: diagnose.Refresh, Title: "Proven at a time that lies ahead",
			Detail: fmt.Sprintf("The provider accepted it at %s by a clock that has been put back since. Refresh the account to prove it.", stamp(a.ProvenAt)),
		})
	case !fresh:
		e.add(Finding{
			State: Unproven, Severity: SeverityWarning, Cause: causeUnproven, Remedy: diagnose.Refresh, Title: "Not proven lately",
			Detail: fmt.Sprintf("The provider last accepted it at %s. Refresh the account to prove it.", stamp(a.ProvenAt)),
			Since:  a.ProvenAt.Add(e.policy.Fresh),
		})
	case len(e.found) == 0:
		e.add(Finding{
			State: Healthy, Severity: SeverityOK, Title: "Healthy",
			Detail: fmt.Sprintf("The provider accepted it at %s.", stamp(a.ProvenAt)), Since: a.ProvenAt,
		})
	}
}

// holder tells of a credential that a password file holds. The job that uses it renews it; nobody here can prove it.
func (e *evaluation) holder() Finding {
	a := e.Account
	f := Finding{State: Unproven, Severity: SeverityOK, Cause: causeHeld, Title: "Held by " + holderWords(a.Name, a.Holder)}
	for _, o := range e.Observations {
		// An older observation is about a credential that a sign-in has replaced since.
		if o.Kind == store.ObservedHolder && !o.At.Before(a.AuthorizedAt) {
			f.Title, f.Since = fmt.Sprintf("%s since %s", o.Title, stamp(o.At)), o.At
		}
	}
	// Lend has made the file the holder, HandOver has not erased the copy here: see holder.go.
	if _, canvas, ok := SplitDedicated(a.Name); ok && a.HasRefresh {
		f.Severity, f.Title = SeverityWarning, "Not handed over yet"
		f.Detail = "Only its password file may use this credential, and writing that file was interrupted. Write it again: fettle pwfile generate " + canvas
		return f
	}
	f.Detail = "The credential lives in that password file and is renewed by the job that uses it; this book cannot prove it. To write the file again, authorize the account again."
	return f
}

// stamp is a point in time as it stands in a sentence.
func stamp(t time.Time) string { return t.UTC().Format(timeLayout) }
