package pwfile_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

func TestAFileCarriesExactlyWhatTheFormatSays(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("sales-ga")
	b.canvas("nightly", nil, "sales-ga")
	if got := states(b.generate(pwfile.Selection{})); got != "done" {
		t.Fatalf("lines: %s", got)
	}
	id, err := pwfile.ServerIdentity(b.data)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(b.home, "nightly.pwfile.age")
	line1, rest, _ := strings.Cut(string(decrypt(t, readFile(t, path), id)), "\n")
	line2, rest, ended := strings.Cut(rest, "\n")
	if !ended || rest != "" {
		t.Fatalf("the plaintext is not two lines")
	}

	var s struct{ Signature struct{ Key, Sig string } }
	if err := json.Unmarshal([]byte(line2), &s); err != nil {
		t.Fatal(err)
	}
	key, keyErr := base64.StdEncoding.DecodeString(s.Signature.Key)
	sig, sigErr := base64.StdEncoding.DecodeString(s.Signature.Sig)
	if keyErr != nil || sigErr != nil || !ed25519.Verify(key, []byte("fettle.pwfile/1\n"+line1), sig) {
		t.Error("line 2 does not sign line 1")
	}
	c := b.now("nightly")
	want := map[string]any{
		"format": "fettle.pwfile/1", "book": "book-1", "file_id": c.FileID, "serial": float64(c.Serial),
		"recipients": []any{id.Recipient().String()}, "canvas": "nightly", "generated_at": "2026-11-22T08:00:00Z",
		"accounts": []any{map[string]any{
			"name": "sales-ga", "provider": "acme",
			"identity": map[string]any{"issuer": "https://acme.example", "subject": "1", "email": "sales-ga@example.org"},
			"client":   map[string]any{"id": "client-1", "secret": canary + "client"}, "token_endpoint": "https://acme.example/token",
			"auth": "post", "scopes": []any{"read", "write"}, "refresh_token": canary + "refresh-sales-ga", "generation": float64(1), "rotation": "none",
		}},
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(line1), &got); err != nil {
		t.Fatal(err)
	}
	if compactAny(t, got) != compactAny(t, want) {
		t.Error("the payload has other members or values than the format says")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
}

func TestTheStockAgeProgramOpensAFile(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("age")
	if err != nil {
		t.Skip("needs the age program (Debian package age), which is not installed")
	}
	b := newBench(t)
	b.book.add("sales-ga")
	ssh := filepath.Join(t.TempDir(), "id_ed25519")
	b.canvas("nightly", nil, "sales-ga")
	keys := map[string]string{filepath.Join(b.home, "nightly.pwfile.age"): filepath.Join(b.data, "server.key")}
	if keygen, err := exec.LookPath("ssh-keygen"); err == nil {
		if out, err := exec.CommandContext(t.Context(), keygen, "-q", "-t", "ed25519", "-N", "", "-f", ssh).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		public := string(readFile(t, ssh+".pub"))
		b.canvas("weekly", func(n *pwfile.NewCanvas) { n.Recipients = []string{public} }, "sales-ga")
		keys[filepath.Join(b.home, "weekly.pwfile.age")] = ssh
	}
	b.generate(pwfile.Selection{})
	for file, key := range keys {
		out, err := exec.CommandContext(t.Context(), program, "-d", "-i", key, file).Output()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		line, _, _ := strings.Cut(string(out), "\n")
		var p struct{ Format string }
		if err := json.Unmarshal([]byte(line), &p); err != nil || p.Format != "fettle.pwfile/1" {
			t.Errorf("%s: format %q, %v", file, p.Format, err)
		}
	}
}

func TestTheAccessTokenGoesIntoAFileOnlyWithoutARefreshToken(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("with")
	without := b.book.add("without")
	expiry := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	b.book.change(without, func(_ *accounts.Account, e *accounts.Exported) { e.Refresh, e.AccessExpiresAt = secret.Text{}, expiry })
	b.canvas("nightly", nil, "with", "without")
	b.generate(pwfile.Selection{})
	f := b.open(filepath.Join(b.home, "nightly.pwfile.age"))
	if c, _ := f.Account("with"); c.Refresh.Reveal() != canary+"refresh-with" || !c.Access.Empty() {
		t.Error("the account with a refresh token is not as it should be")
	}
	if c, _ := f.Account("without"); !c.Refresh.Empty() || c.Access.Reveal() != canary+"access-without" || !c.AccessExpiresAt.Equal(expiry) {
		t.Error("the account without a refresh token is not as it should be")
	}
}

func TestWhatIsUpToDateIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.book.add("sales-ga")
	c := b.canvas("nightly", nil, "sales-ga")
	path := filepath.Join(b.home, "nightly.pwfile.age")
	b.generate(pwfile.Selection{})
	first, serial := readFile(t, path), b.open(path).Serial

	if p := b.plan(pwfile.Selection{CanvasIDs: []string{c.ID}}); !p.Items[0].Current || !p.Items[0].Replaces[0].Ours {
		t.Errorf("the plan does not say that there is nothing to do: %+v", p.Items[0].Replaces)
	}
	exports := b.book.exports
	if got := states(b.generate(pwfile.Selection{CanvasIDs: []string{c.ID}})); got != "unchanged" || string(readFile(t, path)) != string(first) || b.book.exports != exports {
		t.Errorf("a file that is up to date was touched: %s", got)
	}
	if got := states(b.generate(pwfile.Selection{Force: true})); got != "done" || b.open(path).Serial <= serial {
		t.Errorf("force: %s, serial %d after %d", got, b.open(path).Serial, serial)
	}
	b.book.renew(id)
	if got := states(b.generate(pwfile.Selection{AccountID: id})); got != "done" || b.open(path).Accounts[0].Generation != 2 {
		t.Errorf("after a new authorization: %s", got)
	}
	if items := b.plan(pwfile.Selection{Stale: true}).Items; len(items) != 0 {
		t.Errorf("still stale: %+v", items)
	}
}

func TestEveryPlaceGetsTheSameFileAndALostCopyNeedsNoSecret(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("sales-ga")
	copies := []string{filepath.Join(t.TempDir(), "copy.age"), t.TempDir()}
	b.canvas("nightly", func(n *pwfile.NewCanvas) { n.Copies = copies }, "sales-ga")
	if got := states(b.generate(pwfile.Selection{})); got != "done done done" {
		t.Fatal(got)
	}
	main := filepath.Join(b.home, "nightly.pwfile.age")
	copies[1] = filepath.Join(copies[1], "nightly.pwfile.age")
	for _, path := range copies {
		if string(readFile(t, path)) != string(readFile(t, main)) {
			t.Errorf("%s differs", path)
		}
	}
	if err := os.Remove(main); err != nil {
		t.Fatal(err)
	}
	writeFile(t, copies[0], []byte("something else"))
	exports := b.book.exports
	if got := states(b.generate(pwfile.Selection{Stale: true})); got != "done done unchanged" || b.book.exports != exports {
		t.Errorf("%s, %d exports", got, b.book.exports-exports)
	}
	if string(readFile(t, main)) != string(readFile(t, copies[1])) || codes(b.now("nightly")) != "" {
		t.Errorf("the lost copies were not brought back: %s", codes(b.now("nightly")))
	}
}

func TestDeadAndSingleUseAccountsAreRefusedWithTheReason(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	dead, strict, gone := b.book.add("dead"), b.book.add("strict"), b.book.add("gone")
	b.book.add("good")
	b.canvas("a", nil, "good", "dead")
	b.canvas("b", nil, "strict")
	b.canvas("c", nil, "good")
	b.canvas("d", nil, "gone")
	b.book.change(dead, func(a *accounts.Account, _ *accounts.Exported) {
		a.Health.State, a.Health.Title = accounts.NeedsSignIn, "revoked at the provider"
	})
	b.book.change(strict, func(a *accounts.Account, _ *accounts.Exported) { a.Rotation = provider.RotationSingleUse })
	b.book.remove(gone)

	items := b.plan(pwfile.Selection{}).Items
	for i, want := range []string{"dead is of no use to a job now: revoked at the provider", "strict uses each of its refresh tokens once", "", "no longer here"} {
		if got := items[i].Refused; (got == nil) != (want == "") || got != nil && (!strings.Contains(got.Why, want) || got.Remedy == "") {
			t.Errorf("item %d: %+v, want %q", i, got, want)
		}
	}
	if !strings.Contains(items[1].Refused.Remedy, "fettle exec --canvas b") {
		t.Errorf("single-use remedy: %s", items[1].Refused.Remedy)
	}
	run := b.generate(pwfile.Selection{})
	if got := states(run); got != "failed failed done failed" || !strings.Contains(run.Lines[0].Cause, "revoked at the provider") {
		t.Errorf("%s: %+v", got, run.Lines)
	}
}

func TestAnAccountThatDiesAfterThePlanFailsItsLineOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	bad := b.book.add("bad")
	b.book.add("good")
	b.canvas("a", nil, "bad")
	b.canvas("b", nil, "good")
	b.book.onExport = func(id string) error {
		if id == bad {
			return &accounts.DeadAccountError{Account: "bad", State: accounts.NeedsSignIn, Title: "revoked"}
		}
		return nil
	}
	run := b.generate(pwfile.Selection{})
	if states(run) != "failed done" || !strings.Contains(run.Lines[0].Cause, `account "bad"`) {
		t.Errorf("%+v", run.Lines)
	}
	if run.EndedAt.IsZero() {
		t.Error("a run with a failed line did not end")
	}
}

func TestALockedVaultStopsTheRunBeforeItBegins(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.canvas("nightly", nil, "a")
	b.book.locked = errors.New("locked")
	if _, err := b.Generate(t.Context(), b.plan(pwfile.Selection{}), pwfile.GenerateOptions{}, nil); !errors.Is(err, b.book.locked) {
		t.Errorf("error %v", err)
	}
	var runs []store.Run
	err := b.store.View(t.Context(), func(r store.Reader) (err error) { runs, err = r.Runs(0); return err })
	if err != nil || len(runs) != 0 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
}

func TestNoSecretLeavesTheFile(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.book.add("a")
	b.canvas("nightly", nil, "a")
	b.generate(pwfile.Selection{})
	b.book.change(id, func(_ *accounts.Account, e *accounts.Exported) {
		e.Generation = 2
		e.Refresh = secret.New(canary + "\xff")
	})
	b.book.change(id, func(a *accounts.Account, _ *accounts.Exported) { a.Generation = 2 })
	run := b.generate(pwfile.Selection{})
	if states(run) != "failed" || !strings.Contains(run.Lines[0].Cause, "UTF-8") {
		t.Errorf("%+v", run.Lines)
	}
	for _, dir := range []string{b.data, b.home} {
		err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.Contains(string(readFile(t, path)), canary) {
				t.Errorf("%s holds a secret", path)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}
