package pwfile_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"fettle/accounts"
	"fettle/internal/sandbox"
	"fettle/pwfile"
)

func TestAJobGetsATokenWithoutABook(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationNone)
	s.deliver(1, 1)
	first := s.token()
	if !s.calls(first) || !first.Expiry.After(s.clock.Now().Add(50*time.Minute)) {
		t.Fatalf("the token does not work, or lasts until %v only", first.Expiry)
	}
	if again := s.token(); again.AccessToken != first.AccessToken || s.refreshes() != 1 {
		t.Errorf("the remembered token was not used: %d requests", s.refreshes())
	}
	s.clock.advance(56 * time.Minute)
	if later := s.token(); later.AccessToken == first.AccessToken || s.refreshes() != 2 {
		t.Errorf("a token that ends in 4 minutes was given out: %d requests", s.refreshes())
	}
	content := readFile(t, s.memory())
	if info, err := os.Stat(s.memory()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	for _, secret := range []string{sandbox.AccessTokenPrefix, sandbox.RefreshTokenPrefix, "sales-ga"} {
		if bytes.Contains(content, []byte(secret)) {
			t.Errorf("the memory shows %s", secret)
		}
	}
	if _, err := os.Stat(filepath.Join(s.dir, "vault.age")); err == nil {
		t.Error("a vault was made")
	}
}

func TestARejectedTokenIsReplacedOnce(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationNone)
	s.deliver(1, 1)
	refused := s.token()
	f, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second caller adopts what the first one got
		next, err := f.Reject(t.Context(), "sales-ga", refused)
		if err != nil || next.AccessToken == refused.AccessToken {
			t.Errorf("%v", err)
		}
	}
	if s.refreshes() != 2 {
		t.Errorf("%d requests", s.refreshes())
	}
}

func TestARotatedTokenSurvivesAndANewerFileWins(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationReplace)
	first := s.consent().RefreshToken
	s.send(1, 1, first)
	current := func() string {
		f, err := pwfile.Open(t.Context(), s.path, s.options())
		if err != nil {
			t.Fatal(err)
		}
		c, err := f.Credential(t.Context(), "sales-ga")
		if err != nil {
			t.Fatal(err)
		}
		return c.Refresh.Reveal()
	}
	s.token()
	rotated := current()
	if rotated == first {
		t.Fatal("the rotated token was not kept")
	}
	s.send(2, 1, first) // written again for other reasons: the same credential
	if got := current(); got != rotated {
		t.Error("what was learnt with the same credential was forgotten")
	}
	fresh := s.consent().RefreshToken
	for _, file := range []struct {
		name               string
		serial, generation int64
	}{{"of the same generation", 3, 1}, {"of a newer generation", 4, 2}} {
		s.send(file.serial, file.generation, fresh)
		if got := current(); got != fresh {
			t.Errorf("a newer file %s does not win", file.name)
		}
		s.clock.advance(2 * time.Hour)
		if token := s.token(); !s.calls(token) || current() == fresh {
			t.Errorf("%s: its credential is not used", file.name)
		}
		fresh = s.consent().RefreshToken
	}
}

func TestAJobThatKeepsItsFileOpenFollowsTheNewOne(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationReplace)
	s.deliver(1, 1)
	f, err := pwfile.Open(t.Context(), s.path, s.options())
	if err != nil {
		t.Fatal(err)
	}
	source := f.TokenSource(t.Context(), "sales-ga")
	if _, err := source.Token(); err != nil {
		t.Fatal(err)
	}
	s.server.RevokeEverything("")
	s.clock.advance(2 * time.Hour)
	if _, err := source.Token(); !errors.As(err, new(*accounts.RefreshError)) {
		t.Fatalf("a revoked credential gave %v", err)
	}
	s.deliver(2, 2)
	token, err := source.Token()
	if err != nil || !s.calls(token) {
		t.Fatalf("after the repair: %v", err)
	}
	// Whoever still holds the former file is told, and spoils nothing.
	_, err = f.Token(t.Context(), "sales-ga")
	if refused, ok := errors.AsType[*pwfile.FileError](err); !ok || refused.Code != pwfile.OlderThanUsed {
		t.Errorf("the former file gave %v", err)
	}
	if again := s.token(); again.AccessToken != token.AccessToken {
		t.Error("the former file changed what is remembered")
	}
}

func TestEightJobsMakeOneRequest(t *testing.T) {
	t.Parallel()
	for _, rotation := range []sandbox.Rotation{sandbox.RotationNone, sandbox.RotationSingleUse} {
		t.Run(string(rotation), func(t *testing.T) {
			t.Parallel()
			s := newSite(t, sandbox.Options{Rotation: rotation, Clock: time.Now})
			s.later = map[string]any{"rotation": string(rotation)}
			s.deliver(1, 1)
			jobs := make([]*exec.Cmd, 4)
			begin := make([]func(), len(jobs))
			for i := range jobs {
				jobs[i], begin[i] = s.spawn()
			}
			var wg sync.WaitGroup
			for i := range jobs { // four processes, and as many goroutines beside them
				begin[i]()
				wg.Go(func() {
					if _, err := s.ask(); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			for _, p := range jobs {
				if err := p.Wait(); err != nil {
					t.Error(err)
				}
			}
			if stats := s.server.Stats(); s.refreshes() != 1 || stats.RevokedFamilies != 0 {
				t.Errorf("%d requests, %+v", s.refreshes(), stats)
			}
		})
	}
}

// A job is killed after the provider has answered and before it could store that. Where a token works once the loss is
// named; everywhere else there is none.
func TestAKilledRefresh(t *testing.T) {
	t.Parallel()
	for rotation, lost := range map[sandbox.Rotation]bool{sandbox.RotationNone: false, sandbox.RotationReplace: false, sandbox.RotationSingleUse: true} {
		t.Run(string(rotation), func(t *testing.T) {
			t.Parallel()
			s := rotating(t, rotation)
			s.deliver(1, 1)
			gate := s.server.Faults.HoldAnswers(sandbox.TargetToken)
			p, begin := s.spawn()
			begin()
			<-gate.Arrived()
			if err := p.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait() // killed
			gate.Open()
			s.server.Faults.Clear()
			token, err := s.ask()
			if !lost {
				if err != nil || !s.calls(token) {
					t.Errorf("%v", err)
				}
				return
			}
			failed, ok := errors.AsType[*accounts.RefreshError](err)
			if !ok || failed.Diagnosis.Cause != "interrupted" {
				t.Errorf("the loss is not named: %v", err)
			}
			s.deliver(2, 2)
			if token, err := s.ask(); err != nil || !s.calls(token) {
				t.Errorf("after the repair: %v", err)
			}
		})
	}
}

func TestWhatAJobCannotHave(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationSingleUse)
	s.deliver(1, 1)
	f, err := pwfile.Open(t.Context(), s.path, s.options())
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.Token(t.Context(), "sales")
	if none, ok := errors.AsType[*pwfile.NoAccountError](err); !ok || len(none.Names) != 1 || none.Names[0] != "sales-ga" || !strings.HasSuffix(none.Remedy, "fettle pwfile generate nightly") || !strings.HasSuffix(err.Error(), none.Remedy) {
		t.Errorf("%v", err)
	}
	if _, err := f.Credential(t.Context(), "sales-ga"); !errors.As(err, new(*accounts.SingleUseError)) {
		t.Errorf("a token that works once was given out: %v", err)
	}

	t.Run("an access token that has ended", func(t *testing.T) {
		s := rotating(t, sandbox.RotationNone)
		c := s.credential("sales-ga", 1, "")
		c["access_token"], c["access_expires_at"] = s.consent().AccessToken, s.clock.Now().Add(time.Hour)
		s.put(map[string]any{"accounts": []any{c}})
		if token := s.token(); !s.calls(token) || s.refreshes() != 0 {
			t.Error("the file's access token was not used")
		}
		s.clock.advance(2 * time.Hour)
		if _, err := s.ask(); !errors.As(err, new(*accounts.NotRenewableError)) {
			t.Errorf("%v", err)
		}
	})
}

// Whoever can replace the file cannot make a job send its credential elsewhere, or use a former one.
func TestTokensComeFromTrustedFilesOnly(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationNone)
	s.deliver(5, 1)
	s.token()
	good := readFile(t, s.path)
	tests := []struct {
		code   pwfile.Code
		change func(*testing.T)
	}{
		{pwfile.BadSignature, func(t *testing.T) { c := bytes.Clone(good); c[len(c)-3] ^= 4; writeFile(t, s.path, c) }},
		{pwfile.NotRecipient, func(t *testing.T) { // encrypted again by a reader for somebody else's server
			plain := decrypt(t, good, s.me)
			other := newDesk(t)
			writeFile(t, other.path, encrypt(t, plain, other.me.Recipient()))
			s.desk = &desk{TB: t, dir: other.dir, me: other.me, key: s.key, path: other.path}
		}},
		{pwfile.OlderThanUsed, func(*testing.T) { s.deliver(4, 1) }},
		{pwfile.UnknownWriter, func(t *testing.T) {
			forged := *s.desk
			forged.key = newKey(t)
			s.desk = &forged
			s.deliver(6, 1)
		}},
	}
	before, whole := s.refreshes(), s.desk
	for _, tt := range tests {
		s.desk = whole
		tt.change(t)
		_, err := s.ask()
		if refused, ok := errors.AsType[*pwfile.FileError](err); !ok || refused.Code != tt.code {
			t.Errorf("%s: %v", tt.code, err)
		}
	}
	if s.refreshes() != before {
		t.Error("a refused file's credential was used")
	}
}

func TestAProviderThatIsAwayChangesNothing(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationSingleUse)
	s.deliver(1, 1)
	if err := s.server.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDrop, On: sandbox.TargetToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	_, err := s.ask()
	if failed, ok := errors.AsType[*accounts.RefreshError](err); !ok || !failed.Transient {
		t.Fatalf("%v", err)
	}
	if token := s.token(); !s.calls(token) {
		t.Error("the next job cannot go on")
	}
}

// A provider of the book's own config has no entry on the job's machine: what it wants of a refresh is in the file.
func TestAProvidersHabitsTravelWithTheFile(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationNone)
	forms := make(chan url.Values, 1)
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		forms <- r.PostForm
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"access_token":"a","token_type":"Bearer"}`)
	}))
	t.Cleanup(provider.Close)
	c := s.credential("sales-ga", 1, "r")
	c["token_endpoint"], c["scopes"] = provider.URL, []string{"read", "write"}
	c["token_request"] = map[string]any{"params": map[string]any{"resource": "x"}, "scopes": true, "scope_separator": ",", "access_ttl_seconds": 600}
	s.put(map[string]any{"accounts": []any{c}})
	token := s.token()
	if form := <-forms; form.Get("scope") != "read,write" || form.Get("resource") != "x" {
		t.Errorf("%v", form)
	}
	if ends := token.Expiry.Sub(s.clock.Now()); ends != 10*time.Minute {
		t.Errorf("it lasts %v", ends)
	}
}

func TestATokenSourceDrivesAClient(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationReplace)
	s.deliver(1, 1)
	f, err := pwfile.Open(t.Context(), s.path, s.options())
	if err != nil {
		t.Fatal(err)
	}
	client := oauth2.NewClient(t.Context(), f.TokenSource(t.Context(), "sales-ga"))
	for range 3 {
		resp, err := client.Get(s.server.URL() + "/v1/reports")
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatalf("%v, %v", resp, err)
		}
		_ = resp.Body.Close()
	}
	if s.refreshes() != 1 {
		t.Errorf("%d requests", s.refreshes())
	}
}
