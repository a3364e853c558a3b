package oauthflow_test

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"fettle/oauthflow"
)

func TestL10_AMismatchedIssuerAbortsAndNothingIsRedeemed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]string{
		"code":           {"iss", "https://evil.example"},
		"error":          {"iss", "https://evil.example", "code", "-", "error", "access_denied"},
		"slash":          {"iss", "https://login.acme.example/"},
		"capitals":       {"iss", "https://LOGIN.acme.example"},
		"not even a URL": {"iss", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBrowser(t)
			done := waitInBackground(t.Context(), b.f, b.o)
			get(t, b.back(change...))
			got := <-done
			if e := asError(t, got.err); e.Code != oauthflow.CodeIssuerMismatch || errors.Is(got.err, oauthflow.ErrDenied) || len(b.codes()) != 0 {
				t.Errorf("got %v, codes %v", got.err, b.codes())
			}
			if _, err := oauthflow.ParsePaste(b.f, b.back(change...)); asError(t, err).Code != oauthflow.CodeIssuerMismatch {
				t.Errorf("pasted: %v", err)
			}
		})
	}
}

func TestL11_AnAnnouncedIssuerMustBeThere(t *testing.T) {
	t.Parallel()
	b := startBrowser(t, "iss_parameter = true")
	done := waitInBackground(t.Context(), b.f, b.o)
	get(t, b.back())
	if ev := b.ev.await(t, oauthflow.Rejected); ev.Reason != oauthflow.MistakeMissingIssuer {
		t.Errorf("reason %s", ev.Reason)
	}
	get(t, b.back("code", "-", "error", "access_denied"))
	if ev := b.ev.await(t, oauthflow.Rejected); ev.Reason != oauthflow.MistakeMissingIssuer {
		t.Errorf("reason %s", ev.Reason)
	}
	get(t, b.back("iss", "https://login.acme.example"))
	if got := <-done; got.err != nil || len(b.codes()) != 1 {
		t.Errorf("%v, codes %v", got.err, b.codes())
	}
}

// Where no issuer is known, iss must at least be of the server that was asked; one that is known is compared.
func TestL13_AnUnannouncedIssuerIsDiscardedUnlessItIsTheServers(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.f.Server.Issuer = ""
	if _, err := oauthflow.ParsePaste(b.f, b.back("iss", "https://evil.example")); mistake(err) != oauthflow.MistakeForeignIssuer {
		t.Errorf("got %v", err)
	}
	if _, err := oauthflow.ParsePaste(b.f, b.back("iss", "https://login.acme.example/oauth")); err != nil {
		t.Error(err)
	}
	b.f.Server.Issuer = "https://login.example/{tenantid}/v2.0"
	for iss, ok := range map[string]bool{"https://login.example/abc/v2.0": true, "https://login.example//v2.0": false, "https://login.example/a/b/v2.0": false, "https://evil.example/abc/v2.0": false} {
		if _, err := oauthflow.ParsePaste(b.f, b.back("iss", iss)); (err == nil) != ok {
			t.Errorf("%s: %v", iss, err)
		}
	}
}

// Whatever a config says by then, the code goes to the endpoint the flow began with.
func TestL14_TheCodeGoesToTheServerTheFlowBeganWith(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.o.Provider.Token = "https://elsewhere.example/token"
	b.o.Provider.Issuer = "https://elsewhere.example"
	b.o.Listener, b.o.Pasted = nil, pasted(b.back())
	if _, err := oauthflow.Wait(t.Context(), b.f, b.o); err != nil || len(b.codes()) != 1 {
		t.Errorf("%v, codes %v", err, b.codes())
	}
}

func TestL15_L18_TheCallbackIsHardened(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	done := waitInBackground(t.Context(), b.f, b.o)
	set := func(k, v string) func(*http.Request) {
		return func(r *http.Request) {
			if k == "Host" {
				r.Host = v
				return
			}
			r.Header.Set(k, v)
		}
	}
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	for name, tt := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"post":           {method("POST"), 405},
		"head":           {method("HEAD"), 405},
		"options":        {method("OPTIONS"), 405},
		"other host":     {set("Host", "evil.example"), 421},
		"localhost name": {set("Host", fmt.Sprintf("localhost:%d", b.o.Listener.Port())), 421},
		"no port":        {set("Host", "127.0.0.1"), 421},
		"image":          {set("Sec-Fetch-Dest", "image"), 403},
		"iframe":         {set("Sec-Fetch-Dest", "iframe"), 403},
		"script fetch":   {set("Sec-Fetch-Dest", "empty"), 403},
	} {
		if p := get(t, b.back(), tt.change); p.status != tt.status || p.body != "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	p := get(t, b.back("state", "<script>alert(1)</script>", "next", "https://evil.example"))
	if p.status != 400 || strings.Contains(p.body, "alert") || strings.Contains(p.body, "evil") || p.header.Get("Location") != "" {
		t.Errorf("rejected page: %+v", p)
	}
	p = get(t, b.back(), set("Sec-Fetch-Dest", "document"), set("Origin", "https://evil.example"))
	if p.status != 200 || strings.Contains(p.body, "code-123") || strings.Contains(p.body, b.f.Secrets.State.Reveal()) {
		t.Errorf("received page: %+v", p)
	}
	for k, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Access-Control-Allow-Origin": "", "Location": "",
	} {
		if got := p.header.Get(k); got != want {
			t.Errorf("%s: %q", k, got)
		}
	}
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("CSP %q", csp)
	}
	if got := <-done; got.err != nil {
		t.Error(got.err)
	}
}

func TestL19_WrongCallbackDoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	done := waitInBackground(t.Context(), b.f, b.o)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(b.o.Listener.Port()))
	for _, raw := range []string{"", "\r\n\r\n", "GET / HTTP/1.1\r\n", "\x16\x03\x01\x02\x00", "GET /callback?state=%zz HTTP/1.1\r\nHost: " + addr + "\r\n\r\n",
		"GET /callback?" + strings.Repeat("a", 40<<10) + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte(raw)) // the other end may have closed: that is the point
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // RST
		}
		_ = c.Close()
	}
	for _, u := range []string{b.back("state", "forged"), b.back("code", "-"), b.back("code", "-", "state", "forged", "error", "access_denied"),
		b.back("code", "-", "state", "-", "error", "access_denied"), b.back("code", ""), strings.Replace(b.back(), "/callback", "/favicon.ico", 1)} {
		get(t, u)
	}
	for range 300 { // a flood that nobody reads must block nothing
		get(t, b.back("state", "forged"))
	}
	get(t, b.back())
	if got := <-done; got.err != nil || !slices.Equal(b.codes(), []string{"code-123"}) {
		t.Errorf("%v, codes %v", got.err, b.codes())
	}
}

func TestL19_WrongPasteDoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.o.Listener = nil
	b.o.Pasted = pasted("", b.f.AuthorizationURL, "https://evil.example/?code=1", b.back("state", "x"), b.back("code", "wrong"), "wrong", b.back())
	tok, err := oauthflow.Wait(t.Context(), b.f, b.o)
	if err != nil || tok.Access.Reveal() != "at-1" {
		t.Fatal(err)
	}
	var reasons []string
	for _, ev := range b.ev.list {
		if ev.Kind == oauthflow.Rejected {
			reasons = append(reasons, ev.Reason)
			if ev.Hint == "" {
				t.Errorf("%s has no hint", ev.Reason)
			}
		}
	}
	want := []string{oauthflow.MistakeEmpty, oauthflow.MistakeAuthorizationURL, oauthflow.MistakeOtherRedirect, oauthflow.MistakeWrongState, oauthflow.MistakeRefusedCode, oauthflow.MistakeRefusedCode}
	if !slices.Equal(reasons, want) {
		t.Errorf("rejected %v, want %v", reasons, want)
	}
}
