package accounts

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

// ClientFromConfig names, wherever a client's ID is asked for, the one that config.toml gives the provider.
const ClientFromConfig = "config"

// kindWeb is a client whose redirects are registered one by one; Google calls it "Web application".
const kindWeb = "web"

// ClientInfo is a client registration without its secret.
type ClientInfo struct {
	ID           string // ClientFromConfig for the one in config.toml
	Provider     string
	ProviderName string
	Label        string
	OAuthID      string
	Auth         provider.AuthMethod
	Kind         string // as it was given: a kind of the provider, or installed | web as Google's files say
	KindID       string // the kind among those of the provider, "" = not known
	KindName     string // as the provider's console calls it
	Redirects    []string
	HasSecret    bool
	FromConfig   bool     // edited in config.toml, not here
	UsedBy       []string // names of accounts, sorted; never nil

	Testing         bool      // its consent screen is in testing: sign-ins end early
	SecretExpiresAt time.Time // zero: never, or not known
	UsedAt          time.Time // when an account last used it; zero: not known
	DiesAt          time.Time // its secret ends, or the provider deletes it as unused; zero: no date is known
	DiesBecause     string
}

// Clients lists the registrations of the store and those from config.toml, by provider and label.
func (b *Book) Clients(ctx context.Context) ([]ClientInfo, error) {
	var kept []store.Client
	used := map[[2]string]*clientUsers{} // by provider and client ID
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if kept, err = r.Clients(); err != nil {
			return err
		}
		accounts, err := r.Accounts()
		// The store may call this again after a busy database.
		clear(used)
		for _, a := range accounts {
			key := [2]string{a.Provider, a.ClientID}
			if used[key] == nil {
				used[key] = &clientUsers{}
			}
			used[key].add(a)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list := []ClientInfo{}
	for _, p := range b.cfg.Catalogue.Configured() {
		// An entry of config.toml may change a provider without bringing a client.
		if p.Client.ID != "" {
			list = append(list, configInfo(p))
		}
	}
	for _, c := range kept {
		p, _ := b.cfg.Catalogue.Get(c.Provider)
		list = append(list, storedInfo(c, p))
	}
	for i, c := range list {
		if users := used[[2]string{c.Provider, c.storeID()}]; users != nil {
			list[i].UsedBy, list[i].UsedAt = users.names, users.last
			slices.Sort(list[i].UsedBy)
		}
		p, _ := b.cfg.Catalogue.Get(c.Provider)
		list[i].findEnd(p)
	}
	slices.SortStableFunc(list, func(x, y ClientInfo) int {
		return cmp.Or(cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Label, y.Label))
	})
	return list, nil
}

// clientUsers are the accounts of one client.
type clientUsers struct {
	names []string
	last  time.Time
}

func (u *clientUsers) add(a store.Account) {
	u.names = append(u.names, a.Name)
	u.last = later(u.last, later(a.RefreshedAt, a.AuthorizedAt))
}

// findEnd looks up when the client itself ends: at some providers one that nobody uses is deleted, and with it
// every sign-in that was made through it.
func (c *ClientInfo) findEnd(p provider.Provider) {
	if !c.SecretExpiresAt.IsZero() {
		c.DiesAt, c.DiesBecause = c.SecretExpiresAt, "its secret ends then"
	}
	for _, d := range p.Deaths {
		// Google deletes clients that were unused for six months.
		if d.From != provider.FromClientUse {
			continue
		}
		if at := after(c.UsedAt, d.Term()); !at.IsZero() && (c.DiesAt.IsZero() || at.Before(c.DiesAt)) {
			c.DiesAt, c.DiesBecause = at, d.Words
		}
	}
}

func configInfo(p provider.Provider) ClientInfo {
	c := p.Client
	has := !c.Secret.Empty() || c.SecretFile != "" || len(c.SecretCommand) > 0
	auth := c.Auth
	if auth == "" {
		auth = impliedAuth(has)
	}
	kind, _ := kindOf(p, c.Kind, auth)
	return ClientInfo{
		Kind: c.Kind, Testing: c.Testing, SecretExpiresAt: time.Time(c.SecretExpires),
		ID: ClientFromConfig, Provider: p.ID, ProviderName: p.Name, Label: "from config", OAuthID: safetext.Line(c.ID),
		Auth: auth, KindID: kind.ID, KindName: kind.Name, HasSecret: has, FromConfig: true, UsedBy: []string{},
	}
}

func storedInfo(c store.Client, p provider.Provider) ClientInfo {
	kind, _ := kindOf(p, c.Kind, c.Auth)
	return ClientInfo{
		ID: c.ID, Provider: c.Provider, ProviderName: cmp.Or(p.Name, c.Provider), Label: c.Label, OAuthID: c.OAuthID,
		Auth: c.Auth, Kind: c.Kind, KindID: kind.ID, KindName: kind.Name, Redirects: c.Redirects, HasSecret: len(c.Blob) > 0,
		UsedBy: []string{}, Testing: c.Testing, SecretExpiresAt: c.SecretExpiresAt,
	}
}

// storeID is how records refer to the client: "" is the one from config.toml.
func (c ClientInfo) storeID() string {
	if c.FromConfig {
		return ""
	}
	return c.ID
}

// atProvider is the provider as this client may use it: one of type web only has the redirects that were
// registered for it.
func (c ClientInfo) atProvider(p provider.Provider) provider.Provider {
	if c.Kind == kindWeb && len(c.Redirects) > 0 {
		p.Redirects = slices.Clone(c.Redirects)
	}
	return p
}

// registration finds the client that a request names: by ID, or with "" the one from config.toml, or else
// the only one in the store.
func (b *Book) registration(ctx context.Context, p provider.Provider, clientID string) (ClientInfo, error) {
	all, err := b.Clients(ctx)
	if err != nil {
		return ClientInfo{}, err
	}
	all = slices.DeleteFunc(all, func(c ClientInfo) bool { return c.Provider != p.ID })
	// What config.toml says goes before the store: it is what the operator sees when looking for the reason.
	i := slices.IndexFunc(all, func(c ClientInfo) bool {
		return c.ID == clientID || clientID == "" && c.FromConfig
	})
	switch {
	case i >= 0:
		return all[i], nil
	case clientID != "":
		return ClientInfo{}, fmt.Errorf("%s has no client %q: `fettle client list` shows them", p.Name, safetext.Cut(safetext.Line(clientID), 60))
	case len(all) == 1:
		return all[0], nil
	case len(all) == 0:
		return ClientInfo{}, &ClientError{p.ID, fmt.Errorf("%w of %s yet; add one with `fettle client add %s`", errNoClient, nameOf(p), p.ID)}
	}
	labels := make([]string, len(all))
	for i, c := range all {
		labels[i] = c.Label
	}
	return ClientInfo{}, fmt.Errorf("%s has several clients (%s): say which", p.Name, strings.Join(labels, ", "))
}

func unknownProvider(id string) error {
	return fmt.Errorf("there is no provider %q: `fettle provider list` shows them", safetext.Cut(safetext.Line(id), 40))
}
