package accounts

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// candidateTerm is how long a candidate waits for its promotion. Afterwards it is dropped and never
// revoked: at Google that would kill the good grant too.
const candidateTerm = 24 * time.Hour

// candidateFacts is what a candidate grant would make of its account's public half. It lies as JSON
// beside the sealed grant and holds no secret.
type candidateFacts struct {
	ClientID      string              `json:"client_id"` // store.Account.ClientID
	Services      []string            `json:"services"`
	Server        oauthflow.Server    `json:"server"`
	OAuthClientID string              `json:"oauth_client_id"`
	AuthMethod    provider.AuthMethod `json:"auth_method"`
	ClientHash    string              `json:"client_hash"`

	Required     []string           `json:"required"`
	Granted      []string           `json:"granted"`
	ScopesStated bool               `json:"scopes_stated"` // by the token answer
	Identity     oauthflow.Identity `json:"identity"`
	Kept         map[string]string  `json:"kept,omitempty"`

	HasRefresh       bool      `json:"has_refresh"`
	AuthorizedAt     time.Time `json:"authorized_at"`
	AccessExpiresAt  time.Time `json:"access_expires_at"`
	RefreshExpiresAt time.Time `json:"refresh_expires_at"`

	SwitchIdentity bool   `json:"switch_identity,omitempty"` // the operator allowed another person
	Waiting        string `json:"waiting,omitempty"`         // why it was not promoted, one sentence
}

// unchecked is said of a candidate whose process ended between storing and checking it.
const unchecked = "its checks have not been made yet: repeat them"

func readCandidateFacts(g store.Grant) (candidateFacts, error) {
	var f candidateFacts
	if err := json.Unmarshal(g.Facts, &f); err != nil {
		return f, fmt.Errorf("facts of the new grant of account %s: %w", g.AccountID, err)
	}
	return f, nil
}

func (f candidateFacts) marshal() ([]byte, error) {
	b, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("facts of a new grant: %w", err)
	}
	return b, nil
}

// describe is the candidate as screens show it beside account a.
func (f candidateFacts) describe(p provider.Provider, a store.Account, writtenAt time.Time) CandidateFact {
	why := f.Waiting
	if why == "" {
		why = unchecked
	}
	return CandidateFact{
		Identity: whoIs(f.Identity), SameOwner: f.Identity.Same(a.Identity), Granted: slices.Clone(f.Granted),
		Missing: p.Missing(f.Required, f.Granted), WrittenAt: writtenAt, WhyWaiting: why,
	}
}

// applyTo turns a into the account that the candidate makes of it.
func (f candidateFacts) applyTo(a *store.Account, p provider.Provider) {
	sameClient := a.OAuthClientID == f.OAuthClientID
	a.ClientID, a.Services, a.Server = f.ClientID, slices.Clone(f.Services), f.Server
	a.OAuthClientID, a.AuthMethod, a.ClientHash = f.OAuthClientID, f.AuthMethod, f.ClientHash
	a.Required, a.Granted, a.Identity = slices.Clone(f.Required), slices.Clone(f.Granted), f.Identity
	a.Kept = maps.Clone(f.Kept)
	if a.Generation == 0 || !sameClient || a.Rotation == "" {
		a.Rotation = rotationOf(p) // otherwise what was observed of this client stays true
	}
	// A sign-in takes the account back from a password file, and out of a removal that did not come to its end.
	a.HasRefresh, a.Holder, a.ToRevoke = f.HasRefresh, store.HolderBook, false
	a.AuthorizedAt, a.RefreshedAt, a.ProvenAt = f.AuthorizedAt, f.AuthorizedAt, f.AuthorizedAt
	a.AccessExpiresAt, a.RefreshExpiresAt = f.AccessExpiresAt, f.RefreshExpiresAt
	a.Generation++
}

// rotationOf is what the catalogue says; a provider it says nothing about counts as the strictest.
func rotationOf(p provider.Provider) provider.Rotation {
	if p.Rotation == "" {
		return provider.RotationSingleUse
	}
	return p.Rotation
}

// whoIs names an identity for a person.
func whoIs(i oauthflow.Identity) string {
	switch {
	case i.Email != "":
		return i.Email
	case i.Subject != "":
		return i.Subject
	}
	return "somebody unknown"
}

// candidate is a stored grant under examination, with the account that it would change.
type candidate struct {
	account  store.Account
	current  store.Grant       // zero: there is none
	observed store.Observation // of the current grant's last refresh
	grant    store.Grant
	facts    candidateFacts
	secrets  sealedGrant
	provider provider.Provider
	client   oauthflow.Client
}

// openCandidate reads an account's candidate; ErrNotFound if there is none.
func (b *Book) openCandidate(ctx context.Context, accountID string) (candidate, error) {
	c, err := b.readCandidate(ctx, accountID)
	if err != nil {
		return c, err
	}
	return c, c.open(ctx, b)
}

// open gets what a candidate that was read needs to be used: its provider, its client and its secrets.
func (c *candidate) open(ctx context.Context, b *Book) error {
	p, ok := b.cfg.Catalogue.Get(c.account.Provider)
	if !ok {
		return &BlockedError{Account: c.account.Name, Provider: c.account.Provider}
	}
	c.provider = p
	var err error
	if c.client, err = b.openClient(ctx, p, c.facts.ClientID); err != nil {
		return err
	}
	// The candidate's own origins count, not the account's: it may come from another client or server.
	obtained := store.Account{Server: c.facts.Server, OAuthClientID: c.facts.OAuthClientID}
	if drift := driftOf(obtained, p, c.client.ID); len(drift) > 0 {
		return &BlockedError{Account: c.account.Name, Provider: p.ID, Drift: drift}
	}
	c.secrets, err = b.openGrant(c.grant)
	return err
}

// sameGrant reports whether two readings are of one grant. The seq alone does not tell: a candidate that was dropped
// leaves its number to the next one.
func sameGrant(x, y store.Grant) bool { return x.Seq == y.Seq && bytes.Equal(x.Blob, y.Blob) }

func (b *Book) readCandidate(ctx context.Context, accountID string) (candidate, error) {
	var c candidate
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		c = candidate{}
		if c.account, err = r.Account(accountID); err != nil {
			return err
		}
		if c.grant, err = r.Grant(accountID, store.Candidate); err != nil {
			return err
		}
		if c.current, err = r.Grant(accountID, store.Current); err != nil && !isNotFound(err) {
			return err
		}
		c.observed, err = lastObservation(r, accountID, store.ObservedRefresh)
		return err
	})
	if isNotFound(err) && c.account.ID == "" {
		return c, &UnknownAccountError{Name: accountID}
	}
	if err != nil {
		return c, err
	}
	c.facts, err = readCandidateFacts(c.grant)
	return c, err
}
