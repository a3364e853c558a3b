package store

import (
	"maps"
	"slices"

	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

var accounts = newTable("accounts", "account", 1, `id revision name alike
	subject email holder generation
	authorized_at refreshed_at proven_at access_expires_at refresh_expires_at resources_at created_at`,
	func(a *Account) []any {
		return []any{
			&a.ID, &a.Revision, &a.Name, asAlike(a),
			&a.Identity.Subject, &a.Identity.Email, &a.Holder, &a.Generation,
			(*micros)(&a.AuthorizedAt), (*micros)(&a.RefreshedAt), (*micros)(&a.ProvenAt),
			(*micros)(&a.AccessExpiresAt), (*micros)(&a.RefreshExpiresAt), (*micros)(&a.ResourcesAt), (*micros)(&a.CreatedAt),
		}
	})

// alike is what many accounts have in common, kept in one column.
type alike struct {
	Provider      string              `json:"provider"`
	ClientID      string              `json:"client_id"`
	Services      []string            `json:"services"`
	Server        oauthflow.Server    `json:"server"`
	OAuthClientID string              `json:"oauth_client_id"`
	AuthMethod    provider.AuthMethod `json:"auth_method"`
	ClientHash    string              `json:"client_hash"`
	Issuer        string              `json:"issuer"`
	Tenant        string              `json:"tenant"`
	Required      []string            `json:"required"`
	Granted       []string            `json:"granted"`
	Kept          map[string]string   `json:"kept"`
	Rotation      provider.Rotation   `json:"rotation"`
	HasRefresh    bool                `json:"has_refresh"`
	ToRevoke      bool                `json:"to_revoke"`
}

func asAlike(a *Account) *jsonText[alike] {
	return &jsonText[alike]{
		get: func() alike {
			return alike{
				a.Provider, a.ClientID, a.Services, a.Server, a.OAuthClientID, a.AuthMethod, a.ClientHash,
				a.Identity.Issuer, a.Identity.Tenant, a.Required, a.Granted, a.Kept, a.Rotation, a.HasRefresh, a.ToRevoke,
			}
		},
		set: func(v alike) {
			a.Provider, a.ClientID, a.Services = v.Provider, v.ClientID, v.Services
			a.Server, a.OAuthClientID, a.AuthMethod, a.ClientHash = v.Server, v.OAuthClientID, v.AuthMethod, v.ClientHash
			a.Identity.Issuer, a.Identity.Tenant = v.Issuer, v.Tenant
			a.Required, a.Granted, a.Kept = v.Required, v.Granted, v.Kept
			a.Rotation, a.HasRefresh, a.ToRevoke = v.Rotation, v.HasRefresh, v.ToRevoke
		},
		// Every list and map, or two accounts with the same text would share them.
		clone: func(v alike) alike {
			v.Services, v.Required, v.Granted = slices.Clone(v.Services), slices.Clone(v.Required), slices.Clone(v.Granted)
			v.Kept = maps.Clone(v.Kept)
			return v
		},
	}
}

// Accounts implements Reader, by name.
func (r *reader) Accounts() ([]Account, error) { return accounts.all(r, "ORDER BY name") }

// Account implements Reader.
func (r *reader) Account(id string) (Account, error) {
	return accounts.one(r, id, "WHERE id = ?", id)
}

// AccountByName implements Reader.
func (r *reader) AccountByName(name string) (Account, error) {
	return accounts.one(r, name, "WHERE name = ?", name)
}

// PutAccount implements Writer. That no pending flow has reserved the name for somebody else is checked at
// the end of the transaction, because the one that ends a flow does both.
func (w *writer) PutAccount(a *Account) error {
	w.named = true
	return accounts.putRevised(w, a, a.ID, a.Name, &a.Revision)
}

// DeleteAccount implements Writer; the schema takes what hangs on the account along.
func (w *writer) DeleteAccount(id string) error { return accounts.remove(w, id) }
