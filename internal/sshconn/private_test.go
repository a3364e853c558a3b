package sshconn_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"fettle/internal/sshconn"
	"fettle/internal/sshtest"
)

// slowly is a content that comes only once the test has looked at the file.
type slowly struct {
	look func()
	rest *bytes.Reader
}

func (s *slowly) Read(b []byte) (int, error) {
	if s.look != nil {
		s.look()
		s.look = nil
	}
	return s.rest.Read(b)
}

func TestAFileIsPrivateBeforeItHasContent(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	n.Start("one")
	c, err := connect(t, n, "one", sshconn.Options{})
	must(t, err)
	path := filepath.Join(t.TempDir(), "f")
	seen := false
	content := &slowly{rest: bytes.NewReader([]byte("content")), look: func() {
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o600 || info.Size() != 0 {
			t.Errorf("before the first byte: %v, %v", info, err)
		}
		seen = true
	}}
	must(t, c.Create(path, content))
	if got, err := os.ReadFile(path); err != nil || string(got) != "content" || !seen {
		t.Errorf("%q, %v", got, err)
	}
}

// A yes to a host's key, and what nobody answers, are refused: ssh then gives up.
func TestAskpassAnswersNothingByItself(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	must(t, err)
	for name, vars := range map[string][]string{
		"a yes is wanted": {"FETTLE_SSH_ASKPASS=/no/such/socket", "SSH_ASKPASS_PROMPT=confirm"},
		"nobody answers":  {"FETTLE_SSH_ASKPASS=/no/such/socket"},
	} {
		cmd := exec.CommandContext(t.Context(), self, "Are you sure you want to continue connecting?")
		cmd.Env = append(os.Environ(), vars...)
		out, err := cmd.Output()
		if exit, ok := err.(*exec.ExitError); !ok || exit.ExitCode() != 1 || len(out) > 0 { //nolint:errorlint // of Output itself
			t.Errorf("%s: %q, %v", name, out, err)
		}
	}
}
