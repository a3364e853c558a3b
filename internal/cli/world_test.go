package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"fettle/accounts/store"
	"fettle/internal/otheras"
	"fettle/internal/sandbox"
)

// world is what one script lives in: its folders, its providers, and everything that fettle said.
type world struct {
	dir     string
	vars    []string
	servers map[string]*sandbox.Server
	others  map[string]*otheras.Server

	mu   sync.Mutex
	said bytes.Buffer // all output, except where a token was asked for
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world {
	w, ok := ts.Value(worldKey{}).(*world)
	if !ok {
		ts.Fatalf("the script has no world")
	}
	return w
}

// setUp gives a script folders of its own and no session bus.
func setUp(env *testscript.Env) error {
	w := newWorld(env.WorkDir)
	env.Vars = append(env.Vars, w.vars...)
	env.Values[worldKey{}] = w
	env.Defer(w.close)
	return w.folders()
}

func newWorld(dir string) *world {
	return &world{
		dir: dir, servers: map[string]*sandbox.Server{}, others: map[string]*otheras.Server{},
		vars: []string{
			"HOME=" + dir, "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"), "XDG_DATA_HOME=" + filepath.Join(dir, "data"),
			"XDG_STATE_HOME=" + filepath.Join(dir, "state"), "XDG_RUNTIME_DIR=" + filepath.Join(dir, "run"),
			"DATA=" + filepath.Join(dir, "data", "fettle"), "CONFIG=" + filepath.Join(dir, "config", "fettle", "config.toml"),
			"DBUS_SESSION_BUS_ADDRESS=unix:path=/dev/null/none", "SSH_CONNECTION=", "SSH_CLIENT=", "SSH_TTY=", "SUDO_USER=", "LANG=C.UTF-8", "TERM=xterm",
		},
	}
}

func (w *world) folders() error {
	for _, name := range []string{"config/fettle", "run"} {
		if err := os.MkdirAll(filepath.Join(w.dir, name), 0o700); err != nil {
			return err
		}
	}
	return nil
}

// newBook is a world for a test in Go, with a vault whose key lies in a file.
func newBook(t testing.TB) *world {
	t.Helper()
	w := newWorld(t.TempDir())
	if err := w.folders(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	w.mustRun(t, "vault", "init", "--holder", "file")
	return w
}

func (w *world) close() {
	for _, s := range w.servers {
		s.Close()
	}
	for _, s := range w.others {
		_ = s.Close() // it served, and that is over
	}
}

// start starts a demo provider and adds it to config.toml.
func (w *world) start(id string, opts sandbox.Options, client string, extra ...string) (*sandbox.Server, error) {
	s, err := sandbox.Start(opts)
	if err != nil {
		return nil, err
	}
	w.servers[id] = s
	return s, w.configure(s.ProviderTOMLFor(id, client, extra...))
}

// startGoogle starts a demo provider in Google's place: the built-in entry, with endpoints and scopes of its own.
func (w *world) startGoogle() error {
	s, err := sandbox.Start(sandbox.Options{Services: sandbox.DefaultServices()[2:]})
	if err != nil {
		return err
	}
	w.servers["google"] = s
	answer, err := http.Get(s.URL() + "/.well-known/openid-configuration")
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	var metadata map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&metadata); err != nil {
		return err
	}
	lines := []string{`scope_source = "token"`}
	for _, key := range []string{"authorization_endpoint", "token_endpoint", "device_authorization_endpoint", "revocation_endpoint", "introspection_endpoint", "userinfo_endpoint", "jwks_uri"} {
		lines = append(lines, fmt.Sprintf("%s = %q", key, metadata[key]))
	}
	return w.configure(s.ProviderTOML("google", lines...))
}

// later makes everything about an account older by d, as if so much time had passed.
func (w *world) later(name string, d time.Duration) error {
	ctx := context.Background()
	s, err := store.Open(ctx, filepath.Join(w.dir, "data", "fettle"))
	if err != nil {
		return err
	}
	err = s.Update(ctx, func(tx store.Writer) error {
		a, err := tx.AccountByName(name)
		if err != nil {
			return err
		}
		for _, t := range []*time.Time{&a.AuthorizedAt, &a.RefreshedAt, &a.ProvenAt, &a.AccessExpiresAt} {
			*t = t.Add(-d)
		}
		return tx.PutAccount(&a)
	})
	return errors.Join(err, s.Close())
}

// configure adds text to config.toml.
func (w *world) configure(text string) error {
	path := filepath.Join(w.dir, "config", "fettle", "config.toml")
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := f.WriteString("\n" + text + "\n"); err != nil {
		return err
	}
	return f.Close()
}

// record keeps what was said, for the search for secrets.
func (w *world) record(texts ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range texts {
		w.said.WriteString(t + "\n")
	}
}

// secrets are what must never be seen: the beginnings of everything secret at the demo provider, and its client's secrets.
var secrets = []string{
	sandbox.AccessTokenPrefix, sandbox.RefreshTokenPrefix, sandbox.CodePrefix, sandbox.DeviceCodePrefix,
	sandbox.BasicSecret, sandbox.PostSecret, "AGE-SECRET-KEY-",
}

// leaks lists the secrets that stand in a text, with where.
func leaks(where, text string) []string {
	var found []string
	for _, s := range secrets {
		if strings.Contains(text, s) {
			found = append(found, fmt.Sprintf("%s holds %q", where, s))
		}
	}
	return found
}
