package accounts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Drift is one way in which the configuration now points elsewhere than when an account was authorized.
type Drift struct {
	What string // "issuer", "token endpoint", "revocation endpoint", "revocation address", "introspection endpoint", "client id"
	Old  string
	New  string
}

func (d Drift) String() string { return fmt.Sprintf("%s: %s → %s", d.What, d.Old, d.New) }

// serverOf is where the account's secrets may go now: what it was authorized with, with the paths that
// the catalogue states. The origins of both are compared by drift before anything is sent.
func serverOf(a store.Account, p provider.Provider) oauthflow.Server {
	s := a.Server
	s.Issuer = cmp.Or(statedIssuer(p), s.Issuer)
	s.Token = cmp.Or(p.Token, s.Token)
	s.Revocation = cmp.Or(p.Revocation, s.Revocation)
	s.Introspection = cmp.Or(p.Introspection, s.Introspection)
	s.Userinfo = cmp.Or(p.Userinfo, s.Userinfo)
	s.Revoke = cmp.Or(p.Revoke.URL, s.Revoke)
	return s
}

// statedIssuer is empty for an issuer that only an id token completes.
func statedIssuer(p provider.Provider) string {
	if strings.Contains(p.Issuer, "{") {
		return ""
	}
	return p.Issuer
}

// driftOf compares where a's secrets were obtained with where the configuration would send them now.
// clientID is the provider's name for the client that the configuration names now; "" is not compared.
func driftOf(a store.Account, p provider.Provider, clientID string) []Drift {
	now := serverOf(a, p)
	// Where the tokens go anyway, what did not exist before may appear.
	revocation := cmp.Or(a.Server.Revocation, a.Server.Token)
	var found []Drift
	for _, c := range []struct {
		what, new string
		old       []string // any of them will do; the first is shown
	}{
		{"issuer", now.Issuer, []string{a.Server.Issuer}},
		{"token endpoint", now.Token, []string{a.Server.Token}},
		{"revocation endpoint", now.Revocation, []string{revocation}},
		{"revocation address", now.Revoke, formerRevoke(a, p, revocation)},
		// Compared wherever there is one: a look at the scopes takes the client's secret there as soon as config.toml says so.
		{"introspection endpoint", now.Introspection, []string{cmp.Or(a.Server.Introspection, a.Server.Token)}},
	} {
		if c.new != "" && !slices.ContainsFunc(c.old, func(old string) bool { return sameServer(old, c.new) }) {
			found = append(found, Drift{c.what, safetext.Line(c.old[0]), safetext.Line(c.new)})
		}
	}
	// A refresh token is bound to its client (RFC 6749 §6): another id would only spoil it.
	if clientID != "" && a.OAuthClientID != "" && clientID != a.OAuthClientID {
		found = append(found, Drift{"client id", safetext.Line(a.OAuthClientID), safetext.Line(clientID)})
	}
	return found
}

// formerRevoke is where a revocation of a may go. An account that was stored without a revoke address, by a fettle that
// did not keep it or before there was one, takes none from config.toml: only what is shipped, or what leads where its tokens go.
func formerRevoke(a store.Account, p provider.Provider, revocation string) []string {
	if a.Server.Revoke != "" {
		return []string{a.Server.Revoke}
	}
	former := []string{revocation, a.Server.Token}
	if shipped := p.ShippedRevoke(); shipped != "" {
		former = append(former, shipped)
	}
	return former
}

// sameServer reports whether two addresses are of one origin: another path there is the same server, and who controls
// the origin could read the secret anyway.
func sameServer(x, y string) bool {
	return x == y || provider.Origin(x) != "" && provider.Origin(x) == provider.Origin(y)
}

// configuredClientID is the provider's name for the client an account uses, without opening any secret.
func configuredClientID(p provider.Provider, c store.Client) string {
	if c.ID == "" {
		return p.Client.ID
	}
	return c.OAuthID
}

// AcceptProvider lets the accounts of a provider follow the configuration to where it points now, and
// returns their names. Where the token endpoint or the client id is another, the generation rises, because password files carry the old one.
func (b *Book) AcceptProvider(ctx context.Context, providerID string) ([]string, error) {
	p, ok := b.cfg.Catalogue.Get(providerID)
	if !ok {
		return nil, fmt.Errorf("no provider %q in the catalogue", safetext.Line(providerID))
	}
	ids, err := b.drifted(ctx, p)
	if err != nil || len(ids) == 0 {
		return []string{}, err
	}
	// Asked once for all accounts, and before the first is changed: a server that does not answer changes none.
	server, err := oauthflow.Discover(ctx, b.cfg.HTTP, p)
	if err != nil {
		return nil, fmt.Errorf("provider %q: cannot learn its addresses: %w", providerID, err)
	}
	names := []string{}
	for _, id := range ids {
		name, err := b.acceptOne(ctx, id, p, server)
		if err != nil {
			return names, err
		}
		if name != "" {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// acceptOne moves one account under its lock, so that no refresh is under way meanwhile.
func (b *Book) acceptOne(ctx context.Context, id string, p provider.Provider, server oauthflow.Server) (string, error) {
	unlock, err := b.cfg.Store.Lock(ctx, accountLock(id))
	if err != nil {
		return "", err
	}
	defer unlock()
	var name string
	err = b.cfg.Store.Update(ctx, func(w store.Writer) error {
		name = ""
		// Compared again: somebody else may have accepted or re-authorized since it was listed.
		a, drift, err := b.driftNow(w, id, p)
		if err != nil || len(drift) == 0 {
			return err
		}
		stale := a.Server.Token != server.Token
		said := make([]string, len(drift))
		for i, d := range drift {
			said[i] = d.String()
			if d.What == "client id" {
				a.OAuthClientID, stale = d.New, true
			}
		}
		a.Server = server
		if stale {
			a.Generation++
		}
		name = a.Name
		if err := w.PutAccount(&a); err != nil {
			return err
		}
		return w.AddEvent(b.event(a, "accept provider", true, strings.Join(said, "; ")))
	})
	return name, err
}

func (b *Book) drifted(ctx context.Context, p provider.Provider) ([]string, error) {
	var ids []string
	err := b.cfg.Store.View(ctx, func(r store.Reader) error {
		ids = nil
		all, err := r.Accounts()
		if err != nil {
			return err
		}
		for _, a := range all {
			if a.Provider != p.ID {
				continue
			}
			_, drift, err := b.driftNow(r, a.ID, p)
			if err != nil {
				return err
			}
			if len(drift) > 0 {
				ids = append(ids, a.ID)
			}
		}
		return nil
	})
	return ids, err
}

func (b *Book) driftNow(r store.Reader, id string, p provider.Provider) (store.Account, []Drift, error) {
	a, err := r.Account(id)
	if err != nil {
		return a, nil, err
	}
	c, err := clientRecord(r, a.ClientID)
	if err != nil {
		return a, nil, err
	}
	return a, driftOf(a, p, configuredClientID(p, c)), nil
}
