package accounts

import (
	"context"
	"fmt"
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// longLived is how long an access token must last for an account to do without a refresh token: the
// person is asked back every few weeks, not every hour.
const longLived = 7 * 24 * time.Hour

// RepeatChecks runs the checks again on the candidate, or on the current grant where there is none. A
// candidate that passes now is promoted.
func (b *Book) RepeatChecks(ctx context.Context, accountID string, report func(Check)) (FlowResult, error) {
	if report == nil {
		report = func(Check) {}
	}
	_, err := b.openCandidate(ctx, accountID)
	switch {
	case err == nil:
		return b.examineCandidate(ctx, accountID, report)
	case !isNotFound(err):
		return FlowResult{AccountID: accountID, End: EndFailed}, err
	}
	verified, err := b.Verify(ctx, accountID, report)
	result := FlowResult{AccountID: accountID, Name: verified.Name, Checks: verified.Checks, End: EndAuthorized, Reauthorized: true}
	if err != nil {
		result.End = EndFailed
		return result, err
	}
	result.sum(verified.Checks)
	return result, nil
}

// examineCandidate checks a candidate and then promotes it or says why it waits. The end of ctx cuts the
// questions short, not the conclusion: what was not asked counts as not answered.
func (b *Book) examineCandidate(ctx context.Context, accountID string, report func(Check)) (FlowResult, error) {
	c, err := b.openCandidate(ctx, accountID)
	if err != nil {
		return FlowResult{AccountID: accountID, End: EndFailed}, err
	}
	e := c.examination(b, report)
	e.say(c.refreshTokenCheck(b.now()))
	// Checks may be repeated hours later. A candidate is never refreshed, since that could use up what is not promoted yet.
	if lasts(c.facts.AccessExpiresAt, 0, b.now()) {
		e.run(ctx)
	} else {
		e.missing = e.provider.Missing(e.account.Required, e.account.Granted)
		e.say(Check{
			ID: CheckProbe, Title: "Access", State: CheckSkipped,
			Detail: "the access token of the new grant has expired meanwhile, so the provider was not asked again",
		})
	}
	return b.conclude(context.WithoutCancel(ctx), c, e)
}

// conclude promotes the candidate or lets it wait, reads back what was stored, and sums up.
func (b *Book) conclude(ctx context.Context, c candidate, e *examination) (FlowResult, error) {
	result := FlowResult{AccountID: c.account.ID, Name: c.account.Name, Reauthorized: c.current.Seq != 0, End: EndAuthorized, Missing: e.missing}
	// What the provider said just now goes before what the token answer said.
	c.facts.Granted = e.account.Granted
	if e.found.Known() {
		c.facts.Identity = e.found
	}
	c.facts.Waiting = c.whyWait(e, b.now())
	role := store.Candidate
	if c.facts.Waiting == "" {
		role = store.Current
		if err := b.promote(ctx, c, e); err != nil {
			result.End = EndFailed
			return result, err
		}
	} else if err := b.keepWaiting(ctx, c); err != nil {
		result.End = EndFailed
		return result, err
	}
	e.say(b.readBackCheck(ctx, c, role))
	result.Checks = e.checks
	result.sum(e.checks)
	if role == store.Candidate {
		result.End, result.Why = EndWaitingDecision, c.facts.Waiting
	}
	return result, nil
}

// sum derives the end from the checks: what failed makes it partial, a warning does not.
func (r *FlowResult) sum(checks []Check) {
	for _, c := range checks {
		if c.ID == CheckPermissions {
			r.Missing = c.Missing
		}
		if c.State == CheckFailed && r.End == EndAuthorized {
			r.End, r.Why = EndPartial, c.Detail
		}
	}
}

// examination prepares the questions about a candidate: as if it were current, compared with whom the
// account belongs to now.
func (c candidate) examination(b *Book, report func(Check)) *examination {
	a := c.account
	// The account as it would be, with whom it belongs to now: that is what the person found is compared with.
	former := a.Identity
	c.facts.applyTo(&a, c.provider)
	a.Identity = former
	if c.facts.SwitchIdentity {
		a.Identity = oauthflow.Identity{}
	}
	return &examination{
		book: b, account: a, provider: c.provider, client: c.client, action: "authorize", report: report,
		listed: map[string][]oauthflow.Resource{},
		token: &oauthflow.Token{
			Access: c.secrets.Access, Refresh: c.secrets.Refresh, ID: c.secrets.ID, Type: c.secrets.Type,
			ReceivedAt: c.facts.AuthorizedAt, AccessExpiresAt: c.facts.AccessExpiresAt,
			Scopes: slices.Clone(c.facts.Granted), ScopesStated: c.facts.ScopesStated, Kept: c.facts.Kept,
		},
	}
}

// refreshTokenCheck looks whether the grant can live on without the person.
func (c candidate) refreshTokenCheck(now time.Time) Check {
	check := Check{ID: CheckRefreshToken, Title: "Refresh token", State: CheckOK}
	ends := c.facts.AccessExpiresAt
	switch {
	case c.facts.HasRefresh:
		check.Detail = "received"
	case c.provider.Renew == provider.RenewExchange:
		check.Detail = c.provider.Name + " has none: the access token itself is exchanged for a newer one"
	case ends.IsZero():
		check.Detail = "none, and the access token has no known end"
	case ends.Sub(now) >= longLived:
		check.State = CheckWarning
		check.Detail = fmt.Sprintf("none came: sign in again before %s", ends.UTC().Format(timeLayout))
	default:
		check.State = CheckFailed
		check.Detail = fmt.Sprintf("none came, so access ends at %s; sign in again and confirm the consent page", ends.UTC().Format(timeLayout))
		check.Diagnosis = &diagnose.Diagnosis{
			Cause: causeNoRefreshToken, Remedy: diagnose.Reauthorize, Confidence: diagnose.Certain,
			Title: "the provider gave no refresh token", Explanation: "Sign in again and confirm the consent page.",
		}
	}
	return check
}

// readBackCheck makes sure that what is reported is what the store has.
func (b *Book) readBackCheck(ctx context.Context, c candidate, role store.Role) Check {
	check := Check{ID: CheckReadBack, Title: "Stored", State: CheckOK, Detail: "sealed, written and read back"}
	var got sealedGrant
	err := b.cfg.Store.View(ctx, func(r store.Reader) error {
		g, err := r.Grant(c.account.ID, role)
		if err != nil {
			return err
		}
		got, err = b.openGrant(g)
		return err
	})
	switch {
	case err != nil:
		check.State, check.Detail = CheckFailed, "reading the grant back failed: "+err.Error()
	case got != c.secrets:
		check.State, check.Detail = CheckFailed, "what was read back is not what was written"
	}
	return check
}
