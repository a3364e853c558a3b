package accounts

import (
	"context"
	"errors"
	"fmt"

	"fettle/accounts/store"
)

// promote makes the candidate current, under the account's lock, so that no refresh under way can
// overwrite it and none that waits uses the former token. e is nil where nothing was asked again.
func (b *Book) promote(ctx context.Context, c candidate, e *examination) error {
	unlock, err := b.cfg.Store.Lock(ctx, accountLock(c.account.ID))
	if err != nil {
		return err
	}
	defer unlock()
	return b.promoteLocked(ctx, c, e)
}

// promoteLocked is promote for who holds the account's lock.
func (b *Book) promoteLocked(ctx context.Context, c candidate, e *examination) error {
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, cur, err := c.again(w)
		if err != nil {
			return err
		}
		if err := c.mayTake(a); err != nil {
			return err
		}
		former, now := a, b.now()
		c.facts.applyTo(&a, c.provider)
		// Above both: a blob is sealed with its seq, so no number may ever seal two contents.
		seq := max(cur.Seq, c.grant.Seq) + 1
		blob, err := b.sealGrant(c.secrets, store.Current, a.ID, seq)
		if err != nil {
			return err
		}
		grant := store.Grant{AccountID: a.ID, Role: store.Current, Seq: seq, Generation: a.Generation, Holder: a.Holder, Blob: blob, WrittenAt: now}
		if err := w.PutGrant(&grant, cur.Seq); err != nil {
			return err
		}
		// The trace speaks of the former token, which nobody will ask about again.
		if err := errors.Join(w.DeleteGrant(a.ID, store.Candidate), w.DeleteIntent(a.ID)); err != nil {
			return err
		}
		// Before the account is put: it carries the time of the listing.
		if e != nil && len(e.listed) > 0 {
			if err := putResources(w, &a, e.listed, now); err != nil {
				return err
			}
		}
		if err := w.PutAccount(&a); err != nil {
			return err
		}
		if err := b.observeAll(w, a, c.outcomes(b, a, e)); err != nil {
			return err
		}
		return b.tellPromotion(w, former, a)
	})
}

// again reads account and grants inside the transaction and makes sure that the candidate is still the same.
func (c candidate) again(r store.Reader) (store.Account, store.Grant, error) {
	a, err := r.Account(c.account.ID)
	if err != nil {
		return a, store.Grant{}, err
	}
	now, err := r.Grant(a.ID, store.Candidate)
	if err != nil && !isNotFound(err) {
		return a, store.Grant{}, err
	}
	// Somebody decided, dropped it or signed in again while the provider was being asked.
	if err != nil || !sameGrant(now, c.grant) {
		return a, store.Grant{}, &store.ConflictError{Table: "candidate of account", ID: a.Name}
	}
	cur, err := r.Grant(a.ID, store.Current)
	if isNotFound(err) {
		return a, store.Grant{}, nil
	}
	return a, cur, err
}

// outcomes are what is known about the new grant: the provider has just accepted it, and what was asked.
func (c candidate) outcomes(b *Book, a store.Account, e *examination) []outcome {
	all := []outcome{b.outcomeOf(a, store.ObservedRefresh, "authorize", nil)}
	if e != nil {
		return append(all, e.outcomes...)
	}
	scopes := b.outcomeOf(a, store.ObservedScopes, "authorize", nil)
	if missing := c.provider.Missing(a.Required, a.Granted); len(missing) > 0 {
		scopes = b.finding(a, store.ObservedScopes, "authorize", missingDiagnosis(missing))
	}
	return append(all, scopes, b.outcomeOf(a, store.ObservedIdentity, "authorize", nil))
}

// observeAll records outcomes without an entry each in the history: the act as a whole has one.
func (b *Book) observeAll(w store.Writer, a store.Account, all []outcome) error {
	for _, o := range all {
		o.account, o.quiet = a, true
		if err := b.observe(w, o); err != nil {
			return err
		}
	}
	return nil
}

// tellPromotion writes who got which credential into the history.
func (b *Book) tellPromotion(w store.Writer, former, a store.Account) error {
	events := []store.Event{}
	who := "as " + whoIs(a.Identity)
	// Permissions have names only in the catalogue.
	if p, known := b.cfg.Catalogue.Get(a.Provider); known {
		if missing := p.Missing(a.Required, a.Granted); len(missing) > 0 {
			who += "; " + missingDiagnosis(missing).Title
		}
	}
	switch {
	case former.Generation == 0:
		events = append(events, b.event(a, "authorize", true, who))
	case former.Identity.Known() && !former.Identity.Same(a.Identity):
		events = append(events, b.event(a, "switch identity", true, fmt.Sprintf("from %s to %s", whoIs(former.Identity), whoIs(a.Identity))))
	default:
		events = append(events, b.event(a, "re-authorize", true, who))
	}
	if former.Identity.Same(a.Identity) && former.Identity.Email != a.Identity.Email {
		events = append(events, b.event(a, "e-mail changed", true, fmt.Sprintf("from %s to %s", whoIs(former.Identity), whoIs(a.Identity))))
	}
	for _, e := range events {
		if err := w.AddEvent(e); err != nil {
			return err
		}
	}
	return nil
}

// keepWaiting notes why the candidate waits, for whoever looks next.
func (b *Book) keepWaiting(ctx context.Context, c candidate) error {
	facts, err := c.facts.marshal()
	if err != nil {
		return err
	}
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, _, err := c.again(w)
		if err != nil {
			return err
		}
		g := c.grant
		// A new seq, so that whoever still holds the former reading loses the comparison in again.
		g.Seq, g.Facts = c.grant.Seq+1, facts
		if g.Blob, err = b.sealGrant(c.secrets, store.Candidate, a.ID, g.Seq); err != nil {
			return err
		}
		if err := w.PutGrant(&g, c.grant.Seq); err != nil {
			return err
		}
		return w.AddEvent(b.event(a, "authorize", false, "waits for a decision: "+c.facts.Waiting))
	})
}
