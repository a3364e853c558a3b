package accounts

import (
	"context"
	"time"

	"fettle/oauthflow/provider"
)

// longestRest is how long an account is left alone at most: well within the shortest idle term there is.
const longestRest = 25 * 24 * time.Hour

// Due lists the accounts that a scheduled refresh should take: a third of their idle term has passed (at
// most 25 days), two thirds of the term of an access token that is renewed by itself, or a refresh was
// interrupted. Accounts that only the person can repair are not among them.
func (b *Book) Due(ctx context.Context) ([]Account, error) {
	snapshot, err := b.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	due := []Account{}
	for _, a := range snapshot.Accounts {
		p, known := b.cfg.Catalogue.Get(a.Provider)
		if known && isDue(a, p, snapshot.TakenAt) {
			due = append(due, a)
		}
	}
	return due, nil
}

func isDue(a Account, p provider.Provider, now time.Time) bool {
	if a.ToRevoke || isHeld(a.Account) || a.Health.Cause == causeConfigMoved {
		return false
	}
	if !a.OpenSince.IsZero() {
		return true
	}
	if a.Health.State == NeedsSignIn {
		return false
	}
	last := later(a.RefreshedAt, a.AuthorizedAt)
	if last.IsZero() {
		return false // nothing was ever granted
	}
	if !a.HasRefresh {
		term := a.AccessExpiresAt.Sub(last)
		return p.Renew == provider.RenewExchange && !a.AccessExpiresAt.IsZero() && now.Sub(last) >= term*2/3
	}
	rest := longestRest
	if idle := p.IdleTerm(); idle > 0 {
		rest = min(rest, idle/3)
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
