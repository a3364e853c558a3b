package accounts

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"fettle/accounts/vault"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// VerifyReport is the outcome of a verification.
type VerifyReport struct {
	AccountID string
	Name      string
	OK        bool // no check failed and none warned
	Checks    []Check
}

// probingTTL is how long an access token has to last to be probed with.
const probingTTL = time.Minute

// verification is one climb of the ladder: store, refresh, then the questions of an examination.
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
	goOn, err := v.store(ctx)
	if err == nil && goOn {
		goOn, err = v.refresh(ctx)
	}
	if err == nil && goOn {
		err = v.examine(ctx)
	}
	out := VerifyReport{AccountID: accountID, Name: v.held.account.Name, Checks: v.checks}
	out.OK = err == nil && !slices.ContainsFunc(v.checks, func(c Check) bool { return c.State == CheckFailed || c.State == CheckWarning })
	return out, err
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
	v.provider, err = v.book.usable(v.held)
	var holder *HeldError
	var blocked *BlockedError
	var none *NoGrantError
	switch {
	case err == nil:
	case errors.As(err, &holder):
		c.State, c.Detail = CheckWarning, err.Error()
	case errors.As(err, &blocked):
		d := diagnose.Diagnosis{
			Cause: causeConfigMoved, Remedy: blocked.Remedy(), Title: err.Error(), Confidence: diagnose.Certain,
		}
		c.State, c.Detail, c.Diagnosis = CheckFailed, err.Error(), &d
	case errors.As(err, &none):
		c.State, c.Detail = CheckFailed, err.Error()
	default:
		return false, err
	}
	if err != nil {
		v.say(c)
		return false, nil
	}
	if _, err := v.book.openGrant(v.held.grant); err != nil {
		if errors.As(err, new(*vault.LockedError)) {
			return false, err
		}
		c.State, c.Detail = CheckFailed, err.Error()
		v.say(c)
		return false, nil
	}
	c.State, c.Detail = CheckOK, "opens with the vault's key"
	v.say(c)
	return true, nil
}

// refresh proves the refresh token, unless that would use one up for nothing.
func (v *verification) refresh(ctx context.Context) (goOn bool, err error) {
	a := v.held.account
	live := lasts(a.AccessExpiresAt, probingTTL, v.book.now())
	costly := a.Rotation == provider.RotationSingleUse || v.provider.Renew == provider.RenewExchange || !a.HasRefresh
	if live && costly {
		v.say(Check{ID: CheckRefresh, Title: "Refresh", State: CheckSkipped, Detail: v.whyNotRefreshed()})
		return true, nil
	}
	want := Fresh(probingTTL)
	if live {
		want = Now(false)
	}
	refused, err := v.renew(ctx, want)
	return err == nil && (!refused || live), err
}

func (v *verification) whyNotRefreshed() string {
	until := "and has no known end"
	if ends := v.held.account.AccessExpiresAt; !ends.IsZero() {
		until = "until " + ends.UTC().Format(timeLayout)
	}
	if !v.held.account.HasRefresh {
		return "the access token is valid " + until
	}
	return fmt.Sprintf("the access token is valid %s, so no refresh token was used up", until)
}

// renew refreshes once and makes a check of the outcome. refused says that no newer token came.
func (v *verification) renew(ctx context.Context, want Want) (refused bool, err error) {
	c := Check{ID: CheckRefresh, Title: "Refresh"}
	v.report(Check{ID: c.ID, Title: c.Title, State: CheckRunning})
	out, err := v.book.Refresh(ctx, v.id, want)
	var failed *RefreshError
	var ended *NotRenewableError
	switch {
	case err == nil:
		v.refreshed = out.Requested
		c.State, c.Detail = CheckOK, "a new access token came"
		if out.Adopted {
			c.Detail = "refreshed a moment ago"
		}
		if out.Settled != "" {
			c.Detail += "; " + out.Settled
		}
	case errors.As(err, &failed):
		d := failed.Diagnosis
		c.State, c.Detail, c.Diagnosis = CheckFailed, d.Title, &d
		if failed.Transient {
			c.State = CheckWarning
		}
	case errors.As(err, &ended):
		c.State, c.Detail = CheckFailed, err.Error()
	default:
		return false, err
	}
	v.say(c)
	return err != nil, nil
}

// examine asks the provider everything that an access token can answer. If the token is refused although
// it should be valid, one newer token is got and everything asked again.
func (v *verification) examine(ctx context.Context) error {
	e, err := v.ask(ctx)
	if err != nil {
		return err
	}
	if e.refused && !v.refreshed && v.held.account.HasRefresh {
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
