package accounts

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// ClientVerdict is what a provider's answer says about a client registration.
type ClientVerdict string

// The verdicts of a test. Some providers judge the request before the client: then nothing is known.
const (
	ClientProven  ClientVerdict = "proven"  // it answered as to a client that it knows
	ClientRefuted ClientVerdict = "refuted" // it does not take this id with this secret
	ClientUnknown ClientVerdict = "unknown"
)

// ClientTest is what came of testing a client. Nothing is stored and nobody is asked to sign in.
type ClientTest struct {
	Client    ClientInfo
	Verdict   ClientVerdict
	Title     string              // one sentence
	Diagnosis *diagnose.Diagnosis // where it was refuted, or the provider could not be asked
	Flows     []FlowChoice        // in the provider's order; Unavailable says why one cannot be used
	Notes     []string            // what to look out for; never nil
}

// nonsense is a token that no provider ever gave: whoever complains of it has taken the client.
const nonsense = "fettle-tests-the-client-with-this"

// TestKeptClient tests a client of the store, or with ClientFromConfig a provider's in config.toml.
func (b *Book) TestKeptClient(ctx context.Context, providerID, clientID string) (ClientTest, error) {
	p, ok := b.cfg.Catalogue.Get(providerID)
	if !ok {
		return ClientTest{}, unknownProvider(providerID)
	}
	info, err := b.registration(ctx, p, clientID)
	if err != nil {
		return ClientTest{}, err
	}
	client, err := b.openClient(ctx, p, info.storeID())
	if err != nil {
		return ClientTest{}, err
	}
	return b.testClient(ctx, p, info, client), nil
}

// TestNewClient tests a client before it is kept.
func (b *Book) TestNewClient(ctx context.Context, c NewClient) (ClientTest, error) {
	p, ok := b.cfg.Catalogue.Get(c.Provider)
	if !ok {
		return ClientTest{}, unknownProvider(c.Provider)
	}
	record := store.Client{
		Provider: p.ID, Label: cmp.Or(c.Label, p.Name), OAuthID: c.OAuthID, Auth: cmp.Or(c.Auth, impliedAuth(!c.Secret.Empty())),
		Kind: c.Kind, Redirects: c.Redirects, Testing: c.Testing,
	}
	if err := errors.Join(checkClient(record, !c.Secret.Empty()), checkKind(p, c.Kind)); err != nil {
		return ClientTest{}, &ClientError{p.ID, err}
	}
	return b.testClient(ctx, p, storedInfo(record, p), oauthflow.Client{ID: c.OAuthID, Secret: c.Secret, Auth: record.Auth}), nil
}

func (b *Book) testClient(ctx context.Context, p provider.Provider, info ClientInfo, client oauthflow.Client) ClientTest {
	t := ClientTest{Client: info, Notes: ClientNotes(p, info)}
	server, err := oauthflow.Discover(ctx, b.cfg.HTTP, p)
	if err == nil {
		_, err = oauthflow.Refresh(ctx, b.cfg.HTTP, oauthflow.RefreshRequest{
			Provider: p, Server: server, Client: client, Refresh: secret.New(nonsense), Access: secret.New(nonsense), Now: b.cfg.Now,
		})
	}
	t.judge(p, err)
	// No flow could be done with it, so none is tried.
	if t.Verdict == ClientRefuted {
		return t
	}
	for _, kind := range p.Flows {
		t.Flows = append(t.Flows, b.testFlow(ctx, p, server, info, client, kind))
	}
	return t
}

// judge reads the answer to a token that cannot exist.
func (t *ClientTest) judge(p provider.Provider, err error) {
	var said *oauthflow.Error
	if err == nil || !errors.As(err, &said) {
		t.Verdict, t.Title = ClientUnknown, p.Name+" answered in a way that says nothing about the client"
		return
	}
	d := diagnose.Of(err, diagnose.Hints{Provider: p.ID})
	switch {
	// The order matters: an outage goes before its body, and a word about the client before one about the token.
	case said.Status == 0 || said.Transient():
		t.Verdict, t.Title, t.Diagnosis = ClientUnknown, p.Name+" could not be asked: "+d.Title, &d
	case d.Remedy == diagnose.FixClient || said.Code == "invalid_client" || said.Code == "unauthorized_client":
		t.Verdict, t.Title, t.Diagnosis = ClientRefuted, fmt.Sprintf("%s does not take this client: %s", p.Name, d.Title), &d
	case said.Code == codeInvalidGrant || endsGrant(d.Remedy):
		t.Verdict, t.Title = ClientProven, p.Name+" knows the client"
		if t.Client.HasSecret || t.Client.Auth != provider.AuthNone {
			t.Title = p.Name + " takes the id and the secret"
		}
	default:
		t.Verdict, t.Title, t.Diagnosis = ClientUnknown, fmt.Sprintf("%s judged the request before the client (%s)", p.Name, d.Title), &d
	}
}

// testFlow says whether the client can do a flow. A device code can be asked for without anybody's help, and expires
// unused; for the browser flow the kind and its redirects have to do.
func (b *Book) testFlow(ctx context.Context, p provider.Provider, server oauthflow.Server, info ClientInfo, client oauthflow.Client, kind provider.FlowKind) FlowChoice {
	c := FlowChoice{Kind: kind}
	k, known := kindOf(p, info.Kind, info.Auth)
	// Told from the catalogue without asking: Google answers invalid_client then, which sounds like a wrong secret.
	if known && len(k.Flows) > 0 && !slices.Contains(k.Flows, kind) {
		c.Unavailable = fmt.Sprintf("a client of kind %s cannot do it", k.Name)
		return c
	}
	if kind != provider.Device {
		c.Why = "a person has to try it"
		return c
	}
	_, err := oauthflow.StartDevice(ctx, b.cfg.HTTP, oauthflow.Request{
		Provider: info.atProvider(p), Server: server, Client: client, Scopes: deviceScopes(p), Now: b.cfg.Now,
	})
	if err != nil {
		c.Unavailable = diagnose.Of(err, diagnose.Hints{Provider: p.ID}).Title
		return c
	}
	c.Why = p.Name + " gave a device code"
	return c
}

// deviceScopes are harmless ones to ask a device code for: who signs in, or else what the first service needs.
func deviceScopes(p provider.Provider) []string {
	if len(p.IdentityScopes) > 0 {
		return p.IdentityScopes
	}
	for _, s := range p.ServiceList() {
		if p.Supports(provider.Device, s.Scopes) == nil {
			return s.Scopes
		}
	}
	return nil
}
