package vault_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fettle/accounts/vault"
	"fettle/internal/secret"
)

func TestRewrapFromEachHolderToEach(t *testing.T) {
	t.Parallel()
	for _, from := range holders {
		for _, to := range holders {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				t.Parallel()
				s := settings(t, from)
				recovery := recoveryKey(t)
				v := create(t, s, recovery.Recipient().String())
				blob, former := sealed(t, v), v.Recipients()[0]

				next := settings(t, to)
				must(t, v.Rewrap(t.Context(), next, secret.New(passphrase)))
				wantOpens(t, v, blob)
				again := reopen(t, s)
				wantOpens(t, again, blob)
				if again.Holder() != to || v.Holder() != to || again.Interrupted() || !slices.Equal(again.Recovery(), v.Recovery()) || len(v.Recovery()) != 1 {
					t.Errorf("holder %s, interrupted %v, recovery %q", again.Holder(), again.Interrupted(), again.Recovery())
				}
				if slices.Contains(again.Recipients(), former) {
					t.Error("the former key is still a recipient")
				}
				if n := stanzas(t, s); n != 2 {
					t.Errorf("vault.age has %d recipients, want 2", n)
				}
				must(t, stockAge(t, s, recovery))
				wantPrivateFiles(t, s.Dir)
				wantNoKeyInUse(t, s, to)
			})
		}
	}
}

// wantNoKeyInUse checks that only the present holder's file bears a name that would be taken for a key.
func wantNoKeyInUse(t *testing.T, s vault.Settings, holder vault.Holder) {
	t.Helper()
	for name, of := range map[string]vault.Holder{"vault.key": vault.HolderFile, "vault.key.age": vault.HolderPassphrase} {
		if _, err := os.Stat(filepath.Join(s.Dir, name)); err == nil && of != holder {
			t.Errorf("%s is left", name)
		}
	}
}

// A program that has a vault open may outlive it: somebody moves the files away and makes another vault. The keys of
// the former must not be written over those of the latter.
func TestAnotherVaultInItsPlaceIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	old := create(t, s)
	for _, name := range []string{"vault.age", "vault.toml", "vault.key"} {
		must(t, os.Rename(filepath.Join(s.Dir, name), filepath.Join(t.TempDir(), name)))
	}
	blob := sealed(t, create(t, s))
	next := settings(t, vault.HolderPassphrase)
	if err := old.Rewrap(t.Context(), next, secret.New(passphrase)); err == nil || !strings.Contains(err.Error(), s.Dir) {
		t.Errorf("rewrap: %v", err)
	}
	if err := old.SetRecipients(t.Context(), []string{recoveryKey(t).Recipient().String()}, nil); err == nil || !strings.Contains(err.Error(), s.Dir) {
		t.Errorf("recipients: %v", err)
	}
	wantOpens(t, reopen(t, s), blob)
}

func TestRewrapChangesThePassphrase(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderPassphrase)
	v := create(t, s)
	blob := sealed(t, v)
	must(t, v.Rewrap(t.Context(), vault.Settings{Holder: vault.HolderPassphrase}, secret.New("canary-next")))
	v.Lock()
	wantLocked(t, v.Unlock(t.Context(), say(passphrase)), vault.WrongPassphrase)
	must(t, v.Unlock(t.Context(), say("canary-next")))
	wantOpens(t, v, blob)

	// What was kept opens with the former passphrase, all of it together.
	former, err := v.Former()
	must(t, err)
	if len(former) != 3 {
		t.Errorf("former files: %q", former)
	}
	old := vault.Settings{Dir: filepath.Join(t.TempDir(), "old")}
	must(t, os.Mkdir(old.Dir, 0o700))
	for _, path := range former {
		must(t, os.Rename(path, filepath.Join(old.Dir, strings.TrimSuffix(filepath.Base(path), ".bak"))))
	}
	wantOpens(t, reopen(t, old), blob)
}

func TestRewrapRefuses(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	v := create(t, s)
	blob := sealed(t, v)
	before := snapshot(t, s.Dir)
	taken := settings(t, vault.HolderPassphrase)
	create(t, taken)
	tests := []struct {
		name       string
		to         vault.Settings
		passphrase string
		says       string
	}{
		{"another kind in the same file", vault.Settings{Holder: vault.HolderPassphrase, Path: "vault.key"}, passphrase, "needs another file"},
		{"no holder", vault.Settings{}, "", "[vault] key"},
		{"failing command", vault.Settings{Holder: vault.HolderCommand, Command: []string{"false"}}, "", "false failed with code 1"},
		{"a taken file under another passphrase", vault.Settings{Holder: vault.HolderPassphrase, Path: filepath.Join(taken.Dir, "vault.key.age")}, "canary-wrong", "not its passphrase"},
	}
	for _, tt := range tests {
		err := v.Rewrap(t.Context(), tt.to, secret.New(tt.passphrase))
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v", tt.name, err)
		}
		wantNoSecret(t, err)
	}
	v.Lock()
	wantLocked(t, v.Rewrap(t.Context(), vault.Settings{Holder: vault.HolderFile}, secret.Text{}), vault.NotOpened)
	if after := snapshot(t, s.Dir); after != before {
		t.Error("a refused change changed files")
	}
	wantOpens(t, reopen(t, s), blob)
}

func TestSetRecipients(t *testing.T) {
	t.Parallel()
	for _, holder := range holders {
		t.Run(string(holder), func(t *testing.T) {
			t.Parallel()
			s := settings(t, holder)
			v := create(t, s)
			blob := sealed(t, v)
			one, two := recoveryKey(t), recoveryKey(t)
			v.Lock() // the key comes from the holder

			must(t, v.SetRecipients(t.Context(), []string{one.Recipient().String(), two.Recipient().String(), one.Recipient().String()}, say(passphrase)))
			must(t, stockAge(t, s, one))
			must(t, stockAge(t, s, two))
			if got := reopen(t, s).Recovery(); len(got) != 2 {
				t.Errorf("recovery recipients: %q", got)
			}
			must(t, v.SetRecipients(t.Context(), []string{two.Recipient().String()}, say(passphrase)))
			if stockAge(t, s, one) == nil {
				t.Error("a removed recipient still opens vault.age")
			}
			must(t, stockAge(t, s, two))
			wantOpens(t, reopen(t, s), blob)

			err := v.SetRecipients(t.Context(), []string{two.String()}, say(passphrase))
			if err == nil || !strings.Contains(err.Error(), "secret key") {
				t.Errorf("a secret key as recipient: %v", err)
			}
			wantNoSecret(t, err)
		})
	}
}

// A recovery key named in config.toml opens the vault, and using it so must not shut out the holder.
func TestRecipientsChangedWithARecoveryKeyKeepTheHolder(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	recovery := recoveryKey(t)
	v := create(t, s, recovery.Recipient().String())
	blob := sealed(t, v)
	path := filepath.Join(t.TempDir(), "recovery.key")
	must(t, os.WriteFile(path, []byte(recovery.String()), 0o600))
	byRecovery, err := vault.Load(vault.Settings{Dir: s.Dir, Holder: vault.HolderFile, Path: path})
	must(t, err)
	must(t, byRecovery.Unlock(t.Context(), nil))
	wantOpens(t, byRecovery, blob)
	added := recoveryKey(t)
	must(t, byRecovery.SetRecipients(t.Context(), []string{recovery.Recipient().String(), added.Recipient().String()}, nil))
	wantOpens(t, reopen(t, s), blob)
	must(t, stockAge(t, s, added))

	// Taking itself off the list would leave a file that was never checked with a key at hand.
	before := snapshot(t, s.Dir)
	if err := byRecovery.SetRecipients(t.Context(), nil, nil); err == nil || snapshot(t, s.Dir) != before {
		t.Errorf("removing the only key at hand: %v", err)
	}
	wantOpens(t, reopen(t, s), blob)
}

func TestStaleHolderInConfigIsNamed(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	v := create(t, s)
	must(t, v.Rewrap(t.Context(), vault.Settings{Holder: vault.HolderPassphrase}, secret.New(passphrase)))
	stale, err := vault.Load(s)
	must(t, err)
	err = stale.Unlock(t.Context(), say(passphrase))
	wantLocked(t, err, vault.KeyMissing)
	if err != nil && !strings.Contains(err.Error(), `config.toml says [vault] key = "file"`) {
		t.Error(err)
	}
}

// stanzas counts the recipients of vault.age.
func stanzas(t *testing.T, s vault.Settings) int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(s.Dir, "vault.age"))
	must(t, err)
	header, _, _ := strings.Cut(string(content), "\n---")
	return strings.Count(header, "-> X25519 ")
}
