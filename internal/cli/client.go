package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

func (a *app) clientCommand() *cobra.Command {
	return a.group("client", "Keep the client registrations of providers",
		a.clientAdd(), a.clientList(), a.clientTest(), a.clientReplace(), a.clientEdit(), a.clientExplain(), a.clientRemove())
}

// newClient is what `fettle client add` was asked.
type newClient struct {
	from, id, secretFile, auth, label, kind, expires string
	testing, replace                                 bool
}

// flags are those by which a registration is given.
func (n *newClient) flags(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&n.from, "from", "", "a file as Google's console offers it")
	flags.StringVar(&n.id, "id", "", "the client ID")
	flags.StringVar(&n.secretFile, "secret-file", "", "a file with the client secret; - for stdin")
	flags.StringVar(&n.auth, "auth", "", "how the client authenticates: none, basic or post")
	flags.StringVar(&n.kind, "kind", "", "its kind among those of the provider: see fettle client explain PROVIDER")
	flags.StringVar(&n.expires, "secret-expires", "", "the day on which the secret ends, as 2027-01-31")
	complete(cmd, "auth", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"none", "basic", "post"}, cobra.ShellCompDirectiveNoFileComp
	})
}

// dayOf reads a day as people write it; "" and never are no day.
func dayOf(text string) (time.Time, error) {
	if text == "" || text == "never" {
		return time.Time{}, nil
	}
	t, err := time.Parse("2006-01-02", text)
	if err != nil {
		return t, usage("%q is no day such as 2027-01-31", shown(text, 30))
	}
	return t, nil
}

func (a *app) clientAdd() *cobra.Command {
	var n newClient
	cmd := &cobra.Command{
		Use:   "add PROVIDER (--from FILE | --id ID [--secret-file FILE])",
		Short: "Keep a client registration; its secret is sealed",
		Long: "add keeps a client that was registered at a provider. --from takes the client_secret_….json that Google's console offers for download. " +
			"A secret never stands on the command line: it comes from a file, or from stdin with --secret-file -.",
		Example:           "fettle client add google --from ~/Downloads/client_secret_123.json\nfettle client add acme --id fettle --secret-file -",
		Args:              takes("PROVIDER"),
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
				// A public client has nothing to seal, so it can be added while the vault is locked.
				if !client.Secret.Empty() {
					if err := h.unlock(ctx); err != nil {
						return err
					}
				}
				return h.keepClient(ctx, client, n.replace)
			})
		}),
	}
	n.flags(a, cmd)
	cmd.Flags().StringVar(&n.label, "label", "", "what to call it")
	cmd.Flags().BoolVar(&n.testing, "testing", false, "its consent screen is in testing (Google): sign-ins end after 7 days")
	cmd.Flags().BoolVar(&n.replace, "replace", false, "the client is kept already: replace its secret")
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
		// Editors and `pass show` end the line; anything more is another file than was meant.
		text := strings.TrimRight(string(content), "\r\n")
		if text == "" || strings.ContainsAny(text, "\r\n") {
			from := n.secretFile
			if from == "-" {
				from = "stdin"
			}
			return client, &failure{Code: "client_file", Message: from + ": expected one line with the client secret", Remedy: "put the secret alone on one line", exit: exitFailed}
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
	if n.kind != "" {
		client.Kind = n.kind
	}
	var err error
	client.Testing = n.testing
	client.SecretExpiresAt, err = dayOf(n.expires)
	return client, err
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

// keepClient adds a client, or gives a kept one another secret.
func (h *house) keepClient(ctx context.Context, client accounts.NewClient, replace bool) error {
	if !replace {
		info, err := h.book.AddClient(ctx, client)
		if err != nil {
			return err
		}
		return h.tellClient(info, "is kept")
	}
	info, err := h.client(ctx, client.Provider, client.OAuthID)
	if err != nil {
		return err
	}
	plan, err := h.book.ReplaceClient(ctx, info.ID, accounts.ClientChange{Secret: client.Secret, SecretExpiresAt: client.SecretExpiresAt})
	if err != nil {
		return err
	}
	return h.tellClient(plan.Client, "has its new secret")
}

// tellClient says what became of a client, and what to look out for with it.
func (h *house) tellClient(c accounts.ClientInfo, what string) error {
	a := h.app
	if a.json {
		return a.emit(struct {
			Format string     `json:"format"`
			Client wireClient `json:"client"`
		}{"fettle.client/1", wireClientOf(c)})
	}
	a.printf("The client %s of %s %s.", shown(c.Label, 80), c.Provider, what)
	if p, ok := h.catalogue.Get(c.Provider); ok {
		for _, note := range accounts.ClientNotes(p, c) {
			a.printf("  ! %s", note)
		}
	}
	return nil
}
