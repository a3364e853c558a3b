package accounts

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Exported is everything that one account contributes to a password file.
type Exported struct {
	AccountID string
	Name      string
	Provider  string
	Identity  oauthflow.Identity

	ClientID      string // the provider's name for the client
	ClientSecret  secret.Text
	Auth          provider.AuthMethod
	TokenEndpoint string
	Scopes        []string

	Refresh         secret.Text
	Access          secret.Text // only where there is no refresh token
	AccessExpiresAt time.Time

	Generation int64
	Rotation   provider.Rotation
	Holder     string
}

// DeadAccountError says that an account's credential is of no use to a job now.
type DeadAccountError struct {
	Account string
	State   State
	Title   string
}

func (e *DeadAccountError) Error() string {
	return fmt.Sprintf("account %q cannot go into a password file: %s (%s); repair it first", e.Account, e.Title, e.State)
}

// Export opens an account's credential for a password file.
func (b *Book) Export(ctx context.Context, accountID string) (Exported, error) {
	return Exported{}, errors.ErrUnsupported
}

// SigningKey returns the book's Ed25519 key, made and sealed on first use and the same ever after.
func (b *Book) SigningKey(ctx context.Context) (ed25519.PrivateKey, error) {
	return nil, errors.ErrUnsupported
}

// BookID returns the book's random ID, made on first use.
func (b *Book) BookID(ctx context.Context) (string, error) { return "", errors.ErrUnsupported }
