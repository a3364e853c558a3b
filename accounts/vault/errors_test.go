package vault_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/accounts/vault"
	"fettle/internal/atomicfile"
	"fettle/internal/keyringhelper"
	"fettle/internal/secret"
)

// brokenKeyring answers everything with one error.
type brokenKeyring struct{ err error }

func (k brokenKeyring) Get(context.Context, string) (secret.Text, error) { return secret.Text{}, k.err }
func (k brokenKeyring) Set(context.Context, string, secret.Text) error   { return k.err }
func (k brokenKeyring) Delete(context.Context, string) error             { return k.err }

func TestEachWayOfBeingLockedIsToldApart(t *testing.T) {
	t.Parallel()
	replaceKey := func(content string) func(*testing.T, vault.Settings) {
		return func(t *testing.T, s vault.Settings) {
			must(t, os.WriteFile(filepath.Join(s.Dir, "vault.key"), []byte(content), 0o600))
		}
	}
	in := func(s vault.Settings, name string) string { return filepath.Join(s.Dir, name) }
	otherKey := recoveryKey(t).String()
	tests := []struct {
		name   string
		holder vault.Holder
		prompt vault.Prompt
		spoil  func(*testing.T, vault.Settings)
		reason vault.Reason
		says   string
	}{
		{"no terminal", vault.HolderPassphrase, nil, nil, vault.NoTerminal, "in a terminal"},
		{"wrong passphrase", vault.HolderPassphrase, say("canary-wrong"), nil, vault.WrongPassphrase, "try again"},
		{"empty passphrase", vault.HolderPassphrase, say(""), nil, vault.WrongPassphrase, "try again"},
		{"missing passphrase file", vault.HolderPassphrase, say(passphrase), func(t *testing.T, s vault.Settings) { must(t, os.Remove(in(s, "vault.key.age"))) }, vault.KeyMissing, "vault.key.age"},
		{"damaged passphrase file", vault.HolderPassphrase, say(passphrase), func(t *testing.T, s vault.Settings) { flip(t, in(s, "vault.key.age"), -1) }, vault.KeyDamaged, "vault.key.age"},
		{"missing key file", vault.HolderFile, nil, func(t *testing.T, s vault.Settings) { must(t, os.Remove(in(s, "vault.key"))) }, vault.KeyMissing, "vault.key"},
		{"key open to others", vault.HolderFile, nil, func(t *testing.T, s vault.Settings) { must(t, os.Chmod(in(s, "vault.key"), 0o644)) }, vault.KeyNotPrivate, "chmod go= "},
		{"empty key file", vault.HolderFile, nil, replaceKey(""), vault.KeyDamaged, "it is empty"},
		{"key file with rubbish", vault.HolderFile, nil, replaceKey("AGE-SECRET-KEY-1QCANARYcanary"), vault.KeyDamaged, "not an age secret key"},
		{"key file with two keys", vault.HolderFile, nil, replaceKey(otherKey + "\n" + otherKey), vault.KeyDamaged, "more than one"},
		{"another vault's key", vault.HolderFile, nil, replaceKey(otherKey), vault.WrongKey, "age1"},
		{"empty keyring", vault.HolderKeyring, nil, func(t *testing.T, s vault.Settings) { clear(s.Keyring.(*memory).items) }, vault.KeyMissing, "no item fettle/"},
		{"command gone", vault.HolderCommand, nil, func(t *testing.T, s vault.Settings) { must(t, os.Remove(s.Command[1])) }, vault.CommandFailed, "No such file"},
		{"command prints nothing", vault.HolderCommand, nil, func(t *testing.T, s vault.Settings) { must(t, os.Truncate(s.Command[1], 0)) }, vault.CommandFailed, "it is empty"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, tt.holder)
			create(t, s)
			if tt.spoil != nil {
				tt.spoil(t, s)
			}
			v, err := vault.Load(s)
			must(t, err)
			err = v.Unlock(t.Context(), tt.prompt)
			wantLocked(t, err, tt.reason)
			if err != nil && !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want it to say %q", err, tt.says)
			}
			if !v.Locked() {
				t.Error("the vault is open")
			}
		})
	}
}

func TestKeyringThatFails(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderKeyring)
	create(t, s)
	for _, keyring := range []vault.Keyring{nil, brokenKeyring{keyringhelper.ErrTimeout}, brokenKeyring{keyringhelper.ErrUnavailable}} {
		v, err := vault.Load(vault.Settings{Dir: s.Dir, Keyring: keyring})
		must(t, err)
		wantLocked(t, v.Unlock(t.Context(), nil), vault.KeyringUnavailable)
	}
}

func TestPromptsErrorPassesThrough(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderPassphrase)
	create(t, s)
	v, err := vault.Load(s)
	must(t, err)
	left := errors.New("left the screen")
	if err := v.Unlock(t.Context(), func(context.Context) (secret.Text, error) { return secret.Text{}, left }); !errors.Is(err, left) {
		t.Errorf("error %v", err)
	}
}

func TestFilesOfTheVaultThatAreMissingOrDamaged(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		spoil func(t *testing.T, dir string)
		path  string
		says  string
	}{
		{"vault.age missing", func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "vault.age"))) }, "vault.age", "fettle vault init"},
		{"vault.age missing, backup there", func(t *testing.T, dir string) {
			must(t, os.Rename(filepath.Join(dir, "vault.age"), filepath.Join(dir, "vault.age.bak")))
		}, "vault.age", "vault.age.bak is the one"},
		{"vault.age empty", func(t *testing.T, dir string) { must(t, os.Truncate(filepath.Join(dir, "vault.age"), 0)) }, "vault.age", "damaged"},
		{"vault.toml missing", func(t *testing.T, dir string) { must(t, os.Remove(filepath.Join(dir, "vault.toml"))) }, "vault.toml", "is missing"},
		{"vault.toml rubbish", func(t *testing.T, dir string) { overwrite(t, dir, "= [") }, "vault.toml", "not a vault's description"},
		{"vault.toml empty", func(t *testing.T, dir string) { overwrite(t, dir, "") }, "vault.toml", "format"},
		{"vault.toml without id", func(t *testing.T, dir string) { overwrite(t, dir, `format = "fettle.vault/1"`) }, "vault.toml", "names no vault"},
		{"newer format", func(t *testing.T, dir string) { overwrite(t, dir, `format = "fettle.vault/2"`) }, "vault.toml", "newer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := settings(t, vault.HolderFile)
			create(t, s)
			tt.spoil(t, s.Dir)
			v, err := vault.Load(s)
			if err == nil {
				err = v.Unlock(t.Context(), nil)
			}
			var damaged *vault.DamagedError
			if !errors.As(err, &damaged) || filepath.Base(damaged.Path) != tt.path || damaged.Remedy == "" || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error %v, want %s damaged, saying %q", err, tt.path, tt.says)
			}
			if errors.Is(err, vault.ErrNoVault) {
				t.Error("it is reported as no vault")
			}
		})
	}
}

func TestNoVault(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), "none")} {
		if _, err := vault.Load(vault.Settings{Dir: dir}); !errors.Is(err, vault.ErrNoVault) {
			t.Errorf("error %v, want ErrNoVault", err)
		}
	}
}

func TestFilesOthersCouldHaveWrittenAreNotBelieved(t *testing.T) {
	t.Parallel()
	for name, mode := range map[string]os.FileMode{"vault.toml": 0o666, ".": 0o777, "vault.age": 0o644} {
		s := settings(t, vault.HolderFile)
		create(t, s)
		must(t, os.Chmod(filepath.Join(s.Dir, name), mode))
		v, err := vault.Load(s)
		if err == nil {
			err = v.Unlock(t.Context(), nil)
		}
		var refused *atomicfile.Refused
		if !errors.As(err, &refused) {
			t.Errorf("%s with mode %04o: %v", name, mode, err)
		}
	}
}

func overwrite(t *testing.T, dir, content string) {
	t.Helper()
	must(t, os.WriteFile(filepath.Join(dir, "vault.toml"), []byte(content), 0o600))
}

// flip changes one bit of a file's byte at offset, from the end if negative.
func flip(t *testing.T, path string, offset int) {
	t.Helper()
	content, err := os.ReadFile(path)
	must(t, err)
	content[(offset+len(content))%len(content)] ^= 1
	must(t, os.WriteFile(path, content, 0o600))
}
