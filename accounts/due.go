package accounts

import (
	"context"
	"errors"
	"time"

	"fettle/oauthflow/provider"
)

// longestRest is how long an account is left alone at most: well within the shortest idle term there is.
const longestRest = 25 * 24 * time.Hour

// Due lists the accounts that a scheduled run should take: a third of their idle term has passed (at
// most 25 days), two thirds of the term of an access token that is renewed by itself, or a refresh was
// interrupted. Accounts that only the person can repair are not among them.
func (b *Book) Due(ctx context.Context) ([]Account, error) {
	snapshot, err := b.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	due, known := []Account{}, causeBook{}
	for _, a := range snapshot.Accounts {
		p, ok := b.cfg.Catalogue.Get(a.Provider)
		if ok && isDue(a, p, idleTerm(p, known.of(p, a.Account, ClientFacts{})), snapshot.TakenAt) {
			due = append(due, a)
		}
	}
	return due, nil
}

// KeepAlive does for each of these accounts what keeps its grant from ending unused: a refresh or, where there is
// nothing to refresh with, one use of the access token. Else it is as RefreshMany.
func (b *Book) KeepAlive(ctx context.Context, ids []string, report func(id string, o Outcome, err error)) error {
	return b.sideBySide(ctx, ids, report, func(ctx context.Context, id string) (Outcome, error) {
		o, err := b.Refresh(ctx, id, Now(false))
		if _, ok := errors.AsType[*NotRenewableError](err); ok {
			return b.use(ctx, id)
		}
		return o, err
	})
}

// use calls the provider with the access token that an account has.
func (b *Book) use(ctx context.Context, id string) (Outcome, error) {
	report, err := b.Verify(ctx, id, nil)
	if err != nil {
		return Outcome{AccountID: id, Name: report.Name}, err
	}
	for _, c := range report.Checks {
		if c.State == CheckFailed && c.Diagnosis != nil && c.ID != CheckResources {
			return Outcome{AccountID: id, Name: report.Name}, &RefreshError{Account: report.Name, Diagnosis: *c.Diagnosis, Err: errors.New(c.Detail)}
		}
	}
	return Outcome{AccountID: id, Name: report.Name, Used: true}, nil
}

// idleTerm is the shortest time without use that ends such a grant; 0: none is known.
func idleTerm(p provider.Provider, c *causes) time.Duration {
	term := p.IdleTerm()
	for _, d := range c.dated {
		if t := d.Term(); d.From == provider.FromUse && t > 0 && (term == 0 || t < term) {
			term = t
		}
	}
	return term
}

func isDue(a Account, p provider.Provider, idle time.Duration, now time.Time) bool {
	if a.ToRevoke || isHeld(a.Account) || a.Health.Cause == causeConfigMoved {
		return false
	}
	if !a.OpenSince.IsZero() {
		return true
	}
	// Asking a provider daily about a dead grant brings the same answer daily.
	if a.Health.State == NeedsSignIn {
		return false
	}
	if later(a.RefreshedAt, a.AuthorizedAt).IsZero() {
		return false // nothing was ever granted
	}
	// Zero, and so long ago, where a clock wrote both that has been put back: waiting for them could outlast the grant.
	last := latest(now, a.RefreshedAt, a.AuthorizedAt)
	rest := longestRest
	if idle > 0 {
		rest = min(rest, idle/3)
	}
	if !a.HasRefresh {
		term := a.AccessExpiresAt.Sub(last)
		if p.Renew == provider.RenewExchange {
			return !a.AccessExpiresAt.IsZero() && now.Sub(last) >= term*2/3
		}
		return idle > 0 && now.Sub(latest(now, last, a.ProvenAt)) >= rest
	}
	if stated := a.RefreshExpiresAt.Sub(last); stated > 0 && p.MaxDays == 0 { // a fixed term cannot be prolonged
		rest = min(rest, stated/3)
	}
	return now.Sub(last) >= rest
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// ahead reports a time that this machine's clock has not reached: it was written before the clock was put back, and
// does not tell what came first. Clocks that are kept right in small steps are put back by less.
func ahead(t, now time.Time) bool { return t.Sub(now) > skewTold }

// latest is the latest of these times that do not lie ahead; the zero time if all do.
func latest(now time.Time, times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if !ahead(t, now) {
			last = later(last, t)
		}
	}
	return last
}
