package oauthflow_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
)

func TestTheCallbackWinsWhileThePasteBoxIsOpen(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	box := make(chan string)
	b.o.Pasted = box
	done := waitInBackground(t.Context(), b.f, b.o)
	box <- "not it"
	get(t, b.back())
	if got := <-done; got.err != nil {
		t.Error(got.err)
	}
}

func TestTheEndOfThePasteBoxDoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.o.Pasted = pasted()
	done := waitInBackground(t.Context(), b.f, b.o)
	get(t, b.back())
	if got := <-done; got.err != nil {
		t.Error(got.err)
	}
}

func TestABrowserFlowExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, s, c := acme(t, `redirects = [""]`)
		began := time.Now()
		f, l, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c})
		if err != nil || l != nil {
			t.Fatalf("listener %v, %v", l, err)
		}
		_, err = oauthflow.Wait(t.Context(), f, oauthflow.WaitOptions{HTTP: answering(nil), Provider: p, Client: c})
		if !errors.Is(err, oauthflow.ErrExpired) || time.Since(began) != time.Hour {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestAnExchangeUnderWayIsDrained(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	f, l, err := oauthflow.StartBrowser(t.Context(), w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.srv.Approve(f.AuthorizationURL, sandbox.Consent{All: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := w.options()
	o.Listener, o.Pasted = l, pasted(back)
	o.Report = func(e oauthflow.Event) {
		if e.Kind == oauthflow.Received {
			cancel()
		}
	}
	if tok, err := oauthflow.Wait(ctx, f, o); err != nil || tok.Access.Empty() {
		t.Errorf("the token was lost: %v", err)
	}
}

func TestATransientExchangeFailureAfterAPasteAsksForItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	if err := w.srv.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDrop, On: sandbox.TargetToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	f, l, err := oauthflow.StartBrowser(t.Context(), w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.srv.Approve(f.AuthorizationURL, sandbox.Consent{All: true})
	if err != nil {
		t.Fatal(err)
	}
	o, ev := w.options(), newEvents()
	o.Listener, o.Pasted, o.Report = l, pasted(back, back), ev.report
	if _, err := oauthflow.Wait(t.Context(), f, o); err != nil {
		t.Fatal(err)
	}
	if e := ev.await(t, oauthflow.Rejected); e.Reason != oauthflow.MistakeUnreachable {
		t.Errorf("reason %s", e.Reason)
	}
}

func TestRedirectsAreTriedInOrder(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	busy := fmt.Sprintf("http://%s/cb", taken.Addr())
	for _, tt := range []struct {
		name, list, want string
		listens          bool
	}{
		{"the next if one is taken", `"` + busy + `", "http://127.0.0.1:0/next"`, "/next", true},
		{"a page of its own needs no port", `"https://a.example/done", "http://127.0.0.1:0/x"`, "https://a.example/done", false},
		{"a taken port is pasted from", `"` + busy + `"`, busy, false},
		{"a code shown by the provider", `""`, "", false},
	} {
		b := startBrowser(t, "redirects = ["+tt.list+"]")
		if !strings.HasSuffix(b.f.RedirectURI, tt.want) || (b.o.Listener != nil) != tt.listens {
			t.Errorf("%s: %s, listener %v", tt.name, b.f.RedirectURI, b.o.Listener != nil)
		}
		if q := queryOf(t, b.f.AuthorizationURL); q.Get("redirect_uri") != b.f.RedirectURI || q.Has("redirect_uri") != (tt.want != "") {
			t.Errorf("%s: the address says %q", tt.name, q.Get("redirect_uri"))
		}
	}
}

func TestTheAuthorizationURLCarriesTheCataloguesParameters(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t, `scope_separator = ","`, `authorize_params = { access_type = "offline" }`, `consent_params = { prompt = "consent" }`, `login_hint = "login"`)
	s.Authorization += "?tenant=1"
	start := func(consent bool) url.Values {
		f, l, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c, Scopes: []string{"a", "b"}, LoginHint: "me@example.org", Consent: consent})
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		return queryOf(t, f.AuthorizationURL)
	}
	q := start(true)
	for k, want := range map[string]string{"tenant": "1", "scope": "a,b", "access_type": "offline", "prompt": "consent", "login": "me@example.org", "client_id": "client-1", "response_type": "code"} {
		if q.Get(k) != want {
			t.Errorf("%s = %q, want %q", k, q.Get(k), want)
		}
	}
	if start(false).Has("prompt") {
		t.Error("consent was forced")
	}
}
