package pwfile

import (
	"time"

	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Format names the format of a password file's payload.
const Format = "fettle.pwfile/1"

// RecipientPassphrase stands among the recipients of a file that is encrypted to a passphrase.
const RecipientPassphrase = "passphrase"

// Payload is what a password file says: line 1 of its plaintext.
type Payload struct {
	Book        string
	FileID      string // constant for a canvas
	Serial      int64  // rises with each write
	Recipients  []string
	Canvas      string
	GeneratedAt time.Time
	Accounts    []Credential
}

// Credential is what a job needs of one account.
type Credential struct {
	Name          string
	Provider      string
	Identity      oauthflow.Identity
	ClientID      string
	ClientSecret  secret.Text
	TokenEndpoint string
	Auth          provider.AuthMethod
	Scopes        []string
	Refresh       secret.Text

	Access          secret.Text // only where there is no refresh token
	AccessExpiresAt time.Time

	Generation int64
	Rotation   provider.Rotation
}

// Account finds a credential by its reference name.
func (p Payload) Account(name string) (Credential, bool) {
	for _, c := range p.Accounts {
		if c.Name == name {
			return c, true
		}
	}
	return Credential{}, false
}
