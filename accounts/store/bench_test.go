package store_test

import (
	"fmt"
	"testing"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// sampleAccount is an account with every field set.
func sampleAccount(n int) store.Account {
	at := time.Date(2026, 11, 22, 10, 0, 0, 123456000, time.UTC).Add(time.Duration(n) * time.Second)
	return store.Account{
		ID: fmt.Sprintf("acc%06d", n), Name: fmt.Sprintf("account-%06d", n),
		Provider: "google", ClientID: "client1", Services: []string{"analytics", "sheets"},
		Server: oauthflow.Server{Issuer: "https://accounts.example", IssParameter: true, Endpoints: provider.Endpoints{
			Authorization: "https://accounts.example/auth", Token: "https://accounts.example/token", Revocation: "https://accounts.example/revoke"}},
		OAuthClientID: "123.apps.example", AuthMethod: provider.AuthPost, ClientHash: "c0ffee",
		Identity: oauthflow.Identity{Issuer: "https://accounts.example", Subject: fmt.Sprint(n), Email: fmt.Sprintf("u%d@example.org", n)},
		Required: []string{"https://scopes.example/analytics.readonly", "https://scopes.example/spreadsheets"},
		Granted:  []string{"https://scopes.example/analytics.readonly", "https://scopes.example/spreadsheets", "openid"},
		Kept:     map[string]string{"instance_url": "https://eu1.example"}, Rotation: provider.RotationNone,
		Generation: 3, Holder: store.HolderBook, HasRefresh: true,
		AuthorizedAt: at, RefreshedAt: at.Add(time.Hour), ProvenAt: at.Add(2 * time.Hour), AccessExpiresAt: at.Add(3 * time.Hour),
		RefreshExpiresAt: at.Add(4 * time.Hour), ResourcesAt: at.Add(5 * time.Hour), ToRevoke: true, CreatedAt: at.Add(-time.Hour),
	}
}

func BenchmarkAccounts(b *testing.B) {
	for _, rows := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			s := open(b, b.TempDir())
			update(b, s, func(w store.Writer) error {
				for i := range rows {
					a := sampleAccount(i)
					if err := w.PutAccount(&a); err != nil {
						return err
					}
				}
				return nil
			})
			for b.Loop() {
				view(b, s, func(r store.Reader) error {
					all, err := r.Accounts()
					if len(all) != rows {
						b.Fatalf("%d accounts", len(all))
					}
					return err
				})
			}
		})
	}
}

// BenchmarkUpdate makes the durable write at the end of a refresh: grant, account, intent.
func BenchmarkUpdate(b *testing.B) {
	s := open(b, b.TempDir())
	a := sampleAccount(1)
	update(b, s, func(w store.Writer) error { return w.PutAccount(&a) })
	blob := make([]byte, 3000)
	for seq := int64(0); b.Loop(); seq++ {
		update(b, s, func(w store.Writer) error {
			g := store.Grant{AccountID: a.ID, Role: store.Current, Seq: seq + 1, Blob: blob}
			if err := w.PutGrant(&g, seq); err != nil {
				return err
			}
			if err := w.PutIntent(store.Intent{AccountID: a.ID, Seq: seq}); err != nil {
				return err
			}
			return w.PutAccount(&a)
		})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	open(b, dir)
	for b.Loop() {
		s, err := store.Open(b.Context(), dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
