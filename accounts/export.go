package accounts

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"fettle/accounts/store"
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
	Habits        *TokenHabits

	Refresh         secret.Text
	Access          secret.Text // only where there is no refresh token
	AccessExpiresAt time.Time

	Generation int64
	Rotation   provider.Rotation
	Holder     string
}

// TokenHabits is what a provider wants of a refresh beyond RFC 6749 §6: whoever uses the credential elsewhere has no
// catalogue that says so. nil: what a catalogue there says, or nothing.
type TokenHabits struct {
	Params    map[string]string // sent with each request
	Scopes    bool              // the granted scopes have to be named
	Separator string            // between these
	AccessTTL time.Duration     // assumed where the answer does not say
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

// SingleUseError says that a grant whose refresh token changes at every use cannot be in two places.
type SingleUseError struct{ Account string }

func (e *SingleUseError) Error() string {
	return fmt.Sprintf("account %q: its provider lets a refresh token be used once, so this book and a password file cannot share it", e.Account)
}

// Unwrap makes it a *HeldError too: the book holds the grant.
func (e *SingleUseError) Unwrap() error {
	return &HeldError{Account: e.Account, Holder: store.HolderBook}
}

// dead are the states in which a job could do nothing with the credential.
var dead = []State{NeedsSignIn, WrongIdentity, Blocked, ToRevoke}

// Export opens an account's credential for a password file. It refuses what no job could use
// (*DeadAccountError), what a file holds already (*HeldError) and what cannot be shared (*SingleUseError).
func (b *Book) Export(ctx context.Context, accountID string) (Exported, error) {
	h, err := b.enter(ctx, accountID)
	if err != nil {
		return Exported{}, err
	}
	a := h.account
	if isHeld(a) {
		return Exported{}, &HeldError{Account: a.Name, Holder: a.Holder}
	}
	if err := b.fitForJobs(ctx, a.Name); err != nil {
		return Exported{}, err
	}
	// Last, so that a dead account is called dead and not unshareable.
	if a.HasRefresh && a.Rotation == provider.RotationSingleUse {
		return Exported{}, &SingleUseError{Account: a.Name}
	}
	return b.export(ctx, h)
}

// fitForJobs fails if a job could do nothing with the account's credential.
func (b *Book) fitForJobs(ctx context.Context, name string) error {
	seen, err := b.Account(ctx, name)
	if err != nil {
		return err
	}
	for _, f := range seen.Health.Findings {
		if slices.Contains(dead, f.State) {
			return &DeadAccountError{Account: name, State: f.State, Title: f.Title}
		}
	}
	return nil
}

// export opens the credential; whether it may leave was decided before.
func (b *Book) export(ctx context.Context, h held) (Exported, error) {
	a := h.account
	p, err := b.usable(h)
	if err != nil {
		return Exported{}, err
	}
	client, err := b.storedClient(ctx, p, h.record)
	if err != nil {
		return Exported{}, err
	}
	g, err := b.openGrant(h.grant)
	if err != nil {
		return Exported{}, err
	}
	out := Exported{
		AccountID: a.ID, Name: a.Name, Provider: a.Provider, Identity: a.Identity,
		ClientID: client.ID, ClientSecret: client.Secret, Auth: client.Auth, TokenEndpoint: serverOf(a, p).Token,
		Scopes: slices.Clone(a.Granted), Habits: habitsOf(p), Refresh: g.Refresh, Generation: a.Generation, Rotation: a.Rotation, Holder: a.Holder,
	}
	if g.Refresh.Empty() {
		out.Access, out.AccessExpiresAt = g.Access, a.AccessExpiresAt
		if expired(a.AccessExpiresAt, b.now()) {
			return Exported{}, &DeadAccountError{Account: a.Name, State: NeedsSignIn, Title: "its access token has expired"}
		}
	}
	return out, nil
}

func habitsOf(p provider.Provider) *TokenHabits {
	return &TokenHabits{Params: maps.Clone(p.TokenParams), Scopes: p.RefreshScopes, Separator: p.ScopeSeparator, AccessTTL: time.Duration(p.AccessTTL)}
}

// NoteExport writes into the history that an account's credential leaves the book in clear. Call it before that happens.
func (b *Book) NoteExport(ctx context.Context, accountID, to string) error {
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(accountID)
		if err != nil {
			return err
		}
		return w.AddEvent(b.event(a, "export", true, "the credential was written in clear to "+to))
	})
}
