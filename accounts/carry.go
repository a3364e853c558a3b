package accounts

import (
	"bytes"
	"cmp"
	"fmt"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// A credential that was exported is used elsewhere by the same book, over a store of its own: so a refresh from a
// password file goes through the very steps of refresh.go, and there is no second protocol to get wrong.

// Unsealed is the Sealer of a store whose every byte is encrypted already.
type Unsealed struct{}

// Seal implements Sealer.
func (Unsealed) Seal(_, _ string, _ int64, plaintext []byte) ([]byte, error) {
	return bytes.Clone(plaintext), nil // the caller clears what it gave
}

// Open implements Sealer.
func (Unsealed) Open(_, _ string, _ int64, blob []byte) ([]byte, error) {
	return bytes.Clone(blob), nil
}

// Locked implements Sealer.
func (Unsealed) Locked() bool { return false }

// Carry is the other side of Export: the provider and the records with which a Book over a store of its own, Unsealed,
// uses the credential. known is the catalogue's entry where the reader has one, for credentials that were exported
// without habits. Where the secrets go is e's word alone.
func Carry(e Exported, known provider.Provider) (provider.Provider, store.Account, store.Grant, error) {
	p := known
	if h := e.Habits; h != nil {
		p.TokenParams, p.RefreshScopes, p.ScopeSeparator, p.AccessTTL = h.Params, h.Scopes, cmp.Or(h.Separator, " "), provider.Duration(h.AccessTTL)
	}
	p.ID, p.Issuer, p.Rotation = e.Provider, "", e.Rotation
	p.Endpoints = provider.Endpoints{Token: e.TokenEndpoint}
	p.Client = provider.ClientConfig{ID: e.ClientID, Secret: e.ClientSecret, Auth: e.Auth}
	// An exchange would make a new credential, which is the book's to hand out: see the generation in renew.
	p.Renew = provider.RenewRefresh
	if p.Rotation == "" {
		p.Rotation = provider.RotationSingleUse
	}
	a := store.Account{
		ID: e.AccountID, Name: e.Name, Provider: e.Provider, Identity: e.Identity, OAuthClientID: e.ClientID, AuthMethod: e.Auth,
		Server: oauthflow.Server{Endpoints: p.Endpoints}, ClientHash: e.ClientSecret.Hash(), Granted: e.Scopes, Required: []string{},
		Rotation: p.Rotation, Generation: e.Generation, Holder: store.HolderBook, HasRefresh: !e.Refresh.Empty(), AccessExpiresAt: e.AccessExpiresAt,
	}
	blob, err := sealedGrant{Refresh: e.Refresh, Access: e.Access}.marshal()
	if err != nil {
		return p, a, store.Grant{}, fmt.Errorf("account %q: %w", e.Name, err)
	}
	return p, a, store.Grant{AccountID: a.ID, Role: store.Current, Seq: 1, Generation: a.Generation, Holder: a.Holder, Blob: blob}, nil
}
