package oauthflow_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

var clients = []string{sandbox.PublicClient, sandbox.BasicClient, sandbox.PostClient}

func TestDeviceFlowEndToEnd(t *testing.T) {
	t.Parallel()
	for _, id := range clients {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{Interval: time.Second}, id)
			f, err := oauthflow.StartDevice(t.Context(), w.hc, w.request(t))
			if err != nil {
				t.Fatal(err)
			}
			if f.Interval != time.Second || f.UserCode == "" || !strings.HasPrefix(f.VerificationURI, w.srv.URL()) || !strings.Contains(f.VerificationURIComplete, f.UserCode) {
				t.Errorf("flow: %+v", f)
			}
			if err := w.srv.ApproveDevice(f.UserCode, sandbox.Consent{All: true}); err != nil {
				t.Fatal(err)
			}
			tok, err := oauthflow.Wait(t.Context(), f, w.options())
			if err != nil {
				t.Fatal(err)
			}
			if tok.Access.Empty() || tok.Refresh.Empty() || !tok.ScopesStated || len(w.p.Missing(f.Scopes, tok.Scopes)) > 0 {
				t.Errorf("token: %+v", tok)
			}
			if n := w.srv.Stats().Tokens["urn:ietf:params:oauth:grant-type:device_code"]; n != 1 {
				t.Errorf("%d polls", n)
			}
		})
	}
}

func TestBrowserFlowByCallback(t *testing.T) {
	t.Parallel()
	for _, id := range clients {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, sandbox.Options{}, id)
			f, l, err := oauthflow.StartBrowser(t.Context(), w.request(t))
			if err != nil || l == nil {
				t.Fatalf("listener %v, %v", l, err)
			}
			back, err := w.srv.Approve(f.AuthorizationURL, sandbox.Consent{All: true})
			if err != nil {
				t.Fatal(err)
			}
			o, ev := w.options(), newEvents()
			o.Listener, o.Report = l, ev.report
			done := waitInBackground(t.Context(), f, o)
			if p := get(t, back); p.status != 200 {
				t.Fatalf("callback answered %+v", p)
			}
			got := <-done
			if got.err != nil || got.token.Refresh.Empty() {
				t.Fatalf("got %+v", got)
			}
			if ev.count(oauthflow.Received) != 1 {
				t.Errorf("events %v", ev.kinds())
			}
		})
	}
}

func TestBrowserFlowDeclinedAtTheProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	f, l, err := oauthflow.StartBrowser(t.Context(), w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.srv.Deny(f.AuthorizationURL)
	if err != nil {
		t.Fatal(err)
	}
	o := w.options()
	o.Listener, o.Pasted = l, pasted(back)
	_, err = oauthflow.Wait(t.Context(), f, o)
	if !errors.Is(err, oauthflow.ErrDenied) || asError(t, err).Code != "access_denied" || asError(t, err).Transient() {
		t.Errorf("got %v", err)
	}
}

func TestDeviceFlowDeclinedAtTheProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{Interval: time.Second}, sandbox.PublicClient)
	f, err := oauthflow.StartDevice(t.Context(), w.hc, w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.srv.DenyDevice(f.UserCode); err != nil {
		t.Fatal(err)
	}
	if _, err = oauthflow.Wait(t.Context(), f, w.options()); !errors.Is(err, oauthflow.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

// A flow written down by one process is finished by another, on the same port and without a new request.
func TestAFlowIsResumedFromItsRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	f, l, err := oauthflow.StartBrowser(t.Context(), w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := f.MarshalSealed()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(public), f.Secrets.Verifier.Reveal()) || strings.Contains(string(public), f.Secrets.State.Reveal()) {
		t.Error("the public part holds the verifier or the state")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}

	var again oauthflow.Flow
	if err := json.Unmarshal(public, &again); err != nil {
		t.Fatal(err)
	}
	if err := again.UnmarshalSealed(sealed); err != nil {
		t.Fatal(err)
	}
	l2, err := oauthflow.Listen(&again)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(again.RedirectURI, fmt.Sprintf(":%d/", l2.Port())) {
		t.Errorf("listens on %d for %s", l2.Port(), again.RedirectURI)
	}
	if _, err := oauthflow.Listen(&again); err == nil {
		t.Error("a taken port was bound twice")
	}
	back, err := w.srv.Approve(again.AuthorizationURL, sandbox.Consent{All: true})
	if err != nil {
		t.Fatal(err)
	}
	o := w.options()
	o.Listener = l2
	done := waitInBackground(t.Context(), &again, o)
	get(t, back)
	if got := <-done; got.err != nil {
		t.Error(got.err)
	}
}

func TestAFlowIsRefusedWithAnotherClient(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t)
	f, l, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c})
	if err != nil {
		t.Fatal(err)
	}
	c.ID = "another"
	if _, err = oauthflow.Wait(t.Context(), f, oauthflow.WaitOptions{Provider: p, Client: c, Listener: l}); err == nil || !strings.Contains(err.Error(), "another") {
		t.Errorf("got %v", err)
	}
}

func TestStartRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t, `device_scopes = ["small"]`)
	hc := answering(nil)
	if _, err := oauthflow.StartDevice(t.Context(), hc, oauthflow.Request{Provider: p, Server: s, Client: c, Scopes: []string{"large"}}); err == nil || !strings.Contains(err.Error(), "browser flow") {
		t.Errorf("scopes: %v", err)
	}
	if _, err := oauthflow.StartDevice(t.Context(), hc, oauthflow.Request{Provider: p, Server: s}); err == nil || !strings.Contains(err.Error(), "client id") {
		t.Errorf("client: %v", err)
	}
	s.Device, s.Authorization = "", ""
	if _, err := oauthflow.StartDevice(t.Context(), hc, oauthflow.Request{Provider: p, Server: s, Client: c}); err == nil {
		t.Error("no device endpoint")
	}
	if _, _, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c}); err == nil {
		t.Error("no authorization endpoint")
	}
	f := &oauthflow.Flow{ClientID: c.ID, Kind: "implicit", Provider: "acme"}
	if _, err := oauthflow.Wait(t.Context(), f, oauthflow.WaitOptions{Provider: p, Client: c}); err == nil {
		t.Error("an unknown kind of flow")
	}
	if err := new(oauthflow.Flow).UnmarshalSealed([]byte("hunter2")); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("sealed part: %v", err)
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PostClient)
	tok := w.token(t, sandbox.Consent{All: true})
	f := &oauthflow.Flow{Kind: provider.Browser, Secrets: oauthflow.FlowSecrets{Verifier: text("hush-hush-verifier")}}
	for _, s := range []string{fmt.Sprintf("%v %+v %#v", tok, tok, tok), fmt.Sprintf("%v %+v %#v", f, f, f), fmt.Sprintf("%+v", w.client)} {
		for _, leak := range []string{sandbox.AccessTokenPrefix, sandbox.RefreshTokenPrefix, "hush-hush", sandbox.PostSecret} {
			if strings.Contains(s, leak) {
				t.Errorf("%q shows %q", s, leak)
			}
		}
	}
}
