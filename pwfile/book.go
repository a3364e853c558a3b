package pwfile

import (
	"context"
	"crypto/ed25519"

	"fettle/accounts"
)

// Book is what a Keeper needs from the book of accounts; *accounts.Book is one.
type Book interface {
	// Snapshot says which accounts there are, how they are and at which generation. It needs no vault.
	Snapshot(ctx context.Context) (accounts.Snapshot, error)
	// Account finds an account by its reference name.
	Account(ctx context.Context, name string) (accounts.Account, error)
	// Export opens one account's credential; a dead account and a grant that must not be copied are refused.
	Export(ctx context.Context, accountID string) (accounts.Exported, error)
	// Lend opens a dedicated account's credential for the file that becomes its holder, and HandOver erases the book's
	// copy once that file was written.
	Lend(ctx context.Context, accountID, holder string) (accounts.Exported, error)
	HandOver(ctx context.Context, accountID, holder string, generation int64, where string) error
	// SigningKey is the key that says which book wrote a file.
	SigningKey(ctx context.Context) (ed25519.PrivateKey, error)
	// BookID names the book for readers that pin its key.
	BookID(ctx context.Context) (string, error)
}

var _ Book = (*accounts.Book)(nil)
