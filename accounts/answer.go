package accounts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// accept stores the provider's answer: everything in one transaction, nothing in between.
func (r *refresh) accept(ctx context.Context, t *oauthflow.Token, took time.Duration) error {
	b := r.book
	o := b.outcomeOf(r.account, store.ObservedRefresh, "refresh", nil)
	o.took = took
	next := r.secrets.succeed(t)
	seq := r.grant.Seq + 1
	attempts := 0
	// Google sends the same refresh token again, or none; that is no rotation.
	rotated := !r.secrets.Refresh.Empty() && next.Refresh.Hash() != r.secrets.Refresh.Hash()
	err := r.flight.persist(Unstored{AccountID: r.account.ID, Account: r.account.Name}, func(w store.Writer) error {
		a, err := w.Account(r.account.ID)
		if err != nil {
			return err
		}
		// A commit whose error came after it was durable must not be repeated: the fence would call it a conflict.
		if attempts++; attempts > 1 {
			if stored, err := r.isStored(w, next, seq); err != nil || stored {
				return err
			}
		}
		// Sealed in here, so that a vault locked in this very moment is waited for like a full disk.
		blob, err := b.sealGrant(next, store.Current, a.ID, seq)
		if err != nil {
			return err
		}
		noted := r.renew(&a, t, next, rotated, o.at)
		grant := store.Grant{
			AccountID: a.ID, Role: store.Current, Seq: seq, Generation: a.Generation, Holder: r.grant.Holder, Blob: blob, WrittenAt: o.at,
		}
		if err := w.PutGrant(&grant, r.grant.Seq); err != nil {
			return err
		}
		if err := w.PutAccount(&a); err != nil {
			return err
		}
		// An entry each: a changed endpoint and lost permissions are asked about separately later.
		for _, note := range noted {
			if err := w.AddEvent(b.event(a, "refresh", true, note)); err != nil {
				return err
			}
		}
		if err := b.observe(w, o); err != nil {
			return err
		}
		return w.DeleteIntent(a.ID)
	})
	if err != nil {
		return fmt.Errorf("account %q: the new token was not stored: %w", r.account.Name, err)
	}
	b.logged(o)
	r.out.Rotated, r.out.Seq, r.out.AccessExpiresAt = rotated, seq, t.AccessExpiresAt
	if r.open != nil {
		r.out.Settled = fmt.Sprintf("the refresh interrupted at %s had not reached the provider, or it let it be repeated", clock(r.open.At))
	}
	return r.readBack(context.WithoutCancel(ctx), next, seq)
}

// isStored reports whether an earlier attempt was committed although its error said otherwise.
func (r *refresh) isStored(w store.Reader, next sealedGrant, seq int64) (bool, error) {
	g, err := w.Grant(r.account.ID, store.Current)
	if err != nil || g.Seq != seq {
		return false, err
	}
	stored, err := r.book.openGrant(g)
	return stored == next, err
}

// renew writes what the answer says into the public half of the account, and returns what is worth an
// entry in the history.
func (r *refresh) renew(a *store.Account, t *oauthflow.Token, next sealedGrant, rotated bool, at time.Time) []string {
	var noted []string
	a.RefreshedAt, a.ProvenAt, a.AccessExpiresAt = at, at, t.AccessExpiresAt
	// An answer that says nothing leaves the former end: some providers state it with the first answer only.
	if !t.RefreshExpiresAt.IsZero() {
		a.RefreshExpiresAt = t.RefreshExpiresAt
	}
	a.HasRefresh = !next.Refresh.Empty()
	// Elsewhere the token answer is not to be believed about scopes: it repeats what was asked for, or leaves out what is implied.
	if t.ScopesStated && (r.provider.ScopeSource == "" || r.provider.ScopeSource == "token") {
		noted = append(noted, r.lost(a.Granted, t.Scopes, a.Required)...)
		a.Granted = t.Scopes
	}
	if len(t.Kept) > 0 {
		kept := maps.Clone(a.Kept)
		if kept == nil {
			kept = map[string]string{}
		}
		maps.Copy(kept, t.Kept)
		a.Kept = kept
	}
	// Taken as the strictest kind at once: guessing wrong the other way loses the account at the next crash.
	if rotated && a.Rotation == provider.RotationNone {
		a.Rotation = provider.RotationSingleUse
		noted = append(noted, "the provider gave another refresh token although it is not known to; from now on this account counts as single-use")
	}
	// The refresh went through, so the changed secret is right.
	if hash := r.client.Secret.Hash(); hash != a.ClientHash {
		a.ClientHash = hash
		a.Generation++
		noted = append(noted, "the client secret has changed; password files carry the old one")
	}
	if s := serverOf(*a, r.provider); s != a.Server {
		// The others are of no use to a job, so its file does not go stale over them.
		if s.Token != a.Server.Token {
			a.Generation++
			noted = append(noted, "the token endpoint has changed; password files carry the old one")
		}
		a.Server = s
	}
	if r.provider.Renew == provider.RenewExchange { // password files carry the access token itself
		a.Generation++
	}
	return noted
}

// lost names the permissions that were there before and are not any more: when they went is worth knowing later.
func (r *refresh) lost(before, now, required []string) []string {
	had := map[string]bool{}
	for _, m := range r.provider.Missing(required, before) {
		had[m.Scope] = true // missing before
	}
	gone := slices.DeleteFunc(r.provider.Missing(required, now), func(m provider.Permission) bool { return had[m.Scope] })
	if len(gone) == 0 {
		return nil
	}
	return []string{"permissions are gone since the refresh before: " + permissionWords(gone)}
}

// readBack makes sure that what will be reported is what the store has.
func (r *refresh) readBack(ctx context.Context, want sealedGrant, seq int64) error {
	var g store.Grant
	err := r.book.cfg.Store.View(ctx, func(s store.Reader) (err error) {
		g, err = s.Grant(r.account.ID, store.Current)
		return err
	})
	if err == nil {
		var got sealedGrant
		if got, err = r.book.openGrant(g); err == nil && (g.Seq != seq || got != want) {
			err = fmt.Errorf("it differs from what was written (seq %d, written %d)", g.Seq, seq)
		}
	}
	if err != nil {
		return fmt.Errorf("account %q: reading the new token back: %w", r.account.Name, err)
	}
	return nil
}

// refused records that no token came. The stored grant stays as it is, whatever the provider said.
func (r *refresh) refused(err error, took time.Duration) error {
	b := r.book
	o := b.outcomeOf(r.account, store.ObservedRefresh, "refresh", err)
	o.took = took
	// ended: the provider has decided, and repeating the request would bring the same answer.
	ended := !o.transient && (endsGrant(o.diagnosis.Remedy) || o.code == codeInvalidGrant)
	// A used-up token is invalid_grant by RFC 6749 §5.2; some servers call one that they do not know any more invalid_request.
	if r.open != nil && !o.transient && (ended || o.code == "invalid_request") {
		ended = true
		o.diagnosis = interrupted(r.open.At, o.diagnosis)
		r.out.Settled = o.diagnosis.Title
	}
	// What may have been rotated at the provider stays noted until a request is answered.
	keep := r.account.Rotation == provider.RotationSingleUse && !ended && (r.open != nil || mayHaveArrived(err))
	failed := &RefreshError{Account: r.account.Name, Diagnosis: o.diagnosis, Transient: o.transient, Err: err}
	// Not ctx: the answer of the provider is worth keeping even if nobody waits for it any more.
	writing := b.cfg.Store.Update(context.Background(), func(w store.Writer) error {
		if !keep {
			if err := w.DeleteIntent(r.account.ID); err != nil {
				return err
			}
		}
		return b.observe(w, o)
	})
	b.logged(o)
	if writing != nil {
		return errors.Join(failed, fmt.Errorf("account %q: the outcome could not be noted down: %w", r.account.Name, writing))
	}
	return failed
}

// adoptedRefusal repeats an answer that somebody else got a moment ago.
func adoptedRefusal(a store.Account, o store.Observation) error {
	return &RefreshError{Account: a.Name, Diagnosis: diagnose.Diagnosis{
		Cause: o.Cause, Remedy: diagnose.Remedy(o.Remedy), Title: o.Title, Explanation: o.Detail, Confidence: diagnose.Certain,
		Evidence: "the provider's answer of " + o.At.UTC().Format(timeLayout),
	}}
}
