package oauthflow_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// discovering serves documents by path for https://login.acme.example.
func discovering(docs map[string]string) (*http.Client, *[]string) {
	var asked []string
	return answering(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Path)
		if body, ok := docs[r.URL.Path]; ok {
			writeJSON(w, 200, body)
			return
		}
		w.WriteHeader(404)
	}), &asked
}

const document = `{"issuer":"https://login.acme.example","authorization_endpoint":"https://login.acme.example/a","token_endpoint":"https://token.acme.example/t",
"device_authorization_endpoint":"https://login.acme.example/d","jwks_uri":"https://login.acme.example/k","authorization_response_iss_parameter_supported":true,"extra":{"x":[null]}}`

func bare(t *testing.T, extra ...string) provider.Provider {
	t.Helper()
	return entry(t, "[providers.acme]\nissuer = \"https://login.acme.example\"\nflows = [\"device\", \"browser\"]\n"+strings.Join(extra, "\n"))
}

func TestDiscoverAtARealProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	if w.server.Token == "" || w.server.Device == "" || w.server.Issuer != w.srv.URL() {
		t.Errorf("got %+v", w.server)
	}
}

func TestExplicitEndpointsNeedNoNetwork(t *testing.T) {
	t.Parallel()
	p, want, _ := acme(t)
	hc, asked := discovering(nil)
	if s, err := oauthflow.Discover(t.Context(), hc, p); err != nil || s != want || len(*asked) != 0 {
		t.Errorf("got %+v, %v, asked %v", s, err, *asked)
	}
}

func TestDiscoverTriesOpenIDThenRFC8414(t *testing.T) {
	t.Parallel()
	hc, asked := discovering(map[string]string{"/.well-known/openid-configuration": document})
	s, err := oauthflow.Discover(t.Context(), hc, bare(t, `token_endpoint = "https://mine.example/t"`))
	if err != nil || s.Token != "https://mine.example/t" || s.Device != "https://login.acme.example/d" || !s.IssParameter || s.JWKS == "" || len(*asked) != 1 {
		t.Errorf("got %+v, %v, asked %v", s, err, *asked)
	}
	hc, asked = discovering(map[string]string{"/.well-known/oauth-authorization-server": document})
	if s, err = oauthflow.Discover(t.Context(), hc, bare(t)); err != nil || s.Token != "https://token.acme.example/t" || len(*asked) != 2 {
		t.Errorf("got %+v, %v, asked %v", s, err, *asked)
	}
}

func TestA1_TheIssuerIsComparedCodePointForCodePoint(t *testing.T) {
	t.Parallel()
	for _, issuer := range []string{"https://login.acme.example/", "https://LOGIN.acme.example", "https://login.acme.example:443", "https://evil.example", "", "https://l\u043egin.acme.example"} {
		hc, _ := discovering(map[string]string{"/.well-known/openid-configuration": strings.Replace(document, "https://login.acme.example", issuer, 1)})
		_, err := oauthflow.Discover(t.Context(), hc, bare(t))
		if e := asError(t, err); e.Code != oauthflow.CodeIssuerMismatch || e.Transient() {
			t.Errorf("%q: %v", issuer, err)
		}
	}
}

func TestA2_AnIssuersPathIsPlacedByTheRules(t *testing.T) {
	t.Parallel()
	p := entry(t, "[providers.acme]\nissuer = \"https://login.acme.example/tenant1\"\n")
	doc := strings.Replace(document, "https://login.acme.example\"", "https://login.acme.example/tenant1\"", 1)
	for _, path := range []string{"/tenant1/.well-known/openid-configuration", "/.well-known/oauth-authorization-server/tenant1"} {
		hc, asked := discovering(map[string]string{path: doc})
		if _, err := oauthflow.Discover(t.Context(), hc, p); err != nil || !slices.Contains(*asked, path) {
			t.Errorf("%s: %v, asked %v", path, err, *asked)
		}
	}
}

func TestA3_EndpointsMustBeHTTPSAndNotNeighbours(t *testing.T) {
	t.Parallel()
	for _, evil := range []string{"http://token.acme.example/t", "https://127.0.0.1/t", "http://127.0.0.1:9/t", "https://169.254.169.254/t", "https://10.0.0.8/t", "https://[::1]/t",
		"https://192.168.1.1/t", "file:///etc/passwd", "javascript:x", "https://u:p@token.acme.example/t", "//x", "https://token.acme.example/t#f", "-oProxyCommand=x"} {
		hc, _ := discovering(map[string]string{"/.well-known/openid-configuration": strings.Replace(document, "https://token.acme.example/t", evil, 1)})
		if s, err := oauthflow.Discover(t.Context(), hc, bare(t)); err == nil {
			t.Errorf("%s was accepted: %+v", evil, s)
		}
	}
	intranet := entry(t, "[providers.acme]\nissuer = \"https://10.0.0.8\"\n")
	doc := strings.NewReplacer("https://login.acme.example", "https://10.0.0.8", "https://token.acme.example", "https://10.0.0.8").Replace(document)
	hc, _ := discovering(map[string]string{"/.well-known/openid-configuration": doc})
	if _, err := oauthflow.Discover(t.Context(), hc, intranet); err != nil {
		t.Errorf("an issuer inside the network that the operator named: %v", err)
	}
}

func TestA3_DiscoveryFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	hc := answering(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Host != "login.acme.example" {
			t.Errorf("asked %s", r.URL.Host)
		}
		http.Redirect(w, r, "https://evil.example/", http.StatusFound)
	})
	if _, err := oauthflow.Discover(t.Context(), hc, bare(t)); asError(t, err).Code != oauthflow.CodeRedirected {
		t.Errorf("got %v", err)
	}
}

func TestA4_ResourceIsSentWhereConfigured(t *testing.T) {
	t.Parallel()
	_, _, err := refreshAt(t, func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("resource") != "https://api.acme.example" {
			t.Errorf("form %v", r.PostForm)
		}
		granted(w)
	}, nil, `token_params = { resource = "https://api.acme.example" }`)
	if err != nil {
		t.Error(err)
	}
}

func TestDiscoveryThatFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		status    int
		body      string
		transient bool
	}{
		"not found": {404, "", false}, "server error": {503, "", true}, "no token endpoint": {200, `{"issuer":"https://login.acme.example"}`, false},
		"html": {200, "<html>", false}, "list": {200, "[]", false},
	} {
		_, err := oauthflow.Discover(t.Context(), answering(answer(tt.status, tt.body)), bare(t))
		if e := asError(t, err); e.Transient() != tt.transient || e.Place != oauthflow.PlaceDiscovery {
			t.Errorf("%s: %v", name, err)
		}
	}
	template := entry(t, "[providers.acme]\nissuer = \"https://login.acme.example/{tenantid}\"\n")
	if _, err := oauthflow.Discover(t.Context(), answering(nil), template); err == nil {
		t.Error("a template was asked")
	}
}

func FuzzDiscover(f *testing.F) {
	f.Add(document)
	f.Add(`{"issuer":"https://login.acme.example","token_endpoint":["x"],"authorization_endpoint":"%"}`)
	f.Fuzz(func(t *testing.T, body string) {
		p := provider.Provider{ID: "acme", Issuer: "https://login.acme.example", Flows: []provider.FlowKind{provider.Browser}}
		s, err := oauthflow.Discover(t.Context(), answering(answer(200, body)), p)
		if err == nil && (s.Token == "" || s.Issuer != p.Issuer || !strings.HasPrefix(s.Token, "https://")) {
			t.Fatalf("%s: %+v", body, s)
		}
		_ = fmt.Sprint(err)
	})
}
