//go:build linux

package vault_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"fettle/accounts/vault"
	"fettle/internal/keyringhelper"
	"fettle/internal/keyringhelper/keyringtest"
	"fettle/internal/secret"
)

func helper(t *testing.T) keyringhelper.Client {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	return keyringhelper.Client{Executable: exe}
}

func TestKeyringHolderWithARealSecretService(t *testing.T) {
	keyringtest.UseBus(t, keyringtest.RealBus(t))
	keyringtest.SecretService(t, "login password")
	s := settings(t, vault.HolderKeyring)
	patient := helper(t)
	patient.Timeout = 30 * time.Second // a busy machine is not what is tested here
	s.Keyring = patient
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for { // until the daemon has its name on the bus
		err := vault.ProbeKeyring(ctx, s.Keyring)
		if err == nil {
			break
		}
		if !errors.Is(err, keyringhelper.ErrUnavailable) && !errors.Is(err, keyringhelper.ErrTimeout) {
			t.Fatal(err)
		}
	}
	if _, err := s.Keyring.Get(ctx, "fettle/canary"); !errors.Is(err, keyringhelper.ErrNotFound) {
		t.Errorf("the probe's item: %v", err)
	}

	v := create(t, s)
	blob := sealed(t, v)
	wantOpens(t, reopen(t, s), blob)
	must(t, v.Rewrap(ctx, vault.Settings{Holder: vault.HolderKeyring}, secret.Text{}))
	wantOpens(t, reopen(t, s), blob)
}

func TestProbeNamesTheCauseInTime(t *testing.T) {
	for name, tt := range map[string]struct {
		bus func(*testing.T) string
		is  error
	}{
		"silent bus": {keyringtest.SilentBus, keyringhelper.ErrTimeout},
		"no bus":     {func(*testing.T) string { return "" }, keyringhelper.ErrUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			keyringtest.UseBus(t, tt.bus(t))
			start := time.Now()
			if err := vault.ProbeKeyring(t.Context(), helper(t)); !errors.Is(err, tt.is) {
				t.Errorf("error %v, want %v", err, tt.is)
			}
			if took := time.Since(start); took > 6*time.Second { // 3 s, and room for a busy machine
				t.Errorf("it took %v", took)
			}
		})
	}
}

// forgetful takes an item and keeps nothing; lying gives back another.
type forgetful struct{ *memory }

func (forgetful) Set(context.Context, string, secret.Text) error { return nil }

type lying struct{ *memory }

func (lying) Get(context.Context, string) (secret.Text, error) { return secret.New("canary"), nil }

func TestProbeFindsOutAKeyringThatKeepsNothing(t *testing.T) {
	t.Parallel()
	for says, keyring := range map[string]vault.Keyring{
		"does not give it back": forgetful{newMemory()}, "another test item": lying{newMemory()}, "no keyring is available": nil,
	} {
		err := vault.ProbeKeyring(t.Context(), keyring)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error %v, want %q", err, says)
		}
		wantNoSecret(t, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := vault.ProbeKeyring(ctx, brokenKeyring{context.Canceled}); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller that gave up: %v", err)
	}
}
