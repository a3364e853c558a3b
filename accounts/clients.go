package accounts

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// ClientInfo is a client registration without its secret.
type ClientInfo struct {
	ID           string // ClientFromConfig for the one in config.toml
	Provider     string
	ProviderName string
	Label        string
	OAuthID      string
	Auth         provider.AuthMethod
	Kind         string // installed | web | other, as far as known
	Redirects    []string
	HasSecret    bool
	FromConfig   bool     // edited in config.toml, not here
	UsedBy       []string // names of accounts, sorted
}

// NewClient is a client registration to be kept.
type NewClient struct {
	Provider  string
	Label     string
	OAuthID   string
	Secret    secret.Text
	Auth      provider.AuthMethod // "" = post with a secret, none without
	Kind      string
	Redirects []string
}

// ClientInUseError says that accounts still need the client.
type ClientInUseError struct {
	Label    string
	Accounts []string
}

func (e *ClientInUseError) Error() string {
	return fmt.Sprintf("client %q is used by %s: remove or re-authorize these accounts first", e.Label, strings.Join(e.Accounts, ", "))
}

// Clients lists the registrations of the store and those from config.toml.
func (b *Book) Clients(ctx context.Context) ([]ClientInfo, error) { return nil, errors.ErrUnsupported }

// AddClient keeps a registration, its secret sealed.
func (b *Book) AddClient(ctx context.Context, c NewClient) (ClientInfo, error) {
	return ClientInfo{}, errors.ErrUnsupported
}

// ReplaceClientSecret seals another secret for a client of the store; the generation of the accounts that use it rises.
func (b *Book) ReplaceClientSecret(ctx context.Context, clientID string, s secret.Text) error {
	return errors.ErrUnsupported
}

// RemoveClient forgets a registration that no account uses.
func (b *Book) RemoveClient(ctx context.Context, clientID string) error { return errors.ErrUnsupported }
