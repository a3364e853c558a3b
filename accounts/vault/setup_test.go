package vault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"

	"fettle/accounts/vault"
	"fettle/internal/busguard"
	"fettle/internal/keyringhelper"
	"fettle/internal/keyringhelper/backend"
	"fettle/internal/secret"
)

// TestMain lets the test binary be the keyring helper, and a process to kill.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case busguard.HelperCommand:
			os.Exit(backend.Main(os.Args[2:], os.Stdin, os.Stdout, os.Stderr))
		case "rewrap-forever":
			os.Exit(rewrapForever(os.Args[2]))
		}
	}
	busguard.Restore()
	os.Exit(m.Run())
}

const passphrase = "canary-passphrase"

// say is a prompt that is answered.
func say(text string) vault.Prompt {
	return func(context.Context) (secret.Text, error) { return secret.New(text), nil }
}

// memory is a keyring that is always there.
type memory struct {
	mu    sync.Mutex
	items map[string]secret.Text
}

func newMemory() *memory { return &memory{items: map[string]secret.Text{}} }

func (m *memory) Get(_ context.Context, item string) (secret.Text, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if value, ok := m.items[item]; ok {
		return value, nil
	}
	return secret.Text{}, keyringhelper.ErrNotFound
}

func (m *memory) Set(_ context.Context, item string, value secret.Text) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.items[item] = value
	return nil
}

func (m *memory) Delete(_ context.Context, item string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.items, item)
	return nil
}

// keyFile writes a fresh age identity for a command to print.
func keyFile(t *testing.T) string {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	path := filepath.Join(t.TempDir(), "identity")
	must(t, os.WriteFile(path, []byte("# a comment\n"+id.String()+"\n"), 0o600))
	return path
}

// settings returns settings for each holder over a fresh folder.
func settings(t *testing.T, holder vault.Holder) vault.Settings {
	t.Helper()
	s := vault.Settings{Dir: filepath.Join(t.TempDir(), "data"), Holder: holder, Keyring: newMemory()}.Quick()
	if holder == vault.HolderCommand {
		s.Command = []string{"cat", keyFile(t)}
	}
	return s
}

var holders = []vault.Holder{vault.HolderFile, vault.HolderPassphrase, vault.HolderKeyring, vault.HolderCommand}

func create(t *testing.T, s vault.Settings, recovery ...string) *vault.Vault {
	t.Helper()
	v, err := vault.Init(t.Context(), s, vault.InitOptions{Passphrase: secret.New(passphrase), Recovery: recovery})
	must(t, err)
	return v
}

// reopen loads the vault as another process would, knowing only the folder, and unlocks it.
func reopen(t *testing.T, s vault.Settings) *vault.Vault {
	t.Helper()
	v, err := vault.Load(vault.Settings{Dir: s.Dir, Keyring: s.Keyring}.Quick())
	must(t, err)
	must(t, v.Unlock(t.Context(), say(passphrase)))
	return v
}

func sealed(t *testing.T, v *vault.Vault) []byte {
	t.Helper()
	blob, err := v.Seal("grants", "a1", 7, []byte("canary-plaintext"))
	must(t, err)
	return blob
}

func wantOpens(t *testing.T, v *vault.Vault, blob []byte) {
	t.Helper()
	plain, err := v.Open("grants", "a1", 7, blob)
	if err != nil || string(plain) != "canary-plaintext" {
		t.Errorf("opened %d bytes, error %v", len(plain), err)
	}
}

// stockAge opens vault.age with the age library alone.
func stockAge(t *testing.T, s vault.Settings, id age.Identity) error {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(s.Dir, "vault.age"))
	must(t, err)
	r, err := age.Decrypt(bytes.NewReader(content), id)
	if err != nil {
		return err
	}
	plain, err := io.ReadAll(r)
	if err == nil && !strings.Contains(string(plain), "XChaCha20Poly1305Key") {
		err = errors.New("no keyset inside")
	}
	return err
}

func recoveryKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	must(t, err)
	return id
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantLocked(t *testing.T, err error, reason vault.Reason) {
	t.Helper()
	var locked *vault.LockedError
	if !errors.As(err, &locked) || locked.Reason != reason || locked.Remedy == "" {
		t.Errorf("error %v, want the vault locked: %s", err, reason)
	}
	wantNoSecret(t, err)
}

// wantNoSecret looks for what the tests use as secrets.
func wantNoSecret(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	for _, s := range []string{"canary", "AGE-SECRET-KEY-1Q", "AGE-SECRET-KEY-10"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("an error shows %q: %v", s, err)
		}
	}
}
