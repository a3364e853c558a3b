package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

func (a *app) clientExplain() *cobra.Command {
	var kind string
	var services []string
	cmd := &cobra.Command{
		Use:               "explain PROVIDER",
		Short:             "Say how to register a client at a provider",
		Long:              "explain prints the kinds of client that a provider offers, what each can do, and the steps to register one.",
		Example:           "fettle client explain google --service analytics\nfettle client explain microsoft --kind web",
		Args:              takes("PROVIDER"),
		ValidArgsFunction: a.completeProviders,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			p, err := a.provider(args[0])
			if err != nil {
				return err
			}
			kinds := p.ClientKindList()
			if kind != "" {
				k, ok := p.ClientKinds[kind]
				if !ok {
					return usage("%s has no kind %q of client: %s", p.Name, shown(kind, 30), strings.Join(kindIDs(kinds), ", "))
				}
				kinds = []provider.ClientKind{k}
			}
			for _, id := range services {
				if _, ok := p.Services[id]; !ok {
					return usage("%s has no service %q", p.Name, shown(id, 40))
				}
			}
			return a.explainClients(p, kinds, services)
		}),
	}
	cmd.Flags().StringVar(&kind, "kind", "", "one kind of client only")
	cmd.Flags().StringArrayVar(&services, "service", nil, "what it is to be used for; repeat for several")
	return cmd
}

// kindIDs are for the message that names what there is.
func kindIDs(kinds []provider.ClientKind) []string {
	var ids []string
	for _, k := range kinds {
		ids = append(ids, k.ID)
	}
	return ids
}

// wireKind is a kind of client, here and in `fettle provider show`. Its texts may come from config.toml.
type wireKind struct {
	ID        string              `json:"id"`
	Name      string              `json:"name"`
	Preferred bool                `json:"preferred"`
	Auth      string              `json:"auth"`
	Secret    bool                `json:"needs_secret"`
	Flows     []provider.FlowKind `json:"flows"`
	Services  []string            `json:"services"`
	Redirects word                `json:"redirects"`
	Words     word                `json:"words"`
	Steps     []string            `json:"steps"`
}

func wireKindOf(p provider.Provider, k provider.ClientKind, services ...string) wireKind {
	return wireKind{
		k.ID, safetext.Line(k.Name), k.Preferred, string(k.Auth), k.NeedsSecret(), list(k.Flows), list(k.Services),
		word(safetext.Line(k.Redirects)), word(safetext.Line(k.Words)), safeLines(p.RegistrationSteps(k.ID, services...)),
	}
}

// explainClients prints how to register; the steps depend on the services, whose APIs have to be enabled.
func (a *app) explainClients(p provider.Provider, kinds []provider.ClientKind, services []string) error {
	if a.json {
		w := struct {
			Format   string     `json:"format"`
			Provider string     `json:"provider"`
			Console  word       `json:"console"`
			Docs     word       `json:"docs"`
			Kinds    []wireKind `json:"kinds"`
		}{"fettle.client_kinds/1", p.ID, word(p.Registration.Console), word(p.Registration.Docs), []wireKind{}}
		for _, k := range kinds {
			w.Kinds = append(w.Kinds, wireKindOf(p, k, services...))
		}
		return a.emit(w)
	}
	a.printf("%s: %s", p.Name, plural(len(kinds), "kind of client", "kinds of client"))
	if p.Registration.Console != "" {
		a.printf("  register at %s", p.Registration.Console)
	}
	if p.Registration.Docs != "" {
		a.printf("  described at %s", p.Registration.Docs)
	}
	for _, k := range kinds {
		a.explainKind(p, k, services)
	}
	if len(kinds) == 0 {
		a.printf("The catalogue does not describe how clients are registered there: ask whoever runs it, then `fettle client add %s --id ID`.", p.ID)
	}
	return nil
}

// explainKind is one kind with its numbered steps.
func (a *app) explainKind(p provider.Provider, k provider.ClientKind, services []string) {
	title := safetext.Line(k.Name) + " (" + k.ID + ")"
	if k.Preferred {
		title += ", the one to choose unless something speaks for another"
	}
	a.printf("\n%s", title)
	if k.Words != "" {
		a.printf("  %s", safetext.Line(k.Words))
	}
	secret := "no secret"
	if k.NeedsSecret() {
		secret = "a secret"
	}
	a.printf("  flows: %s; %s; redirects: %s", flowWords(k.Flows), secret, shown(k.Redirects, 300))
	if len(k.Services) > 0 {
		a.printf("  only for: %s", strings.Join(k.Services, ", "))
	}
	for i, step := range p.RegistrationSteps(k.ID, services...) {
		a.printf("  %d. %s", i+1, safetext.Line(step))
	}
}
