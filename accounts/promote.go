package accounts

import (
	"context"
	"errors"
)

// Decision is the operator's word on a candidate that waits.
type Decision string

// What can be decided.
const (
	DecideKeep   Decision = "keep"    // drop the new grant, without revoking it
	DecideUseNew Decision = "use_new" // the new grant becomes current
)

// Decide settles a candidate that waits for the operator.
func (b *Book) Decide(ctx context.Context, accountID string, d Decision) error {
	return errors.ErrUnsupported
}
