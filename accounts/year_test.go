package accounts_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// mortal is a token endpoint and an API whose one grant ends as a provider's grants do: unused for idle, or max after
// the consent. Refresh tokens rotate where the provider's do.
type mortal struct {
	mu        sync.Mutex
	now       func() time.Time
	idle, max time.Duration
	rotates   bool
	accessTTL time.Duration // 0: access tokens have no end

	consent, used time.Time
	refresh       string
	access        string
	accessEnds    time.Time
	serial        int
	uses          int
}

func (m *mortal) alive() bool {
	now := m.now()
	return (m.idle == 0 || now.Sub(m.used) < m.idle) && (m.max == 0 || now.Sub(m.consent) < m.max)
}

// issue makes the next access token and, where they rotate, the next refresh token.
func (m *mortal) issue() (rotated string) {
	m.serial++
	m.used, m.access = m.now(), fmt.Sprintf("access-%d", m.serial)
	if m.accessTTL > 0 {
		m.accessEnds = m.now().Add(m.accessTTL)
	}
	if m.rotates || m.serial == 1 {
		m.refresh = fmt.Sprintf("refresh-%d", m.serial)
		return m.refresh
	}
	return ""
}

func (m *mortal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.uses++
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/api" {
		if !m.alive() || r.Header.Get("Authorization") != "Bearer "+m.access {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		m.used = m.now()
		_, _ = fmt.Fprint(w, `{"id":1}`) // the client is this test
		return
	}
	fresh := r.FormValue("refresh_token") == m.refresh
	if r.FormValue("grant_type") == "fb_exchange_token" { // an expired token cannot be exchanged
		fresh = r.FormValue("fb_exchange_token") == m.access && m.now().Before(m.accessEnds)
	}
	if !m.alive() || !fresh {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant"}`) // the client is this test
		return
	}
	rotated := m.issue()
	members := []string{fmt.Sprintf(`"access_token":%q,"token_type":"Bearer"`, m.access)}
	if rotated != "" && r.FormValue("grant_type") == "refresh_token" {
		members = append(members, fmt.Sprintf(`"refresh_token":%q`, rotated))
	}
	if m.accessTTL > 0 {
		members = append(members, fmt.Sprintf(`"expires_in":%d`, int(m.accessTTL.Seconds())))
	}
	_, _ = fmt.Fprintf(w, "{%s}", strings.Join(members, ",")) // the client is this test
}

// mortalRig is a book with one account at a built-in provider that m plays.
func mortalRig(t *testing.T, id string, m *mortal, hasRefresh bool) (*rig, string) {
	t.Helper()
	r := newRig(t, sandbox.Options{})
	server := httptest.NewServer(m)
	t.Cleanup(server.Close)
	m.now = r.clock.now
	m.consent = r.clock.now()
	m.issue()
	r.configure(t, fmt.Sprintf(`
[providers.%[1]s]
scope_source = "token"
token_endpoint = "%[2]s/token"
[providers.%[1]s.client]
id = "c"
auth = "none"
[providers.%[1]s.services.thing]
scopes = ["s"]
probe = { url = "%[2]s/api" }
`, id, server.URL))
	p, _ := r.config.Catalogue.Get(id)
	now := r.clock.now()
	a := store.Account{
		ID: "a", Name: "a", Provider: id, Services: []string{"thing"}, Server: oauthflow.Server{Issuer: p.Issuer, Endpoints: p.Endpoints},
		OAuthClientID: "c", AuthMethod: provider.AuthNone, Required: []string{"s"}, Granted: []string{"s"}, Rotation: p.Rotation,
		AuthorizedAt: now, RefreshedAt: now, ProvenAt: now, CreatedAt: now, AccessExpiresAt: m.accessEnds,
	}
	token := &oauthflow.Token{Access: secret.New(m.access), Type: "Bearer"}
	if hasRefresh {
		token.Refresh = secret.New(m.refresh)
	}
	if err := r.Plant(t.Context(), []store.Account{a}, []*oauthflow.Token{token}); err != nil {
		t.Fatal(err)
	}
	return r, a.ID
}

// keepAlive is what a scheduled `refresh --due` does.
func (r *rig) keepAlive(t *testing.T) int {
	t.Helper()
	due, err := r.Due(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, a := range due {
		ids = append(ids, a.ID)
	}
	_ = r.KeepAlive(t.Context(), ids, nil) // what becomes of an account is in its health
	return len(ids)
}

// A year of daily runs keeps every grant alive that only idleness ends, and asks seldom.
func TestAYearOfDailyRunsPreventsIdleDeaths(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		provider   string
		mortal     *mortal
		hasRefresh bool
		most       int // requests in the year
	}{
		{"google", &mortal{idle: 180 * oneDay, accessTTL: time.Hour}, true, 20},
		{"microsoft", &mortal{idle: 90 * oneDay, accessTTL: time.Hour, rotates: true}, true, 20},
		{"salesforce", &mortal{idle: 30 * oneDay, accessTTL: 2 * time.Hour, rotates: true}, true, 40},
		{"github", &mortal{idle: 180 * oneDay, accessTTL: 8 * time.Hour, rotates: true}, true, 20},
		{"github", &mortal{idle: 365 * oneDay}, false, 60}, // each use is a few questions
		{"meta", &mortal{accessTTL: 60 * oneDay}, false, 12},
		{"dropbox", &mortal{accessTTL: 4 * time.Hour}, true, 20},
	} {
		t.Run(fmt.Sprintf("%s, refresh token %t", c.provider, c.hasRefresh), func(t *testing.T) {
			t.Parallel()
			m := c.mortal
			r, id := mortalRig(t, c.provider, m, c.hasRefresh)
			for day := range 365 {
				r.clock.pass(oneDay)
				r.keepAlive(t)
				if !m.alive() {
					t.Fatalf("dead on day %d", day+1)
				}
				if day%7 != 0 {
					continue
				}
				if a := r.look(t, id); a.Health.State == accounts.NeedsSignIn {
					t.Fatalf("day %d: %s, %s", day+1, a.Health.State, a.Health.Title)
				}
			}
			if m.uses == 0 || m.uses > c.most {
				t.Errorf("%d requests in a year", m.uses)
			}
		})
	}
}

// Without the runs the same grants die: the test above can fail.
func TestWithoutRunsTheyDie(t *testing.T) {
	t.Parallel()
	m := mortal{idle: 30 * oneDay, accessTTL: 2 * time.Hour, rotates: true}
	r, id := mortalRig(t, "salesforce", &m, true)
	r.clock.pass(31 * oneDay)
	if a := r.look(t, id); a.Health.State != accounts.NeedsSignIn || a.Health.Cause != "idle" || m.alive() {
		t.Errorf("%s %q", a.Health.State, a.Health.Cause)
	}
	if _, err := r.Refresh(t.Context(), id, accounts.Now(true)); err == nil {
		t.Error("it is refreshed all the same")
	}
}

// What no run can put off is announced before: as a warning, and critical in the last days.
func TestFixedTermsAreAnnouncedInTime(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, provider  string
		max             time.Duration
		mark            bool // the operator said that the client is in testing
		warned, stopped int  // days: no later than that
	}{
		{"LinkedIn's year", "linkedin", 365 * oneDay, false, 352, 365},
		{"Google's week in testing", "google", 7 * oneDay, true, 1, 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := mortal{max: c.max, accessTTL: time.Hour}
			r, id := mortalRig(t, c.provider, &m, true)
			if c.mark {
				r.markTesting(t, id, c.provider)
			}
			warned, critical := 0, 0
			for day := 1; ; day++ {
				r.clock.pass(oneDay)
				r.keepAlive(t)
				h := r.look(t, id).Health
				switch {
				case h.State == accounts.Expiring && warned == 0:
					warned = day
				case h.State == accounts.Expiring && h.Severity == accounts.SeverityCritical && critical == 0:
					critical = day
				case h.State == accounts.NeedsSignIn:
					if day != c.stopped || warned == 0 || warned > c.warned || critical == 0 || critical > c.stopped-2 {
						t.Errorf("warned on day %d, critical on day %d, dead on day %d: %s", warned, critical, day, h.Title)
					}
					return
				case day > c.stopped:
					t.Fatalf("day %d: %s", day, h.State)
				}
			}
		})
	}
}

// markTesting moves an account to a client of the store whose consent screen is in testing.
func (r *rig) markTesting(t *testing.T, id, providerID string) {
	t.Helper()
	err := r.store.Update(t.Context(), func(w store.Writer) error {
		return w.PutClient(&store.Client{ID: "c", Provider: providerID, Label: "ours", OAuthID: "c", Auth: provider.AuthNone, Testing: true})
	})
	if err != nil {
		t.Fatal(err)
	}
	r.change(t, id, func(a *store.Account) { a.ClientID = "c" })
}
