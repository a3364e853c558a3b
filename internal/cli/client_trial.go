package cli

import (
	"context"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

func (a *app) clientTest() *cobra.Command {
	var n newClient
	var of string
	cmd := &cobra.Command{
		Use:   "test (CLIENT | PROVIDER --id ID | PROVIDER --from FILE)",
		Short: "Ask the provider whether it takes a client, storing nothing",
		Long: "test shows the token endpoint a token that cannot exist: whoever complains of the token has taken the client, and whoever complains of the client has not. " +
			"It tells which sign-in flows the client can do. It tests a kept client, the one of config.toml (by its provider's name), or one that is not kept yet.",
		Example: "fettle client test work\nfettle client test google --from client_secret_123.json",
		Args:    takes("CLIENT or PROVIDER"),
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				result, err := h.testClient(ctx, n, of, args[0])
				if err != nil {
					return err
				}
				return a.tellTest(result)
			})
		}),
	}
	n.flags(a, cmd)
	cmd.Flags().StringVar(&of, "provider", "", "the provider, where several have a client of that label")
	complete(cmd, "provider", a.completeProviders)
	return cmd
}

// testClient tests one that is given, or one that is kept under that name.
func (h *house) testClient(ctx context.Context, n newClient, of, name string) (accounts.ClientTest, error) {
	p, isProvider := h.catalogue.Get(name)
	if n.from != "" || n.id != "" {
		if !isProvider {
			return accounts.ClientTest{}, h.app.unknownProvider(h.catalogue, name)
		}
		client, err := h.app.readClient(n, p.ID)
		if err != nil {
			return accounts.ClientTest{}, err
		}
		return h.book.TestNewClient(ctx, client)
	}
	// No client of that name is needed for a provider's: the one of config.toml, or the only one kept, is meant.
	id, providerID := "", name
	if !isProvider {
		client, err := h.client(ctx, of, name)
		if err != nil {
			return accounts.ClientTest{}, err
		}
		id, providerID = client.ID, client.Provider
	}
	if err := h.unlock(ctx); err != nil {
		return accounts.ClientTest{}, err
	}
	return h.book.TestKeptClient(ctx, providerID, id)
}

// wireClientTest is fettle.client_test/1.
type wireClientTest struct {
	Format  string                 `json:"format"`
	Client  wireClient             `json:"client"`
	Verdict accounts.ClientVerdict `json:"verdict"`
	Title   string                 `json:"title"`
	Cause   word                   `json:"cause"`
	Remedy  word                   `json:"remedy"`
	Flows   []wireFlowAbility      `json:"flows"`
	Notes   []string               `json:"notes"`
}

// wireFlowAbility says whether a client can do a flow, and why or why not.
type wireFlowAbility struct {
	Flow   provider.FlowKind `json:"flow"`
	Usable bool              `json:"usable"`
	Why    word              `json:"why"`
}

// tellTest prints a verdict. A client that is refused is a failure; one of which nothing is known needs a look.
func (a *app) tellTest(t accounts.ClientTest) error {
	w := wireClientTest{Format: "fettle.client_test/1", Client: wireClientOf(t.Client), Verdict: t.Verdict, Title: t.Title, Flows: []wireFlowAbility{}, Notes: list(t.Notes)}
	if t.Diagnosis != nil {
		w.Cause, w.Remedy = word(t.Diagnosis.Cause), word(t.Diagnosis.Remedy)
	}
	for _, f := range t.Flows {
		w.Flows = append(w.Flows, wireFlowAbility{f.Kind, f.Unavailable == "", word(f.Why + f.Unavailable)})
	}
	if a.json {
		if err := a.emit(w); err != nil {
			return err
		}
	} else {
		a.printTest(t, w)
	}
	switch t.Verdict {
	case accounts.ClientRefuted:
		return failedAlready
	case accounts.ClientUnknown:
		return attention
	case accounts.ClientProven:
	}
	return nil
}

// printTest is tellTest for a person.
func (a *app) printTest(t accounts.ClientTest, w wireClientTest) {
	mark := map[accounts.ClientVerdict]string{accounts.ClientProven: "✓", accounts.ClientRefuted: "✗", accounts.ClientUnknown: "!"}[t.Verdict]
	a.printf("%s %s", mark, shown(t.Title, 300))
	if t.Diagnosis != nil && t.Diagnosis.Explanation != "" {
		a.printf("  → %s", shown(t.Diagnosis.Explanation, 400))
	}
	for _, f := range w.Flows {
		can := "✓"
		if !f.Usable {
			can = "–"
		}
		a.printf("%s %s flow: %s", can, f.Flow, shown(string(f.Why), 200))
	}
	for _, note := range t.Notes {
		a.printf("  ! %s", note)
	}
}
