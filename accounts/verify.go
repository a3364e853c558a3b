package accounts

import (
	"context"
	"errors"
)

// VerifyReport is the outcome of a verification.
type VerifyReport struct {
	AccountID string
	Name      string
	OK        bool // no check failed and none warned
	Checks    []Check
}

// Verify proves an account from the store up to its resources, reporting each check as it is made. It
// never uses a single-use refresh token while a live access token can answer the question.
func (b *Book) Verify(ctx context.Context, accountID string, report func(Check)) (VerifyReport, error) {
	return VerifyReport{}, errors.ErrUnsupported
}
