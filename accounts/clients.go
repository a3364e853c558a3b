package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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
	Kind         string // installed | web | other, as far as known
	Redirects    []string
	HasSecret    bool
	FromConfig   bool     // edited in config.toml, not here
	UsedBy       []string // names of accounts, sorted; never nil
}

// Clients lists the registrations of the store and those from config.toml, by provider and label.
func (b *Book) Clients(ctx context.Context) ([]ClientInfo, error) {
	var kept []store.Client
	used := map[string][]string{} // provider + client ID → names
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		if kept, err = r.Clients(); err != nil {
			return err
		}
		accounts, err := r.Accounts()
		clear(used)
		for _, a := range accounts {
			used[a.Provider+"\n"+a.ClientID] = append(used[a.Provider+"\n"+a.ClientID], a.Name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	list := []ClientInfo{}
	for _, p := range b.cfg.Catalogue.All() {
		if p.Client.ID != "" {
			list = append(list, configInfo(p))
		}
	}
	for _, c := range kept {
		p, _ := b.cfg.Catalogue.Get(c.Provider)
		list = append(list, storedInfo(c, p))
	}
	for i, c := range list {
		list[i].UsedBy = append([]string{}, used[c.Provider+"\n"+c.storeID()]...)
		slices.Sort(list[i].UsedBy)
	}
	slices.SortStableFunc(list, func(x, y ClientInfo) int {
		return cmp.Or(cmp.Compare(x.Provider, y.Provider), cmp.Compare(x.Label, y.Label))
	})
	return list, nil
}

func configInfo(p provider.Provider) ClientInfo {
	c := p.Client
	has := !c.Secret.Empty() || c.SecretFile != "" || len(c.SecretCommand) > 0
	auth := c.Auth
	if auth == "" {
		auth = impliedAuth(has)
	}
	return ClientInfo{
		ID: ClientFromConfig, Provider: p.ID, ProviderName: p.Name, Label: "from config", OAuthID: safetext.Line(c.ID),
		Auth: auth, HasSecret: has, FromConfig: true, UsedBy: []string{},
	}
}

func storedInfo(c store.Client, p provider.Provider) ClientInfo {
	return ClientInfo{
		ID: c.ID, Provider: c.Provider, ProviderName: cmp.Or(p.Name, c.Provider), Label: c.Label, OAuthID: c.OAuthID,
		Auth: c.Auth, Kind: c.Kind, Redirects: c.Redirects, HasSecret: len(c.Blob) > 0, UsedBy: []string{},
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
		return ClientInfo{}, &ClientError{p.ID, errors.New("there is none; add one with `fettle client add " + p.ID + "`")}
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
