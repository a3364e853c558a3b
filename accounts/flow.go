package accounts

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strconv"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// ErrFlowDriven says that another process drives the flow; it can be watched, not taken over.
var ErrFlowDriven = errors.New("another process is already driving this authorization")

// ErrFlowExpired says that nobody authorized in time; the name is free again.
var ErrFlowExpired = errors.New("the authorization expired before anybody completed it: start it again")

// ErrFlowFormer says that the flow was started by a fettle that kept its address, and the state in it, unsealed.
var ErrFlowFormer = errors.New("was started by a former fettle and cannot go on: start it again")

// FlowFailedError says why an authorization came to nothing.
type FlowFailedError struct {
	Name      string
	Diagnosis diagnose.Diagnosis
	Resumable bool // the flow is kept: what failed may pass
	Err       error
}

func (e *FlowFailedError) Error() string {
	return fmt.Sprintf("authorizing %q failed: %s", e.Name, e.Diagnosis.Title)
}

// Unwrap returns the provider's or the network's error.
func (e *FlowFailedError) Unwrap() error { return e.Err }

// driver is one process's work on one flow, under the flow's lock.
type driver struct {
	book     *Book
	record   store.Flow
	state    flowState
	provider provider.Provider
	client   oauthflow.Client
	report   func(FlowEvent)
}

// DriveFlow waits for the person, stores the grant, checks it and promotes it. The end of ctx pauses the
// flow and loses nothing; calling again, in any process, continues it.
func (b *Book) DriveFlow(ctx context.Context, flowID string, io FlowIO) (FlowResult, error) {
	unlock, err := b.lockFlow(ctx, flowID)
	if err != nil {
		return FlowResult{}, err
	}
	defer unlock()
	d, err := b.resumeFlow(ctx, flowID, io)
	if err != nil {
		return FlowResult{}, err
	}
	// Asked once before the wait, so that no prompt is shown for a code that is dead.
	if expired(d.record.ExpiresAt, b.now()) {
		return d.fail(ctx, oauthflow.ErrExpired)
	}
	if d.record.Kind == provider.Browser && d.state.Flow.AuthorizationURL == "" {
		return d.endFormer(ctx)
	}
	token, err := d.wait(ctx, io.Pasted)
	if err != nil {
		return d.fail(ctx, err)
	}
	account, err := d.keep(ctx, token)
	if err != nil {
		return FlowResult{Name: d.record.Name, End: EndFailed}, err
	}
	d.logged(nil)
	result, err := b.examineCandidate(ctx, account.ID, func(c Check) {
		d.report(FlowEvent{Kind: FlowChecking, Check: &c})
	})
	if err != nil {
		return result, err
	}
	d.report(result.event())
	return result, nil
}

// resumeFlow reads a flow and everything it refers to. Secrets follow no config blindly: if the catalogue
// now points elsewhere than when the flow began, nothing is sent.
func (b *Book) resumeFlow(ctx context.Context, flowID string, io FlowIO) (*driver, error) {
	d := &driver{book: b, report: io.Report}
	if d.report == nil {
		d.report = func(FlowEvent) {}
	}
	err := b.cfg.Store.View(ctx, func(r store.Reader) (err error) {
		d.record, err = r.Flow(flowID)
		return err
	})
	if isNotFound(err) {
		return nil, fmt.Errorf("flow %s: %w", flowID, ErrNoPendingFlow)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(d.record.Public, &d.state); err != nil {
		return nil, fmt.Errorf("authorization of %q: the stored flow cannot be read: %w", d.record.Name, err)
	}
	flow := &d.state.Flow
	p, ok := b.cfg.Catalogue.Get(d.record.Provider)
	if !ok {
		return nil, &BlockedError{Account: d.record.Name, Provider: d.record.Provider}
	}
	d.provider = p
	if d.client, err = b.openClient(ctx, p, d.record.ClientID); err != nil {
		return nil, err
	}
	begun := store.Account{Server: flow.Server, OAuthClientID: flow.ClientID}
	if drift := driftOf(begun, p, d.client.ID); len(drift) > 0 {
		return nil, &BlockedError{Account: d.record.Name, Provider: d.record.Provider, Drift: drift}
	}
	plain, err := b.cfg.Vault.Open(tableFlows, flowID, 1, d.record.Blob)
	if err != nil {
		return nil, err
	}
	defer clear(plain)
	return d, flow.UnmarshalSealed(plain)
}

// wait shows the prompt and waits for the person, on the same port as before or, if that is taken, by paste only.
func (d *driver) wait(ctx context.Context, pasted <-chan string) (*oauthflow.Token, error) {
	var listener *oauthflow.Listener
	if d.record.Kind == provider.Browser {
		if l, err := oauthflow.Listen(&d.state.Flow); err == nil {
			listener = l // otherwise the port is taken, or the redirect is not ours: paste only
		}
	}
	pasteOnly := d.record.Kind == provider.Browser && listener == nil
	d.report(FlowEvent{Kind: FlowPrompt, Prompt: d.prompt(listener != nil), PasteOnly: pasteOnly})
	return oauthflow.Wait(ctx, &d.state.Flow, oauthflow.WaitOptions{
		HTTP: d.book.cfg.HTTP, Client: d.client, Provider: d.provider, Listener: listener, Pasted: pasted,
		Now: d.book.cfg.Now,
		Report: func(e oauthflow.Event) {
			if e.Kind == oauthflow.SlowedDown {
				d.keepInterval(ctx)
			}
			if event, ok := flowEventOf(e, d.provider.ID); ok {
				event.PasteOnly = pasteOnly
				d.report(event)
			}
		},
	})
}

// prompt is what the person has to see.
func (d *driver) prompt(listening bool) *Prompt {
	f := d.state.Flow
	p := &Prompt{
		Flow: d.book.pendingFlow(d.record), VerificationURI: f.VerificationURI, VerificationURIComplete: f.VerificationURIComplete,
		UserCode: f.UserCode, ForeignHost: f.ForeignHost, AuthorizationURL: f.AuthorizationURL, RedirectURI: f.RedirectURI, ExpiresAt: f.ExpiresAt,
	}
	p.Flow.Driven = true
	if listening {
		p.ListenPort = portOf(f.RedirectURI)
	}
	return p
}

func portOf(redirect string) int {
	u, err := url.Parse(redirect)
	if err != nil {
		return 0
	}
	_, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		return 0
	}
	return n
}

// keepInterval makes a provider's "slow down" outlast this process. A store that cannot be written now
// costs no more than one more such answer, so its error is let go.
func (d *driver) keepInterval(ctx context.Context) {
	public, err := json.Marshal(d.state)
	if err != nil {
		return
	}
	d.record.Public = public
	_ = d.book.cfg.Store.Update(ctx, func(w store.Writer) error { return w.PutFlow(&d.record) })
}

// endFormer drops a sign-in whose address was not sealed: whoever read it there could have it end in another account.
func (d *driver) endFormer(ctx context.Context) (FlowResult, error) {
	result := FlowResult{Name: d.record.Name, AccountID: d.record.AccountID, End: EndFailed, Reauthorized: d.record.AccountID != ""}
	const why = "it was started by a former fettle"
	if err := d.book.endFlow(ctx, d.record, "authorize expired", why); err != nil {
		return result, err
	}
	d.report(FlowEvent{Kind: FlowExpired, Reason: why, Hint: "start it again"})
	return result, fmt.Errorf("the authorization of %q %w", d.record.Name, ErrFlowFormer)
}

// fail ends the flow where its end is final, and keeps it where the reason may pass.
func (d *driver) fail(ctx context.Context, err error) (FlowResult, error) {
	result := FlowResult{Name: d.record.Name, AccountID: d.record.AccountID, End: EndFailed, Reauthorized: d.record.AccountID != ""}
	if ctx.Err() != nil && !final(err) && !errors.Is(err, oauthflow.ErrExpired) {
		return result, fmt.Errorf("authorizing %q is paused: %w", d.record.Name, ctx.Err())
	}
	// From here on the end of the flow is written down, even if whoever drove it has gone.
	ctx = context.WithoutCancel(ctx)
	if errors.Is(err, oauthflow.ErrExpired) {
		if err := d.book.endFlow(ctx, d.record, "authorize expired", "nobody signed in in time"); err != nil {
			return result, err
		}
		d.report(FlowEvent{Kind: FlowExpired, Reason: "nobody signed in in time", Hint: "start it again"})
		return result, fmt.Errorf("account %q: %w", d.record.Name, ErrFlowExpired)
	}
	diagnosis := diagnose.Of(err, diagnose.Hints{Provider: d.provider.ID})
	d.logged(err)
	failed := &FlowFailedError{Name: d.record.Name, Diagnosis: diagnosis, Err: err, Resumable: !final(err)}
	if !failed.Resumable {
		if err := d.book.endFlow(ctx, d.record, "authorize failed", diagnosis.Title); err != nil {
			return result, err
		}
	}
	result.Why = diagnosis.Title
	d.report(FlowEvent{Kind: FlowFailed, Reason: diagnosis.Title, Hint: diagnosis.Explanation, Diagnosis: &diagnosis})
	return result, failed
}

// logged notes in the operations log what came of the flow at the provider.
func (d *driver) logged(err error) {
	a := store.Account{Name: d.record.Name, Provider: d.record.Provider}
	d.book.logged(d.book.outcomeOf(a, store.ObservedRefresh, "authorize."+string(d.record.Kind), err))
}

// final tells a provider's refusal from an outage and from trouble on this machine.
func final(err error) bool {
	var refused *oauthflow.Error
	if errors.Is(err, oauthflow.ErrDenied) {
		return true
	}
	return errors.As(err, &refused) && !refused.Transient() && (refused.Status != 0 || refused.Code != "")
}
