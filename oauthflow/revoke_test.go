package oauthflow_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

func revokeWith(t *testing.T, h http.HandlerFunc, change func(*oauthflow.RevokeRequest), extra ...string) (oauthflow.RevokeOutcome, error) {
	t.Helper()
	p, s, c := acme(t, extra...)
	r := oauthflow.RevokeRequest{Provider: p, Server: s, Client: c, Refresh: text("rt-secret"), Access: text("at-secret")}
	if change != nil {
		change(&r)
	}
	return oauthflow.Revoke(t.Context(), answering(h), r)
}

func TestRevokeAtARealProvider(t *testing.T) {
	t.Parallel()
	for _, id := range clients {
		w := newWorld(t, sandbox.Options{}, id)
		tok := w.token(t, sandbox.Consent{All: true})
		r := oauthflow.RevokeRequest{Provider: w.p, Server: w.server, Client: w.client, Refresh: tok.Refresh, Access: tok.Access}
		for range 2 { // a second time: RFC 7009 wants 200 for unknown tokens too
			if out, err := oauthflow.Revoke(t.Context(), w.hc, r); err != nil || out != oauthflow.Revoked {
				t.Errorf("%s: %v, %v", id, out, err)
			}
		}
		if n := w.srv.Stats().LiveGrants; n != 0 {
			t.Errorf("%s: %d live grants", id, n)
		}
	}
}

func TestR1_RevocationIsAPOSTFormOverTheConfiguredAddress(t *testing.T) {
	t.Parallel()
	var sent []string
	out, err := revokeWith(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.String() != "https://login.acme.example/revoke" || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			t.Errorf("%s %s", r.Method, r.URL)
		}
		sent = append(sent, r.PostFormValue("token")+" "+r.PostFormValue("token_type_hint"))
	}, nil)
	if err != nil || out != oauthflow.Revoked || !slices.Equal(sent, []string{"rt-secret refresh_token", "at-secret access_token"}) {
		t.Errorf("%v, %v, sent %v", out, err, sent)
	}
	sent = nil
	if _, err := revokeWith(t, func(_ http.ResponseWriter, r *http.Request) { sent = append(sent, r.PostFormValue("token")) }, nil, `revoke = { scope = "grant" }`); err != nil || len(sent) != 1 {
		t.Errorf("the whole grant died with one token: %v, sent %v", err, sent)
	}
	sent = nil
	if _, err := revokeWith(t, func(_ http.ResponseWriter, r *http.Request) { sent = append(sent, r.PostFormValue("token")) },
		func(r *oauthflow.RevokeRequest) { r.TypeHint = "access_token" }); err != nil || !slices.Equal(sent, []string{"at-secret"}) {
		t.Errorf("%v, sent %v", err, sent)
	}
}

func TestR2_Any2xxIsRevokedWhateverTheBody(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"", "<html>", `{"error":"invalid_token"}`, "{"} {
		if out, err := revokeWith(t, answer(200, body), nil); err != nil || out != oauthflow.Revoked {
			t.Errorf("%q: %v, %v", body, out, err)
		}
	}
}

func TestR3_A503LeavesTheTokenAlive(t *testing.T) {
	t.Parallel()
	out, err := revokeWith(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(503)
	}, nil)
	if e := asError(t, err); out != "" || !e.Transient() || e.RetryAfter != 2*time.Minute {
		t.Errorf("%v, %v", out, err)
	}
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	tok := w.token(t, sandbox.Consent{All: true})
	if err := w.srv.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDrop, On: sandbox.TargetRevoke, Times: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := oauthflow.Revoke(t.Context(), w.hc, oauthflow.RevokeRequest{Provider: w.p, Server: w.server, Client: w.client, Refresh: tok.Refresh}); !asError(t, err).Transient() {
		t.Errorf("a lost connection: %v", err)
	}
}

func TestR4_AnUnsupportedTokenTypeIsSaidAndTheRefreshTokenIsTried(t *testing.T) {
	t.Parallel()
	unsupported := func(hint string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if r.PostFormValue("token_type_hint") == hint {
				writeJSON(w, 400, `{"error":"unsupported_token_type"}`)
			}
		}
	}
	if out, err := revokeWith(t, unsupported("access_token"), nil); err != nil || out != oauthflow.Revoked {
		t.Errorf("%v, %v", out, err)
	}
	if out, err := revokeWith(t, unsupported("refresh_token"), nil); out != "" || asError(t, err).Code != "unsupported_token_type" {
		t.Errorf("%v, %v", out, err)
	}
}

func TestAnAlreadyInvalidTokenIsToldApart(t *testing.T) {
	t.Parallel()
	if out, err := revokeWith(t, answer(400, `{"error":"invalid_token","error_description":"Token expired or revoked"}`), nil); err != nil || out != oauthflow.AlreadyInvalid {
		t.Errorf("%v, %v", out, err)
	}
	if out, err := revokeWith(t, answer(401, `{"error":"invalid_client"}`), nil); out != "" || asError(t, err).Code != "invalid_client" {
		t.Errorf("%v, %v", out, err)
	}
	if out, err := revokeWith(t, nil, func(r *oauthflow.RevokeRequest) { r.Refresh, r.Access = text(""), text("") }); out != "" || err == nil {
		t.Errorf("no token: %v, %v", out, err)
	}
}

func TestNoRevocationNamesTheConsentPage(t *testing.T) {
	t.Parallel()
	_, err := revokeWith(t, nil, func(r *oauthflow.RevokeRequest) { r.Server.Revocation = "" }, `revoke = { page = "https://acme.example/consents" }`)
	if !errors.Is(err, oauthflow.ErrNoRevocation) || !strings.Contains(err.Error(), "https://acme.example/consents") {
		t.Errorf("got %v", err)
	}
}

func TestRevocationTheProvidersOwnWay(t *testing.T) {
	t.Parallel()
	const github = `
[providers.acme.revoke]
url = "https://login.acme.example/applications/{client_id}/token"
method = "DELETE"
auth = "basic"
body = '{"access_token":{token}}'`
	withSecret := func(r *oauthflow.RevokeRequest) {
		r.Client = oauthflow.Client{ID: "a/b", Secret: text("s"), Auth: provider.AuthPost}
		r.Access = text(`quote"d`)
	}
	out, err := revokeWith(t, func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		if got := fmt.Sprint(r.Method, r.URL.EscapedPath(), id, secret, string(body)); got != `DELETE/applications/a%2Fb/tokena/bs{"access_token":"quote\"d"}` {
			t.Errorf("sent %s", got)
		}
		w.WriteHeader(204)
	}, withSecret, github)
	if err != nil || out != oauthflow.Revoked {
		t.Errorf("%v, %v", out, err)
	}
	if out, err := revokeWith(t, answer(404, `{"message":"Not Found"}`), withSecret, github); err != nil || out != oauthflow.AlreadyInvalid {
		t.Errorf("%v, %v", out, err)
	}
	if _, err := revokeWith(t, nil, nil, github); !errors.Is(err, oauthflow.ErrNoRevocation) {
		t.Errorf("a public client cannot: %v", err)
	}

	const bearer = `revoke = { url = "https://login.acme.example/gone", auth = "bearer" }`
	out, err = revokeWith(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer at-secret" || r.Method != http.MethodPost || r.ContentLength > 0 {
			t.Errorf("sent %v", r.Header)
		}
	}, nil, bearer)
	if err != nil || out != oauthflow.Revoked {
		t.Errorf("%v, %v", out, err)
	}
	if _, err := revokeWith(t, answer(401, `{"error_summary":"expired_access_token/"}`), nil, bearer); err == nil || strings.Contains(err.Error(), "at-secret") {
		t.Errorf("a dead access token proves nothing about the grant: %v", err)
	}
	if _, err := revokeWith(t, nil, func(r *oauthflow.RevokeRequest) { r.Access = text("") }, bearer); err == nil {
		t.Error("no access token")
	}
}
