package accounts

import (
	"context"
	"errors"
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// VerifyReport is the outcome of a verification.
type VerifyReport struct {
	AccountID string
	Name      string
	OK        bool    // no check failed and none warned
	Checks    []Check // every rung of the ladder; those above the one that stopped the climb are skipped
	Failed    *Check  // the lowest rung that failed or warned, with its remedy; nil where OK
}

// probingTTL is how long an access token has to last to be probed with.
const probingTTL = time.Minute

// verification is one climb of the ladder: store, the way to the server, refresh, then the questions of an
// examination. It ends at the first rung without which the next would only repeat its failure.
type verification struct {
	book   *Book
	id     string
	report func(Check)
	held   held

	provider  provider.Provider
	checks    []Check
	refreshed bool
}

// Verify proves an account from the store up to its resources, reporting each check as it is made, and
// records what it finds. It never uses a single-use refresh token while a live access token can answer
// the question. An error means that it could not be carried out; what is wrong with the account is in the checks.
func (b *Book) Verify(ctx context.Context, accountID string, report func(Check)) (VerifyReport, error) {
	if report == nil {
		report = func(Check) {}
	}
	v := &verification{book: b, id: accountID, report: report}
	err := v.climb(ctx)
	if err == nil {
		for _, c := range skipped(Ladder(v.entry(), v.held.account.Services), v.checks) {
			v.say(c)
		}
	}
	out := VerifyReport{AccountID: accountID, Name: v.held.account.Name, Checks: v.checks, Failed: firstFailure(v.checks)}
	out.OK = err == nil && out.Failed == nil
	return out, err
}

// climb goes up as far as it gets.
func (v *verification) climb(ctx context.Context) error {
	for _, rung := range []func(context.Context) (goOn bool, err error){v.store, v.way, v.refresh} {
		if goOn, err := rung(ctx); err != nil || !goOn {
			return err
		}
	}
	return v.examine(ctx)
}

// entry is the account's provider as the catalogue has it, known before it is known whether it may be used.
func (v *verification) entry() provider.Provider {
	p, _ := v.book.cfg.Catalogue.Get(v.held.account.Provider)
	return p
}

func (v *verification) say(c Check) {
	v.checks = append(v.checks, c)
	v.report(c)
}

// store looks whether the credential is there, opens, and may be sent anywhere.
func (v *verification) store(ctx context.Context) (goOn bool, err error) {
	c := Check{ID: CheckStore, Title: "Stored credential"}
	v.report(Check{ID: c.ID, Title: c.Title, State: CheckRunning})
	if v.held, err = v.book.enter(ctx, v.id); err != nil {
		return false, err
	}
	stop := func(state CheckState, d diagnose.Diagnosis) {
		d.Confidence = diagnose.Certain
		c.State, c.Detail, c.Diagnosis = state, d.Title, &d
		v.say(c)
	}
	if v.provider, err = v.book.usable(v.held); err != nil {
		cause, remedy, state := whyUnusable(err)
		if cause == "" {
			return false, err
		}
		stop(state, diagnose.Diagnosis{Cause: cause, Remedy: remedy, Title: err.Error()})
		return false, nil // health sees the same in the account's record
	}
	if d, err := v.opens(ctx); err != nil {
		return false, err
	} else if d != nil {
		stop(CheckFailed, *d)
		return false, v.noteMachine(ctx, store.ObservedStore, d, false)
	}
	c.State, c.Detail = CheckOK, "opens with the vault's key"
	v.say(c)
	return true, v.noteMachine(ctx, store.ObservedStore, nil, false)
}

// opens says what keeps the credential or its client from being opened. A locked vault says nothing about the account:
// the caller unlocks it and asks again.
func (v *verification) opens(ctx context.Context) (*diagnose.Diagnosis, error) {
	_, err := v.book.openGrant(v.held.grant)
	if err != nil {
		if errors.As(err, new(*vault.LockedError)) {
			return nil, err
		}
		return &diagnose.Diagnosis{
			Cause: causeUnknown, Remedy: diagnose.Reauthorize, Title: err.Error(),
			Explanation: "The record was changed or damaged. Restore the book from a backup, or sign in again.",
		}, nil
	}
	// A secret that a command or a file is to give is asked for here, where its absence can be named.
	_, err = v.book.storedClient(ctx, v.provider, v.held.record)
	switch {
	case err == nil:
		return nil, nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.As(err, new(*vault.LockedError)):
		return nil, err
	}
	return &diagnose.Diagnosis{
		Cause: causeClientUnusable, Remedy: diagnose.FixClient, Title: err.Error(),
		Explanation: "Without its client nothing can be asked for the account. Mend what the message names; every account of the client needs it.",
	}, nil
}

// whyUnusable says what stops an account before anything is sent; "" is a failure of the store itself.
func whyUnusable(err error) (cause string, remedy diagnose.Remedy, state CheckState) {
	if _, ok := errors.AsType[*HeldError](err); ok {
		return causeHeld, diagnose.Reauthorize, CheckWarning
	}
	if _, ok := errors.AsType[*RemovedError](err); ok {
		return causeToRevoke, diagnose.RetryLater, CheckFailed
	}
	if blocked, ok := errors.AsType[*BlockedError](err); ok {
		cause := causeConfigMoved
		if len(blocked.Drift) == 0 {
			cause = causeProviderMissing
		}
		return cause, blocked.Remedy(), CheckFailed
	}
	if _, ok := errors.AsType[*NoGrantError](err); ok {
		return causeNoGrant, diagnose.Reauthorize, CheckFailed
	}
	return "", "", ""
}

// noteMachine keeps what was found wrong with this machine's side, so that health knows of it, or with nil that it is
// well again. What was well before is not written.
func (v *verification) noteMachine(ctx context.Context, kind store.ObservationKind, d *diagnose.Diagnosis, told bool) error {
	b, id := v.book, v.id
	now := store.Observation{AccountID: id, Kind: kind, At: b.now(), OK: d == nil}
	var former store.Observation
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		former, err = lastObservation(r, id, kind)
		return err
	})
	if err != nil || d == nil && (former.OK || former.At.IsZero()) {
		return err
	}
	if d != nil {
		o := b.finding(v.held.account, kind, "verify", *d)
		o.transient = told
		now = o.after(former)
		defer b.logged(o)
	}
	err = b.cfg.Store.Update(context.WithoutCancel(ctx), func(w store.Writer) error { return w.PutObservation(now) })
	if isNotFound(err) { // it was removed meanwhile
		return &UnknownAccountError{Name: v.held.account.Name}
	}
	return err
}

// way goes to the server of the token endpoint without sending anything secret. What it meets is what a refresh would
// meet, said more exactly; it counts as an attempt, so that health knows of an outage.
func (v *verification) way(ctx context.Context) (goOn bool, err error) {
	b, a := v.book, v.held.account
	v.report(Check{ID: CheckDNS, Title: titleOf(CheckDNS), State: CheckRunning})
	w := oauthflow.Reach(ctx, b.cfg.HTTP, a.Provider, serverOf(a, v.provider).Token)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	for _, c := range wayChecks(w, a.Provider) {
		v.say(c)
		goOn = c.State != CheckFailed
		if c.ID != CheckClock || c.State == CheckSkipped {
			continue
		}
		if err := v.noteMachine(ctx, store.ObservedClock, c.Diagnosis, goOn); err != nil {
			return false, err
		}
	}
	if w.Failed == "" || w.Failed == oauthflow.StageAnswer {
		return goOn, nil // a server that only dislikes the question is asked the real one
	}
	o := b.outcomeOf(a, store.ObservedProbe, "verify", w.Err)
	o.transient = true // whatever it is, it says nothing about the grant
	err = b.cfg.Store.Update(context.WithoutCancel(ctx), func(wr store.Writer) error {
		// It may have been removed while the network was looked at.
		if _, err := wr.Account(a.ID); err != nil {
			return err
		}
		return b.observe(wr, o)
	})
	if isNotFound(err) {
		err = &UnknownAccountError{Name: a.Name}
	}
	b.logged(o)
	return false, err
}

// examine asks the provider everything that an access token can answer. If the token is refused although
// it should be valid, one newer token is got and everything asked again.
func (v *verification) examine(ctx context.Context) error {
	e, err := v.ask(ctx)
	if err != nil {
		return err
	}
	// A token can be revoked before its time; the refresh token tells whether the grant is.
	if e.refused && !v.refreshed && v.held.account.HasRefresh {
		// The rung was skipped on the word of the expiry, which has just been disproved.
		v.checks = slices.DeleteFunc(v.checks, func(c Check) bool { return c.ID == CheckRefresh })
		refused, err := v.renew(ctx, Not(e.token.Access.Hash()))
		if err != nil {
			return err
		}
		if !refused {
			if e, err = v.ask(ctx); err != nil {
				return err
			}
		}
	}
	v.checks = append(v.checks, e.checks...)
	return v.book.keepFindings(context.WithoutCancel(ctx), v.id, e)
}

func (v *verification) ask(ctx context.Context) (*examination, error) {
	token, _, err := v.book.storedToken(ctx, v.id, 0)
	if err != nil {
		return nil, err
	}
	e, err := v.book.examinationOf(ctx, v.id, token, "verify", v.report)
	if err != nil {
		return nil, err
	}
	e.run(ctx)
	return e, nil
}
