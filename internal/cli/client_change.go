package cli

import (
	"context"

	"github.com/spf13/cobra"

	"fettle/accounts"
)

// clientReplace is for the client that all its accounts go on with; see clientEdit for what changes no credential.
func (a *app) clientReplace() *cobra.Command {
	var n newClient
	var of string
	var only bool
	cmd := &cobra.Command{
		Use:   "replace CLIENT (--from FILE | [--id ID] [--secret-file FILE])",
		Short: "Put a new registration in place of a kept one, for all its accounts",
		Long: "replace gives a kept client another ID, another secret, or both. First it lists what that means: which accounts have to sign in again, because a " +
			"refresh token is good for the client that it was given to, and whose password files go stale. --plan stops there.",
		Example: "fettle client replace work --secret-file - --secret-expires 2027-01-31\nfettle client replace work --from client_secret_456.json --plan",
		Args:    takes("CLIENT"),
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			if n.from != "" && n.id != "" || n.from == "" && n.id == "" && n.secretFile == "" && n.auth == "" && n.kind == "" {
				return usage("say what is new: --from FILE, or --id, --secret-file, --auth, --kind")
			}
			return a.within(func(ctx context.Context, h *house) error {
				client, err := h.client(ctx, of, args[0])
				if err != nil {
					return err
				}
				fresh, err := a.readClient(n, client.Provider)
				if err != nil {
					return err
				}
				return h.replaceClient(ctx, client, accounts.ClientChange{
					OAuthID: fresh.OAuthID, Secret: fresh.Secret, Auth: fresh.Auth, Kind: fresh.Kind, Redirects: fresh.Redirects, SecretExpiresAt: fresh.SecretExpiresAt,
				}, only)
			})
		}),
	}
	n.flags(a, cmd)
	cmd.Flags().BoolVar(&only, "plan", false, "only say what would be")
	cmd.Flags().StringVar(&of, "provider", "", "the provider, where several have a client of that label")
	complete(cmd, "provider", a.completeProviders)
	return cmd
}

// replaceClient says what a change means, and makes it unless only that was asked.
func (h *house) replaceClient(ctx context.Context, client accounts.ClientInfo, change accounts.ClientChange, only bool) error {
	a := h.app
	plan, err := h.book.PlanClientChange(ctx, client.ID, change)
	if err != nil {
		return err
	}
	if !a.json {
		for _, effect := range plan.Effects {
			a.printf("%s", effect)
		}
		if only && len(plan.Effects) == 0 {
			a.printf("No account uses %s, so nothing else changes.", shown(plan.Client.Label, 80))
		}
	}
	if !only {
		if err := h.unlock(ctx); err != nil {
			return err
		}
		if plan, err = h.book.ReplaceClient(ctx, client.ID, change); err != nil {
			return err
		}
	}
	if a.json {
		return a.emit(struct {
			Format   string     `json:"format"`
			Client   wireClient `json:"client"`
			Done     bool       `json:"done"`
			Accounts []string   `json:"accounts"`
			SignIn   []string   `json:"sign_in_again"`
			Canvases []string   `json:"stale_canvases"`
			Pending  []string   `json:"pending_sign_ins"`
		}{"fettle.client_change/1", wireClientOf(plan.Client), !only, plan.Accounts, plan.SignIn, plan.Canvases, plan.Pending})
	}
	if only {
		return nil
	}
	return h.tellClient(plan.Client, "is replaced")
}

// clientEdit notes what no provider tells a program: the day a secret ends, a consent screen in testing.
func (a *app) clientEdit() *cobra.Command {
	var of, label, kind, expires string
	var testing bool
	cmd := &cobra.Command{
		Use:     "edit CLIENT",
		Short:   "Write down what only the provider's console shows of a client",
		Long:    "edit keeps when a client's secret ends and whether its consent screen is in testing: health then says beforehand when its accounts will stop.",
		Example: "fettle client edit work --secret-expires 2027-01-31\nfettle client edit marketing --testing=false",
		Args:    takes("CLIENT"),
	}
	cmd.RunE = a.handle(func(_ *cobra.Command, args []string) error {
		given := cmd.Flags().Changed
		if !given("label") && !given("kind") && !given("testing") && !given("secret-expires") {
			return usage("say what to write down: --testing, --secret-expires, --kind or --label")
		}
		ends, err := dayOf(expires)
		if err != nil {
			return err
		}
		return a.within(func(ctx context.Context, h *house) error {
			client, err := h.client(ctx, of, args[0])
			if err != nil {
				return err
			}
			// What was not given stays: the flags' own defaults must not erase a day that somebody entered.
			marks := accounts.ClientMarks{Label: label, Kind: kind, Testing: client.Testing, SecretExpiresAt: client.SecretExpiresAt}
			if given("testing") {
				marks.Testing = testing
			}
			if given("secret-expires") {
				marks.SecretExpiresAt = ends
			}
			info, err := h.book.MarkClient(ctx, client.ID, marks)
			if err != nil {
				return err
			}
			return h.tellClient(info, "is changed")
		})
	})
	flags := cmd.Flags()
	flags.StringVar(&of, "provider", "", "the provider, where several have a client of that label")
	flags.StringVar(&label, "label", "", "what to call it")
	flags.StringVar(&kind, "kind", "", "its kind among those of the provider")
	flags.BoolVar(&testing, "testing", false, "its consent screen is in testing (Google): sign-ins end after 7 days")
	flags.StringVar(&expires, "secret-expires", "", "the day on which the secret ends, as 2027-01-31, or never")
	complete(cmd, "provider", a.completeProviders)
	return cmd
}
