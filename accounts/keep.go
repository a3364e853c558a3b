package accounts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"

	"fettle/accounts/store"
	"fettle/oauthflow"
)

// keep stores the token answer as the account's candidate, in the transaction that ends the flow. It
// comes before every check, and goes on whatever becomes of the caller: the answer exists nowhere else.
func (d *driver) keep(ctx context.Context, t *oauthflow.Token) (store.Account, error) {
	facts := d.factsOf(t)
	newID := rand.Text()
	var kept store.Account
	attempts := 0
	write := func(w store.Writer) (err error) {
		// As in accept: a commit whose error came after it was durable must not be repeated.
		if attempts++; attempts > 1 {
			var stored bool
			if kept, stored, err = d.isKept(w, newID, t); err != nil || stored {
				return err
			}
		}
		kept, err = d.write(w, newID, facts, t)
		return err
	}
	u := Unstored{AccountID: d.record.AccountID, Account: d.record.Name}
	err := d.book.fly(ctx, func(f *flight) error { return f.persist(u, write) })
	if errors.Is(err, ErrDraining) { // the answer is here already: it is stored, not dropped
		err = d.book.cfg.Store.Update(context.WithoutCancel(ctx), write)
	}
	if err != nil {
		return kept, fmt.Errorf("account %q: the sign-in worked, but its credential was not stored: %w", d.record.Name, err)
	}
	return kept, nil
}

// factsOf is what the flow and its answer say about the account; what only the provider knows comes with the checks.
func (d *driver) factsOf(t *oauthflow.Token) candidateFacts {
	flow := d.state.Flow
	return candidateFacts{
		ClientID: d.record.ClientID, Services: d.record.Services, Server: flow.Server, OAuthClientID: flow.ClientID,
		AuthMethod: d.client.Auth, ClientHash: d.client.Secret.Hash(),
		Required: d.state.Required, Granted: t.Scopes, ScopesStated: t.ScopesStated, Kept: t.Kept, HasRefresh: !t.Refresh.Empty(),
		AuthorizedAt: t.ReceivedAt.UTC(), AccessExpiresAt: t.AccessExpiresAt, RefreshExpiresAt: t.RefreshExpiresAt,
		SwitchIdentity: d.state.SwitchIdentity,
	}
}

// isKept reports whether an earlier attempt was committed although its error said otherwise, and in which account.
func (d *driver) isKept(r store.Reader, newID string, t *oauthflow.Token) (store.Account, bool, error) {
	for _, id := range []string{d.record.AccountID, newID} {
		g, err := r.Grant(id, store.Candidate)
		if isNotFound(err) {
			continue
		}
		if err != nil {
			return store.Account{}, false, err
		}
		stored, err := d.book.openGrant(g)
		if err != nil {
			return store.Account{}, false, err
		}
		if stored == grantOf(t) {
			a, err := r.Account(id)
			return a, true, err
		}
	}
	return store.Account{}, false, nil
}

// write is the transaction. It may run more than once.
func (d *driver) write(w store.Writer, newID string, facts candidateFacts, t *oauthflow.Token) (store.Account, error) {
	b := d.book
	a, err := d.accountFor(w, newID, facts)
	if err != nil {
		return a, err
	}
	var former, current store.Grant
	if former, err = w.Grant(a.ID, store.Candidate); err != nil && !isNotFound(err) {
		return a, err
	}
	if current, err = w.Grant(a.ID, store.Current); err != nil && !isNotFound(err) {
		return a, err
	}
	g := store.Grant{
		AccountID: a.ID, Role: store.Candidate, Seq: max(former.Seq, current.Seq) + 1, Generation: a.Generation + 1,
		Holder: store.HolderBook, WrittenAt: b.now(),
	}
	if g.Facts, err = facts.marshal(); err != nil {
		return a, err
	}
	if g.Blob, err = b.sealGrant(grantOf(t), store.Candidate, a.ID, g.Seq); err != nil {
		return a, err
	}
	if err := w.PutGrant(&g, former.Seq); err != nil {
		return a, err
	}
	// In the transaction that keeps the grant: a flow that is gone was answered, and one that is there may be driven again.
	if err := w.DeleteFlow(d.record.ID); err != nil {
		return a, err
	}
	return a, w.AddEvent(b.event(a, "authorize answered", true, fmt.Sprintf("credential stored, %s flow", d.record.Kind)))
}

// accountFor reads the account that is re-authorized, or makes the one whose name the flow reserved.
func (d *driver) accountFor(w store.Writer, newID string, facts candidateFacts) (store.Account, error) {
	if d.record.AccountID != "" {
		a, err := w.Account(d.record.AccountID)
		if err == nil || !isNotFound(err) {
			return a, err
		}
		// It was removed meanwhile; the name is still this flow's.
	}
	a := store.Account{
		ID: newID, Name: d.record.Name, Provider: d.record.Provider, ClientID: facts.ClientID, Services: slices.Clone(facts.Services),
		Server: facts.Server, OAuthClientID: facts.OAuthClientID, AuthMethod: facts.AuthMethod, ClientHash: facts.ClientHash,
		Required: slices.Clone(facts.Required), Granted: []string{}, Rotation: rotationOf(d.provider),
		Holder: store.HolderBook, CreatedAt: d.book.now(),
	}
	return a, w.PutAccount(&a)
}
