package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// RemoveOptions separates the two choices of a removal.
type RemoveOptions struct {
	Revoke bool // also at the provider
}

// RemoveResult says truthfully what became of the account.
type RemoveResult struct {
	Name       string
	Forgotten  bool // nothing of it is left here
	Revoked    bool // the provider said that the credential is dead
	ToRevoke   bool // still listed: removed here, still valid at the provider as far as is known
	RetryAfter time.Duration
	ByHand     string // the provider's page where the person can do it, if one is known
	Diagnosis  *diagnose.Diagnosis
	Text       string // one or two sentences for the person
}

// Remove forgets the account here and, if asked, revokes its grant at the provider first. An account
// whose revocation failed stays as to_revoke; Remove again retries, or forgets it. Once a revocation has been
// sent the credential is used for nothing else any more.
func (b *Book) Remove(ctx context.Context, accountID string, o RemoveOptions) (RemoveResult, error) {
	var result RemoveResult
	err := b.fly(ctx, func(*flight) error {
		// A refresh under way ends first: its new token would outlive the revocation at some providers.
		unlock, err := b.cfg.Store.Lock(ctx, accountLock(accountID))
		if err != nil {
			return err
		}
		defer unlock()
		r := removal{book: b}
		if err := r.enter(ctx, accountID, o.Revoke); err != nil {
			return err
		}
		if o.Revoke {
			err = r.revoke(ctx)
		} else {
			err = r.forgetOnly(ctx)
		}
		result = r.result
		return err
	})
	return result, err
}

// removal is one removal under way, under the account's lock.
type removal struct {
	book     *Book
	held     held
	provider provider.Provider
	client   oauthflow.Client
	secrets  sealedGrant
	waiting  bool // a new credential waits beside the present one, and goes along
	result   RemoveResult
}

// enter reads what is to be removed. A credential that was stored and not yet checked is all that such an account has
// at the provider: where it is to be revoked it becomes the current one, so that a revocation that fails can be repeated.
func (r *removal) enter(ctx context.Context, accountID string, revoke bool) (err error) {
	b := r.book
	if r.held, err = b.enter(ctx, accountID); err != nil {
		return err
	}
	r.result.Name = r.held.account.Name
	err = b.cfg.Store.View(ctx, func(s store.Reader) (err error) {
		_, r.waiting, err = grantsOf(s, accountID)
		return err
	})
	if err != nil || !r.waiting || !revoke || r.held.grant.Seq != 0 {
		return err
	}
	c, err := b.openCandidate(ctx, accountID)
	if err != nil {
		return err
	}
	if err := b.promoteLocked(ctx, c, nil); err != nil {
		return err
	}
	r.waiting = false
	r.held, err = b.enter(ctx, accountID)
	return err
}

func (r *removal) forgetOnly(ctx context.Context) error {
	a := r.held.account
	r.result.Text = fmt.Sprintf("%s is forgotten here. It was not revoked: it stays valid at %s.", a.Name, r.providerName())
	if r.held.grant.Seq == 0 && !r.waiting {
		r.result.Text = a.Name + " is forgotten here."
	}
	return r.forget(ctx, "forgot it here, not revoked")
}

// revoke ends the grant at the provider and forgets the account if that worked.
func (r *removal) revoke(ctx context.Context) error {
	a := r.held.account
	switch {
	case r.held.grant.Seq == 0:
		r.result.Text = a.Name + " is forgotten here. There was no credential to revoke."
		return r.forget(ctx, "there was no credential to revoke")
	case isHeld(a):
		return &HeldError{Account: a.Name, Holder: a.Holder}
	}
	if err := r.prepare(ctx); err != nil {
		return err
	}
	// From here on no refresh and no job uses the credential, even if this process dies: only another
	// attempt to revoke it does.
	if err := r.mark(ctx); err != nil {
		return err
	}
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*requestLimit)
	defer cancel()
	began := r.book.now()
	outcome, err := r.ask(asking)
	if err != nil {
		return r.failed(asking, err, began)
	}
	r.result.Revoked = true
	switch outcome {
	case oauthflow.AlreadyInvalid:
		r.result.Text = fmt.Sprintf("%s is forgotten here. %s says that it was not valid any more.", a.Name, r.providerName())
	default:
		r.result.Text = fmt.Sprintf("%s is revoked at %s and forgotten here.", a.Name, r.providerName())
	}
	if r.waiting {
		r.result.Text += " " + droppedAlong(r.providerName())
	}
	r.book.logged(r.book.outcomeOf(a, store.ObservedRevoke, "revoke", nil))
	return r.forget(asking, "revoked at the provider: "+string(outcome))
}

// prepare opens what a revocation needs. Secrets go nowhere else than where they were obtained.
func (r *removal) prepare(ctx context.Context) (err error) {
	b, h := r.book, r.held
	h.account.ToRevoke = false // what else would stop a refresh stops a revocation too
	if r.provider, err = b.usable(h); err != nil {
		return err
	}
	if r.client, err = b.storedClient(ctx, r.provider, h.record); err != nil {
		return err
	}
	r.secrets, err = b.openGrant(h.grant)
	return err
}

// mark makes the account to_revoke before anything is sent.
func (r *removal) mark(ctx context.Context) error {
	if r.held.account.ToRevoke {
		return nil
	}
	return r.book.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(r.held.account.ID)
		if err != nil {
			return err
		}
		a.ToRevoke = true
		if err := errors.Join(w.PutAccount(&a), w.DeleteIntent(a.ID), w.DeleteGrant(a.ID, store.Candidate)); err != nil {
			return err
		}
		return w.AddEvent(r.book.event(a, "remove", true, "revocation begun"))
	})
}

// ask revokes the refresh token, then the access token where that one would live on.
func (r *removal) ask(ctx context.Context) (oauthflow.RevokeOutcome, error) {
	a := r.held.account
	req := oauthflow.RevokeRequest{
		Provider: r.provider, Server: serverOf(a, r.provider), Client: r.client,
		Refresh: r.secrets.Refresh, Access: r.secrets.Access, Kept: a.Kept,
	}
	byAccess := r.provider.Revoke.Auth == "bearer" || r.provider.Revoke.Auth == "basic"
	if byAccess && !lasts(a.AccessExpiresAt, 0, r.book.now()) {
		if dead := r.freshen(ctx, &req); dead {
			return oauthflow.AlreadyInvalid, nil
		}
	}
	return oauthflow.Revoke(ctx, r.book.cfg.HTTP, req)
}

// freshen gets the access token that some providers want for a revocation, or learns that the grant is dead
// already: GitHub does not know an access token that is over, although its refresh token lives. The new token is
// not stored, because it is about to end; if that fails, a single-use refresh token is in nobody's hands any more.
func (r *removal) freshen(ctx context.Context, req *oauthflow.RevokeRequest) (dead bool) {
	a := r.held.account
	if req.Refresh.Empty() {
		return false
	}
	t, err := oauthflow.Refresh(ctx, r.book.cfg.HTTP, oauthflow.RefreshRequest{
		Provider: r.provider, Server: req.Server, Client: r.client, Refresh: req.Refresh, Scopes: a.Granted, Now: r.book.cfg.Now,
	})
	if err == nil {
		req.Access = t.Access
		return false
	}
	o := r.book.outcomeOf(a, store.ObservedRevoke, "revoke", err)
	return !o.transient && endsGrant(o.diagnosis.Remedy) // else the revocation itself says what is wrong
}

// failed keeps the account as to_revoke and says only what is known.
func (r *removal) failed(ctx context.Context, cause error, began time.Time) error {
	b, a := r.book, r.held.account
	o := b.outcomeOf(a, store.ObservedRevoke, "revoke", cause)
	o.took = b.now().Sub(began)
	r.result.ToRevoke, r.result.Diagnosis = true, &o.diagnosis
	r.result.Text = r.wording(cause, o)
	b.logged(o)
	return b.cfg.Store.Update(ctx, func(w store.Writer) error { return b.observe(w, o) })
}

// wording is true in each case: what the provider said, or that it is not known what it did.
func (r *removal) wording(cause error, o outcome) string {
	name, account := r.providerName(), r.held.account.Name
	removed := fmt.Sprintf("%s is removed here, still valid at %s", account, name)
	var none *oauthflow.NoRevocationError
	var said *oauthflow.Error
	switch {
	case errors.As(cause, &none) && none.Page != "":
		r.result.ByHand = none.Page
		return fmt.Sprintf("%s: it offers no revocation to programs. Remove the access by hand at %s, then forget the account here.", removed, none.Page)
	case errors.Is(cause, oauthflow.ErrNoRevocation):
		return fmt.Sprintf("%s: it offers no revocation. Remove the access by hand in the account's settings there, then forget the account here.", removed)
	case errors.As(cause, &said) && said.Status == 0:
		return fmt.Sprintf("%s is removed here. No answer came from %s, so it may be revoked or still valid there: remove it again to make sure.", account, name)
	case errors.As(cause, &said) && said.Transient():
		r.result.RetryAfter = said.RetryAfter
		when := "later"
		if said.RetryAfter > 0 {
			when = fmt.Sprintf("in %s", said.RetryAfter)
		}
		return fmt.Sprintf("%s: the revocation failed there (HTTP %d). Remove it again %s.", removed, said.Status, when)
	}
	return fmt.Sprintf("%s: the revocation was refused (%s). Remove it again once that is mended, or forget it here.", removed, o.diagnosis.Title)
}

// forget deletes the account and what hangs on it. Canvases keep their reference and say that it is gone.
func (r *removal) forget(ctx context.Context, detail string) error {
	b, id := r.book, r.held.account.ID
	err := b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(id)
		if err != nil {
			return err
		}
		flows, err := w.Flows()
		if err != nil {
			return err
		}
		for _, f := range flows {
			// Its pending sign-ins go along, or one would bring back what was just removed.
			if f.AccountID != id {
				continue
			}
			if err := w.DeleteFlow(f.ID); err != nil {
				return err
			}
		}
		if err := w.DeleteAccount(id); err != nil {
			return err
		}
		return w.AddEvent(b.event(a, "remove", true, detail))
	})
	if err != nil {
		if r.result.Revoked {
			return fmt.Errorf("account %q is revoked at the provider, but could not be deleted here; remove it again: %w", r.result.Name, err)
		}
		return err
	}
	r.result.Forgotten = true
	return nil
}

func (r *removal) providerName() string {
	p, _ := r.book.cfg.Catalogue.Get(r.held.account.Provider)
	if p.ID == "" {
		return r.held.account.Provider
	}
	return nameOf(p)
}
