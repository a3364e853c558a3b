package accounts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// requestLimit is how long one token request may take. It is not cut by signals or a cancelled caller.
const requestLimit = 30 * time.Second

// Outcome is what a refresh came to.
type Outcome struct {
	AccountID string
	Name      string

	Adopted   bool   // what was stored already will do; nothing was sent
	Requested bool   // one token request was made
	Rotated   bool   // another refresh token came
	Used      bool   // there is nothing to refresh with, so the access token was used once; only from KeepAlive
	Settled   string // what became of an interrupted refresh that was found, one sentence; "" = there was none

	AccessExpiresAt time.Time // zero: not known
	Seq             int64     // of the grant
}

// Refresh is the one path by which any caller gets a newer access token: a screen, a command, a job. Per
// account it is exclusive across processes, makes at most one request, and once that is sent it goes on
// until the answer is stored, whatever becomes of ctx. Its steps are those of docs/security.md.
//
// Errors: *RefreshError, *HeldError, *BlockedError, *UnstoredError, *NotRenewableError, ErrDraining, the
// vault's LockedError, or the store's. None of them loses or deletes a token.
func (b *Book) Refresh(ctx context.Context, accountID string, want Want) (Outcome, error) {
	out := Outcome{AccountID: accountID}
	err := b.fly(ctx, func(f *flight) error {
		unlock, entered, err := b.lockAccount(ctx, accountID)
		if err != nil {
			return err
		}
		defer unlock()
		r := refresh{book: b, flight: f, want: want, enteredSeq: entered, out: &out}
		return r.underLock(ctx, accountID)
	})
	if unstored, ok := errors.AsType[*UnstoredError](err); ok {
		return Outcome{AccountID: accountID, Name: unstored.Account, Requested: true}, unstored // the flight still writes to out
	}
	return out, err
}

// refresh is one refresh under way, under the account's lock.
type refresh struct {
	book       *Book
	flight     *flight
	want       Want
	enteredSeq int64
	out        *Outcome

	held
	provider provider.Provider
	client   oauthflow.Client
	open     *store.Intent // an interrupted refresh that this one settles
}

// underLock reads again, decides whether a request is needed, and makes it.
func (r *refresh) underLock(ctx context.Context, accountID string) (err error) {
	b := r.book
	if r.held, err = b.enter(ctx, accountID); err != nil {
		return err
	}
	r.out.Name = r.account.Name
	if r.provider, err = b.usable(r.held); err != nil {
		return err
	}
	if r.secrets, err = b.openGrant(r.grant); err != nil {
		return err
	}
	r.out.Seq, r.out.AccessExpiresAt = r.grant.Seq, r.account.AccessExpiresAt
	r.settle(ctx)
	// Nobody was waited for, so nothing newer than what is read here can be somebody else's answer.
	if r.enteredSeq == justEntered {
		r.enteredSeq = r.grant.Seq
	}
	if r.open == nil {
		now := b.now()
		if r.want.adopts(r.held, r.enteredSeq, now) {
			r.out.Adopted = true
			return nil
		}
		if r.want.adoptsRefusal(r.held, now) {
			r.out.Adopted = true
			return adoptedRefusal(r.account, r.observed)
		}
	}
	if r.secrets.Refresh.Empty() && r.provider.Renew != provider.RenewExchange {
		return &NotRenewableError{Account: r.account.Name, ExpiresAt: r.account.AccessExpiresAt}
	}
	if r.client, err = b.storedClient(ctx, r.provider, r.record); err != nil {
		return err
	}
	return r.request(ctx)
}

// request leaves a durable trace of what is about to be sent, and sends it once.
func (r *refresh) request(ctx context.Context) error {
	b := r.book
	if err := ctx.Err(); err != nil {
		return err
	}
	// Asked again this late, because waiting for the lock may have taken minutes.
	if b.flights.ending() {
		return ErrDraining
	}
	intent := store.Intent{
		AccountID: r.account.ID, Seq: r.grant.Seq, TokenHash: r.secrets.spent(r.provider).Hash(), At: b.now(), PID: os.Getpid(),
	}
	if r.open != nil {
		intent.At = r.open.At // the interruption keeps its time, however often it is tried to settle it
	}
	if err := b.cfg.Store.Update(ctx, func(w store.Writer) error { return w.PutIntent(intent) }); err != nil {
		return fmt.Errorf("account %q: nothing was sent, because what is about to be sent could not be noted down first: %w", r.account.Name, err)
	}

	posting, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestLimit)
	defer cancel()
	began := time.Now()
	r.out.Requested = true
	token, err := oauthflow.Refresh(posting, b.cfg.HTTP, oauthflow.RefreshRequest{
		Provider: r.provider, Server: serverOf(r.account, r.provider), Client: r.client,
		Refresh: r.secrets.Refresh, Access: r.secrets.Access, Scopes: r.account.Granted, Now: b.cfg.Now,
	})
	took := time.Since(began)
	if err != nil {
		return r.refused(err, took)
	}
	return r.accept(ctx, token, took)
}

// enter reads what is known about an account; the secrets stay sealed.
func (b *Book) enter(ctx context.Context, accountID string) (held, error) {
	var h held
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		h = held{}
		if h.account, err = r.Account(accountID); err != nil {
			return err
		}
		if h.grant, err = r.Grant(accountID, store.Current); err != nil && !isNotFound(err) {
			return err
		}
		intent, err := r.Intent(accountID)
		switch {
		case err == nil:
			h.intent = &intent
		case !isNotFound(err):
			return err
		}
		if h.record, err = clientRecord(r, h.account.ClientID); err != nil {
			return err
		}
		h.observed, err = lastObservation(r, accountID, store.ObservedRefresh)
		return err
	})
	if isNotFound(err) && h.account.ID == "" {
		return h, &UnknownAccountError{Name: accountID}
	}
	return h, err
}

// justEntered stands for the grant's seq on entering where nobody had to be waited for.
const justEntered = -1

// lockAccount takes the account's lock. If somebody else has it, it reads the grant's seq before it waits,
// so that the other's answer is told from an older one.
func (b *Book) lockAccount(ctx context.Context, accountID string) (unlock func(), entered int64, err error) {
	unlock, err = b.cfg.Store.TryLock(accountLock(accountID))
	if !errors.Is(err, store.ErrLocked) {
		return unlock, justEntered, err
	}
	err = b.cfg.Store.View(ctx, func(r store.Reader) error {
		g, err := r.Grant(accountID, store.Current)
		entered = g.Seq
		if isNotFound(err) {
			return nil
		}
		return err
	})
	if err != nil {
		return nil, entered, err
	}
	unlock, err = b.cfg.Store.Lock(ctx, accountLock(accountID))
	return unlock, entered, err
}

// usable reports why the account's secrets may not be sent anywhere; nil means they may.
func (b *Book) usable(h held) (provider.Provider, error) {
	a := h.account
	p, known := b.cfg.Catalogue.Get(a.Provider)
	switch {
	case a.ToRevoke:
		return p, &RemovedError{a.Name}
	case isHeld(a):
		return p, &HeldError{a.Name, a.Holder}
	case !known:
		return p, &BlockedError{Account: a.Name, Provider: a.Provider}
	case h.grant.AccountID == "":
		return p, &NoGrantError{a.Name}
	}
	if drift := driftOf(a, p, configuredClientID(p, h.record)); len(drift) > 0 {
		return p, &BlockedError{Account: a.Name, Provider: p.ID, Drift: drift}
	}
	return p, nil
}

// isHeld reports whether a password file holds the account's grant.
func isHeld(a store.Account) bool { return a.Holder != "" && a.Holder != store.HolderBook }
