package vault_test

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"fettle/accounts/vault"
	"fettle/internal/secret"
)

func TestRoundTripWithEachHolder(t *testing.T) {
	t.Parallel()
	for _, holder := range holders {
		t.Run(string(holder), func(t *testing.T) {
			t.Parallel()
			s := settings(t, holder)
			recovery := recoveryKey(t)
			v := create(t, s, recovery.Recipient().String())
			if v.Locked() || v.Holder() != holder || v.Interrupted() {
				t.Errorf("after init: locked %v, holder %s, interrupted %v", v.Locked(), v.Holder(), v.Interrupted())
			}
			blob := sealed(t, v)

			v.Lock()
			_, err := v.Seal("grants", "a1", 7, nil)
			wantLocked(t, err, vault.NotOpened)
			_, err = v.Open("grants", "a1", 7, blob)
			wantLocked(t, err, vault.NotOpened)
			must(t, v.Unlock(t.Context(), say(passphrase)))
			wantOpens(t, v, blob)

			again := reopen(t, s)
			wantOpens(t, again, blob)
			if again.ID() != v.ID() || !slices.Equal(again.Recipients(), v.Recipients()) || len(again.Recipients()) != 2 {
				t.Errorf("reloaded: id %s and recipients %q, want %s and %q", again.ID(), again.Recipients(), v.ID(), v.Recipients())
			}
			must(t, stockAge(t, s, recovery))
			wantPrivateFiles(t, s.Dir)
		})
	}
}

func TestFilesOpenWithTheAgeProgram(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("age")
	if err != nil {
		t.Skip("age is not installed")
	}
	s := settings(t, vault.HolderFile)
	create(t, s)
	out, err := exec.CommandContext(t.Context(), program, "-d", "-i", filepath.Join(s.Dir, "vault.key"), filepath.Join(s.Dir, "vault.age")).Output()
	if err != nil || !strings.Contains(string(out), "XChaCha20Poly1305Key") {
		t.Errorf("age printed %d bytes, error %v", len(out), err)
	}
}

func wantPrivateFiles(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	for _, e := range entries {
		info, err := e.Info()
		must(t, err)
		if info.Mode() != 0o600 || strings.HasSuffix(e.Name(), ".tmp") {
			t.Errorf("%s has mode %v", e.Name(), info.Mode())
		}
	}
}

func TestInitOverwritesNothing(t *testing.T) {
	t.Parallel()
	for _, holder := range holders {
		t.Run(string(holder), func(t *testing.T) {
			t.Parallel()
			s := settings(t, holder)
			v := create(t, s)
			before := snapshot(t, s.Dir)
			for _, h := range holders {
				other := s
				other.Holder = h
				if _, err := vault.Init(t.Context(), other, vault.InitOptions{Passphrase: secret.New("another")}); !errors.Is(err, vault.ErrExists) {
					t.Errorf("init with %s: %v", h, err)
				}
			}
			must(t, os.Rename(filepath.Join(s.Dir, "vault.age"), filepath.Join(s.Dir, "vault.age.bak")))
			if _, err := vault.Init(t.Context(), s, vault.InitOptions{}); !errors.Is(err, vault.ErrExists) {
				t.Errorf("init beside a backup: %v", err)
			}
			must(t, os.Rename(filepath.Join(s.Dir, "vault.age.bak"), filepath.Join(s.Dir, "vault.age")))
			if after := snapshot(t, s.Dir); after != before {
				t.Errorf("the folder changed from\n%s\nto\n%s", before, after)
			}
			wantOpens(t, reopen(t, s), sealed(t, v))
		})
	}
}

func TestInitUsesAKeyThatIsThere(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	s.Path = keyFile(t)
	before, err := os.ReadFile(s.Path)
	must(t, err)
	create(t, s)
	after, err := os.ReadFile(s.Path)
	must(t, err)
	if string(before) != string(after) {
		t.Error("the key file changed")
	}
	reopen(t, s)
}

func TestConcurrentInitsMakeOneVault(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	var wg sync.WaitGroup
	errs := make([]error, 8)
	for i := range errs {
		wg.Go(func() { _, errs[i] = vault.Init(context.Background(), s, vault.InitOptions{}) })
	}
	wg.Wait()
	made := 0
	for _, err := range errs {
		if err == nil {
			made++
		} else if !errors.Is(err, vault.ErrExists) {
			t.Error(err)
		}
	}
	if made != 1 {
		t.Errorf("%d vaults were made", made)
	}
	reopen(t, s)
}

func TestInitNeedsItsAnswers(t *testing.T) {
	t.Parallel()
	pasted := recoveryKey(t)
	tests := []struct {
		name string
		s    vault.Settings
		opts vault.InitOptions
		says string
	}{
		{"no passphrase", settings(t, vault.HolderPassphrase), vault.InitOptions{}, "needs a passphrase"},
		{"no command", vault.Settings{Dir: t.TempDir(), Holder: vault.HolderCommand}, vault.InitOptions{}, "[vault] command"},
		{"no holder", vault.Settings{Dir: t.TempDir()}, vault.InitOptions{}, "[vault] key"},
		{"unknown holder", vault.Settings{Dir: t.TempDir(), Holder: "cloud"}, vault.InitOptions{}, `"cloud"`},
		{"bad recipient", settings(t, vault.HolderFile), vault.InitOptions{Recovery: []string{"age1canary"}}, "recipient 1 is not an age public key"},
		{"secret key for a recipient", settings(t, vault.HolderFile), vault.InitOptions{Recovery: []string{pasted.String()}}, "is a secret key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := vault.Init(t.Context(), tt.s, tt.opts)
			if err == nil || !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), pasted.String()[:20]) {
				t.Errorf("error %v, want %q", err, tt.says)
			}
			wantNoSecret(t, err)
		})
	}
}

func TestSettingsOverrideTheRecord(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	v := create(t, s)
	blob := sealed(t, v)
	moved := filepath.Join(t.TempDir(), "elsewhere.key")
	must(t, os.Rename(filepath.Join(s.Dir, "vault.key"), moved))

	for _, override := range []vault.Settings{
		{Dir: s.Dir, Holder: vault.HolderFile, Path: moved},
		{Dir: s.Dir, Holder: vault.HolderCommand, Command: []string{"cat", moved}},
	} {
		o, err := vault.Load(override)
		must(t, err)
		must(t, o.Unlock(t.Context(), nil))
		wantOpens(t, o, blob)
		if o.Holder() != override.Holder {
			t.Errorf("holder %s", o.Holder())
		}
	}
	plain, err := vault.Load(vault.Settings{Dir: s.Dir})
	must(t, err)
	wantLocked(t, plain.Unlock(t.Context(), nil), vault.KeyMissing)
}

func TestManyUseOneVault(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderPassphrase)
	v := create(t, s)
	blob := sealed(t, v)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 50 {
				switch (i + n) % 4 {
				case 0:
					v.Lock()
				case 1:
					if err := v.Unlock(context.Background(), say(passphrase)); err != nil {
						t.Error(err)
					}
				case 2:
					if _, err := v.Open("grants", "a1", 7, blob); err != nil && !errors.As(err, new(*vault.LockedError)) {
						t.Error(err)
					}
				default:
					_, _, _ = v.Holder(), v.Recipients(), v.Locked()
				}
			}
		})
	}
	wg.Go(func() {
		for range 5 {
			err := v.Rewrap(context.Background(), vault.Settings{Holder: vault.HolderPassphrase}, secret.New(passphrase))
			if err != nil && !errors.As(err, new(*vault.LockedError)) {
				t.Error(err)
			}
		}
	})
	wg.Wait()
	wantOpens(t, reopen(t, s), blob)
}

// snapshot renders names and contents of a folder.
func snapshot(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var b strings.Builder
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		must(t, err)
		fmt.Fprintln(&b, e.Name(), hex.EncodeToString(content))
	}
	return b.String()
}
