package accounts_test

import (
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

const analytics = "https://www.googleapis.com/auth/analytics.readonly"

// builtin is a provider of the catalogue as it ships.
func builtin(t testing.TB, id string) provider.Provider {
	t.Helper()
	c, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := c.Get(id)
	if !ok {
		t.Fatalf("the catalogue has no %s", id)
	}
	return p
}

// granted are the facts of an account that was authorized and used that long ago.
func granted(p provider.Provider, authorized, used time.Duration) accounts.Facts {
	f := well()
	f.Provider = p
	f.Account.Provider, f.Account.Rotation = p.ID, p.Rotation
	f.Account.AuthorizedAt, f.Account.RefreshedAt, f.Account.ProvenAt = noon.Add(-authorized), noon.Add(-used), noon.Add(-used)
	return f
}

func TestEveryPredictableDeathHasADate(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) time.Time { return noon.Add(d) }
	for _, c := range []struct {
		name     string
		provider string
		change   func(*accounts.Facts)
		at       time.Time
		because  string
		remedy   diagnose.Remedy // of the finding, "" = it is too far off for one
	}{
		{"Google, nothing known", "google", nil, at(170 * oneDay), "unused for 6 months", ""},
		{"Google, marked as in testing", "google", func(f *accounts.Facts) { f.Client.Testing = true }, at(-3 * oneDay), "", ""},
		{"Google, in testing since yesterday", "google", func(f *accounts.Facts) {
			f.Client.Testing, f.Account.AuthorizedAt, f.Account.RefreshedAt, f.Account.ProvenAt = true, noon.Add(-oneDay), noon, noon
		}, at(6 * oneDay), "in Testing", diagnose.Reauthorize},
		{"Google, in testing by the term it stated", "google", func(f *accounts.Facts) {
			f.Account.AuthorizedAt, f.Account.RefreshExpiresAt = noon.Add(-oneDay), noon.Add(6*oneDay-time.Second)
			f.Account.RefreshedAt, f.Account.ProvenAt = noon, noon
		}, at(6*oneDay - time.Second), "in Testing", diagnose.Reauthorize},
		{"Google, in testing with nothing but the sign-in", "google", func(f *accounts.Facts) {
			f.Client.Testing, f.Account.Granted = true, []string{"openid", "email"}
		}, at(170 * oneDay), "unused", ""},
		{"Google, access for a time", "google", func(f *accounts.Facts) { f.Account.RefreshExpiresAt = noon.Add(10 * oneDay) }, at(10 * oneDay), "limited time", diagnose.Reauthorize},
		{"Microsoft rolls", "microsoft", nil, at(80 * oneDay), "unused for 90 days", ""},
		{"Microsoft, long unused", "microsoft", func(f *accounts.Facts) {
			f.Account.RefreshedAt, f.Account.ProvenAt, f.Account.AuthorizedAt = noon.Add(-85*oneDay), noon.Add(-85*oneDay), noon.Add(-85*oneDay)
		}, at(5 * oneDay), "unused for 90 days", diagnose.Refresh},
		{"Meta", "meta", func(f *accounts.Facts) {
			f.Account.HasRefresh, f.Account.AccessExpiresAt = false, noon.Add(50*oneDay)
		}, at(50 * oneDay), "60 days after the sign-in", ""},
		{"Meta, prolonged by an exchange after all", "meta", func(f *accounts.Facts) {
			f.Account.HasRefresh, f.Account.AuthorizedAt = false, noon.Add(-70*oneDay)
			f.Account.RefreshedAt, f.Account.ProvenAt, f.Account.AccessExpiresAt = noon.Add(-oneDay), noon.Add(-oneDay), noon.Add(59*oneDay)
		}, at(59 * oneDay), "exchanged before", ""},
		{"LinkedIn", "linkedin", nil, at(355 * oneDay), "365 days after the sign-in", ""},
		{"LinkedIn without a refresh token", "linkedin", func(f *accounts.Facts) { f.Account.HasRefresh = false }, at(50 * oneDay), "lasts 60 days", ""},
		{"Salesforce", "salesforce", nil, at(20 * oneDay), "unused for 30 days", ""},
		{"GitHub, tokens that do not expire", "github", func(f *accounts.Facts) { f.Account.HasRefresh = false }, at(355 * oneDay), "unused for a year", ""},
		{"GitHub, tokens that do", "github", nil, at(170 * oneDay), "6 months after it was issued", ""},
		{"Dropbox", "dropbox", nil, time.Time{}, "", ""},
		{"the client's secret", "dropbox", func(f *accounts.Facts) {
			f.Client = accounts.ClientFacts{Label: "ours", SecretExpiresAt: noon.Add(9 * oneDay)}
		}, at(9 * oneDay), `secret of the client "ours"`, diagnose.FixClient},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := granted(builtin(t, c.provider), 10*oneDay, 10*oneDay)
			f.Account.Granted = []string{"openid", analytics}
			if c.change != nil {
				c.change(&f)
			}
			h := accounts.Evaluate(f, accounts.DefaultPolicy, noon)
			if h.State == accounts.NeedsSignIn && c.at.Before(noon) && !c.at.IsZero() {
				return // dead by then, and said so
			}
			if !h.DiesAt.Equal(c.at) || !strings.Contains(h.DiesBecause, c.because) {
				t.Fatalf("dies at %v because %q, want %v because %q", h.DiesAt, h.DiesBecause, c.at, c.because)
			}
			if (h.State == accounts.Expiring) != (c.remedy != "") || c.remedy != "" && h.Remedy != c.remedy {
				t.Errorf("%s, remedy %q", h.State, h.Remedy)
			}
		})
	}
}

// A secret that has ended stops every account of the client; the sign-ins live on, so nobody is asked to repeat them.
func TestAnEndedSecretBlocks(t *testing.T) {
	t.Parallel()
	f := granted(builtin(t, "microsoft"), 30*oneDay, 3*oneDay)
	f.Client = accounts.ClientFacts{Label: "ours", SecretExpiresAt: noon.Add(-oneDay)}
	h := accounts.Evaluate(f, accounts.DefaultPolicy, noon)
	if h.State != accounts.Blocked || h.Cause != "client_secret" || h.Remedy != diagnose.FixClient || !strings.Contains(h.Detail, "fettle client replace") {
		t.Errorf("%+v", h.Finding)
	}
	f.Account.RefreshedAt, f.Account.ProvenAt = noon, noon // it works all the same: the date was wrong
	if h = accounts.Evaluate(f, accounts.DefaultPolicy, noon); h.State != accounts.Healthy {
		t.Errorf("%+v", h.Finding)
	}
}

// Two ends that are near are both told: a refresh puts off one of them only.
func TestEveryNearEndIsTold(t *testing.T) {
	t.Parallel()
	f := granted(builtin(t, "salesforce"), 40*oneDay, 20*oneDay)
	f.Client = accounts.ClientFacts{Label: "ours", SecretExpiresAt: noon.Add(12 * oneDay)}
	h := accounts.Evaluate(f, accounts.DefaultPolicy, noon)
	var causes []string
	for _, one := range h.Findings {
		if one.State == accounts.Expiring {
			causes = append(causes, one.Cause)
		}
	}
	if strings.Join(causes, " ") != "idle client_secret" || !h.DiesAt.Equal(noon.Add(10*oneDay)) {
		t.Errorf("told %v, dies at %v", causes, h.DiesAt)
	}
}

// What has no date is named: it can be asked about when a grant is dead.
func TestRisksAreNamed(t *testing.T) {
	t.Parallel()
	h := accounts.Evaluate(granted(builtin(t, "meta"), oneDay, oneDay), accounts.DefaultPolicy, noon)
	var words []string
	for _, r := range h.Risks {
		if r.Cause == "" || r.Fix == "" {
			t.Errorf("%+v", r)
		}
		words = append(words, r.Words)
	}
	all := strings.Join(words, "\n")
	for _, part := range []string{"unused for 90 days", "access to data lapses 90 days"} {
		if !strings.Contains(all, part) {
			t.Errorf("nothing is said of %q in\n%s", part, all)
		}
	}
	if h := accounts.Evaluate(well(), accounts.DefaultPolicy, noon); len(h.Risks) != 0 {
		t.Errorf("risks of a provider that says nothing: %v", h.Risks)
	}
}

// The end of a client is known from its accounts, and from what was entered.
func TestAClientHasAnEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	now := r.clock.now()
	err := r.store.Update(t.Context(), func(w store.Writer) error {
		for _, c := range []store.Client{
			{ID: "c1", Provider: "google", Label: "used", OAuthID: "1-a", Auth: provider.AuthPost, Kind: "desktop"},
			{ID: "c2", Provider: "google", Label: "unused", OAuthID: "2-a", Auth: provider.AuthPost},
			{ID: "c3", Provider: "microsoft", Label: "dated", OAuthID: "3", Auth: provider.AuthPost, SecretExpiresAt: now.Add(oneDay)},
		} {
			if err := w.PutClient(&c); err != nil {
				return err
			}
		}
		return w.PutAccount(&store.Account{ID: "a", Name: "a", Provider: "google", ClientID: "c1", RefreshedAt: now})
	})
	if err != nil {
		t.Fatal(err)
	}
	all, err := r.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ends := map[string]time.Time{}
	for _, c := range all {
		ends[c.Label] = c.DiesAt
		if c.DiesAt.IsZero() != (c.DiesBecause == "") {
			t.Errorf("%s dies at %v because %q", c.Label, c.DiesAt, c.DiesBecause)
		}
		if c.Label == "used" && c.KindName != "Desktop app" {
			t.Errorf("kind %q", c.KindName)
		}
	}
	if !ends["used"].Equal(now.Add(180*oneDay)) || !ends["unused"].IsZero() || !ends["dated"].Equal(now.Add(oneDay)) {
		t.Errorf("%v", ends)
	}
}

// A client in config.toml is marked there.
func TestAConfiguredClientIsMarkedThere(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	id := r.plant(t, 1)[0]
	ends := r.clock.now().Add(9 * oneDay).Truncate(oneDay)
	r.configure(t, r.server.ProviderTOML("demo")+"\n[providers.demo.client_kinds.app]\nname = \"App\"\nauth = \"none\"\nflows = [\"browser\", \"device\"]\n"+
		"[providers.microsoft.client]\nid = \"m\"\nkind = \"web\"\nauth = \"post\"\nsecret = \"s\"\nsecret_expires = \""+ends.Format(time.DateOnly)+"\"\n[providers.google.client]\nid = \"g\"\nsecret = \"s\"\ntesting = true\n")
	all, err := r.Clients(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	marked := 0
	for _, c := range all {
		switch c.Provider {
		case "microsoft":
			if c.SecretExpiresAt.Equal(ends) && c.DiesAt.Equal(ends) && c.KindID == "web" {
				marked++
			}
		case "google":
			if c.Testing {
				marked++
			}
		case "demo":
			if c.KindName == "App" {
				marked++
			}
		}
	}
	if marked != 3 {
		t.Errorf("%+v", all)
	}
	r.change(t, id, func(a *store.Account) { a.Provider, a.OAuthClientID, a.Server.Token = "microsoft", "m", "" })
	if h := r.look(t, id).Health; !h.DiesAt.Equal(ends) || !strings.Contains(h.DiesBecause, "from config") {
		t.Errorf("dies at %v because %q", h.DiesAt, h.DiesBecause)
	}
}
