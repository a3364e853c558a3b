package pwfile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"
	"pgregory.net/rapid"

	"fettle/accounts"
	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

func TestWhatGoesInComesOut(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ids := []string{b.book.add("a"), b.book.add("b")}
	b.canvas("nightly", nil, "a", "b")
	path := filepath.Join(b.home, "nightly.pwfile.age")
	text := rapid.String()
	rapid.Check(t, func(t *rapid.T) {
		want := map[string]accounts.Exported{}
		for i, id := range ids {
			name := []string{"a", "b"}[i]
			want[name] = accounts.Exported{
				AccountID: id, Name: name, Provider: text.Draw(t, "provider"),
				Identity: oauthflow.Identity{Issuer: text.Draw(t, "issuer"), Tenant: text.Draw(t, "tenant"), Subject: text.Draw(t, "subject"), Email: text.Draw(t, "email")},
				ClientID: text.Draw(t, "client"), ClientSecret: secret.New(text.Draw(t, "client secret")), Auth: provider.AuthMethod(text.Draw(t, "auth")),
				TokenEndpoint: text.Draw(t, "endpoint"), Scopes: rapid.SliceOfN(text, 0, 5).Draw(t, "scopes"),
				Habits: &accounts.TokenHabits{
					Params: map[string]string{text.Draw(t, "parameter"): text.Draw(t, "value")}, Scopes: rapid.Bool().Draw(t, "named"),
					Separator: text.Draw(t, "separator"), AccessTTL: time.Duration(rapid.IntRange(0, 1<<20).Draw(t, "ttl")) * time.Second,
				},
				Refresh: secret.New(text.Draw(t, "refresh")), Access: secret.New("x" + text.Draw(t, "access")),
				AccessExpiresAt: time.Unix(rapid.Int64Range(1, 1<<33).Draw(t, "expiry"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")),
				Generation:      rapid.Int64().Draw(t, "generation"), Rotation: provider.RotationNone,
			}
		}
		b.book.mu.Lock()
		for _, e := range want {
			b.book.tokens[e.AccountID] = e
		}
		b.book.mu.Unlock()
		b.clock.advance(time.Second)
		if got := states(b.generate(pwfile.Selection{Force: true})); got != "done" {
			t.Fatal(got)
		}
		f := b.open(path)
		for _, got := range f.Accounts {
			e := want[got.Name]
			access, expiry := e.Access, e.AccessExpiresAt
			if !e.Refresh.Empty() {
				access, expiry = secret.Text{}, time.Time{}
			}
			same := got.Provider == e.Provider && got.Identity == e.Identity && got.ClientID == e.ClientID && got.ClientSecret == e.ClientSecret &&
				got.Auth == e.Auth && got.TokenEndpoint == e.TokenEndpoint && compactAny(b, got.Scopes) == compactAny(b, e.Scopes) && compactAny(b, got.Habits) == compactAny(b, e.Habits) && got.Refresh == e.Refresh &&
				got.Access == access && got.AccessExpiresAt.Equal(expiry) && got.Generation == e.Generation && got.Rotation == e.Rotation
			if !same {
				t.Fatalf("%+v came out as %+v", e, got)
			}
		}
		if len(f.Accounts) != 2 || !f.GeneratedAt.Equal(b.clock.Now().Truncate(time.Second)) {
			t.Fatalf("%d accounts at %v", len(f.Accounts), f.GeneratedAt)
		}
	})
}

// FuzzOpen feeds the reader files, and plaintexts inside good age files, signed and not.
func FuzzOpen(f *testing.F) {
	d := newDesk(f)
	line, err := json.Marshal(d.payload(nil))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(craft(f, d.payload(nil), d.key, d.me.Recipient()))
	f.Add(line)
	f.Add(signed(f, line, d.key))
	f.Add([]byte(`{"format":"fettle.pwfile/1","file_id":"a","book":"b","serial":9223372036854775807,"recipients":[""],"accounts":[{}]}`))
	f.Add([]byte("age-encryption.org/v1\n-> scrypt AAAA 30\n"))
	opts := pwfile.ReaderOptions{Dir: d.dir, Identities: []age.Identity{d.me}}
	f.Fuzz(func(t *testing.T, data []byte) {
		sealedPlain, sealedSigned := encrypt(t, data, d.me.Recipient()), encrypt(t, signed(t, data, d.key), d.me.Recipient())
		for _, file := range [][]byte{data, sealedPlain, sealedSigned} {
			path := filepath.Join(t.TempDir(), "f.pwfile.age")
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := pwfile.Open(t.Context(), path, opts)
			if err == nil && (got.Serial < 1 || len(got.Recipients) == 0 || got.Writer != public(d.key)) {
				t.Errorf("accepted %+v", got)
			}
			if _, err := pwfile.Inspect(t.Context(), path, opts); err != nil && len(file) < 64<<10 {
				t.Error(err)
			}
		}
	})
}
