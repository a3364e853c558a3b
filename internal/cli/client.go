package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

func (a *app) clientCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "client",
		Short: "Keep the client registrations of providers",
		Args:  cobra.NoArgs,
		RunE:  a.handle(func(cmd *cobra.Command, _ []string) error { return a.needsSubcommand(cmd) }),
	}
	cmd.AddCommand(a.clientAdd(), a.clientList(), a.clientRemove())
	return cmd
}

// newClient is what `fettle client add` was asked.
type newClient struct {
	from, id, secretFile, auth, label string
	replace                           bool
}

func (a *app) clientAdd() *cobra.Command {
	var n newClient
	cmd := &cobra.Command{
		Use:   "add PROVIDER (--from FILE | --id ID [--secret-file FILE])",
		Short: "Keep a client registration; its secret is sealed",
		Long: "add keeps a client that was registered at a provider. --from takes the client_secret_….json that Google's console offers for download. " +
			"A secret never stands on the command line: it comes from a file, or from stdin with --secret-file -.",
		Example:           "fettle client add google --from ~/Downloads/client_secret_123.json\nfettle client add acme --id fettle --secret-file -",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeProviders,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			if (n.from == "") == (n.id == "") {
				return usage("name the client's file by --from, or its ID by --id")
			}
			return a.within(func(ctx context.Context, h *house) error {
				if _, ok := h.catalogue.Get(args[0]); !ok {
					return a.unknownProvider(h.catalogue, args[0])
				}
				client, err := a.readClient(n, args[0])
				if err != nil {
					return err
				}
				if !client.Secret.Empty() {
					if err := h.unlock(ctx); err != nil {
						return err
					}
				}
				return h.keepClient(ctx, client, n.replace)
			})
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&n.from, "from", "", "a file as Google's console offers it")
	flags.StringVar(&n.id, "id", "", "the client ID")
	flags.StringVar(&n.secretFile, "secret-file", "", "a file with the client secret; - for stdin")
	flags.StringVar(&n.auth, "auth", "", "how the client authenticates: none, basic or post")
	flags.StringVar(&n.label, "label", "", "what to call it")
	flags.BoolVar(&n.replace, "replace", false, "the client is kept already: replace its secret")
	return cmd
}

// readClient gathers a client from a file or from flags.
func (a *app) readClient(n newClient, providerID string) (accounts.NewClient, error) {
	client := accounts.NewClient{OAuthID: n.id}
	if n.from != "" {
		content, err := a.readSmall(n.from)
		if err != nil {
			return client, err
		}
		if client, err = accounts.ReadGoogleClientFile(content); err != nil {
			return client, &failure{Code: "client_file", Message: n.from + ": " + oneLine(err), exit: exitFailed}
		}
	}
	if n.secretFile != "" {
		content, err := a.readSmall(n.secretFile)
		if err != nil {
			return client, err
		}
		text := strings.TrimRight(string(content), "\r\n")
		if text == "" || strings.ContainsAny(text, "\r\n") {
			return client, &failure{Code: "client_file", Message: n.secretFile + ": expected one line with the client secret", exit: exitFailed}
		}
		client.Secret = secret.New(text)
	}
	client.Provider = providerID
	if n.auth != "" {
		client.Auth = provider.AuthMethod(n.auth)
	}
	if n.label != "" {
		client.Label = n.label
	}
	return client, nil
}

// readSmall reads a file of at most 64 KiB, or stdin.
func (a *app) readSmall(path string) (content []byte, err error) {
	const most = 64 << 10
	from := a.stdin
	if path != "-" {
		if from, err = os.Open(path); err != nil { //nolint:gosec // the operator names the file
			return nil, err
		}
		defer func() { err = errors.Join(err, from.Close()) }()
	}
	content, err = io.ReadAll(io.LimitReader(from, most+1))
	if err == nil && len(content) > most {
		err = fmt.Errorf("%s is longer than 64 KiB", path)
	}
	return content, err
}

func (h *house) keepClient(ctx context.Context, client accounts.NewClient, replace bool) error {
	if !replace {
		info, err := h.book.AddClient(ctx, client)
		if err != nil {
			return err
		}
		return h.app.tellClient(info, "is kept")
	}
	info, err := h.client(ctx, client.Provider, client.OAuthID)
	if err != nil {
		return err
	}
	if err := h.book.ReplaceClientSecret(ctx, info.ID, client.Secret); err != nil {
		return err
	}
	return h.app.tellClient(info, "has its new secret")
}

func (a *app) tellClient(c accounts.ClientInfo, what string) error {
	if a.json {
		return a.emit(struct {
			Format string     `json:"format"`
			Client wireClient `json:"client"`
		}{"fettle.client/1", wireClientOf(c)})
	}
	a.printf("The client %s of %s %s.", shown(c.Label, 80), c.Provider, what)
	return nil
}

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
}

func wireClientOf(c accounts.ClientInfo) wireClient {
	return wireClient{c.ID, c.Provider, c.Label, c.OAuthID, c.Auth, word(c.Kind), c.HasSecret, c.FromConfig, list(c.UsedBy)}
}

func (a *app) clientList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the clients, those from config.toml included",
		Args:  cobra.NoArgs,
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
					rows = append(rows, []string{c.Provider, shown(c.Label, 40), shown(c.OAuthID, 60), string(c.Auth), shown(strings.Join(c.UsedBy, ", "), 60)})
				}
				a.table("PROVIDER\tLABEL\tCLIENT ID\tAUTH\tUSED BY", rows)
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
		Args:  cobra.ExactArgs(1),
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				client, err := h.client(ctx, of, args[0])
				if err != nil {
					return err
				}
				if err := h.book.RemoveClient(ctx, client.ID); err != nil {
					return err
				}
				return a.tellClient(client, "is forgotten")
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
