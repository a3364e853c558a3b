package accounts

import (
	"context"
	"errors"
)

// RepeatChecks runs the checks again on the candidate, or on the current grant where there is none.
func (b *Book) RepeatChecks(ctx context.Context, accountID string, report func(Check)) (FlowResult, error) {
	return FlowResult{}, errors.ErrUnsupported
}
