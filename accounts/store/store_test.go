package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// open opens the store in dir for the length of the test.
func open(tb testing.TB, dir string, opts ...store.Option) *store.SQLite {
	tb.Helper()
	s, err := store.Open(tb.Context(), dir, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func update(tb testing.TB, s store.Store, fn func(store.Writer) error) {
	tb.Helper()
	if err := s.Update(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

func view(tb testing.TB, s store.Store, fn func(store.Reader) error) {
	tb.Helper()
	if err := s.View(tb.Context(), fn); err != nil {
		tb.Fatal(err)
	}
}

// must is for steps that a test takes for granted.
func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// all runs the steps of a transaction in order.
func all(errs ...error) error { return errors.Join(errs...) }

var sampleTime = time.Date(2026, 11, 22, 10, 0, 0, 123456000, time.UTC)

// sampleAccount is an account with every field set.
func sampleAccount(n int) store.Account {
	at := sampleTime.Add(time.Duration(n) * time.Second)
	return store.Account{
		ID: fmt.Sprintf("acc%06d", n), Name: fmt.Sprintf("account-%06d", n),
		Provider: "google", ClientID: "client1", Services: []string{"analytics", "sheets"},
		Server: oauthflow.Server{Issuer: "https://accounts.example", IssParameter: true, Endpoints: provider.Endpoints{
			Authorization: "https://accounts.example/auth", Token: "https://accounts.example/token",
			Device: "https://accounts.example/device", Revocation: "https://accounts.example/revoke",
			Introspection: "https://accounts.example/introspect", Userinfo: "https://accounts.example/me"}},
		OAuthClientID: "123.apps.example", AuthMethod: provider.AuthPost, ClientHash: "c0ffee",
		Identity: oauthflow.Identity{Issuer: "https://accounts.example", Tenant: "t1", Subject: fmt.Sprint(n), Email: fmt.Sprintf("u%d@example.org", n)},
		Required: []string{"https://scopes.example/analytics.readonly", "https://scopes.example/spreadsheets"},
		Granted:  []string{"https://scopes.example/analytics.readonly", "https://scopes.example/spreadsheets", "openid"},
		Kept:     map[string]string{"instance_url": "https://eu1.example"}, Rotation: provider.RotationNone,
		Generation: 3, Holder: store.HolderBook, HasRefresh: true,
		AuthorizedAt: at, RefreshedAt: at.Add(time.Hour), ProvenAt: at.Add(2 * time.Hour), AccessExpiresAt: at.Add(3 * time.Hour),
		RefreshExpiresAt: at.Add(4 * time.Hour), ResourcesAt: at.Add(5 * time.Hour), ToRevoke: true, CreatedAt: at.Add(-time.Hour),
	}
}
