package cli

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// authorizing is what `fettle authorize` was asked.
type authorizing struct {
	name, provider, flow, client string
	services                     []string
	restart, abandon             bool
	switchIdentity               bool
	noBrowser                    bool
}

func (a *app) authorizeCommand() *cobra.Command {
	var r authorizing
	cmd := &cobra.Command{
		Use:   "authorize --name NAME [--provider PROVIDER --service SERVICE…]",
		Short: "Authorize an account, or authorize it again",
		Long: "authorize asks a person for a grant, waits for it, checks it and keeps it. If the account exists it is authorized again, and whatever is " +
			"left out stays as it is. Interrupted, it goes on when it is called again.\n\nThe address that a browser ends on, or the code the provider " +
			"shows, can be typed or come on stdin; the end of stdin does not end the wait.",
		Example: "fettle authorize --provider google --service analytics --name sales-ga\nfettle authorize --name sales-ga",
		Args:    takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			if r.name == "" {
				return usage("--name is missing: the reference name of the account")
			}
			if err := accounts.CheckAccountName(r.name); err != nil {
				return usage("%s", oneLine(err))
			}
			return a.within(func(ctx context.Context, h *house) error { return h.authorize(ctx, r) })
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&r.name, "name", "", "the reference name that jobs will use")
	flags.StringVar(&r.provider, "provider", "", "the provider; `fettle provider list` shows them")
	flags.StringSliceVar(&r.services, "service", nil, "a service of the provider; repeatable")
	flags.StringVar(&r.flow, "flow", "", "device or browser; the one that fits best if left out")
	flags.StringVar(&r.client, "client", "", "label or ID of the client, where a provider has several")
	flags.BoolVar(&r.restart, "restart", false, "drop an authorization of that name that was begun, and start anew")
	flags.BoolVar(&r.abandon, "abandon", false, "drop an authorization of that name that was begun, and end")
	flags.BoolVar(&r.switchIdentity, "switch-identity", false, "let another person than before sign in")
	flags.BoolVar(&r.noBrowser, "no-browser", false, "do not open a browser, even where one is")
	complete(cmd, "name", a.completeAccounts)
	complete(cmd, "provider", a.completeProviders)
	complete(cmd, "service", a.completeServices)
	complete(cmd, "flow", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"device", "browser"}, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// authorize finds or starts the flow and drives it to its end.
func (h *house) authorize(ctx context.Context, r authorizing) error {
	if r.abandon {
		return h.abandon(ctx, r.name)
	}
	request, err := h.request(ctx, r)
	if err != nil {
		return err
	}
	// Only now: a typing mistake must not cost a passphrase.
	if err := h.unlock(ctx); err != nil {
		return err
	}
	flow, err := h.flow(ctx, r, request)
	if err != nil {
		return err
	}
	at, _ := h.catalogue.Get(flow.Provider) // one that is gone from config.toml has no name
	p := &prompter{app: h.app, provider: cmp.Or(at.Name, flow.Provider), browser: !r.noBrowser}
	// The reader of stdin outlives a flow that ends by its poll or its listener; closing this gives the terminal back.
	ending := make(chan struct{})
	defer close(ending)
	result, err := h.book.DriveFlow(ctx, flow.FlowID, accounts.FlowIO{Pasted: h.app.pasted(ctx, ending), Report: p.report})
	switch {
	// A signal pauses: the flow stays recorded, and whoever comes next goes on with it.
	case err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return &failure{Code: "paused", Message: "the authorization of " + r.name + " is paused", Remedy: reauthorize(r.name) + " continues it", Account: r.name, exit: exitFailed}
	case err != nil:
		// The event that ended the flow has said it; a second object would be one too many for a script.
		h.app.told = p.ended && h.app.json
		return err
	}
	return h.afterFlow(ctx, result)
}

// request checks what can be checked before the vault is opened.
func (h *house) request(ctx context.Context, r authorizing) (accounts.AuthorizeRequest, error) {
	request := accounts.AuthorizeRequest{
		Name: r.name, Provider: r.provider, Services: r.services, Kind: provider.FlowKind(r.flow),
		OverSSH: overSSH(), SwitchIdentity: r.switchIdentity,
	}
	if r.flow != "" && r.flow != string(provider.Device) && r.flow != string(provider.Browser) {
		return request, usage("--flow is device or browser")
	}
	known, err := h.book.Account(ctx, r.name)
	var unknown *accounts.UnknownAccountError
	if err != nil && !errors.As(err, &unknown) {
		return request, err
	}
	if err == nil && request.Provider == "" {
		request.Provider = known.Provider
	}
	if base, _, ok := accounts.SplitDedicated(r.name); ok && request.Provider == "" { // it is authorized as NAME is
		model, err := h.book.Account(ctx, base)
		if err != nil {
			return request, err
		}
		request.Provider = model.Provider
	}
	if request.Provider == "" {
		// A sign-in that was begun knows its provider.
		if _, pending := h.book.PendingFlow(ctx, r.name); pending == nil {
			return request, nil
		}
		f := usage("there is no account %q yet: --provider and --service say what to authorize", r.name)
		f.Remedy = "`fettle provider list` shows them"
		if unknown != nil && len(unknown.Nearest) > 0 {
			f.Remedy = "did you mean " + strings.Join(unknown.Nearest, ", ") + "? " + f.Remedy
		}
		return request, f
	}
	p, ok := h.catalogue.Get(request.Provider)
	if !ok {
		return request, h.app.unknownProvider(h.catalogue, request.Provider)
	}
	for _, s := range r.services {
		if _, ok := p.Services[s]; !ok {
			return request, unknownName("service", s, accounts.Nearest(s, serviceIDs(p)), p.Name+" has: "+strings.Join(serviceIDs(p), ", "))
		}
	}
	if r.client != "" {
		client, err := h.client(ctx, request.Provider, r.client)
		if err != nil {
			return request, err
		}
		request.ClientID = client.ID
	}
	return request, nil
}

// serviceIDs are a provider's services in the order of the catalogue.
func serviceIDs(p provider.Provider) []string {
	var ids []string
	for _, s := range p.ServiceList() {
		ids = append(ids, s.ID)
	}
	return ids
}

// flow returns the one that waits to be continued, or starts one.
func (h *house) flow(ctx context.Context, r authorizing, request accounts.AuthorizeRequest) (accounts.PendingFlow, error) {
	pending, err := h.book.PendingFlow(ctx, r.name)
	switch {
	case errors.Is(err, accounts.ErrNoPendingFlow):
		return h.book.StartFlow(ctx, request)
	case err != nil:
		return pending, err
	case r.restart:
		if err := h.book.AbandonFlow(ctx, pending.FlowID); err != nil {
			return pending, err
		}
		return h.book.StartFlow(ctx, request)
	// Going on with another provider or flow than was asked for now would surprise: the person says which is meant.
	case r.provider != "" && r.provider != pending.Provider, r.flow != "" && r.flow != string(pending.Kind):
		return pending, &accounts.FlowPendingError{Flow: pending}
	}
	h.app.progress("Continuing the authorization of %s that was started at %s.", pending.Name, moment(pending.StartedAt))
	return pending, nil
}

// abandon drops a sign-in that was begun. What was granted meanwhile at the provider stays unused there.
func (h *house) abandon(ctx context.Context, name string) error {
	pending, err := h.book.PendingFlow(ctx, name)
	if err != nil {
		return err
	}
	if err := h.book.AbandonFlow(ctx, pending.FlowID); err != nil {
		return err
	}
	if h.app.json {
		return h.app.emit(struct {
			Format string `json:"format"`
			Name   string `json:"name"`
		}{"fettle.abandoned/1", name})
	}
	stays := "the name is free again"
	if _, err := h.book.Account(ctx, name); err == nil {
		stays = "its present credential stays"
	}
	h.app.printf("The authorization of %s was dropped; %s.", name, stays)
	return nil
}

// afterFlow turns a result into the exit code, and says what comes next.
func (h *house) afterFlow(ctx context.Context, result accounts.FlowResult) error {
	a := h.app
	switch result.End {
	case accounts.EndFailed:
		a.told = true
		return failedAlready
	case accounts.EndWaitingDecision:
		a.progress("The present credential of %s stays in use. Decide: fettle decide %s keep|use-new|switch|repeat", result.Name, result.Name)
		return attention
	case accounts.EndPartial:
		return attention
	case accounts.EndAuthorized:
	}
	if stale := h.staleFiles(ctx, result.AccountID); stale > 0 {
		a.progress("%s now behind: fettle pwfile generate --account %s", plural(stale, "password file is", "password files are"), result.Name)
	}
	return nil
}

// staleFiles counts the password files that carry a former credential of the account.
func (h *house) staleFiles(ctx context.Context, accountID string) int {
	radius, err := h.files.BlastRadius(ctx, accountID)
	if err != nil {
		return 0 // a hint only
	}
	return radius.StaleFiles
}
