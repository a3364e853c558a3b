package oauthflow

import (
	"context"
	"crypto/rand"
	"errors"
	"math/big"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// browserTTL is how long a browser sign-in is waited for. Codes live minutes, but an operator may first
// have to forward the address to whoever owns the account.
const browserTTL = time.Hour

// StartBrowser binds the loopback port and fixes the exact redirect. A nil Listener without an error means
// paste only: the redirect is a page of its own, or its port is taken. The caller closes the Listener if it
// does not hand it to Wait.
func StartBrowser(_ context.Context, r Request) (*Flow, *Listener, error) {
	f, err := r.newFlow(provider.Browser, clockOr(r.Now)())
	if err != nil {
		return nil, nil, err
	}
	if f.Server.Authorization == "" {
		return nil, nil, &Error{Place: PlaceAuthorize, Provider: r.Provider.ID, Code: "unsupported_response_type", Description: "the provider has no authorization endpoint"}
	}
	redirect, listener, err := chooseRedirect(r.Provider.Redirects)
	if err != nil {
		return nil, nil, err
	}
	f.RedirectURI = redirect
	f.ExpiresAt = f.StartedAt.Add(browserTTL)
	// The state is what ties an answer to this flow; it is compared in constant time and used once.
	f.Secrets.State = secret.New(randomText())
	if r.Provider.UsesPKCE() {
		f.Secrets.Verifier = secret.New(oauth2.GenerateVerifier())
	}
	f.AuthorizationURL = r.authorizationURL(f)
	return f, listener, nil
}

// authorizationURL puts what protects the flow last, so that nothing from the catalogue can replace it.
func (r Request) authorizationURL(f *Flow) string {
	var opts []oauth2.AuthCodeOption
	set := func(m map[string]string) {
		for k, v := range m {
			opts = append(opts, oauth2.SetAuthURLParam(k, v))
		}
	}
	set(r.Provider.AuthorizeParams)
	if r.Consent {
		set(r.Provider.ConsentParams)
	}
	if r.LoginHint != "" {
		opts = append(opts, oauth2.SetAuthURLParam(r.Provider.LoginHint, r.LoginHint))
	}
	if len(f.Scopes) > 0 {
		opts = append(opts, oauth2.SetAuthURLParam("scope", strings.Join(f.Scopes, r.Provider.ScopeSeparator)))
	}
	if !f.Secrets.Verifier.Empty() {
		opts = append(opts, oauth2.S256ChallengeOption(f.Secrets.Verifier.Reveal()))
	}
	return config(f.Server, r.Client, f.RedirectURI, nil).AuthCodeURL(f.Secrets.State.Reveal(), opts...)
}

// chooseRedirect takes the first redirect that can be listened on or needs no listener. If every loopback port
// is taken, the first one is used all the same: the page that fails to load still shows what to paste.
func chooseRedirect(candidates []string) (string, *Listener, error) {
	dead := ""
	for _, raw := range candidates {
		u, err := url.Parse(raw)
		if err != nil {
			continue
		}
		if !isLoopback(u) {
			return raw, nil, nil
		}
		l, err := listenOn(u)
		if err == nil {
			return l.redirect.String(), l, nil
		}
		if dead == "" {
			dead = deadRedirect(u)
		}
	}
	if dead == "" {
		return "", nil, errors.New("no redirect is set for this provider; add redirects to its entry in config.toml")
	}
	return dead, nil, nil
}

// deadRedirect gives a redirect that nobody listens on a port, since a URI must have one.
func deadRedirect(u *url.URL) string {
	r := *u
	if u.Port() == "0" {
		n, _ := rand.Int(rand.Reader, big.NewInt(16000)) // never fails
		r.Host = net.JoinHostPort(u.Hostname(), strconv.FormatInt(49152+n.Int64(), 10))
	}
	return r.String()
}

// waitBrowser races the callback against the paste box; the first good answer wins, wrong ones are reported.
func waitBrowser(ctx context.Context, f *Flow, o WaitOptions) (*Token, error) {
	good, bad := make(chan delivery, 1), make(chan delivery, 16)
	if o.Listener != nil {
		o.Listener.serve(f, good, bad)
	}
	end := time.NewTimer(f.ExpiresAt.Sub(o.Now()))
	defer end.Stop()
	pasted := o.Pasted
	for {
		var d delivery
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-end.C:
			return nil, expired(PlaceAuthorize, o.Provider.ID)
		case d = <-bad:
		case d = <-good:
		case text, open := <-pasted:
			// A closed channel is always ready: left in the select, it would spin.
			if !open {
				pasted = nil
				continue
			}
			d.pasted = true
			d.code, d.err = ParsePaste(f, text)
		}
		t, err := o.settle(ctx, f, d)
		if t != nil || err != nil {
			return t, err
		}
	}
}

// settle acts on one delivery; neither token nor error means that the wait goes on.
func (o WaitOptions) settle(ctx context.Context, f *Flow, d delivery) (*Token, error) {
	var wrong *PasteError
	if errors.As(d.err, &wrong) {
		o.report(Event{Kind: Rejected, Reason: wrong.Mistake, Hint: wrong.Hint})
		return nil, nil
	}
	if d.err != nil {
		return nil, d.err
	}
	o.report(Event{Kind: Received})
	if o.Listener != nil && !d.pasted {
		o.Listener.shut() // the answer is here: nobody else's business
	}
	t, err := o.exchange(ctx, f, d.code)
	if err == nil {
		return t, nil
	}
	e := asError(err, PlaceExchange, o.Provider.ID)
	// A wrong paste must not end the wait: the right address may still be in the person's browser.
	if d.pasted && (e.Transient() || refusedCode(e)) {
		o.report(Event{Kind: Rejected, Reason: reasonFor(e), Hint: e.Error() + "; paste again, or open the address anew", Err: e})
		return nil, nil
	}
	return nil, e
}

// refusedCode reports whether the code is what is wrong, so that another one may do. GitHub and Meta have words of their own.
func refusedCode(e *Error) bool {
	return e.Code == "invalid_grant" || e.Code == "bad_verification_code" || e.Subcode == "36007" || e.Subcode == "36009"
}

func reasonFor(e *Error) string {
	if refusedCode(e) {
		return MistakeRefusedCode
	}
	return MistakeUnreachable
}

// exchange redeems a code at the token endpoint the flow began with (RFC 9700 §4.4), exactly once, and to the
// end even if the wait is cancelled meanwhile.
func (o WaitOptions) exchange(ctx context.Context, f *Flow, code string) (*Token, error) {
	ctx, cancel := drain(ctx, defaultTimeout)
	defer cancel()
	var opts []oauth2.AuthCodeOption
	if !f.Secrets.Verifier.Empty() {
		opts = append(opts, oauth2.VerifierOption(f.Secrets.Verifier.Reveal()))
	}
	// The redirect again, letter for letter (RFC 6749 §4.1.3).
	cfg := config(f.Server, o.Client, f.RedirectURI, nil)
	return requestToken(ctx, o.HTTP, PlaceExchange, o.Provider, o.Client, params(o.Provider.TokenParams), o.Now(),
		func(ctx context.Context) (*oauth2.Token, error) { return cfg.Exchange(ctx, code, opts...) })
}
