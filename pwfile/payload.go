package pwfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"fettle/accounts"
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
	Habits        *accounts.TokenHabits // nil in files that were written before it was carried
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

// wirePayload is the JSON of line 1. Unknown members are left alone, so that a later fettle can add some.
type wirePayload struct {
	Format      string           `json:"format"`
	Book        string           `json:"book"`
	FileID      string           `json:"file_id"`
	Serial      int64            `json:"serial"`
	Recipients  []string         `json:"recipients"`
	Canvas      string           `json:"canvas"`
	GeneratedAt time.Time        `json:"generated_at"`
	Accounts    []wireCredential `json:"accounts"`
}

// wireCredential is a Credential in JSON. It is the only type in which a secret is a plain string.
type wireCredential struct {
	Name            string              `json:"name"`
	Provider        string              `json:"provider"`
	Identity        oauthflow.Identity  `json:"identity"`
	Client          wireClient          `json:"client"`
	TokenEndpoint   string              `json:"token_endpoint"`
	Auth            provider.AuthMethod `json:"auth"`
	Scopes          []string            `json:"scopes"`
	Habits          *wireHabits         `json:"token_request,omitempty"`
	Refresh         string              `json:"refresh_token,omitempty"`
	Access          string              `json:"access_token,omitempty"`
	AccessExpiresAt time.Time           `json:"access_expires_at,omitzero"`
	Generation      int64               `json:"generation"`
	Rotation        provider.Rotation   `json:"rotation"`
}

// wireHabits is what the provider wants of a refresh beyond the RFC.
type wireHabits struct {
	Params    map[string]string `json:"params,omitempty"`
	Scopes    bool              `json:"scopes,omitempty"` // named in the request
	Separator string            `json:"scope_separator,omitempty"`
	AccessTTL int64             `json:"access_ttl_seconds,omitempty"`
}

type wireClient struct {
	ID     string `json:"id"`
	Secret string `json:"secret,omitempty"`
}

// credentialOf is what an account contributes. The access token stays behind where a refresh token can make a new one.
func credentialOf(e accounts.Exported) Credential {
	c := Credential{
		Name: e.Name, Provider: e.Provider, Identity: e.Identity,
		ClientID: e.ClientID, ClientSecret: e.ClientSecret, TokenEndpoint: e.TokenEndpoint, Auth: e.Auth, Scopes: e.Scopes, Habits: e.Habits,
		Refresh: e.Refresh, Generation: e.Generation, Rotation: e.Rotation,
	}
	if e.Refresh.Empty() {
		c.Access, c.AccessExpiresAt = e.Access, e.AccessExpiresAt
	}
	return c
}

// encode returns line 1, without a line break: compact JSON that says exactly what p says.
func (p Payload) encode() ([]byte, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	w := wirePayload{
		Format: Format, Book: p.Book, FileID: p.FileID, Serial: p.Serial, Recipients: p.Recipients, Canvas: p.Canvas,
		GeneratedAt: p.GeneratedAt.UTC(), Accounts: make([]wireCredential, 0, len(p.Accounts)),
	}
	for _, c := range p.Accounts {
		w.Accounts = append(w.Accounts, wireCredential{
			Name: c.Name, Provider: c.Provider, Identity: c.Identity,
			Client:        wireClient{ID: c.ClientID, Secret: c.ClientSecret.Reveal()},
			TokenEndpoint: c.TokenEndpoint, Auth: c.Auth, Scopes: append([]string{}, c.Scopes...), Habits: wireHabitsOf(c.Habits),
			Refresh: c.Refresh.Reveal(), Access: c.Access.Reveal(), AccessExpiresAt: utc(c.AccessExpiresAt),
			Generation: c.Generation, Rotation: c.Rotation,
		})
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false) // an address keeps its &, for those who look at the payload with other tools
	if err := enc.Encode(w); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(line.Bytes(), []byte("\n")), nil
}

// decodePayload reads line 1. It is called only after the signature over the line was found good. Errors quote nothing.
func decodePayload(line []byte) (Payload, error) {
	var w wirePayload
	if err := json.Unmarshal(line, &w); err != nil {
		return Payload{}, errors.New("its payload is not the JSON it should be")
	}
	if w.Format != Format {
		return Payload{}, fmt.Errorf("its payload is not %s: a newer fettle may have written it", Format)
	}
	p := Payload{
		Book: w.Book, FileID: w.FileID, Serial: w.Serial, Recipients: w.Recipients, Canvas: w.Canvas, GeneratedAt: w.GeneratedAt,
		Accounts: make([]Credential, 0, len(w.Accounts)),
	}
	for _, c := range w.Accounts {
		p.Accounts = append(p.Accounts, Credential{
			Name: c.Name, Provider: c.Provider, Identity: c.Identity,
			ClientID: c.Client.ID, ClientSecret: secret.New(c.Client.Secret),
			TokenEndpoint: c.TokenEndpoint, Auth: c.Auth, Scopes: c.Scopes, Habits: c.Habits.habits(),
			Refresh: secret.New(c.Refresh), Access: secret.New(c.Access), AccessExpiresAt: c.AccessExpiresAt,
			Generation: c.Generation, Rotation: c.Rotation,
		})
	}
	return p, p.validate()
}

func wireHabitsOf(h *accounts.TokenHabits) *wireHabits {
	if h == nil {
		return nil
	}
	return &wireHabits{h.Params, h.Scopes, h.Separator, int64(h.AccessTTL / time.Second)}
}

func (w *wireHabits) habits() *accounts.TokenHabits {
	if w == nil {
		return nil
	}
	// What no provider's token lasts would be a time that overflows.
	ttl := time.Duration(min(max(w.AccessTTL, 0), int64(10*365*24*time.Hour/time.Second))) * time.Second
	return &accounts.TokenHabits{Params: w.Params, Scopes: w.Scopes, Separator: w.Separator, AccessTTL: ttl}
}

// validate refuses what a job could not use or what JSON would change in silence.
func (p Payload) validate() error {
	switch {
	case p.Book == "" || !isID(p.FileID) || p.Serial < 1:
		return errors.New("its payload lacks the book, the file ID or the serial")
	case len(p.Recipients) == 0:
		return errors.New("its payload names no recipient")
	}
	// What encoding/json cannot spell it replaces by U+FFFD without a word; a token would be another one then.
	seen := map[string]bool{}
	for _, c := range p.Accounts {
		if c.Name == "" || seen[c.Name] {
			return fmt.Errorf("its payload has no name for an account, or the name %q twice", c.Name)
		}
		seen[c.Name] = true
		if c.Refresh.Empty() && c.Access.Empty() {
			return fmt.Errorf("account %q has neither a refresh token nor an access token", c.Name)
		}
		texts := []string{
			c.Name, c.Provider, c.Identity.Issuer, c.Identity.Tenant, c.Identity.Subject, c.Identity.Email, c.ClientID,
			c.ClientSecret.Reveal(), c.TokenEndpoint, string(c.Auth), c.Refresh.Reveal(), c.Access.Reveal(), string(c.Rotation),
		}
		if h := c.Habits; h != nil {
			texts = append(texts, h.Separator)
			for name, value := range h.Params {
				texts = append(texts, name, value)
			}
		}
		if slices.ContainsFunc(append(texts, c.Scopes...), notUTF8) {
			return fmt.Errorf("account %q has a value that is not UTF-8", c.Name)
		}
	}
	if slices.ContainsFunc(append([]string{p.Book, p.Canvas}, p.Recipients...), notUTF8) {
		return errors.New("its payload is not UTF-8")
	}
	return nil
}

func notUTF8(s string) bool { return !utf8.ValidString(s) }

// utc leaves the zero time as it is, so that it is omitted.
func utc(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC()
}

// isID reports whether s can be one of our random IDs; file names are made of them.
func isID(s string) bool {
	strange := func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	return s != "" && len(s) <= 64 && !strings.ContainsFunc(s, strange)
}
