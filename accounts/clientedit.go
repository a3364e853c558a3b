package accounts

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// NewClient is a client registration to be kept.
type NewClient struct {
	Provider  string
	Label     string
	OAuthID   string
	Secret    secret.Text
	Auth      provider.AuthMethod // "" = post with a secret, none without
	Kind      string              // of the provider's client kinds, or what Google's file says; "" = not known
	Redirects []string

	Testing         bool      // its consent screen is in testing
	SecretExpiresAt time.Time // zero: never, or not known
}

// ClientInUseError says that accounts still need the client.
type ClientInUseError struct {
	Label    string
	Accounts []string
}

func (e *ClientInUseError) Error() string {
	return fmt.Sprintf("client %q is used by %s: remove or re-authorize these accounts first", e.Label, strings.Join(e.Accounts, ", "))
}

// ErrFromConfig says that a client is edited in config.toml.
var ErrFromConfig = errors.New("this client stands in config.toml: edit it there")

// AddClient keeps a registration, its secret sealed.
func (b *Book) AddClient(ctx context.Context, c NewClient) (ClientInfo, error) {
	p, ok := b.cfg.Catalogue.Get(c.Provider)
	if !ok {
		return ClientInfo{}, unknownProvider(c.Provider)
	}
	record := store.Client{
		ID: rand.Text(), Provider: p.ID, Label: safetext.Line(c.Label), OAuthID: c.OAuthID,
		Auth: cmp.Or(c.Auth, impliedAuth(!c.Secret.Empty())), Kind: c.Kind, Redirects: c.Redirects, Seq: 1, CreatedAt: b.now(),
		Testing: c.Testing, SecretExpiresAt: c.SecretExpiresAt.UTC(),
	}
	// Clients are chosen by label, so none goes without one.
	record.Label = cmp.Or(record.Label, p.Name)
	if err := checkClient(record, !c.Secret.Empty()); err != nil {
		return ClientInfo{}, &ClientError{p.ID, err}
	}
	if err := checkKind(p, record.Kind); err != nil {
		return ClientInfo{}, &ClientError{p.ID, err}
	}
	var err error
	if record.Blob, err = b.sealClientSecret(record.ID, record.Seq, c.Secret); err != nil {
		return ClientInfo{}, err
	}
	err = b.cfg.Store.Update(ctx, func(w store.Writer) error {
		all, err := w.Clients()
		if err != nil {
			return err
		}
		// Two records of one client would each have a secret, and only the newer would work.
		for _, other := range all {
			if other.Provider == record.Provider && other.OAuthID == record.OAuthID {
				return &ClientError{p.ID, fmt.Errorf("%q is kept already, as %q: replace its secret instead", record.OAuthID, other.Label)}
			}
		}
		if err := w.PutClient(&record); err != nil {
			return err
		}
		return w.AddEvent(b.clientEvent(record, "add client", ""))
	})
	return storedInfo(record, p), err
}

// checkClient refuses what no token endpoint would accept.
func checkClient(c store.Client, hasSecret bool) error {
	switch {
	case c.OAuthID == "":
		return errors.New("the client id is missing")
	case len(c.OAuthID) > 500 || safetext.Line(c.OAuthID) != c.OAuthID || strings.ContainsAny(c.OAuthID, " \t"):
		return errors.New("the client id has characters that no provider uses, or is too long")
	case c.Auth != provider.AuthNone && c.Auth != provider.AuthBasic && c.Auth != provider.AuthPost:
		return fmt.Errorf("unknown authentication %q: use none, basic or post", safetext.Cut(safetext.Line(string(c.Auth)), 20))
	case c.Auth == provider.AuthNone && hasSecret:
		return errors.New("with authentication none the secret would never be used: leave it out, or choose basic or post")
	case c.Auth != provider.AuthNone && !hasSecret:
		return fmt.Errorf("authentication %s needs the client secret", c.Auth)
	}
	return nil
}

func impliedAuth(hasSecret bool) provider.AuthMethod {
	if hasSecret {
		return provider.AuthPost
	}
	return provider.AuthNone
}

// RemoveClient forgets a registration that no account uses.
func (b *Book) RemoveClient(ctx context.Context, clientID string) error {
	if clientID == ClientFromConfig {
		return ErrFromConfig
	}
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		c, err := w.Client(clientID)
		if err != nil {
			return err
		}
		// Looked up inside the transaction: a sign-in may be about to use it.
		names, err := clientUse(w, clientID)
		if err != nil {
			return err
		}
		if len(names) > 0 {
			return &ClientInUseError{Label: c.Label, Accounts: names}
		}
		if err := w.DeleteClient(clientID); err != nil {
			return err
		}
		return w.AddEvent(b.clientEvent(c, "remove client", ""))
	})
}

// usersOf are the IDs of the accounts that use a client.
func usersOf(r store.Reader, clientID string) ([]string, error) {
	all, err := r.Accounts()
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, a := range all {
		if a.ClientID == clientID {
			ids = append(ids, a.ID)
		}
	}
	return ids, nil
}

// clientUse names whatever needs the client: accounts, new credentials that wait, authorizations under way.
func clientUse(r store.Reader, clientID string) ([]string, error) {
	ids, err := usersOf(r, clientID)
	if err != nil {
		return nil, err
	}
	// A candidate may have come through another client than its account has now; promoting it would need the client again.
	waiting, err := r.Grants(store.Candidate)
	if err != nil {
		return nil, err
	}
	for _, g := range waiting {
		// Facts that a newer fettle wrote cannot be read, and do not keep a client from being removed.
		if f, err := readCandidateFacts(g); err == nil && f.ClientID == clientID {
			ids = append(ids, g.AccountID)
		}
	}
	var names []string
	for _, id := range ids {
		a, err := r.Account(id)
		if err != nil {
			return nil, err
		}
		names = append(names, a.Name)
	}
	flows, err := r.Flows()
	if err != nil {
		return nil, err
	}
	for _, f := range flows {
		if f.ClientID == clientID {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

func (b *Book) clientEvent(c store.Client, action, detail string) store.Event {
	return store.Event{At: b.now(), Actor: b.cfg.Actor, Action: action, Subject: c.Label, OK: true, Detail: cmp.Or(detail, c.Provider)}
}
