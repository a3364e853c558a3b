package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// wireClient is a client without its secret. Field names, once released, stay.
type wireClient struct {
	ID         string              `json:"id"`
	Provider   string              `json:"provider"`
	Label      string              `json:"label"`
	ClientID   string              `json:"client_id"`
	Auth       provider.AuthMethod `json:"auth"`
	Kind       word                `json:"kind"`
	HasSecret  bool                `json:"has_secret"`
	FromConfig bool                `json:"from_config"`
	Accounts   []string            `json:"accounts"`

	KindName        word  `json:"kind_name"`
	Testing         bool  `json:"testing"`
	SecretExpiresAt stamp `json:"secret_expires_at"`
	UsedAt          stamp `json:"used_at"`
	DiesAt          stamp `json:"dies_at"`
	DiesBecause     word  `json:"dies_because"`
}

func wireClientOf(c accounts.ClientInfo) wireClient {
	return wireClient{
		c.ID, c.Provider, c.Label, c.OAuthID, c.Auth, word(c.Kind), c.HasSecret, c.FromConfig, list(c.UsedBy),
		word(c.KindName), c.Testing, stamp{c.SecretExpiresAt}, stamp{c.UsedAt}, stamp{c.DiesAt}, word(c.DiesBecause),
	}
}

// clientList shows clients of config.toml, too: they serve accounts, though they are edited elsewhere.
func (a *app) clientList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the clients, those from config.toml included",
		Args:  takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				all, err := h.book.Clients(ctx)
				if err != nil {
					return err
				}
				if a.json {
					w := struct {
						Format  string       `json:"format"`
						Clients []wireClient `json:"clients"`
					}{"fettle.clients/1", []wireClient{}}
					for _, c := range all {
						w.Clients = append(w.Clients, wireClientOf(c))
					}
					return a.emit(w)
				}
				rows := make([][]string, 0, len(all))
				for _, c := range all {
					rows = append(rows, []string{c.Provider, shown(c.Label, 40), shown(c.OAuthID, 60), string(c.Auth), shown(c.KindName, 30), day(c.DiesAt), shown(strings.Join(c.UsedBy, ", "), 60)})
				}
				a.table("PROVIDER\tLABEL\tCLIENT ID\tAUTH\tKIND\tENDS\tUSED BY", rows)
				return nil
			})
		}),
	}
}

func (a *app) clientRemove() *cobra.Command {
	var of string
	cmd := &cobra.Command{
		Use:   "remove CLIENT",
		Short: "Forget a client that no account uses; name it by label or ID",
		Args:  takes("CLIENT"),
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				client, err := h.client(ctx, of, args[0])
				if err != nil {
					return err
				}
				if err := h.book.RemoveClient(ctx, client.ID); err != nil {
					return err
				}
				return a.tellForgotten(client)
			})
		}),
	}
	cmd.Flags().StringVar(&of, "provider", "", "the provider, where several have a client of that label")
	complete(cmd, "provider", a.completeProviders)
	return cmd
}

// client finds one client by its ID here, its label, or its ID at the provider.
func (h *house) client(ctx context.Context, providerID, name string) (accounts.ClientInfo, error) {
	all, err := h.book.Clients(ctx)
	if err != nil {
		return accounts.ClientInfo{}, err
	}
	var labels []string
	var found []accounts.ClientInfo
	for _, c := range all {
		if providerID != "" && c.Provider != providerID {
			continue
		}
		labels = append(labels, c.Label)
		if slices.Contains([]string{c.ID, c.Label, c.OAuthID}, name) {
			found = append(found, c)
		}
	}
	switch len(found) {
	case 0:
		return accounts.ClientInfo{}, unknownName("client", name, accounts.Nearest(name, labels), "`fettle client list` lists the clients")
	case 1:
		return found[0], nil
	}
	return accounts.ClientInfo{}, usage("there are several clients %q: name the ID", shown(name, 60))
}

// tellForgotten says what is no longer kept. At the provider the registration goes on.
func (a *app) tellForgotten(c accounts.ClientInfo) error {
	if a.json {
		return a.emit(struct {
			Format string     `json:"format"`
			Client wireClient `json:"client"`
		}{"fettle.client/1", wireClientOf(c)})
	}
	a.printf("The client %s of %s is forgotten.", shown(c.Label, 80), c.Provider)
	return nil
}
