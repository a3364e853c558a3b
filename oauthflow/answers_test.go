package oauthflow_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/http"
	"runtime/metrics"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// serve answers every request with one sample, and counts them.
func (s sample) serve(served *atomic.Int64) *http.Client {
	return answering(func(w http.ResponseWriter, _ *http.Request) {
		served.Add(1)
		w.Header().Set("Content-Type", s.contentType)
		for _, h := range s.headers {
			w.Header().Add(h[0], h[1])
		}
		w.WriteHeader(s.status)
		_, _ = w.Write(s.body)
	})
}

// readers are the parts that read answers, by place. Each returns its error and the texts it would show.
type readers struct {
	p      provider.Provider
	server oauthflow.Server
	client oauthflow.Client
	token  *oauthflow.Token
	served *atomic.Int64 // answers that were read
}

func newReaders(t testing.TB) readers {
	t.Helper()
	c, err := new(provider.Catalogue).With("c.toml", []byte(`
[providers.acme]
issuer = "https://login.acme.example"
authorization_endpoint = "https://login.acme.example/authorize"
token_endpoint = "https://login.acme.example/token"
device_authorization_endpoint = "https://login.acme.example/device"
revocation_endpoint = "https://login.acme.example/revoke"
introspection_endpoint = "https://login.acme.example/introspect"
userinfo_endpoint = "https://login.acme.example/userinfo"
jwks_uri = "https://login.acme.example/keys"
flows = ["device", "browser"]
redirects = [""]
keep = ["instance_url", "id"]
scope_source = "introspection"
device_codes = { pending = ["1349174"], declined = ["authorization_declined"] }
[providers.acme.services.x]
scopes = ["reports.read"]
probe = { url = "https://api.acme.example/v1/me" }
`+listings()))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := c.Get("acme")
	return readers{served: new(atomic.Int64), p: p, server: oauthflow.Server{Issuer: p.Issuer, Endpoints: p.Endpoints}, client: oauthflow.Client{ID: "client-1", Auth: provider.AuthNone},
		token: &oauthflow.Token{Access: text("at-secret-1"), ID: text("eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.eyJpc3MiOiJodHRwczovL2xvZ2luLmFjbWUuZXhhbXBsZSIsInN1YiI6IjEiLCJhdWQiOiJjbGllbnQtMSJ9.c2ln")}}
}

// listings are services whose listings read answers in the ways that the built-in ones do.
func listings() string {
	var b strings.Builder
	for id, keys := range map[string]string{
		"a": `items = "accountSummaries", id = "account", name = "displayName", next = "nextPageToken", next_param = "pageToken", children = { items = "propertySummaries", id = "property", name = "displayName" }`,
		"f": `items = "files", parent = "driveId", next = "nextPageToken", next_param = "pageToken"`,
		"v": `items = "value", parent = "parentReference.path", next = "@odata.nextLink"`,
		"d": `items = "data", parent = "business.name", next = "paging.next"`,
		"e": `items = "entries", next = "cursor", next_body = '{"cursor":{next}}', more = "has_more"`,
		"l": `name = "full_name", parent = "owner.login", next = "header:Link"`,
	} {
		b.WriteString("[providers.acme.services." + id + "]\nscopes = [\"reports.read\"]\nresources = { url = \"https://api.acme.example/v1/things\", " + keys + " }\n")
	}
	return b.String()
}

// read gives an answer to whoever reads answers at a place.
func (r readers) read(t *testing.T, s sample) {
	t.Helper()
	hc := s.serve(r.served)
	switch s.place {
	case "token":
		tok, err := oauthflow.Refresh(t.Context(), hc, oauthflow.RefreshRequest{Provider: r.p, Server: r.server, Client: r.client, Refresh: text("rt-secret-1")})
		r.checkToken(t, tok, err)
		r.wait(t, s, provider.Browser)
	case "poll":
		r.wait(t, s, provider.Device)
	case "device":
		f, err := oauthflow.StartDevice(t.Context(), hc, oauthflow.Request{Provider: r.p, Server: r.server, Client: r.client})
		r.checkShown(t, err)
		if err == nil {
			r.checkShown(t, nil, f.UserCode, f.VerificationURI, f.VerificationURIComplete)
		}
	case "tokeninfo":
		for _, source := range []string{"introspection", "tokeninfo", "https://login.acme.example/permissions"} {
			p := r.p
			p.ScopeSource = source
			scopes, _, err := oauthflow.GrantedScopes(t.Context(), hc, p, r.server, r.client, r.token)
			r.checkShown(t, err, scopes...)
		}
	case "userinfo", "keys":
		id, err := oauthflow.Identify(t.Context(), hc, r.p, r.server, "client-1", r.token)
		r.checkShown(t, err, id.Subject, id.Email, id.Tenant)
		p := r.p
		p.ScopeSource, p.Identity.URL = "header:X-OAuth-Scopes", r.p.Userinfo
		scopes, _, err := oauthflow.GrantedScopes(t.Context(), hc, p, r.server, r.client, r.token)
		r.checkShown(t, err, scopes...)
	case "discovery":
		found, err := oauthflow.Discover(t.Context(), hc, provider.Provider{ID: "acme", Issuer: r.p.Issuer, Flows: r.p.Flows})
		r.checkShown(t, err)
		if err == nil && !strings.HasPrefix(found.Token, "https://") {
			t.Fatalf("%s: %+v", s.body, found)
		}
	case "resources":
		for _, svc := range r.p.ServiceList() {
			list, err := oauthflow.List(t.Context(), hc, r.p, svc, r.token)
			r.checkShown(t, err)
			for _, one := range list {
				r.checkShown(t, nil, one.ID, one.Name, one.Parent)
			}
			r.checkShown(t, oauthflow.Probe(t.Context(), hc, r.p, svc, r.token))
		}
	case "revocation":
		for _, auth := range []string{"client", "bearer"} {
			p := r.p
			p.Revoke.Auth, p.Revoke.URL = auth, p.Revocation
			_, err := oauthflow.Revoke(t.Context(), hc, oauthflow.RevokeRequest{Provider: p, Server: r.server, Client: r.client, Refresh: text("rt-secret-1"), Access: text("at-secret-1")})
			r.checkShown(t, err)
		}
	default:
		t.Fatalf("nobody reads answers of %q", s.place)
	}
}

// wait runs a flow whose every request is answered alike, in a bubble where waiting costs nothing.
func (r readers) wait(t *testing.T, s sample, kind provider.FlowKind) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := &oauthflow.Flow{Kind: kind, Server: r.server, ClientID: "client-1", Interval: time.Second, ExpiresAt: time.Now().Add(10 * time.Second)}
		f.Secrets.DeviceCode, f.Secrets.Verifier = text("dc-secret-1"), text("verifier-secret-1")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		o := oauthflow.WaitOptions{HTTP: s.serve(r.served), Client: r.client, Provider: r.p, Pasted: pasted("a-code-to-paste"), Report: func(e oauthflow.Event) { r.checkShown(t, nil, e.Hint) }}
		tok, err := oauthflow.Wait(ctx, f, o)
		r.checkToken(t, tok, err)
	})
}

func (r readers) checkToken(t *testing.T, tok *oauthflow.Token, err error) {
	t.Helper()
	r.checkShown(t, err)
	if err != nil {
		return
	}
	if tok.Access.Empty() || tok.AccessExpiresAt.Year() > 2100 || tok.RefreshExpiresAt.Year() > 2100 {
		t.Fatalf("%+v", tok)
	}
	shown := append([]string{tok.Type}, tok.Scopes...)
	for _, v := range tok.Kept {
		shown = append(shown, v)
	}
	r.checkShown(t, nil, shown...)
}

// checkShown is what holds of every error and every text: one line, nothing that acts on a terminal, no secret that was sent.
func (r readers) checkShown(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err != nil {
		s := err.Error()
		if len([]rune(s)) > 1000 {
			t.Fatalf("an error of %d characters", len(s))
		}
		texts = append(texts, s)
	}
	for _, s := range texts {
		if strings.ContainsAny(s, "\x1b\n\r\x00\u202e\u200b") || !utf8.ValidString(s) || strings.Contains(s, "-secret-1") {
			t.Fatalf("%q", s)
		}
	}
}

func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// meter checks what reading one answer costs: processor time and memory. It counts the allocations of the whole program, so that who uses it runs alone.
type meter struct {
	longest time.Duration
	most    uint64
}

func (m *meter) read(t *testing.T, r readers, s sample) {
	t.Helper()
	const (
		slow  = 2 * time.Second
		large = 64 << 20
	)
	r.served.Store(0)
	before, start := allocated(), spent()
	r.read(t, s)
	// A poll is answered up to ten times, a listing is read in six ways: what counts is one answer.
	times := max(1, r.served.Load())
	took, each := (spent()-start)/time.Duration(times), (allocated()-before)/uint64(times)
	if took > slow || each > large {
		t.Errorf("%s/%s: %v, %d MiB, %d bytes beginning with %q", s.place, s.name, took, each>>20, len(s.body), bytes.ToValidUTF8(s.body[:min(len(s.body), 80)], nil))
	}
	m.longest, m.most = max(m.longest, took), max(m.most, each)
}

func placesOf(t *testing.T, all []sample) []string {
	t.Helper()
	places := []string{}
	for _, s := range all {
		if !slices.Contains(places, s.place) {
			places = append(places, s.place)
		}
	}
	if len(all) < 70 || len(places) != 9 {
		t.Fatalf("%d answers of %v", len(all), places)
	}
	return places
}

// The documented answers and 10,000 that come of them by mutation, always the same ones: no reader panics, takes more than
// two seconds or more than 64 MiB, or shows what must not be shown.
func TestTenThousandMutatedAnswers(t *testing.T) {
	const count = 10_000
	r, all := newReaders(t), samples(t)
	places := placesOf(t, all)
	random := rand.New(rand.NewPCG(20261122, count))
	var m meter
	for n := range len(all) + count {
		s := all[n%len(all)]
		if n >= len(all) {
			s = mutate(random, s)
			if random.IntN(4) == 0 { // an answer where nobody expects it
				s.place = places[random.IntN(len(places))]
			}
		}
		if m.read(t, r, s); t.Failed() {
			t.Fatalf("mutation %d", n)
		}
	}
	t.Logf("longest %v, most %d KiB", m.longest, m.most>>10)
}

// FuzzAnswers looks further from where the documented answers stand.
func FuzzAnswers(f *testing.F) {
	for _, s := range samples(f) {
		f.Add(s.place, s.status, s.contentType, s.body)
	}
	r := newReaders(f)
	f.Fuzz(func(t *testing.T, place string, status int, contentType string, body []byte) {
		switch place {
		case "token", "device", "poll", "tokeninfo", "userinfo", "discovery", "keys", "resources", "revocation":
			r.read(t, sample{place: place, status: 200 + (status&0x7fffffff)%400, contentType: contentType, body: body})
		}
	})
}

// What is documented as a success is read as one, and what is documented as an error is not.
func TestDocumentedTokenAnswersAreRead(t *testing.T) {
	t.Parallel()
	r := newReaders(t)
	succeeded := 0
	for _, s := range samples(t) {
		if s.place != "token" {
			continue
		}
		tok, err := oauthflow.Refresh(t.Context(), s.serve(r.served), oauthflow.RefreshRequest{Provider: r.p, Server: r.server, Client: r.client, Refresh: text("rt-secret-1")})
		good := bytes.Contains(s.body, []byte("access_token")) && !bytes.Contains(s.body, []byte(`"error"`))
		if (err == nil) != good {
			t.Errorf("%s: %v", s.name, err)
		}
		if err != nil {
			if e := asError(t, err); e.Code == "" && !e.Transient() {
				t.Errorf("%s: %+v", s.name, e)
			}
			continue
		}
		succeeded++
		if s.name == "salesforce" && (tok.Kept["instance_url"] != "https://mine.my.salesforce.com" || !tok.AccessExpiresAt.IsZero()) ||
			s.name == "linkedin-partner" && (len(tok.Scopes) != 5 || tok.RefreshExpiresAt.IsZero()) || s.name == "github-form" && !slices.Equal(tok.Scopes, []string{"gist", "repo"}) {
			t.Errorf("%s: %+v", s.name, tok)
		}
	}
	if succeeded < 9 {
		t.Errorf("only %d succeeded", succeeded)
	}
}
