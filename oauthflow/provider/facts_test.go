package provider_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/oauthflow/provider"
)

// A built-in file is read when it is first asked for, so that a broken one would only be missed: here it is read at once.
func TestEveryBuiltinFileIsSoundAndNamedAfterItsProvider(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("catalogue/*.toml")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		c, err := new(provider.Catalogue).With(file, text)
		if err != nil {
			t.Error(err)
			continue
		}
		all := c.All()
		if want := strings.TrimSuffix(filepath.Base(file), ".toml"); len(all) != 1 || all[0].ID != want {
			t.Errorf("%s holds %v", file, all)
		}
		if b, ok := builtin(t).Get(all[0].ID); !ok || b.Token != all[0].Token || len(b.Services) != len(all[0].Services) {
			t.Errorf("%s is read differently when embedded", file)
		}
	}
}

// What a screen or a health rule needs to know of a provider is there for each.
func TestEveryBuiltinEntrySaysWhatEndsItAndHowToGetAClient(t *testing.T) {
	t.Parallel()
	for _, p := range builtin(t).All() {
		if len(p.DeathList()) < 3 {
			t.Errorf("%s: %d causes of death", p.ID, len(p.Deaths))
		}
		for _, d := range p.DeathList() {
			if d.Fix == "" || strings.HasSuffix(d.Words, ".") || strings.HasSuffix(d.Fix, ".") {
				t.Errorf("%s: %s is no clause with a fix: %q, %q", p.ID, d.ID, d.Words, d.Fix)
			}
		}
		kinds := p.ClientKindList()
		if len(kinds) == 0 || !kinds[0].Preferred || len(kinds) > 1 && kinds[1].Preferred {
			t.Errorf("%s: not one preferred kind of client: %+v", p.ID, kinds)
		}
		var flows []provider.FlowKind
		for _, k := range kinds {
			flows = append(flows, k.Flows...)
			if k.Words == "" || k.Redirects == "" || len(k.Steps) == 0 {
				t.Errorf("%s: %s lacks words, redirects or steps", p.ID, k.ID)
			}
		}
		for _, f := range p.Flows {
			if !slices.Contains(flows, f) {
				t.Errorf("%s: no kind of client can do the %s flow", p.ID, f)
			}
		}
		if p.Registration.Console == "" || p.Registration.Docs == "" || p.Revoke.Effects == "" {
			t.Errorf("%s: no console, docs or effects of revoking", p.ID)
		}
		if steps := p.RegistrationSteps(kinds[0].ID); len(steps) < 2 || strings.Contains(strings.Join(steps, ""), "{") {
			t.Errorf("%s: steps %q", p.ID, steps)
		}
		if p.Client.Auth != kinds[0].Auth {
			t.Errorf("%s: the default authentication is %s, that of its preferred kind %s", p.ID, p.Client.Auth, kinds[0].Auth)
		}
	}
}

// idle_days and max_days are the terms that hold for every grant; the causes with words must not say otherwise.
func TestTermsAndCausesAgree(t *testing.T) {
	t.Parallel()
	for _, p := range builtin(t).All() {
		says := func(from provider.DeathFrom, days int) bool {
			return days == 0 || slices.ContainsFunc(p.DeathList(), func(d provider.Death) bool { return d.From == from && d.Days == days })
		}
		if !says(provider.FromUse, p.IdleDays) || !says(provider.FromConsent, p.MaxDays) {
			t.Errorf("%s: idle_days %d and max_days %d, and no cause says so: %+v", p.ID, p.IdleDays, p.MaxDays, p.DeathList())
		}
	}
}

func TestDeathsOfAGrant(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	ids := func(p provider.Provider, g provider.GrantFacts) []string {
		var out []string
		for _, d := range p.DeathsOf(g) {
			out = append(out, d.ID)
		}
		return out
	}
	const bigquery, drive = "https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/drive"
	for _, tt := range []struct {
		name, provider string
		facts          provider.GrantFacts
		with, without  []string
	}{
		{"in Testing", "google", provider.GrantFacts{Scopes: []string{drive}, Testing: true}, []string{"testing", "unused"}, []string{"password", "session-control"}},
		{"published", "google", provider.GrantFacts{Scopes: []string{drive}}, []string{"unused", "client-unused", "token-limit"}, []string{"testing"}},
		{"in Testing, sign-in scopes only", "google", provider.GrantFacts{Scopes: []string{"openid", "https://www.googleapis.com/auth/userinfo.email"}, Testing: true}, nil, []string{"testing"}},
		{"Gmail", "google", provider.GrantFacts{Scopes: []string{"https://mail.google.com/", "openid"}}, []string{"password"}, []string{"session-control"}},
		{"Gmail, a part", "google", provider.GrantFacts{Scopes: []string{"https://www.googleapis.com/auth/gmail.readonly"}}, []string{"password"}, nil},
		{"BigQuery", "google", provider.GrantFacts{Scopes: []string{bigquery}}, []string{"session-control"}, []string{"password"}},
		{"BigQuery, reading", "google", provider.GrantFacts{Scopes: []string{bigquery + ".readonly"}}, []string{"session-control"}, nil},
		{"nothing known", "google", provider.GrantFacts{}, []string{"unused", "revoked"}, []string{"testing", "password", "session-control"}},
		{"Advertising, public client", "microsoft", provider.GrantFacts{Services: []string{"advertising"}, ClientKind: "public"}, []string{"advertising-device", "password"}, []string{"secret"}},
		{"Advertising, with a secret", "microsoft", provider.GrantFacts{Services: []string{"advertising"}, ClientKind: "web"}, []string{"secret", "unused"}, []string{"advertising-device", "password"}},
		{"OneDrive, public client", "microsoft", provider.GrantFacts{Services: []string{"onedrive"}, ClientKind: "public"}, nil, []string{"advertising-device"}},
		{"a kind nobody knows", "microsoft", provider.GrantFacts{Services: []string{"advertising"}}, []string{"unused"}, []string{"advertising-device", "secret"}},
		{"a partner", "linkedin", provider.GrantFacts{HasRefresh: true}, []string{"term"}, []string{"access-only"}},
		{"no partner", "linkedin", provider.GrantFacts{}, []string{"access-only"}, []string{"term"}},
		{"tokens that expire", "github", provider.GrantFacts{HasRefresh: true}, []string{"refresh-term"}, []string{"unused"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := ids(get(t, c, tt.provider), tt.facts)
			for _, id := range tt.with {
				if !slices.Contains(got, id) {
					t.Errorf("%s is missing from %v", id, got)
				}
			}
			for _, id := range tt.without {
				if slices.Contains(got, id) {
					t.Errorf("%s is among %v", id, got)
				}
			}
		})
	}
	list := get(t, c, "google").DeathList()
	if list[0].ID != "testing" || list[0].Term() != 7*24*time.Hour || list[len(list)-1].Term() != 0 {
		t.Errorf("order: %+v", list)
	}
}

func TestRegistrationStepsFollowKindAndServices(t *testing.T) {
	t.Parallel()
	p := get(t, builtin(t), "google")
	all := strings.Join(p.RegistrationSteps("desktop", "sheets", "drive", "analytics"), "\n")
	for _, want := range []string{"choose a project", "Google Sheets API", "Analytics Admin API", "Desktop app", "the screens ask for it next", "fettle client add google"} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if strings.Count(all, "Enable the Google Drive API") != 1 {
		t.Errorf("a step is said twice:\n%s", all)
	}
	for _, part := range [][2]string{{"choose a project", "Google Sheets API"}, {"Google Sheets API", "type Desktop app"}, {"type Desktop app", "press Publish app"}} {
		if strings.Index(all, part[0]) > strings.Index(all, part[1]) {
			t.Errorf("%q comes after %q", part[0], part[1])
		}
	}
	if got := p.RegistrationSteps("unheard-of"); !slices.Equal(got, p.RegistrationSteps("desktop")) {
		t.Errorf("an unknown kind: %q", got)
	}
	if got := (provider.Provider{}).RegistrationSteps("x", "y"); len(got) != 0 {
		t.Errorf("a provider without any: %q", got)
	}
	if k := p.ClientKinds["tv"]; !k.NeedsSecret() || get(t, builtin(t), "microsoft").ClientKinds["public"].NeedsSecret() {
		t.Error("NeedsSecret")
	}
}

// Without its developer token a call is left out and says so; with it the token is in the header; a header of one's own counts too.
func TestCallsThatNeedAVarSayItIsMissing(t *testing.T) {
	t.Parallel()
	c := builtin(t)
	ads := get(t, c, "google").Services["ads"]
	if ads.Resources.URL != "" || !strings.Contains(ads.Resources.Blocked, "without a developer token") || ads.Probe.URL == "" {
		t.Errorf("without: %+v", ads.Resources)
	}
	bing := get(t, c, "microsoft").Services["advertising"]
	if bing.Probe.URL != "" || bing.Probe.Blocked == "" || bing.Resources.Blocked == "" {
		t.Errorf("without: %+v", bing)
	}
	with, err := c.With("c.toml", []byte("[providers.google.vars]\ndeveloper_token = \"T-1\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r := get(t, with, "google").Services["ads"].Resources; r.URL != "https://googleads.googleapis.com/v25/customers:listAccessibleCustomers" || r.Headers["developer-token"] != "T-1" || r.Blocked != "" {
		t.Errorf("with: %+v", r)
	}
	own, err := c.With("c.toml", []byte("[providers.google.services.ads.resources.headers]\ndeveloper-token = \"T-2\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r := get(t, own, "google").Services["ads"].Resources; r.URL == "" || r.Headers["developer-token"] != "T-2" {
		t.Errorf("a header of one's own: %+v", r)
	}
}

// The order of an entry decides where the browser and fettle share a machine; over SSH accounts puts the code first.
func TestD14_LoopbackComesFirst(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, p := range builtin(t).All() {
		if !slices.Contains(p.Flows, provider.Device) || !slices.Contains(p.Flows, provider.Browser) {
			continue
		}
		compared++
		if p.Flows[0] != provider.Browser {
			t.Errorf("%s offers a code before the browser of the same machine", p.ID)
		}
	}
	if compared == 0 {
		t.Error("no entry has both flows")
	}
}
