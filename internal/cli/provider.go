package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/config"
	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

func (a *app) providerCommand() *cobra.Command {
	return a.group("provider", "Show and check the providers of the catalogue",
		a.providerList(), a.providerShow(), a.providerCheck(), a.providerAccept())
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

// unknownProvider names them all: there are few, and the right one is often called otherwise.
func (a *app) unknownProvider(catalogue *provider.Catalogue, id string) error {
	var ids []string
	for _, p := range catalogue.All() {
		ids = append(ids, p.ID)
	}
	return unknownName("provider", id, accounts.Nearest(id, ids), "there are: "+strings.Join(ids, ", "))
}

// wireProvider is a provider in fettle.providers/1. Field names, once released, stay.
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
		Args:  takes(),
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

// flowWords are flows in the provider's order of preference.
func flowWords(flows []provider.FlowKind) string {
	words := make([]string, len(flows))
	for i, f := range flows {
		words[i] = string(f)
	}
	return strings.Join(words, ", ")
}

func (a *app) providerAccept() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "accept PROVIDER",
		Short: "Let accounts follow config.toml to other addresses",
		Long: "Secrets follow no configuration blindly: if config.toml sends an account's secrets elsewhere than where they were obtained, nothing is sent until " +
			"accept says that this is meant. It shows old and new.",
		Args:              takes("PROVIDER"),
		ValidArgsFunction: a.completeProviders,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error { return h.accept(ctx, args[0], yes || a.json) })
		}),
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// wireMoved is an account whose secrets would go elsewhere.
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
	// Without a terminal nobody is asked: whoever scripts `accept` has agreed by calling it.
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
