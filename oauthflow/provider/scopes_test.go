package provider_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/oauthflow/provider"
)

const analytics = "https://www.googleapis.com/auth/analytics.readonly"

func TestRequestAndRequiredScopes(t *testing.T) {
	t.Parallel()
	p := get(t, builtin(t), "google")
	required, err := p.RequiredScopes([]string{"analytics"})
	if err != nil || !slices.Equal(required, []string{analytics}) {
		t.Errorf("required %v, %v", required, err)
	}
	request, err := p.RequestScopes([]string{"analytics", "analytics"})
	if err != nil || !slices.Equal(request, []string{"email", analytics, "openid"}) {
		t.Errorf("request %v, %v", request, err)
	}
	if _, err = p.RequestScopes([]string{"gmail"}); err == nil || !strings.Contains(err.Error(), "analytics, bigquery") {
		t.Errorf("an unknown service: %v", err)
	}
	if _, err = get(t, builtin(t), "microsoft").RequestScopes([]string{"onedrive", "advertising"}); err == nil {
		t.Error("two resources in one request were accepted")
	}
}

func TestMissingComparesNormalisedSets(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	google, microsoft, github := get(t, c, "google"), get(t, c, "microsoft"), get(t, c, "github")
	for _, tt := range []struct {
		name              string
		p                 provider.Provider
		required, granted []string
		want              []string
	}{
		{"nothing missing, extra is fine", google, []string{analytics}, []string{"openid", "x", analytics}, nil},
		{"alias", google, []string{"email"}, []string{"https://www.googleapis.com/auth/userinfo.email"}, nil},
		{"a box left unticked", google, []string{analytics, "openid"}, []string{"openid"}, []string{analytics}},
		{"capitals", microsoft, []string{"Files.ReadWrite"}, []string{"files.readwrite"}, nil},
		{"prefix", microsoft, []string{"User.Read"}, []string{"https://graph.microsoft.com/User.Read"}, nil},
		{"implied", github, []string{"read:org", "repo"}, []string{"repo", "admin:org"}, nil},
		{"not implied upwards", github, []string{"repo"}, []string{"public_repo"}, []string{"repo"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, m := range tt.p.Missing(tt.required, tt.granted) {
				got = append(got, m.Scope)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("missing %v, want %v", got, tt.want)
			}
		})
	}
	m := google.Missing([]string{analytics, "unheard.of"}, nil)
	if len(m) != 2 || m[0].Words != "See and download your Google Analytics data" || m[0].Service != "Google Analytics" || m[1].Words != "unheard.of" {
		t.Errorf("words: %+v", m)
	}
}

func TestSplitScopes(t *testing.T) {
	t.Parallel()
	got := provider.Provider{}.SplitScopes(" repo, gist,read:org  user ")
	if !slices.Equal(got, []string{"repo", "gist", "read:org", "user"}) {
		t.Errorf("got %q", got)
	}
}

func TestSupportsSaysWhyNot(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	google := get(t, c, "google")
	err := google.Supports(provider.Device, []string{"openid", analytics})
	if err == nil || !strings.Contains(err.Error(), "See and download your Google Analytics data") {
		t.Errorf("got %v", err)
	}
	if err := google.Supports(provider.Device, []string{"openid", "https://www.googleapis.com/auth/youtube.readonly"}); err != nil {
		t.Error(err)
	}
	if err := google.Supports(provider.Browser, []string{analytics}); err != nil {
		t.Error(err)
	}
	if err := get(t, c, "meta").Supports(provider.Device, nil); err == nil {
		t.Error("Meta has no device flow here")
	}
}

func TestBearerOrigins(t *testing.T) {
	t.Parallel()
	p := get(t, builtin(t), "salesforce")
	has := func(kept, origin string) bool {
		return slices.Contains(p.BearerOrigins(p.Endpoints, map[string]string{"instance_url": kept}), origin)
	}
	if !has("", "https://login.salesforce.com") {
		t.Error("the provider's own endpoints are missing")
	}
	if !has("https://Org.my.salesforce.com/", "https://org.my.salesforce.com") {
		t.Error("a real instance is missing")
	}
	for _, evil := range []string{"https://evil.example", "https://salesforce.com.evil.example", "http://a.salesforce.com",
		"https://a.salesforce.com:8443", "https://u@a.salesforce.com", "https://evilsalesforce.com", "::", "https://a.salesforce.com#x"} {
		if n := len(p.BearerOrigins(p.Endpoints, map[string]string{"instance_url": evil})); n != 1 {
			t.Errorf("%s was let in: %d origins", evil, n)
		}
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://A.example:443/x?y": "https://a.example", "https://a.example:444": "https://a.example:444",
		"http://127.0.0.1:80/": "http://127.0.0.1", "http://[::1]:8080/x": "http://[::1]:8080",
		"http://localhost/": "", "http://a.example": "", "https://u:p@a.example": "", "file:///x": "", "%": "",
	} {
		if got := provider.Origin(in); got != want {
			t.Errorf("Origin(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTerms(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	if got := get(t, c, "microsoft").IdleTerm(); got != 90*24*time.Hour {
		t.Errorf("idle %v", got)
	}
	if got := get(t, c, "linkedin").MaxTerm(); got != 365*24*time.Hour {
		t.Errorf("max %v", got)
	}
	if got := time.Duration(get(t, c, "linkedin").AccessTTL); got != 60*24*time.Hour {
		t.Errorf("access %v", got)
	}
}

// A list of 10,000 accounts compares as many sets.
func BenchmarkMissing(b *testing.B) {
	c, err := provider.Builtin()
	if err != nil {
		b.Fatal(err)
	}
	p, _ := c.Get("google")
	required, granted := []string{analytics, "openid"}, []string{"openid", "https://www.googleapis.com/auth/userinfo.email", analytics}
	for b.Loop() {
		if len(p.Missing(required, granted)) > 0 {
			b.Fatal("missing")
		}
	}
}
