package pwfile_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"fettle/internal/sandbox"
	"fettle/pwfile"
)

func TestADamagedMemoryIsNamedAndKept(t *testing.T) {
	t.Parallel()
	stranger := newIdentity(t)
	tests := []struct {
		name  string
		spoil func(t *testing.T, content []byte) []byte
		says  string
	}{
		{"a flipped byte", func(_ *testing.T, c []byte) []byte { c[len(c)-1] ^= 1; return c }, "damaged"},
		{"cut off", func(_ *testing.T, c []byte) []byte { return c[:len(c)/2] }, "damaged"},
		{"empty", func(*testing.T, []byte) []byte { return []byte{} }, "damaged"},
		{"of another identity", func(t *testing.T, _ []byte) []byte { return encrypt(t, []byte("{}"), stranger.Recipient()) }, "another identity"},
		{"not ours", nil, "damaged"},
		{"of another file", nil, "damaged"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := rotating(t, sandbox.RotationReplace)
			s.deliver(1, 1)
			s.token()
			var spoilt []byte
			switch tt.name {
			case "not ours":
				spoilt = encrypt(t, []byte(`{"format":"fettle.pwstate/9"}`), s.me.Recipient())
			case "of another file":
				plain := decrypt(t, readFile(t, s.memory()), s.me)
				spoilt = encrypt(t, bytes.Replace(plain, []byte(`"file-1"`), []byte(`"file-2"`), 1), s.me.Recipient())
			default:
				spoilt = tt.spoil(t, readFile(t, s.memory()))
			}
			writeFile(t, s.memory(), spoilt)
			s.clock.advance(2 * time.Hour)
			_, err := s.ask()
			refused, ok := errors.AsType[*pwfile.StateError](err)
			if !ok || refused.Path != s.memory() || refused.Remedy == "" || !strings.Contains(refused.Error(), tt.says) || strings.Contains(refused.Error(), "sandbox-") {
				t.Fatalf("%v", err)
			}
			if !bytes.Equal(readFile(t, s.memory()), spoilt) || s.refreshes() != 1 {
				t.Error("a memory that cannot be read was replaced, or a token was spent")
			}
			if err := os.Rename(s.memory(), s.memory()+".away"); err != nil {
				t.Fatal(err)
			}
			if token := s.token(); !s.calls(token) {
				t.Error("the remedy does not help")
			}
		})
	}
}

// Nothing is sent where what comes back could not be kept.
func TestNothingIsSentWithoutAMemory(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationSingleUse)
	s.deliver(1, 1)
	writeFile(t, filepath.Join(s.dir, "pwstate"), []byte("a file lies where the folder should be"))
	if _, err := s.ask(); !errors.As(err, new(*pwfile.StateError)) || s.refreshes() != 0 {
		t.Errorf("%v, %d requests", err, s.refreshes())
	}
}

// What comes back and cannot be kept is held in memory, loudly, until it can: the provider has ended the former token.
func TestATokenThatCannotBeKeptIsHeld(t *testing.T) {
	t.Parallel()
	for name, mend := range map[string]func(path string, former []byte) error{
		"put back":   func(path string, former []byte) error { return os.WriteFile(path, former, 0o600) },
		"moved away": func(path string, _ []byte) error { return os.Rename(path, path+".away") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := rotating(t, sandbox.RotationSingleUse)
			s.deliver(1, 1)
			alarms := make(chan error, 64)
			opts := s.options()
			opts.Alarm = func(_ string, err error) { alarms <- err }
			f, err := pwfile.Open(t.Context(), s.path, opts)
			if err != nil {
				t.Fatal(err)
			}
			gate := s.server.Faults.HoldAnswers(sandbox.TargetToken)
			asked := make(chan error, 1)
			go func() {
				_, err := f.Token(t.Context(), "sales-ga")
				asked <- err
			}()
			<-gate.Arrived()
			former := readFile(t, s.memory())
			writeFile(t, s.memory(), []byte("damaged meanwhile"))
			gate.Open()
			if err := <-alarms; !errors.As(err, new(*pwfile.StateError)) {
				t.Fatalf("%v", err)
			}
			if err := mend(s.memory(), former); err != nil {
				t.Fatal(err)
			}
			if err := <-asked; err != nil {
				t.Fatal(err)
			}
			s.server.Faults.Clear()
			s.clock.advance(2 * time.Hour)
			if token := s.token(); !s.calls(token) || s.server.Stats().RevokedFamilies != 0 {
				t.Error("the token that was held is lost")
			}
		})
	}
}

// A file for a passphrase leaves what was learnt sealed to this server all the same.
func TestMemoryOfAFileForAnotherKey(t *testing.T) {
	t.Parallel()
	s := rotating(t, sandbox.RotationNone)
	other := newIdentity(t)
	payload := s.payload(map[string]any{"recipients": []string{other.Recipient().String()},
		"accounts": []any{s.credential("sales-ga", 1, s.consent().RefreshToken)}})
	writeFile(t, s.path, craft(t, payload, s.key, other.Recipient()))
	opts := s.options()
	opts.Identities = []age.Identity{other}
	f, err := pwfile.Open(t.Context(), s.path, opts)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Token(t.Context(), "sales-ga"); err != nil {
		t.Fatal(err)
	}
	decrypt(t, readFile(t, s.memory()), s.me)
}
