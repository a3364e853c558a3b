package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"fettle/internal/config"
	"fettle/internal/safetext"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// wireProviderCheck is one line of a check; essential: nobody can sign in without it.
type wireProviderCheck struct {
	ID        string `json:"id"`
	What      string `json:"what"`
	State     string `json:"state"`
	Address   word   `json:"address"`
	Detail    word   `json:"detail"`
	Essential bool   `json:"essential"`
}

func (a *app) providerCheck() *cobra.Command {
	var clientID string
	cmd := &cobra.Command{
		Use:   "check PROVIDER",
		Short: "Ask a provider everything that can be asked without signing in",
		Long: "check asks for the metadata and looks at issuer, PKCE, each endpoint, the clocks, and for which services the device flow gives out codes. " +
			"Nothing is stored, no secret is sent, and device codes are thrown away. Of the client its ID alone is sent: the one in config.toml, the one that was added, or --client. " +
			"The exit code is 1 if nobody could sign in, and 3 if something else failed.",
		Args:              takes("PROVIDER"),
		ValidArgsFunction: a.completeProviders,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			ctx, stop := a.untilSignal()
			defer stop()
			p, err := a.provider(args[0])
			if err != nil {
				return err
			}
			if clientID == "" {
				if clientID, err = a.clientFor(p); err != nil {
					return err
				}
			}
			return a.checkProvider(ctx, p, clientID)
		}),
	}
	cmd.Flags().StringVar(&clientID, "client", "", "the client ID to ask for device codes with")
	return cmd
}

// clientFor finds the ID of a client to ask with. A book is only opened where there is one: a check makes none.
func (a *app) clientFor(p provider.Provider) (id string, err error) {
	if p.Client.ID != "" {
		return p.Client.ID, nil
	}
	paths, err := config.Where(a.configFile, a.dataDir)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(paths.Data, "fettle.db")); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	err = a.within(func(ctx context.Context, h *house) error {
		clients, err := h.book.Clients(ctx)
		for _, c := range clients {
			if c.Provider == p.ID && id == "" {
				id = c.OAuthID
			}
		}
		return err
	})
	return id, err
}

var checkSigns = map[oauthflow.CheckState]string{oauthflow.CheckOK: "✓", oauthflow.CheckFailed: "✗", oauthflow.CheckSkipped: "–"}

// checkProvider shows each line as it comes, and says at the end by the exit code what they add up to.
func (a *app) checkProvider(ctx context.Context, p provider.Provider, clientID string) error {
	show := func(c oauthflow.ProviderCheck) {
		if a.json {
			return
		}
		line := checkSigns[c.State] + " " + safetext.Line(c.What)
		if c.Address != "" {
			line += ": " + safetext.Cut(c.Address, 200)
		}
		if c.Detail != "" {
			line += " — " + safetext.Line(c.Detail)
		}
		a.printf("%s", line)
	}
	server, checks := oauthflow.CheckProvider(ctx, oauthflow.NewHTTPClient(oauthflow.HTTPOptions{}), p, clientID, show)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	outcome := error(nil)
	wire := []wireProviderCheck{}
	for _, c := range checks {
		wire = append(wire, wireProviderCheck{c.ID, safetext.Line(c.What), string(c.State), word(safetext.Line(c.Address)), word(safetext.Line(c.Detail)), c.Essential})
		switch {
		// Skipped is not failed: much cannot be told without signing in.
		case c.State != oauthflow.CheckFailed:
		case c.Essential:
			outcome = failedAlready
		case outcome == nil:
			outcome = attention
		}
	}
	if !a.json {
		return outcome
	}
	if err := a.emit(struct {
		Format    string              `json:"format"`
		ID        string              `json:"id"`
		Issuer    word                `json:"issuer"`
		Client    word                `json:"client"`
		Endpoints provider.Endpoints  `json:"endpoints"`
		Checks    []wireProviderCheck `json:"checks"`
	}{"fettle.provider_check/1", p.ID, word(server.Issuer), word(safetext.Line(clientID)), server.Endpoints, wire}); err != nil {
		return err
	}
	return outcome
}
