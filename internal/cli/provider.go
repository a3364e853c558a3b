package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/config"
	"fettle/internal/safetext"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

func (a *app) providerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "provider",
		Short: "Show and check the providers of the catalogue",
		Args:  cobra.NoArgs,
		RunE:  a.handle(func(cmd *cobra.Command, _ []string) error { return a.needsSubcommand(cmd) }),
	}
	cmd.AddCommand(a.providerList(), a.providerShow(), a.providerCheck(), a.providerAccept())
	return cmd
}

// known opens the catalogue alone.
func (a *app) known() (*provider.Catalogue, error) {
	paths, err := config.Where(a.configFile, a.dataDir)
	if err != nil {
		return nil, err
	}
	_, catalogue, err := a.configuration(paths)
	return catalogue, err
}

// provider finds a provider, or says which one may have been meant.
func (a *app) provider(id string) (provider.Provider, error) {
	catalogue, err := a.known()
	if err != nil {
		return provider.Provider{}, err
	}
	p, ok := catalogue.Get(id)
	if !ok {
		return p, a.unknownProvider(catalogue, id)
	}
	return p, nil
}

func (a *app) unknownProvider(catalogue *provider.Catalogue, id string) error {
	var ids []string
	for _, p := range catalogue.All() {
		ids = append(ids, p.ID)
	}
	return unknownName("provider", id, accounts.Nearest(id, ids), "there are: "+strings.Join(ids, ", "))
}

type wireProvider struct {
	ID       string                 `json:"id"`
	Name     string                 `json:"name"`
	Flows    []provider.FlowKind    `json:"flows"`
	Services []accounts.ServiceName `json:"services"`
}

func wireProviderOf(p provider.Provider) wireProvider {
	w := wireProvider{p.ID, safetext.Line(p.Name), list(p.Flows), []accounts.ServiceName{}}
	for _, s := range p.ServiceList() {
		w.Services = append(w.Services, accounts.ServiceName{ID: s.ID, Name: safetext.Line(s.Name)})
	}
	return w
}

func (a *app) providerList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the providers and their services",
		Args:  cobra.NoArgs,
		RunE: a.handle(func(*cobra.Command, []string) error {
			catalogue, err := a.known()
			if err != nil {
				return err
			}
			if a.json {
				w := struct {
					Format    string         `json:"format"`
					Providers []wireProvider `json:"providers"`
				}{"fettle.providers/1", []wireProvider{}}
				for _, p := range catalogue.All() {
					w.Providers = append(w.Providers, wireProviderOf(p))
				}
				return a.emit(w)
			}
			var rows [][]string
			for _, p := range catalogue.All() {
				rows = append(rows, []string{p.ID, shown(p.Name, 40), flowWords(p.Flows), shown(strings.Join(serviceIDs(p), ", "), 120)})
			}
			a.table("PROVIDER\tNAME\tFLOWS\tSERVICES", rows)
			return nil
		}),
	}
}

func flowWords(flows []provider.FlowKind) string {
	words := make([]string, len(flows))
	for i, f := range flows {
		words[i] = string(f)
	}
	return strings.Join(words, ", ")
}

type wireProviderDetail struct {
	Format string `json:"format"`
	wireProvider
	Issuer     word                         `json:"issuer"`
	Endpoints  provider.Endpoints           `json:"endpoints"`
	Rotation   word                         `json:"rotation"`
	IdleDays   int                          `json:"idle_days"`
	MaxDays    int                          `json:"max_days"`
	Client     word                         `json:"client"`
	FromConfig bool                         `json:"from_config"`
	Scopes     map[string][]string          `json:"scopes"`
	Words      map[string]map[string]string `json:"permissions"`
}

func (a *app) providerShow() *cobra.Command {
	return &cobra.Command{
		Use:               "show PROVIDER",
		Short:             "Show what the catalogue says about a provider",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeProviders,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			p, err := a.provider(args[0])
			if err != nil {
				return err
			}
			w := wireProviderDetail{
				Format: "fettle.provider/1", wireProvider: wireProviderOf(p), Issuer: word(p.Issuer), Endpoints: p.Endpoints, Rotation: word(p.Rotation),
				IdleDays: p.IdleDays, MaxDays: p.MaxDays, Client: word(p.Client.ID), FromConfig: p.FromConfig,
				Scopes: map[string][]string{}, Words: map[string]map[string]string{},
			}
			for id, s := range p.Services {
				w.Scopes[id] = list(s.Scopes)
				w.Words[id] = map[string]string{}
				for scope, words := range s.Permissions {
					w.Words[id][scope] = safetext.Line(words)
				}
			}
			if a.json {
				return a.emit(w)
			}
			a.printProvider(p)
			return nil
		}),
	}
}

func (a *app) printProvider(p provider.Provider) {
	a.printf("%s  %s", p.ID, shown(p.Name, 60))
	a.printf("  flows: %s; rotation: %s", flowWords(p.Flows), shown(string(p.Rotation), 20))
	if p.Issuer != "" {
		a.printf("  issuer: %s", shown(p.Issuer, 200))
	}
	a.printEndpoints(p.Endpoints)
	if p.IdleDays > 0 {
		a.printf("  a grant that is not used dies after %s", plural(p.IdleDays, "day", "days"))
	}
	if p.MaxDays > 0 {
		a.printf("  a grant dies %s after consent", plural(p.MaxDays, "day", "days"))
	}
	for _, s := range p.ServiceList() {
		a.printf("  service %s  %s", s.ID, shown(s.Name, 60))
		for _, scope := range s.Scopes {
			a.printf("    %s  %s", shown(scope, 120), safetext.Cut(s.Permissions[scope], 120))
		}
	}
}

func (a *app) printEndpoints(e provider.Endpoints) {
	for _, endpoint := range []struct{ what, url string }{
		{"authorization", e.Authorization}, {"token", e.Token}, {"device authorization", e.Device}, {"revocation", e.Revocation},
		{"introspection", e.Introspection}, {"userinfo", e.Userinfo}, {"keys", e.JWKS},
	} {
		if endpoint.url != "" {
			a.printf("  %s: %s", endpoint.what, shown(endpoint.url, 200))
		}
	}
}

func (a *app) providerCheck() *cobra.Command {
	return &cobra.Command{
		Use:               "check PROVIDER",
		Short:             "Ask a provider for its metadata and show the endpoints in use",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeProviders,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			ctx, stop := a.untilSignal()
			defer stop()
			p, err := a.provider(args[0])
			if err != nil {
				return err
			}
			server, err := oauthflow.Discover(ctx, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{}), p)
			if err != nil {
				return err
			}
			if a.json {
				return a.emit(struct {
					Format    string             `json:"format"`
					ID        string             `json:"id"`
					Issuer    word               `json:"issuer"`
					Endpoints provider.Endpoints `json:"endpoints"`
				}{"fettle.provider_check/1", p.ID, word(server.Issuer), server.Endpoints})
			}
			a.printf("✓ %s answers; in use are:", shown(p.Name, 60))
			a.printEndpoints(server.Endpoints)
			return nil
		}),
	}
}

func (a *app) providerAccept() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "accept PROVIDER",
		Short: "Let accounts follow config.toml to other addresses",
		Long: "Secrets follow no configuration blindly: if config.toml sends an account's secrets elsewhere than where they were obtained, nothing is sent until " +
			"accept says that this is meant. It shows old and new.",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeProviders,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error { return h.accept(ctx, args[0], yes || a.json) })
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

type wireMoved struct {
	wireRef
	Change string `json:"change"`
}

// accept shows what moved, account by account, and after agreement lets them follow.
func (h *house) accept(ctx context.Context, id string, agreed bool) error {
	a := h.app
	if _, ok := h.catalogue.Get(id); !ok {
		return a.unknownProvider(h.catalogue, id)
	}
	snapshot, err := h.book.Snapshot(ctx)
	if err != nil {
		return err
	}
	moved := []wireMoved{}
	for _, account := range snapshot.Accounts {
		for _, f := range account.Health.Findings {
			if account.Provider == id && f.Cause == "config_changed" {
				moved = append(moved, wireMoved{wireRef{account.ID, account.Name}, f.Title})
				a.progress("%s: %s", account.Name, f.Title)
			}
		}
	}
	if len(moved) > 0 && !agreed && a.hasTerminal() {
		yes, err := a.confirm(ctx, "Send the secrets of these accounts there from now on?")
		if err != nil {
			return err
		}
		if !yes {
			return &failure{Code: "declined", Message: "nothing was changed", exit: exitFailed}
		}
	}
	names, err := h.book.AcceptProvider(ctx, id)
	if err != nil {
		return err
	}
	if a.json {
		return a.emit(struct {
			Format   string      `json:"format"`
			Provider string      `json:"provider"`
			Accepted []string    `json:"accepted"`
			Moved    []wireMoved `json:"moved"`
		}{"fettle.provider_accept/1", id, list(names), moved})
	}
	if len(names) == 0 {
		a.printf("Every account of %s is where the configuration says; there is nothing to accept.", id)
		return nil
	}
	a.printf("Accepted for %s.", strings.Join(names, ", "))
	return nil
}
