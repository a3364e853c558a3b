package accounts_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/sandbox"
)

// verify climbs the ladder and fails the test if that cannot be done.
func (r *rig) verify(t testing.TB, id string) accounts.VerifyReport {
	t.Helper()
	var told []accounts.Check
	report, err := r.Verify(t.Context(), id, func(c accounts.Check) { told = append(told, c) })
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range report.Checks {
		if !slices.ContainsFunc(told, func(o accounts.Check) bool { return o.ID == c.ID && o.State == c.State && o.Detail == c.Detail }) {
			t.Errorf("check %s was not reported as it was made", c.ID)
		}
	}
	return report
}

func TestVerifyProvesAnAccount(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	r.clock.pass(8 * 24 * time.Hour)
	if got := r.look(t, a.ID).Health.State; got != accounts.Unproven {
		t.Fatalf("health %s", got)
	}
	report := r.verify(t, a.ID)
	want := []accounts.CheckID{
		accounts.CheckStore, accounts.CheckDNS, accounts.CheckProxy, accounts.CheckConnect, accounts.CheckTLS, accounts.CheckClock, accounts.CheckRefresh, accounts.CheckPermissions, accounts.CheckIdentity, accounts.CheckProbe, accounts.CheckResources,
	}
	var got []accounts.CheckID
	for _, c := range report.Checks {
		got = append(got, c.ID)
		if c.State != accounts.CheckOK {
			t.Errorf("%s: %s %s", c.ID, c.State, c.Detail)
		}
	}
	if !report.OK || !slices.Equal(got, want) {
		t.Errorf("ok %t, checks %v", report.OK, got)
	}
	if b := r.look(t, a.ID); b.Health.State != accounts.Healthy || b.Generation != a.Generation {
		t.Errorf("%s, generation %d", b.Health.State, b.Generation)
	}
	if got := r.actions(t, a.ID); !slices.Contains(got, "verify") {
		t.Errorf("history %v", got)
	}
}

func TestVerifyBurnsNoSingleUseToken(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{Rotation: sandbox.RotationSingleUse})
	a := r.authorized(t, "sales")
	report := r.verify(t, a.ID)
	if c := check(t, report.Checks, accounts.CheckRefresh); !report.OK || c.State != accounts.CheckSkipped || r.refreshes() != 0 {
		t.Errorf("ok %t, %+v, %d refreshes", report.OK, c, r.refreshes())
	}
	r.clock.pass(2 * time.Hour) // no live access token: only a refresh can answer
	if report = r.verify(t, a.ID); !report.OK || r.refreshes() != 1 {
		t.Errorf("%+v, %d refreshes", report, r.refreshes())
	}
	r.server.ExpireAccessIn("", 0) // dead before its time: 401, then one refresh and everything again
	if report = r.verify(t, a.ID); !report.OK || r.refreshes() != 2 {
		t.Errorf("%+v, %d refreshes", report, r.refreshes())
	}
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		wreck func(*testing.T, *rig, string)
		check accounts.CheckID
		state accounts.CheckState
		says  string
		after accounts.State
	}{
		{"revoked", func(_ *testing.T, r *rig, _ string) { r.server.RevokeEverything("") }, accounts.CheckRefresh, accounts.CheckFailed, "", accounts.NeedsSignIn},
		{
			"a permission taken back", func(t *testing.T, r *rig, id string) {
				r.server.RevokeScope("", "reports.read")
			}, accounts.CheckPermissions, accounts.CheckFailed, "See your reports", accounts.MissingPermissions,
		},
		{
			"an outage", func(t *testing.T, r *rig, _ string) {
				r.fault(t, sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetAPI})
			}, accounts.CheckProbe, accounts.CheckWarning, "", accounts.Unreachable,
		},
		{
			"an API that refuses", func(t *testing.T, r *rig, _ string) {
				r.fault(t, sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetAPI, Status: 403, Code: "accessNotConfigured"})
			}, accounts.CheckProbe, accounts.CheckFailed, "", "",
		},
		{
			"somebody else", func(t *testing.T, r *rig, id string) {
				r.change(t, id, func(a *store.Account) { a.Identity.Subject, a.Identity.Email = "1002", "ben@example.org" })
			}, accounts.CheckIdentity, accounts.CheckFailed, "ben@example.org", accounts.WrongIdentity,
		},
		{
			"a tampered record", func(t *testing.T, r *rig, id string) {
				g, _ := r.grant(t, id, store.Current)
				former := g.Seq
				g.Seq++ // sealed as another version of the record
				if err := r.store.Update(t.Context(), func(w store.Writer) error { return w.PutGrant(&g, former) }); err != nil {
					t.Fatal(err)
				}
			}, accounts.CheckStore, accounts.CheckFailed, "", accounts.NeedsSignIn,
		},
		{
			"a client whose secret cannot be read", func(t *testing.T, r *rig, _ string) {
				toml := r.server.ProviderTOML("demo", r.tokeninfo()...)
				r.configure(t, strings.Replace(toml, `auth = "none"`, "auth = \"post\"\nsecret_file = \"/nonexistent/secret\"", 1))
			}, accounts.CheckStore, accounts.CheckFailed, "/nonexistent/secret", accounts.Blocked,
		},
		{
			"a provider that is gone", func(t *testing.T, r *rig, _ string) {
				r.configure(t, strings.ReplaceAll(r.server.ProviderTOML("demo"), "[providers.demo", "[providers.other"))
			}, accounts.CheckStore, accounts.CheckFailed, "catalogue", accounts.Blocked,
		},
		{
			"a removed account", func(t *testing.T, r *rig, id string) {
				r.change(t, id, func(a *store.Account) { a.ToRevoke = true })
			}, accounts.CheckStore, accounts.CheckFailed, "removed", accounts.ToRevoke,
		},
		{
			"a config that points elsewhere", func(t *testing.T, r *rig, _ string) {
				r.configure(t, r.server.ProviderTOML("demo", append(r.tokeninfo(), `token_endpoint = "https://evil.example/token"`)...))
			}, accounts.CheckStore, accounts.CheckFailed, "evil.example", accounts.Blocked,
		},
		{
			"a held credential", func(t *testing.T, r *rig, id string) {
				r.change(t, id, func(a *store.Account) { a.Holder = "file:f1" })
			}, accounts.CheckStore, accounts.CheckWarning, "f1", "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, sandbox.Options{})
			r.configure(t, r.server.ProviderTOML("demo", r.tokeninfo()...))
			a := r.authorized(t, "sales")
			r.clock.pass(2 * time.Hour)
			c.wreck(t, r, a.ID)
			report := r.verify(t, a.ID)
			got := check(t, report.Checks, c.check)
			if report.OK || got.State != c.state || !strings.Contains(got.Detail, c.says) {
				t.Errorf("ok %t, %+v", report.OK, got)
			}
			if state := r.look(t, a.ID).Health.State; c.after != "" && state != c.after {
				t.Errorf("health %s", state)
			}
		})
	}
}

// What is wrong with this machine's side is known to health until it is mended, and not after.
func TestWhatIsMendedOnThisMachineIsNotToldAnyMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	toml := r.server.ProviderTOML("demo")
	for _, c := range []struct {
		toml  string
		state accounts.State
		cause string
	}{
		{strings.Replace(toml, `auth = "none"`, "auth = \"post\"\nsecret_command = [\"/nonexistent/agent\"]", 1), accounts.Blocked, "client_unusable"},
		{toml, accounts.Healthy, ""},
	} {
		r.configure(t, c.toml)
		r.clock.pass(time.Minute)
		r.verify(t, a.ID)
		if h := r.look(t, a.ID).Health; h.State != c.state || h.Cause != c.cause {
			t.Errorf("%s, cause %q: %s; want %s", h.State, h.Cause, h.Title, c.state)
		}
	}
}

// tokeninfo lets the scopes be asked for instead of read from token answers.
func (r *rig) tokeninfo() []string {
	return []string{`scope_source = "tokeninfo"`, `introspection_endpoint = "` + r.server.URL() + `/tokeninfo"`}
}

func TestVerifyNeedsTheKey(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	r.vault.Lock()
	for what, err := range map[string]error{
		"verify":        second(r.Verify(t.Context(), a.ID, nil)),
		"repeat checks": second(r.RepeatChecks(t.Context(), a.ID, nil)),
		"resources":     second(r.Resources(t.Context(), a.ID, true)),
		"export":        second(r.Export(t.Context(), a.ID)),
		"signing key":   second(r.SigningKey(t.Context())),
		"authorize":     second(r.StartFlow(t.Context(), request("new"))),
		"revoke":        second(r.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true})),
	} {
		if !errors.As(err, new(*vault.LockedError)) {
			t.Errorf("%s with a locked vault: %v", what, err)
		}
	}
	if _, err := r.Resources(t.Context(), a.ID, false); err != nil {
		t.Errorf("listing what is cached: %v", err)
	}
	if b := r.look(t, a.ID); b.ToRevoke || b.Health.State != accounts.Healthy {
		t.Errorf("%s %+v", b.Health.State, b.Account)
	}
}

func TestRepeatingTheChecksOfTheLiveGrant(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	whole := r.authorized(t, "whole")
	if result, err := r.RepeatChecks(t.Context(), whole.ID, nil); err != nil || result.End != accounts.EndAuthorized || result.Name != "whole" {
		t.Errorf("%+v, %v", result, err)
	}
	partial := r.authorize(t, everything("partial"), some("reports.read"))
	if result, err := r.RepeatChecks(t.Context(), partial.AccountID, nil); err != nil || result.End != accounts.EndPartial || len(result.Missing) != 3 {
		t.Errorf("%+v, %v", result, err)
	}
}

func TestResourcesAreCachedAndRefreshed(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	result := r.authorize(t, everything("sales"), sandbox.Consent{All: true})
	_, seq := r.secrets(t, result.AccountID)
	calls := r.server.Stats().API
	cached, err := r.Resources(t.Context(), result.AccountID, false)
	if err != nil || r.server.Stats().API != calls || len(cached.Services) != 3 {
		t.Fatalf("%+v, %v", cached, err)
	}
	r.clock.pass(10 * time.Minute)
	fresh, err := r.Resources(t.Context(), result.AccountID, true)
	if err != nil || !fresh.At.After(cached.At) {
		t.Fatalf("listed at %s, %v", fresh.At, err)
	}
	for i, s := range fresh.Services {
		if !s.Lists || len(s.Items) != len(cached.Services[i].Items) || !s.Items[0].FirstSeen.Equal(cached.At) || !s.Items[0].LastSeen.Equal(fresh.At) {
			t.Errorf("%+v", s)
		}
	}
	if _, now := r.secrets(t, result.AccountID); now != seq {
		t.Error("listing touched the credential")
	}
	r.fault(t, sandbox.Fault{Kind: sandbox.FaultServerError, On: sandbox.TargetAPI})
	if _, err := r.Resources(t.Context(), result.AccountID, true); err == nil {
		t.Error("an outage was not told")
	}
	kept, err := r.Resources(t.Context(), result.AccountID, false)
	if err != nil || len(kept.Services[0].Items) != len(fresh.Services[0].Items) {
		t.Errorf("an outage emptied the cache: %+v, %v", kept, err)
	}
}

// A verification takes seconds, and somebody may sign in again meanwhile: what it found is about the former grant then.
func TestFindingsAboutAFormerGrantAreNotKept(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	a := r.authorized(t, "sales")
	r.server.RevokeScope("", "reports.read")
	r.configure(t, r.server.ProviderTOML("demo", r.tokeninfo()...))
	report, err := r.Verify(t.Context(), a.ID, func(c accounts.Check) {
		if c.ID == accounts.CheckProbe && c.State == accounts.CheckRunning {
			r.change(t, a.ID, func(a *store.Account) { a.AuthorizedAt = a.AuthorizedAt.Add(time.Second) })
		}
	})
	if err != nil || report.OK {
		t.Fatalf("%+v, %v", report, err)
	}
	after := r.look(t, a.ID)
	if !slices.Equal(after.Granted, a.Granted) {
		t.Errorf("granted %v, want those of the new grant, %v", after.Granted, a.Granted)
	}
	if after.Health.State == accounts.MissingPermissions {
		t.Errorf("health %+v", after.Health.Finding)
	}
}
