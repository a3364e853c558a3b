package accounts

import (
	"context"
	"errors"
	"fmt"

	"fettle/accounts/store"
	"fettle/oauthflow"
)

// Decision is the operator's word on a candidate that waits.
type Decision string

// What can be decided.
const (
	DecideKeep   Decision = "keep"    // drop the new grant, without revoking it
	DecideUseNew Decision = "use_new" // the new grant becomes current
	DecideSwitch Decision = "switch"  // the same, although it belongs to another identity
)

// ErrNoCandidate says that no new grant waits for a decision.
var ErrNoCandidate = errors.New("no new credential is waiting for a decision")

// IdentityError refuses a grant that belongs to somebody else than the account.
type IdentityError struct {
	Account string
	Want    oauthflow.Identity
	Got     oauthflow.Identity
}

func (e *IdentityError) Error() string {
	return fmt.Sprintf("account %q: %s; switch the identity on purpose, or keep the present credential", e.Account, wrongIdentity(e.Want, e.Got).Title)
}

// Decide settles a candidate that waits for the operator.
func (b *Book) Decide(ctx context.Context, accountID string, d Decision) error {
	c, err := b.readCandidate(ctx, accountID)
	if isNotFound(err) {
		return fmt.Errorf("account %q: %w", c.account.Name, ErrNoCandidate)
	}
	if err != nil {
		return err
	}
	switch d {
	case DecideKeep:
		if c.current.Seq == 0 {
			return fmt.Errorf("account %q has no other credential to keep: use the new one, or remove the account", c.account.Name)
		}
		return b.dropCandidate(ctx, c.grant, "decide", "kept the present credential; the new one was dropped here and not revoked")
	case DecideUseNew:
	case DecideSwitch:
		c.facts.SwitchIdentity = true
	default:
		return fmt.Errorf("unknown decision %q: use keep, use_new or switch", d)
	}
	// Asked here for the sake of the answer, and again under the lock.
	if err := c.mayTake(c.account); err != nil {
		return err
	}
	// Only now, because dropping a candidate needs no key and must be possible with a locked vault. It is opened as it was
	// read, since another one may have come since that nobody has decided about.
	if err := c.open(ctx, b); err != nil {
		return err
	}
	return b.promote(ctx, c, nil)
}

// mayTake refuses another identity than a has, unless the operator switches on purpose.
func (c candidate) mayTake(a store.Account) error {
	got, want := c.facts.Identity, a.Identity
	if c.facts.SwitchIdentity || !got.Known() || !want.Known() || got.Same(want) {
		return nil
	}
	return &IdentityError{Account: a.Name, Want: want, Got: got}
}
