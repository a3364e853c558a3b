package oauthflow_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

func TestProbeAndListAtARealProvider(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{PageLimit: 1}, sandbox.PublicClient)
	for _, svc := range w.p.ServiceList() {
		tok := w.token(t, sandbox.Consent{All: true}, svc.ID)
		if err := oauthflow.Probe(t.Context(), w.hc, w.p, svc, tok); err != nil {
			t.Errorf("%s: %v", svc.ID, err)
		}
		found, err := oauthflow.List(t.Context(), w.hc, w.p, svc, tok)
		if err != nil || len(found) < 2 {
			t.Errorf("%s: %d resources, %v", svc.ID, len(found), err)
		}
		for _, r := range found {
			if r.ID == "" || r.Name == "" {
				t.Errorf("%s: %+v", svc.ID, r)
			}
		}
		nora := w.token(t, sandbox.Consent{All: true, User: "nora@example.org"}, svc.ID)
		if found, err := oauthflow.List(t.Context(), w.hc, w.p, svc, nora); err != nil || len(found) != 0 {
			t.Errorf("%s: somebody who owns nothing: %v, %v", svc.ID, found, err)
		}
		w.srv.RevokeEverything("")
		if err := oauthflow.Probe(t.Context(), w.hc, w.p, svc, tok); asError(t, err).Status != 401 {
			t.Errorf("%s: after revocation: %v", svc.ID, err)
		}
	}
}

func TestAProbeWithoutThePermissionFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	tok := w.token(t, sandbox.Consent{})
	if err := oauthflow.Probe(t.Context(), w.hc, w.p, w.p.ServiceList()[0], tok); asError(t, err).Status != 403 {
		t.Errorf("got %v", err)
	}
}

// listing reads a service of acme's from a config and lists it against h.
func listing(t *testing.T, config string, h http.HandlerFunc) ([]oauthflow.Resource, error) {
	t.Helper()
	p, _, _ := acme(t, "[providers.acme.services.x]\n"+config)
	return oauthflow.List(t.Context(), answering(h), p, p.Services["x"], &oauthflow.Token{Access: text("at-secret")})
}

func TestListReadsTheShapesOfProviders(t *testing.T) {
	t.Parallel()
	const base = `resources = { url = "https://api.acme.example/v1/things?size=2", `
	for _, tt := range []struct{ name, config, body, want string }{
		{"plain", base + `items = "things" }`, `{"things":[{"id":"1","name":"One"},{"id":2,"name":"Two"}]}`, "[{1 One } {2 Two }]"},
		{"the answer itself", base + `name = "title" }`, `[{"id":"1","title":"One"}]`, "[{1 One }]"},
		{"dotted paths", base + `items = "d.list", id = "a.id", name = "b.c.name", parent = "p.q" }`, `{"d":{"list":[{"a":{"id":"1"},"b":{"c":{"name":"One"}},"p":{"q":"P"}}]}}`, "[{1 One P}]"},
		{"plain ids", base + `items = "names" }`, `{"names":["customers/1","customers/2"]}`, "[{customers/1 customers/1 } {customers/2 customers/2 }]"},
		{"children", base + `items = "a", children = { items = "p", id = "k" } }`, `{"a":[{"id":"1","name":"One","p":[{"k":"11","name":"E"}]},{"id":"2","name":"Two"}]}`, "[{1 One } {11 E 1} {2 Two }]"},
		{"no name", base + `items = "a" }`, `{"a":[{"id":"1"}]}`, "[{1 1 }]"},
		{"no id is nothing", base + `items = "a" }`, `{"a":[{"name":"x"},null,7.5,[],{}]}`, "[{7.5 7.5 }]"},
		{"absent when empty", base + `items = "a" }`, `{}`, "[]"},
		{"not a list", base + `items = "a" }`, `{"a":{"b":1}}`, "[]"},
		{"unsafe names", base + `items = "a" }`, `{"a":[{"id":"1\u001b]0;x\u0007","name":"A\u202eB\u200b\nC"}]}`, "[{1 AB C }]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := listing(t, tt.config, answer(200, tt.body))
			if err != nil || fmt.Sprint(got) != tt.want {
				t.Errorf("got %v, %v; want %s", got, err, tt.want)
			}
		})
	}
}

func TestListFollowsPages(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config string
		next   func(w http.ResponseWriter, page int) string // members of the answer
	}{
		"token": {`next = "next", next_param = "pageToken"`, func(_ http.ResponseWriter, p int) string { return fmt.Sprintf(`"next":"p%d",`, p+1) }},
		"whole address": {`next = "@odata.nextLink"`, func(_ http.ResponseWriter, p int) string {
			return fmt.Sprintf(`"@odata.nextLink":"https://api.acme.example/v1/things?pageToken=p%d",`, p+1)
		}},
		"relative address": {`next = "nextRecordsUrl"`, func(_ http.ResponseWriter, p int) string {
			return fmt.Sprintf(`"nextRecordsUrl":"/v1/things?pageToken=p%d",`, p+1)
		}},
		"Link header": {`next = "header:Link"`, func(w http.ResponseWriter, p int) string {
			w.Header().Set("Link", fmt.Sprintf(`<https://api.acme.example/v1/things?pageToken=p0>; rel="first", <https://api.acme.example/v1/things?pageToken=p%d>; rel="next"`, p+1))
			return ""
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := listing(t, `resources = { url = "https://api.acme.example/v1/things", items = "a", `+tt.config+` }`, func(w http.ResponseWriter, r *http.Request) {
				page := 0
				_, _ = fmt.Sscanf(r.URL.Query().Get("pageToken"), "p%d", &page) // the first page has none
				more := ""
				if page < 3 {
					more = tt.next(w, page)
				}
				if r.Header.Get("Authorization") != "Bearer at-secret" || r.URL.Query().Has("access_token") {
					t.Errorf("sent %v to %s", r.Header, r.URL)
				}
				writeJSON(w, 200, fmt.Sprintf(`{%s"a":[{"id":"%d"}]}`, more, page))
			})
			if err != nil || len(got) != 4 || got[3].ID != "3" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// Dropbox: further pages are asked for at another address, by a body with the token, which is there on the last page too.
func TestListFollowsPagesByBody(t *testing.T) {
	t.Parallel()
	var asked []string
	const config = `
[providers.acme.services.x.resources]
url = "https://api.acme.example/v1/list"
method = "POST"
body = '{"path":""}'
items = "entries"
next = "cursor"
next_url = "https://more.acme.example/v1/list/continue"
next_body = '{"cursor":{next}}'
more = "has_more"
`
	list := func(h http.HandlerFunc) ([]oauthflow.Resource, error) {
		asked = nil
		p, _, _ := acme(t, "[providers.acme.services.x]\n"+config)
		return oauthflow.List(t.Context(), answering(h), p, p.Services["x"], &oauthflow.Token{Access: text("at-secret")})
	}
	got, err := list(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer at-secret" {
			t.Errorf("%s, %v, %v", r.Method, err, r.Header)
		}
		asked = append(asked, r.URL.Host+" "+string(body))
		n := len(asked)
		writeJSON(w, 200, fmt.Sprintf(`{"entries":[{"id":"%d"}],"cursor":"c\"%d","has_more":%t}`, n, n, n < 3))
	})
	want := []string{`api.acme.example {"path":""}`, `more.acme.example {"cursor":"c\"1"}`, `more.acme.example {"cursor":"c\"2"}`}
	if err != nil || len(got) != 3 || !slices.Equal(asked, want) {
		t.Errorf("got %v, %v, asked %q", got, err, asked)
	}
	if _, err := list(answer(200, `{"entries":[],"cursor":"same","has_more":true}`)); err == nil || !strings.Contains(err.Error(), "leads back") {
		t.Errorf("a loop: %v", err)
	}
	for _, body := range []string{`{"entries":[],"has_more":true}`, `{"entries":[],"cursor":"c"}`, `{"entries":[],"cursor":"c","has_more":"true"}`, `{"entries":[],"cursor":"","has_more":true}`} {
		if got, err := list(answer(200, body)); err != nil || len(got) != 0 {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
}

// Google Ads and BigQuery: what is inside an item takes a call of its own, by its id.
func TestListAsksForEachItem(t *testing.T) {
	t.Parallel()
	const config = `
[providers.acme.services.x.resources]
url = "https://api.acme.example/v1/customers"
items = "names"
[providers.acme.services.x.resources.each]
url = "https://ads.acme.example/v1/{item}/search"
method = "POST"
body = '{"query":"q"}'
items = "results"
id = "c.id"
name = "c.name"
next = "next"
next_param = "page"
`
	var asked []string
	list := func(names string, answerTo map[string]int) ([]oauthflow.Resource, error) {
		asked = nil
		p, _, _ := acme(t, "[providers.acme.services.x]\n"+config)
		return oauthflow.List(t.Context(), answering(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.Host+r.URL.EscapedPath())
			if r.URL.Host == "api.acme.example" {
				writeJSON(w, 200, `{"names":[`+names+`]}`)
				return
			}
			if status := answerTo[r.URL.Path]; status != 0 {
				writeJSON(w, status, `{"error":{"code":1,"status":"NO"}}`)
				return
			}
			if r.URL.Query().Get("page") == "" {
				writeJSON(w, 200, `{"results":[{"c":{"id":"10","name":"Ten"}}],"next":"2"}`)
				return
			}
			writeJSON(w, 200, `{"results":[{"c":{"id":"11"}}]}`)
		}), p, p.Services["x"], &oauthflow.Token{Access: text("at-secret")})
	}
	got, err := list(`"customers/1"`, nil)
	if want := "[{customers/1 customers/1 } {10 Ten customers/1} {11 11 customers/1}]"; err != nil || fmt.Sprint(got) != want {
		t.Errorf("got %v, %v", got, err)
	}
	got, err = list(`"customers/1","customers/2","customers/3"`, map[string]int{"/v1/customers/1/search": 403, "/v1/customers/2/search": 404, "/v1/customers/3/search": 400})
	if err != nil || len(got) != 3 {
		t.Errorf("items that refuse: %v, %v", got, err)
	}
	for _, status := range []int{401, 429, 503} {
		if got, err := list(`"customers/1","customers/2"`, map[string]int{"/v1/customers/2/search": status}); err == nil {
			t.Errorf("%d passed for a whole listing: %v", status, got)
		}
	}
	if _, err := list(`"../token","a/../b","","/","a//b","x?y#z","{instance}"`, nil); err != nil || !slices.Equal(asked, []string{"api.acme.example/v1/customers", "ads.acme.example/v1/x%3Fy%23z/search", "ads.acme.example/v1/x%3Fy%23z/search", "ads.acme.example/v1/%7Binstance%7D/search", "ads.acme.example/v1/%7Binstance%7D/search"}) {
		t.Errorf("ids that lead elsewhere: %v, asked %q", err, asked)
	}
	many := strings.TrimSuffix(strings.Repeat(`"x",`, 5), ",")
	if got, err := list(many, nil); err != nil || len(asked) != 3 || len(got) != 7 {
		t.Errorf("the same item again and again: %d calls, %v, %v", len(asked), got, err)
	}
	var ids []string
	for i := range 400 {
		ids = append(ids, fmt.Sprintf("%q", fmt.Sprint("n", i)))
	}
	if got, err := list(strings.Join(ids, ","), nil); err != nil || len(asked) != 200 || len(got) < 400 {
		t.Errorf("%d calls, %d items, %v", len(asked), len(got), err)
	}
}

func TestBearerTokensGoOnlyToTheCataloguesOrigins(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"https://evil.example/v1/things", "http://api.acme.example/v1/things", "https://api.acme.example:8443/x", "//evil.example/x", "https://api.acme.example@evil.example/"} {
		_, err := listing(t, `resources = { url = "https://api.acme.example/v1/things", items = "a", next = "next" }`, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Host != "api.acme.example" || r.URL.Scheme != "https" {
				t.Errorf("asked %s", r.URL)
			}
			writeJSON(w, 200, `{"next":"`+next+`","a":[{"id":"1"}]}`)
		})
		if err == nil || !strings.Contains(err.Error(), "refused to send the token") {
			t.Errorf("%s: %v", next, err)
		}
	}
	p, _, _ := acme(t, `keep = ["instance_url"]`, `instance_hosts = ["*.acme.example"]`, "[providers.acme.services.x]", `probe = { url = "{instance_url}/limits/{instance_url}" }`)
	asked := ""
	hc := answering(func(w http.ResponseWriter, r *http.Request) { asked = r.URL.String(); writeJSON(w, 200, "{}") })
	probe := func(instance string) error {
		return oauthflow.Probe(t.Context(), hc, p, p.Services["x"], &oauthflow.Token{Access: text("at-secret"), Kept: map[string]string{"instance_url": instance}})
	}
	if err := probe("https://na1.acme.example/"); err != nil || asked != "https://na1.acme.example/limits/https:%2F%2Fna1.acme.example%2F" {
		t.Errorf("%v, asked %s", err, asked)
	}
	for _, evil := range []string{"https://evil.example", "", "https://acme.example.evil.example", "https://na1.acme.example@evil.example"} {
		if err := probe(evil); err == nil {
			t.Errorf("%q was asked with the token", evil)
		}
	}
}

func TestListIsBounded(t *testing.T) {
	t.Parallel()
	const config = `resources = { url = "https://api.acme.example/v1/things", items = "a", next = "next", next_param = "p" }`
	if _, err := listing(t, config, answer(200, `{"next":"same","a":[{"id":"1"}]}`)); err == nil || !strings.Contains(err.Error(), "leads back") {
		t.Errorf("a loop: %v", err)
	}
	pages := 0
	got, err := listing(t, config, func(w http.ResponseWriter, _ *http.Request) {
		pages++
		writeJSON(w, 200, fmt.Sprintf(`{"next":"%d","a":[{"id":"1"}]}`, pages))
	})
	if err != nil || pages != 200 || len(got) != 200 {
		t.Errorf("%d pages, %d items, %v", pages, len(got), err)
	}
	many := `{"a":[` + strings.Repeat(`{"id":"1"},`, 11_000) + `{"id":"1"}]}`
	if got, err := listing(t, config, answer(200, many)); err != nil || len(got) != 10_000 {
		t.Errorf("%d items, %v", len(got), err)
	}
}

func TestRequestsOfTheCatalogueAreSentAsWritten(t *testing.T) {
	t.Parallel()
	p, _, _ := acme(t, "[providers.acme.services.x.probe]", `url = "https://api.acme.example/q"`, `method = "POST"`, `body = '{"UserId":null}'`, `headers = { Content-Type = "application/json", developer-token = "d" }`, `ok = [404]`)
	for status, fine := range map[int]bool{200: true, 404: true, 400: false, 500: false} {
		err := oauthflow.Probe(t.Context(), answering(func(w http.ResponseWriter, r *http.Request) {
			body := make([]byte, 100)
			n, _ := r.Body.Read(body)
			if r.Method != http.MethodPost || string(body[:n]) != `{"UserId":null}` || r.Header.Get("Developer-Token") != "d" || r.Header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %q %v", r.Method, body[:n], r.Header)
			}
			writeJSON(w, status, `{}`)
		}), p, p.Services["x"], &oauthflow.Token{Access: text("at-secret")})
		if (err == nil) != fine {
			t.Errorf("%d: %v", status, err)
		}
	}
	if err := oauthflow.Probe(t.Context(), nil, p, provider.Service{}, &oauthflow.Token{}); err != nil {
		t.Errorf("no probe: %v", err)
	}
	if got, err := oauthflow.List(t.Context(), nil, p, provider.Service{}, &oauthflow.Token{}); err != nil || got != nil {
		t.Errorf("no listing: %v, %v", got, err)
	}
}

// Every built-in listing and probe reaches its own origins with the token, and nothing else does.
func TestBuiltInRequestsAreWithinTheirOrigins(t *testing.T) {
	t.Parallel()
	c, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	tok := &oauthflow.Token{Access: text("at-secret"), Kept: map[string]string{"instance_url": "https://org.my.salesforce.com"}}
	for _, p := range c.All() {
		for _, svc := range p.ServiceList() {
			hc := answering(answer(200, `{"accountSummaries":[{"account":"accounts/1","displayName":"A","propertySummaries":[{"property":"properties/2","displayName":"P"}]}]}`))
			if err := oauthflow.Probe(t.Context(), hc, p, svc, tok); err != nil {
				t.Errorf("%s/%s: %v", p.ID, svc.ID, err)
			}
			found, err := oauthflow.List(t.Context(), hc, p, svc, tok)
			if err != nil {
				t.Errorf("%s/%s: %v", p.ID, svc.ID, err)
			}
			if svc.ID == "analytics" && fmt.Sprint(found) != "[{accounts/1 A } {properties/2 P accounts/1}]" {
				t.Errorf("analytics: %v", found)
			}
		}
	}
}

func FuzzList(f *testing.F) {
	f.Add(`{"a":[{"id":"1","name":"x","c":[{"id":2}]}],"next":"https://api.acme.example/2"}`, `<https://x>; rel=next`)
	f.Add(`[[[]]]`, `<`)
	p := provider.Provider{ID: "acme", APIOrigins: []string{"https://api.acme.example"}}
	for _, next := range []string{"next", "header:Link"} {
		svc := provider.Service{Resources: provider.Listing{Request: provider.Request{URL: "https://api.acme.example/1"}, Items: "a", Next: next, Children: &provider.Listing{Items: "c"}}}
		p.Services = map[string]provider.Service{next: svc}
	}
	f.Fuzz(func(t *testing.T, body, link string) {
		for _, svc := range p.Services {
			found, err := oauthflow.List(t.Context(), answering(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Host != "api.acme.example" {
					t.Fatalf("asked %s", r.URL)
				}
				w.Header().Set("Link", url.QueryEscape(link))
				writeJSON(w, 200, body)
			}), p, svc, &oauthflow.Token{})
			if err == nil && len(found) > 10_000 {
				t.Fatal("unbounded")
			}
		}
	})
}
