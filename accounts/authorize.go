package accounts

import (
	"context"
	"errors"
	"fmt"

	"fettle/oauthflow/provider"
)

// ClientFromConfig, as AuthorizeRequest.ClientID, names the client that config.toml gives the provider.
const ClientFromConfig = "config"

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

// FlowChoice is one way of authorizing and why it is, or is not, the one to take.
type FlowChoice struct {
	Kind        provider.FlowKind
	Preferred   bool
	Why         string
	Unavailable string // non-empty: why this way cannot be used here
}

// FlowPendingError says that an authorization of that name was started and not finished.
type FlowPendingError struct{ Flow PendingFlow }

func (e *FlowPendingError) Error() string {
	return fmt.Sprintf("an authorization of %q was started at %s: continue it, or start anew with --restart",
		e.Flow.Name, e.Flow.StartedAt.Local().Format("15:04"))
}

// ErrNoPendingFlow says that no authorization of that name or ID waits to be finished.
var ErrNoPendingFlow = errors.New("no authorization is pending")

// FlowChoices lists the ways of authorizing req, the preferred one first, each with its reason.
func (b *Book) FlowChoices(ctx context.Context, req AuthorizeRequest) ([]FlowChoice, error) {
	return nil, errors.ErrUnsupported
}

// StartFlow makes the flow's record and reserves its name. It sends at most one device authorization request.
func (b *Book) StartFlow(ctx context.Context, req AuthorizeRequest) (PendingFlow, error) {
	return PendingFlow{}, errors.ErrUnsupported
}

// PendingFlow finds the unfinished authorization of a name, or fails with ErrNoPendingFlow.
func (b *Book) PendingFlow(ctx context.Context, name string) (PendingFlow, error) {
	return PendingFlow{}, errors.ErrUnsupported
}
