package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// AuthorizeRequest says what to authorize. For a Name that exists it is a re-authorization, and what is
// left empty stays as it is.
type AuthorizeRequest struct {
	Name     string
	Provider string
	Services []string
	ClientID string            // a client of the store, ClientFromConfig, or "" for the only one there is
	Kind     provider.FlowKind // "" = the preferred one
	OverSSH  bool              // no browser on this machine

	SwitchIdentity bool // another person than before may sign in
}

// FlowPendingError says that an authorization of that name was started and not finished.
type FlowPendingError struct{ Flow PendingFlow }

func (e *FlowPendingError) Error() string {
	return fmt.Sprintf("an authorization of %q was started at %s: continue it, or start anew with --restart",
		e.Flow.Name, e.Flow.StartedAt.UTC().Format(timeLayout))
}

// FlowUnavailableError says why the flow that was asked for cannot be used here.
type FlowUnavailableError struct {
	Kind provider.FlowKind
	Why  string
}

func (e *FlowUnavailableError) Error() string {
	return fmt.Sprintf("the %s flow cannot be used: %s", e.Kind, e.Why)
}

// ErrNoPendingFlow says that no authorization of that name or ID waits to be finished.
var ErrNoPendingFlow = errors.New("no authorization is pending")

// authorization is a request with everything that it refers to, before anything is sent.
type authorization struct {
	AuthorizeRequest
	provider provider.Provider
	client   ClientInfo
	scopes   []string       // to ask for
	required []string       // to compare with what is granted
	account  *store.Account // nil: a new one
	model    *store.Account // whom a new dedicated account is made after
}

// StartFlow makes the flow's record and reserves its name. It sends at most one device authorization request.
func (b *Book) StartFlow(ctx context.Context, req AuthorizeRequest) (PendingFlow, error) {
	// First, because an expired flow still reserves its name.
	if err := b.Tidy(ctx); err != nil {
		return PendingFlow{}, err
	}
	plan, err := b.planAuthorization(ctx, req)
	if err != nil {
		return PendingFlow{}, err
	}
	if err := b.nameIsFree(ctx, plan); err != nil {
		return PendingFlow{}, err
	}
	if plan.Kind, err = plan.chooseKind(); err != nil {
		return PendingFlow{}, err
	}
	// Nothing is asked of the provider that could not be kept.
	if _, err := b.cfg.Vault.Seal(tableFlows, plan.Name, 0, nil); err != nil {
		return PendingFlow{}, err
	}
	client, err := b.openClient(ctx, plan.provider, plan.client.storeID())
	if err != nil {
		return PendingFlow{}, err
	}
	flow, err := b.beginFlow(ctx, plan, client)
	if err != nil {
		return PendingFlow{}, err
	}
	record, err := b.flowRecord(plan, flow)
	if err != nil {
		return PendingFlow{}, err
	}
	return b.keepFlow(ctx, plan, record)
}

// planAuthorization fills a request from the account that it re-authorizes and looks up what it names.
func (b *Book) planAuthorization(ctx context.Context, req AuthorizeRequest) (authorization, error) {
	if err := CheckAccountName(req.Name); err != nil {
		return authorization{}, err
	}
	plan := authorization{AuthorizeRequest: req}
	err := b.cfg.Store.View(ctx, func(r store.Reader) error {
		a, err := r.AccountByName(req.Name)
		switch {
		case isNotFound(err):
			return plan.fillFromModel(r)
		case err != nil:
			return err
		}
		plan.account = &a
		return nil
	})
	if err != nil {
		return plan, err
	}
	if err := plan.fillFromAccount(); err != nil {
		return plan, err
	}
	p, ok := b.cfg.Catalogue.Get(plan.Provider)
	if !ok {
		return plan, unknownProvider(plan.Provider)
	}
	if len(plan.Services) == 0 {
		return plan, fmt.Errorf("account %q: name at least one service of %s", plan.Name, p.Name)
	}
	plan.provider = p
	// Two lists: asked for is also who signs in and what makes the grant last; required is only what a job would miss.
	if plan.scopes, err = p.RequestScopes(plan.Services); err != nil {
		return plan, err
	}
	if plan.required, err = p.RequiredScopes(plan.Services); err != nil {
		return plan, err
	}
	plan.client, err = b.registration(ctx, p, plan.ClientID)
	return plan, err
}

// fillFromAccount completes a re-authorization: what the request leaves open stays as it is.
func (plan *authorization) fillFromAccount() error {
	a := plan.account
	if a == nil {
		return nil
	}
	if a.ToRevoke {
		return &RemovedError{Account: a.Name}
	}
	if plan.Provider != "" && plan.Provider != a.Provider {
		return fmt.Errorf("account %q belongs to provider %q: choose another name for one at %q", a.Name, a.Provider, plan.Provider)
	}
	plan.takeFrom(*a)
	return nil
}

// takeFrom fills what the request leaves open.
func (plan *authorization) takeFrom(a store.Account) {
	plan.Provider = a.Provider
	if len(plan.Services) == 0 {
		plan.Services = slices.Clone(a.Services)
	}
	if plan.ClientID == "" {
		plan.ClientID = a.ClientID
		if a.ClientID == "" {
			plan.ClientID = ClientFromConfig
		}
	}
}

func (plan authorization) chooseKind() (provider.FlowKind, error) {
	choices := plan.choices()
	for _, c := range choices {
		// The kind that was asked for or else the preferred one.
		if c.Kind != plan.Kind && plan.Kind != "" || plan.Kind == "" && !c.Preferred {
			continue
		}
		if c.Unavailable != "" {
			return "", &FlowUnavailableError{Kind: c.Kind, Why: c.Unavailable}
		}
		return c.Kind, nil
	}
	if plan.Kind == "" && len(choices) > 0 {
		return "", &FlowUnavailableError{Kind: choices[0].Kind, Why: choices[0].Unavailable}
	}
	return "", &FlowUnavailableError{Kind: plan.Kind, Why: "use device or browser"}
}

// beginFlow resolves the server and starts the protocol's part.
func (b *Book) beginFlow(ctx context.Context, plan authorization, client oauthflow.Client) (*oauthflow.Flow, error) {
	if plan.account != nil {
		// Only where the secrets go is compared: another client id is what a re-authorization may bring.
		if drift := driftOf(*plan.account, plan.provider, ""); len(drift) > 0 {
			return nil, &BlockedError{Account: plan.Name, Provider: plan.Provider, Drift: drift}
		}
	}
	server, err := oauthflow.Discover(ctx, b.cfg.HTTP, plan.provider)
	if err != nil {
		return nil, err
	}
	req := oauthflow.Request{
		Provider: plan.client.atProvider(plan.provider), Server: server, Client: client, Scopes: plan.scopes,
		// Without the consent page a provider may leave out the refresh token, or the boxes to tick.
		Consent: true, Now: b.cfg.Now,
	}
	// The hint saves picking among several signed-in people, which is how the wrong account gets authorized.
	if plan.account != nil && !plan.SwitchIdentity {
		req.LoginHint = plan.account.Identity.Email
	}
	if plan.model != nil {
		req.LoginHint = plan.model.Identity.Email
	}
	if plan.Kind == provider.Device {
		return oauthflow.StartDevice(ctx, b.cfg.HTTP, req)
	}
	flow, listener, err := oauthflow.StartBrowser(ctx, req)
	if err != nil {
		return nil, err
	}
	if listener != nil {
		// Nobody has the address yet; whoever drives the flow binds the same port again.
		if err := listener.Close(); err != nil {
			return nil, fmt.Errorf("account %q: free the port of the callback: %w", plan.Name, err)
		}
	}
	return flow, nil
}

// flowState is the public half of a flow's record.
type flowState struct {
	Flow           oauthflow.Flow `json:"flow"`
	SwitchIdentity bool           `json:"switch_identity,omitempty"`
	Required       []string       `json:"required"`
}

func (b *Book) flowRecord(plan authorization, flow *oauthflow.Flow) (store.Flow, error) {
	public, err := json.Marshal(flowState{Flow: *flow, SwitchIdentity: plan.SwitchIdentity, Required: plan.required})
	if err != nil {
		return store.Flow{}, fmt.Errorf("account %q: keep the authorization: %w", plan.Name, err)
	}
	// State, verifier and device code: whoever had them could finish the sign-in elsewhere.
	plain, err := flow.MarshalSealed()
	if err != nil {
		return store.Flow{}, fmt.Errorf("account %q: keep the authorization: %w", plan.Name, err)
	}
	defer clear(plain)
	blob, err := b.cfg.Vault.Seal(tableFlows, flow.ID, 1, plain)
	if err != nil {
		return store.Flow{}, err
	}
	record := store.Flow{
		ID: flow.ID, Name: plan.Name, Provider: plan.Provider, ClientID: plan.client.storeID(),
		Services: plan.Services, Kind: plan.Kind, Public: public, Blob: blob,
		StartedAt: flow.StartedAt, ExpiresAt: flow.ExpiresAt,
	}
	if plan.account != nil {
		record.AccountID = plan.account.ID
	}
	return record, nil
}

// tableFlows seals the secrets of flows.
const tableFlows = "flows"

// keepFlow stores the record; of two that start at once, one gets the name.
func (b *Book) keepFlow(ctx context.Context, plan authorization, record store.Flow) (PendingFlow, error) {
	err := b.cfg.Store.Update(ctx, func(w store.Writer) error {
		if err := w.PutFlow(&record); err != nil {
			return err
		}
		return w.AddEvent(b.flowEvent(record, "authorize started", true, fmt.Sprintf("%s flow", record.Kind)))
	})
	// The one that lost the race is told whose flow it is, not just that the name is taken.
	var taken *store.NameTakenError
	if errors.As(err, &taken) {
		if err := b.nameIsFree(ctx, plan); err != nil {
			return PendingFlow{}, err
		}
	}
	if err != nil {
		return PendingFlow{}, err
	}
	return b.pendingFlow(record), nil
}

// nameIsFree fails if a flow has reserved the plan's name.
func (b *Book) nameIsFree(ctx context.Context, plan authorization) error {
	flow, err := b.PendingFlow(ctx, plan.Name)
	switch {
	case errors.Is(err, ErrNoPendingFlow):
		return nil
	case err != nil:
		return err
	}
	return &FlowPendingError{Flow: flow}
}
