package accounts

import (
	"context"
	"errors"
)

// Rename gives an account another reference name; canvases refer to accounts by ID and keep working.
func (b *Book) Rename(ctx context.Context, accountID, newName string) error {
	return errors.ErrUnsupported
}
