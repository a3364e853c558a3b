package accounts_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

const oneDay = 24 * time.Hour

// well are the facts of an account that nothing is wrong with.
func well() accounts.Facts {
	return accounts.Facts{
		Account: store.Account{
			ID: "a", Name: "a", Provider: "acme", HasRefresh: true, Holder: store.HolderBook, Rotation: provider.RotationNone,
			AuthorizedAt: noon.Add(-30 * oneDay), RefreshedAt: noon.Add(-time.Hour), ProvenAt: noon.Add(-time.Hour),
		},
		Provider: provider.Provider{ID: "acme", Name: "Acme"},
	}
}

func failed(kind store.ObservationKind, ago time.Duration, cause string, remedy diagnose.Remedy) store.Observation {
	return store.Observation{
		AccountID: "a", Kind: kind, At: noon.Add(-ago), FailsFrom: noon.Add(-ago), Cause: cause, Remedy: string(remedy), Title: cause + " happened",
	}
}

func worked(kind store.ObservationKind, ago time.Duration) store.Observation {
	return store.Observation{AccountID: "a", Kind: kind, At: noon.Add(-ago), LastGood: noon.Add(-ago), OK: true}
}

func transient(ago, since time.Duration) store.Observation {
	o := failed(store.ObservedRefresh, ago, "dns", diagnose.FixMachine)
	o.Transient, o.FailsFrom = true, noon.Add(-since)
	return o
}

func TestEvaluate(t *testing.T) {
	t.Parallel()
	observe := func(all ...store.Observation) func(*accounts.Facts) {
		return func(f *accounts.Facts) { f.Observations = all }
	}
	tests := []struct {
		name     string
		change   func(*accounts.Facts)
		state    accounts.State
		severity accounts.Severity
		cause    string
		remedy   diagnose.Remedy
	}{
		{"healthy", func(*accounts.Facts) {}, accounts.Healthy, accounts.SeverityOK, "", ""},
		{"revoked", observe(failed(store.ObservedRefresh, time.Hour, "revoked", diagnose.Reauthorize)), accounts.NeedsSignIn, accounts.SeverityCritical, "revoked", diagnose.Reauthorize},
		{"second factor", observe(failed(store.ObservedRefresh, time.Hour, "session_control", diagnose.ReauthorizeInteractively)), accounts.NeedsSignIn, accounts.SeverityCritical, "session_control", diagnose.ReauthorizeInteractively},
		{"invalid_grant that nobody understands", func(f *accounts.Facts) {
			o := failed(store.ObservedRefresh, time.Hour, "unknown", diagnose.Unknown)
			o.Code = "invalid_grant"
			f.Observations = []store.Observation{o}
		}, accounts.NeedsSignIn, accounts.SeverityCritical, "unknown", diagnose.Reauthorize},
		{"refused before the last consent", observe(failed(store.ObservedRefresh, 31*oneDay, "revoked", diagnose.Reauthorize)), accounts.Healthy, accounts.SeverityOK, "", ""},
		{"an API refused, and a refresh worked since", observe(failed(store.ObservedProbe, 2*time.Hour, "revoked", diagnose.Reauthorize), worked(store.ObservedRefresh, time.Hour)), accounts.Healthy, accounts.SeverityOK, "", ""},
		{"a refresh was refused, and a probe with the old access token works", observe(failed(store.ObservedRefresh, 2*time.Hour, "revoked", diagnose.Reauthorize), worked(store.ObservedProbe, time.Hour)), accounts.NeedsSignIn, accounts.SeverityCritical, "revoked", diagnose.Reauthorize},
		{"never authorized", func(f *accounts.Facts) { f.Account = store.Account{ID: "a", Provider: "acme"} }, accounts.NeedsSignIn, accounts.SeverityCritical, "never_authorized", diagnose.Reauthorize},
		{"another person", observe(failed(store.ObservedIdentity, time.Hour, "wrong_identity", diagnose.Reauthorize)), accounts.WrongIdentity, accounts.SeverityCritical, "wrong_identity", diagnose.Reauthorize},
		{"boxes not ticked", func(f *accounts.Facts) {
			f.Missing = []provider.Permission{{Scope: "r", Words: "See your reports"}}
		}, accounts.MissingPermissions, accounts.SeverityCritical, "missing_permissions", diagnose.GrantPermissions},
		{"administrator", observe(failed(store.ObservedRefresh, time.Hour, "admin_policy", diagnose.AskAdministrator)), accounts.Blocked, accounts.SeverityCritical, "admin_policy", diagnose.AskAdministrator},
		{"client", observe(failed(store.ObservedRefresh, time.Hour, "client_invalid", diagnose.FixClient)), accounts.Blocked, accounts.SeverityCritical, "client_invalid", diagnose.FixClient},
		{"configuration moved", func(f *accounts.Facts) {
			f.Drift = []accounts.Drift{{What: "token endpoint", Old: "https://a.example", New: "https://b.example"}}
		}, accounts.Blocked, accounts.SeverityCritical, "config_changed", diagnose.FixMachine},
		{"provider gone", func(f *accounts.Facts) { f.Provider = provider.Provider{} }, accounts.Blocked, accounts.SeverityCritical, "provider_missing", diagnose.FixMachine},
		{"idle soon", func(f *accounts.Facts) { f.Provider.IdleDays, f.Account.RefreshedAt = 30, noon.Add(-20*oneDay) }, accounts.Expiring, accounts.SeverityWarning, "idle", diagnose.Refresh},
		{"idle very soon", func(f *accounts.Facts) { f.Provider.IdleDays, f.Account.RefreshedAt = 30, noon.Add(-28*oneDay) }, accounts.Expiring, accounts.SeverityCritical, "idle", diagnose.Refresh},
		{"idle too long", func(f *accounts.Facts) {
			f.Provider.IdleDays, f.Account.RefreshedAt, f.Account.ProvenAt, f.Account.AuthorizedAt = 30, noon.Add(-40*oneDay), noon.Add(-40*oneDay), noon.Add(-90*oneDay)
		}, accounts.NeedsSignIn, accounts.SeverityCritical, "idle", diagnose.Reauthorize},
		{"fixed term soon over", func(f *accounts.Facts) { f.Provider.MaxDays = 40 }, accounts.Expiring, accounts.SeverityWarning, "expired", diagnose.Reauthorize},
		{"fixed term over", func(f *accounts.Facts) {
			f.Provider.MaxDays, f.Account.ProvenAt, f.Account.RefreshedAt = 29, noon.Add(-2*oneDay), noon.Add(-2*oneDay)
		}, accounts.NeedsSignIn, accounts.SeverityCritical, "expired", diagnose.Reauthorize},
		{"fixed term that the provider outlived", func(f *accounts.Facts) { f.Provider.MaxDays = 20 }, accounts.Healthy, accounts.SeverityOK, "", ""},
		{"access token only, renewed by itself", func(f *accounts.Facts) {
			f.Account.HasRefresh, f.Provider.Renew, f.Account.AccessExpiresAt = false, provider.RenewExchange, noon.Add(10*oneDay)
		}, accounts.Expiring, accounts.SeverityWarning, "expired", diagnose.Refresh},
		{"access token only", func(f *accounts.Facts) {
			f.Account.HasRefresh, f.Account.AccessExpiresAt = false, noon.Add(10*oneDay)
		}, accounts.Expiring, accounts.SeverityWarning, "expired", diagnose.Reauthorize},
		{"access token only, without an end", func(f *accounts.Facts) { f.Account.HasRefresh = false }, accounts.Healthy, accounts.SeverityOK, "", ""},
		{"an access token about to end says nothing where there is a refresh token", func(f *accounts.Facts) { f.Account.AccessExpiresAt = noon }, accounts.Healthy, accounts.SeverityOK, "", ""},
		{"nothing to read there", observe(failed(store.ObservedResources, time.Hour, "no_resources", diagnose.FixUserAccount)), accounts.NoResources, accounts.SeverityWarning, "no_resources", diagnose.FixUserAccount},
		{"offline", observe(transient(time.Hour, time.Hour)), accounts.Unreachable, accounts.SeverityWarning, "dns", diagnose.FixMachine},
		{"offline for a day", observe(transient(time.Hour, oneDay)), accounts.Unreachable, accounts.SeverityCritical, "dns", diagnose.FixMachine},
		{"offline, and reached since", observe(transient(2*time.Hour, oneDay), worked(store.ObservedProbe, time.Hour)), accounts.Healthy, accounts.SeverityOK, "", ""},
		{"a clock that was off a little", func(f *accounts.Facts) {
			o := failed(store.ObservedClock, time.Hour, "clock_skew", diagnose.FixMachine)
			o.Transient = true
			f.Observations = []store.Observation{o}
		}, accounts.Unproven, accounts.SeverityWarning, "clock_skew", diagnose.FixMachine},
		{"a clock that was off too much", observe(failed(store.ObservedClock, time.Hour, "clock_skew", diagnose.FixMachine)), accounts.Blocked, accounts.SeverityCritical, "clock_skew", diagnose.FixMachine},
		{"a clock that was off the day before yesterday", observe(failed(store.ObservedClock, 2*oneDay, "clock_skew", diagnose.FixMachine)), accounts.Healthy, accounts.SeverityOK, "", ""},
		{"offline, and handed over since", observe(transient(2*time.Hour, 2*time.Hour), worked(store.ObservedHolder, time.Hour)), accounts.Unreachable, accounts.SeverityWarning, "dns", diagnose.FixMachine},
		{"still valid", func(f *accounts.Facts) { f.Account.ToRevoke = true }, accounts.ToRevoke, accounts.SeverityWarning, "to_revoke", diagnose.RetryLater},
		{"not proven lately", func(f *accounts.Facts) { f.Account.ProvenAt = noon.Add(-8 * oneDay) }, accounts.Unproven, accounts.SeverityWarning, "unproven", diagnose.Refresh},
		{"never proven", func(f *accounts.Facts) { f.Account.ProvenAt = time.Time{} }, accounts.Unproven, accounts.SeverityWarning, "unproven", diagnose.Refresh},
		{"cut off", func(f *accounts.Facts) { f.Intent = &store.Intent{At: noon.Add(-time.Hour)} }, accounts.Unproven, accounts.SeverityWarning, "interrupted", diagnose.Refresh},
		{"under way", func(f *accounts.Facts) { f.Intent = &store.Intent{At: noon.Add(-time.Second)} }, accounts.Healthy, accounts.SeverityOK, "", ""},
		{"proven ahead of a clock that was put back", func(f *accounts.Facts) {
			f.Account.AuthorizedAt, f.Account.RefreshedAt, f.Account.ProvenAt = noon.Add(oneDay), noon.Add(oneDay), noon.Add(oneDay)
		}, accounts.Unproven, accounts.SeverityWarning, "unproven", diagnose.Refresh},
		{"refused after a sign-in that lies ahead", func(f *accounts.Facts) {
			f.Account.AuthorizedAt, f.Account.RefreshedAt, f.Account.ProvenAt = noon.Add(oneDay), noon.Add(oneDay), noon.Add(oneDay)
			f.Observations = []store.Observation{failed(store.ObservedRefresh, time.Hour, "revoked", diagnose.Reauthorize)}
		}, accounts.NeedsSignIn, accounts.SeverityCritical, "revoked", diagnose.Reauthorize},
		{"offline, and reached at a time that lies ahead", observe(transient(time.Hour, time.Hour), worked(store.ObservedProbe, -oneDay)), accounts.Unreachable, accounts.SeverityWarning, "dns", diagnose.FixMachine},
		{"a clock put back by a second", func(f *accounts.Facts) {
			f.Account.AuthorizedAt, f.Account.RefreshedAt, f.Account.ProvenAt = noon.Add(time.Second), noon.Add(time.Second), noon.Add(time.Second)
		}, accounts.Healthy, accounts.SeverityOK, "", ""},
		{"held by a file", func(f *accounts.Facts) { f.Account.Holder = "file:f1" }, accounts.Unproven, accounts.SeverityOK, "held", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := well()
			tt.change(&f)
			h := accounts.Evaluate(f, accounts.DefaultPolicy, noon)
			if h.State != tt.state || h.Severity != tt.severity || h.Cause != tt.cause || h.Remedy != tt.remedy {
				t.Errorf("%s %s, cause %q, remedy %q; want %s %s, cause %q, remedy %q",
					h.Severity, h.State, h.Cause, h.Remedy, tt.severity, tt.state, tt.cause, tt.remedy)
			}
			if h.Title == "" || h.Detail == "" && len(f.Observations) == 0 {
				t.Errorf("nothing is said: %+v", h)
			}
		})
	}
}

func TestSeverityIsTheWorstOfAll(t *testing.T) {
	t.Parallel()
	f := well()
	f.Provider.MaxDays = 40
	f.Observations = []store.Observation{transient(time.Hour, 2*oneDay)}
	h := accounts.Evaluate(f, accounts.DefaultPolicy, noon)
	if h.State != accounts.Expiring || h.Severity != accounts.SeverityCritical || len(h.Findings) != 2 || h.Findings[0].Severity != accounts.SeverityWarning {
		t.Errorf("health %+v", h)
	}
}

func TestDiesAt(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		change  func(*accounts.Facts)
		at      time.Time
		because string
	}{
		{"nothing known", func(*accounts.Facts) {}, time.Time{}, ""},
		{"the nearest of several", func(f *accounts.Facts) {
			f.Provider.MaxDays, f.Provider.IdleDays = 365, 90
			f.Account.RefreshExpiresAt = noon.Add(200 * oneDay)
		}, noon.Add(-time.Hour + 90*oneDay), "unused for 90 days"},
		{"365 days from consent", func(f *accounts.Facts) { f.Provider.MaxDays = 365 }, noon.Add(335 * oneDay), "every sign-in after 365 days"},
		{"stated", func(f *accounts.Facts) { f.Account.RefreshExpiresAt = noon.Add(oneDay) }, noon.Add(oneDay), "the provider said"},
		{"Google Testing", func(f *accounts.Facts) {
			f.Provider = builtin(t, "google")
			f.Account.AuthorizedAt = noon.Add(-oneDay)
			f.Account.RefreshExpiresAt = noon.Add(6*oneDay - time.Second)
		}, noon.Add(6*oneDay - time.Second), "in Testing"},
		{"Google without evidence", func(f *accounts.Facts) {
			f.Account.Server.Issuer = "https://accounts.google.com"
			f.Provider.IdleDays = 180
		}, noon.Add(-time.Hour + 180*oneDay), "unused for 180 days"},
		{"dead already", func(f *accounts.Facts) {
			f.Provider.MaxDays = 365
			f.Observations = []store.Observation{failed(store.ObservedRefresh, time.Hour, "revoked", diagnose.Reauthorize)}
		}, time.Time{}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := well()
			tt.change(&f)
			h := accounts.Evaluate(f, accounts.DefaultPolicy, noon)
			if !h.DiesAt.Equal(tt.at) || !strings.Contains(h.DiesBecause, tt.because) || (tt.because == "") != (h.DiesBecause == "") {
				t.Errorf("dies at %v because %q, want %v because %q", h.DiesAt, h.DiesBecause, tt.at, tt.because)
			}
		})
	}
}

// Whatever the facts are: something is said, the worst stands first, and nobody is called healthy without a recent proof.
func TestEvaluateHoldsItsPromises(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := anyFacts().Draw(t, "facts")
		h := accounts.Evaluate(f, accounts.DefaultPolicy, noon)
		if len(h.Findings) == 0 || h.State != h.Findings[0].State {
			t.Fatalf("findings %+v, state %s", h.Findings, h.State)
		}
		rank := func(s accounts.State) int { return slices.Index(accounts.States, s) }
		for i, one := range h.Findings {
			if one.Title == "" || one.Severity == "" || rank(one.State) < 0 {
				t.Fatalf("finding %+v", one)
			}
			if i > 0 && rank(one.State) < rank(h.Findings[i-1].State) {
				t.Fatalf("%s stands after %s", one.State, h.Findings[i-1].State)
			}
			if rank(one.State) < rank(accounts.Expiring) && one.Severity != accounts.SeverityCritical {
				t.Fatalf("%s is %s", one.State, one.Severity)
			}
			if one.State != accounts.Healthy && one.Cause == "" {
				t.Fatalf("no cause: %+v", one)
			}
		}
		proven := !f.Account.ProvenAt.IsZero() && noon.Sub(f.Account.ProvenAt) <= accounts.DefaultPolicy.Fresh && !f.Account.ProvenAt.After(noon.Add(time.Minute))
		if h.State == accounts.Healthy && (!proven || len(h.Findings) != 1 || len(f.Missing)+len(f.Drift) > 0 || f.Account.ToRevoke) {
			t.Fatalf("healthy with %+v", f)
		}
		if (h.Severity == accounts.SeverityOK) != (h.State == accounts.Healthy || h.Cause == "held") {
			t.Fatalf("%s is %s", h.State, h.Severity)
		}
		if !h.DiesAt.IsZero() && (h.DiesBecause == "" || !h.DiesAt.After(noon)) && f.Account.Holder == store.HolderBook {
			t.Fatalf("dies at %v because %q", h.DiesAt, h.DiesBecause)
		}
		// A failure that says nothing about the grant never marks an account dead.
		onlyTransient := !slices.ContainsFunc(f.Observations, func(o store.Observation) bool { return !o.OK && !o.Transient })
		if h.State == accounts.NeedsSignIn && onlyTransient && h.Cause != "idle" && h.Cause != "expired" && h.Cause != "never_authorized" {
			t.Fatalf("marked dead by a passing failure: %+v", h)
		}
	})
}

func anyFacts() *rapid.Generator[accounts.Facts] {
	return rapid.Custom(func(t *rapid.T) accounts.Facts {
		at := func(label string) time.Time {
			if rapid.IntRange(0, 4).Draw(t, label+"?") == 0 {
				return time.Time{}
			}
			return noon.Add(-time.Duration(rapid.Int64Range(-400*24, 400*24).Draw(t, label)) * time.Hour)
		}
		f := accounts.Facts{Account: store.Account{
			ID: "a", Provider: "acme", HasRefresh: rapid.Bool().Draw(t, "refresh"), ToRevoke: rapid.IntRange(0, 9).Draw(t, "revoke") == 0,
			Holder:       rapid.SampledFrom([]string{store.HolderBook, store.HolderBook, "file:f1"}).Draw(t, "holder"),
			Rotation:     rapid.SampledFrom([]provider.Rotation{"", provider.RotationNone, provider.RotationReplace, provider.RotationSingleUse}).Draw(t, "rotation"),
			AuthorizedAt: at("authorized"), RefreshedAt: at("refreshed"), ProvenAt: at("proven"),
			AccessExpiresAt: at("access"), RefreshExpiresAt: at("stated"),
			Server: oauthflow.Server{Issuer: rapid.SampledFrom([]string{"", "https://accounts.google.com"}).Draw(t, "issuer")},
		}}
		if rapid.IntRange(0, 9).Draw(t, "known") > 0 {
			f.Provider = provider.Provider{
				ID: "acme", IdleDays: rapid.SampledFrom([]int{0, 30, 180}).Draw(t, "idle"), MaxDays: rapid.SampledFrom([]int{0, 7, 365}).Draw(t, "max"),
				Renew: rapid.SampledFrom([]provider.Renewal{"", provider.RenewExchange}).Draw(t, "renew"),
			}
		}
		kinds := []store.ObservationKind{
			store.ObservedRefresh, store.ObservedScopes, store.ObservedIdentity, store.ObservedProbe, store.ObservedResources, store.ObservedRevoke, store.ObservedStore, store.ObservedClock,
		}
		for _, kind := range kinds {
			if rapid.Bool().Draw(t, string(kind)) {
				f.Observations = append(f.Observations, anyObservation(t, kind, at))
			}
		}
		if rapid.IntRange(0, 4).Draw(t, "intent") == 0 {
			f.Intent = &store.Intent{At: at("intent at")}
		}
		if rapid.IntRange(0, 4).Draw(t, "missing") == 0 {
			f.Missing = []provider.Permission{{Scope: "s"}}
		}
		if rapid.IntRange(0, 9).Draw(t, "drift") == 0 {
			f.Drift = []accounts.Drift{{What: "issuer"}}
		}
		return f
	})
}

func anyObservation(t *rapid.T, kind store.ObservationKind, at func(string) time.Time) store.Observation {
	o := store.Observation{Kind: kind, At: at("at"), OK: rapid.Bool().Draw(t, "ok")}
	if o.OK {
		return o
	}
	o.Transient, o.FailsFrom = rapid.Bool().Draw(t, "transient"), at("fails from")
	o.Code = rapid.SampledFrom([]string{"", "invalid_grant", "strange"}).Draw(t, "code")
	o.Cause = rapid.SampledFrom([]string{"", "revoked", "wrong_identity", "no_resources", "dns"}).Draw(t, "cause")
	o.Remedy = string(rapid.SampledFrom([]diagnose.Remedy{
		"", diagnose.RetryLater, diagnose.Refresh, diagnose.Reauthorize, diagnose.ReauthorizeInteractively, diagnose.GrantPermissions,
		diagnose.AskAdministrator, diagnose.FixClient, diagnose.FixUserAccount, diagnose.FixMachine, diagnose.Unknown,
	}).Draw(t, "remedy"))
	return o
}
