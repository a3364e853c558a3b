package accounts

import (
	"context"
	"errors"
	"fmt"

	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// refresh proves the refresh token, unless that would use one up for nothing.
func (v *verification) refresh(ctx context.Context) (goOn bool, err error) {
	a := v.held.account
	live := lasts(a.AccessExpiresAt, probingTTL, v.book.now())
	// A single-use token is at risk in each request; an exchange makes password files stale, which carry the access token itself.
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
		// What may pass by itself is not held against the account.
		if failed.Transient {
			c.State = CheckWarning
		}
	case errors.As(err, &ended):
		c.State, c.Detail = CheckFailed, err.Error()
		c.Diagnosis = &diagnose.Diagnosis{Cause: causeNoRefreshToken, Remedy: diagnose.Reauthorize, Title: err.Error(), Confidence: diagnose.Certain}
	default:
		return false, err
	}
	v.say(c)
	return err != nil, nil
}
