package tui

import (
	"context"
	"fmt"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// noon is the clock of every view test.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func daysAgo(n int) time.Time { return noon.AddDate(0, 0, -n) }

// acme is a catalogue entry with two services.
var acme = provider.Provider{
	ID: "acme", Name: "Acme", Client: provider.ClientConfig{ID: "fettle"},
	Services: map[string]provider.Service{
		"analytics": {ID: "analytics", Name: "Acme Analytics", Scopes: []string{"analytics.readonly"},
			Permissions: map[string]string{"analytics.readonly": "See and download your Analytics data"}},
		"sheets": {ID: "sheets", Name: "Acme Sheets", Scopes: []string{"spreadsheets", "files.list"},
			Permissions: map[string]string{"spreadsheets": "See, edit, create and delete your spreadsheets", "files.list": "See information about your files"}},
	},
}

// sample makes an account in a state.
func sample(name string, services []string, h accounts.Health) accounts.Account {
	a := accounts.Account{ProviderName: "Acme", Health: h, ClientLabel: "from config"}
	a.ID, a.Name, a.Provider, a.Services = "id-"+name, name, "acme", services
	for _, s := range services {
		a.ServiceNames = append(a.ServiceNames, accounts.ServiceName{ID: s, Name: acme.Services[s].Name})
		a.Required = append(a.Required, acme.Services[s].Scopes...)
	}
	a.Granted = a.Required
	a.Identity = oauthflow.Identity{Issuer: "https://acme.example", Subject: "7", Email: "ops@acme.example"}
	a.AuthorizedAt, a.RefreshedAt = daysAgo(60), noon.Add(-2*time.Hour)
	a.AccessExpiresAt = noon.Add(40 * time.Minute)
	a.HasRefresh, a.Rotation, a.Holder, a.Generation = true, provider.RotationNone, store.HolderBook, 2
	if len(a.Health.Findings) == 0 {
		a.Health.Findings = []accounts.Finding{a.Health.Finding}
	}
	return a
}

func finding(state accounts.State, sev accounts.Severity, cause string, remedy diagnose.Remedy, title, detail string, since time.Time) accounts.Health {
	return accounts.Health{Finding: accounts.Finding{State: state, Severity: sev, Cause: cause, Remedy: remedy, Title: title, Detail: detail, Since: since}, ProvenAt: noon.Add(-3 * time.Hour)}
}

// sampleData is a book with every state in it.
func sampleData() data {
	revoked := finding(accounts.NeedsSignIn, accounts.SeverityCritical, "revoked", diagnose.Reauthorize, "revoked at the provider", "The provider refuses the refresh token. Sign in again; jobs keep the name.", noon.Add(-3*time.Hour))
	partial := finding(accounts.MissingPermissions, accounts.SeverityCritical, "missing_permissions", diagnose.GrantPermissions, "one permission is missing", "Sign in again and tick every box.", daysAgo(1))
	expiring := finding(accounts.Expiring, accounts.SeverityWarning, "expired", diagnose.Reauthorize, "dies soon", "Sign in again before that day.", time.Time{})
	expiring.DiesAt, expiring.DiesBecause = noon.AddDate(0, 0, 9), "the provider ends every grant 90 days after consent"
	empty := finding(accounts.NoResources, accounts.SeverityWarning, "no_resources", diagnose.FixUserAccount, "no Acme Analytics accounts found", "Signed in as ops@acme.example: perhaps the wrong user.", daysAgo(2))
	down := finding(accounts.Unreachable, accounts.SeverityWarning, "unreachable", diagnose.RetryLater, "the provider does not answer", "HTTP 503. The grant itself is not in doubt.", noon.Add(-20*time.Minute))
	unproven := finding(accounts.Unproven, accounts.SeverityWarning, "", diagnose.Refresh, "no proof for 9 days", "Verify it.", time.Time{})
	unproven.ProvenAt = daysAgo(9)
	good := finding(accounts.Healthy, accounts.SeverityOK, "", "", "works", "", time.Time{})

	list := []accounts.Account{
		sample("sales-ga", []string{"analytics"}, revoked),
		sample("finance-sheets", []string{"sheets"}, partial),
		sample("ads-eu", []string{"analytics", "sheets"}, expiring),
		sample("press", []string{"analytics"}, empty),
		sample("warehouse", []string{"sheets"}, down),
		sample("archive", []string{"sheets"}, unproven),
		sample("web-ga", []string{"analytics"}, good),
	}
	list[0].Canvases = []string{"daily-sales", "weekly-report"}
	list[1].Missing = []provider.Permission{{Scope: "files.list", Words: "See information about your files", Service: "sheets"}}
	list[1].Granted = []string{"spreadsheets"}
	canvas := pwfile.Canvas{Canvas: store.Canvas{ID: "c1", Name: "daily-sales", AccountIDs: []string{"id-sales-ga"}, Path: "/srv/canvas/daily-sales.acc"},
		Accounts: []pwfile.AccountRef{{ID: "id-sales-ga", Name: "sales-ga"}},
		Places:   []store.Place{{ID: "p1", Target: "/srv/canvas/daily-sales.pwfile.age"}},
		Stale:    []pwfile.Reason{{Code: pwfile.StaleGeneration, Text: "sales-ga was authorized again", AccountID: "id-sales-ga"}}}
	return withFacts(data{snapshot: accounts.Snapshot{Revision: 7, TakenAt: noon, Accounts: list}, canvases: []pwfile.Canvas{canvas}, vault: VaultState{Exists: true, Holder: holderFile}})
}

// withFacts works out what load works out.
func withFacts(d data) data {
	d.loaded, d.stale = true, map[string]int{}
	return d.counted(noon)
}

// crowd is a book with n accounts.
func crowd(n int) data {
	good := finding(accounts.Healthy, accounts.SeverityOK, "", "", "works", "", time.Time{})
	d := data{}
	for i := range n {
		d.snapshot.Accounts = append(d.snapshot.Accounts, sample(fmt.Sprintf("account-%05d", i), []string{"analytics"}, good))
	}
	return withFacts(d)
}

func testModel(width, height int, d data) Model {
	look, err := newTheme("default", false)
	if err != nil {
		panic(err)
	}
	return Model{width: width, height: height, now: noon, theme: look, host: Host{User: "ops", Name: "auto-1", SSH: true},
		providers: []provider.Provider{acme}, data: d, stack: []screen{newAccounts()}, run: newRunner(context.Background(), Services{Clock: func() time.Time { return noon }})}
}
