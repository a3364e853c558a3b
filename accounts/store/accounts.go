package store

import (
	"maps"

	"fettle/oauthflow"
)

var accounts = newTable("accounts", "account", 1, `id revision name provider client_id services
	server oauth_client_id auth_method client_hash
	issuer tenant subject email required granted kept
	rotation generation holder has_refresh
	authorized_at refreshed_at proven_at access_expires_at refresh_expires_at resources_at
	to_revoke created_at`,
	func(a *Account) []any {
		return []any{
			&a.ID, &a.Revision, &a.Name, &a.Provider, &a.ClientID, asList(&a.Services),
			asServer(&a.Server), &a.OAuthClientID, &a.AuthMethod, &a.ClientHash,
			&a.Identity.Issuer, &a.Identity.Tenant, &a.Identity.Subject, &a.Identity.Email,
			asList(&a.Required), asList(&a.Granted), asMap(&a.Kept),
			&a.Rotation, &a.Generation, &a.Holder, &a.HasRefresh,
			(*micros)(&a.AuthorizedAt), (*micros)(&a.RefreshedAt), (*micros)(&a.ProvenAt),
			(*micros)(&a.AccessExpiresAt), (*micros)(&a.RefreshExpiresAt), (*micros)(&a.ResourcesAt),
			&a.ToRevoke, (*micros)(&a.CreatedAt),
		}
	})

func asServer(v *oauthflow.Server) *jsonText[oauthflow.Server] {
	return &jsonText[oauthflow.Server]{v: v, clone: func(s oauthflow.Server) oauthflow.Server { return s }}
}

func asMap(v *map[string]string) *jsonText[map[string]string] {
	return &jsonText[map[string]string]{v: v, clone: maps.Clone[map[string]string]}
}

// Accounts implements Reader, by name.
func (r *reader) Accounts() ([]Account, error) { return accounts.list(r, "ORDER BY name") }

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
