package config_test

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adrg/xdg"

	"fettle/internal/atomicfile"
	"fettle/internal/config"
)

// write makes a config.toml that only this user can read.
func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoad(t *testing.T) {
	t.Parallel()
	path := write(t, `
[vault]
key = "command"
command = ["pass", "show", "fettle"]
[health]
soon = "21d"
fresh = "36h"
[ssh]
config = "/etc/fettle/ssh"
[providers.acme]
anything = "is the catalogue's business"
`)
	c, err := config.Load(path, true)
	if err != nil {
		t.Fatal(err)
	}
	if c.Vault.Key != "command" || strings.Join(c.Vault.Command, " ") != "pass show fettle" {
		t.Errorf("vault: %+v", c.Vault)
	}
	if time.Duration(c.Health.Soon) != 21*24*time.Hour || time.Duration(c.Health.Fresh) != 36*time.Hour {
		t.Errorf("health: %+v", c.Health)
	}
	if c.SSH.Config != "/etc/fettle/ssh" || len(c.Text) == 0 {
		t.Errorf("%+v", c)
	}
}

func TestNoFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none", "config.toml")
	if c, err := config.Load(path, false); err != nil || c.Text != nil {
		t.Errorf("a missing file is an empty one, not %v", err)
	}
	if _, err := config.Load(path, true); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("one that was asked for is missing: %v", err)
	}
}

// Every mistake is named with its line and key.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		line       int
		key        string
	}{
		{"unknown key", "[vault]\n\nkye = 'file'", 3, "vault.kye"},
		{"unknown table", "[vualt]\nkey = 'file'", 1, "vualt"},
		{"unknown key at the top", "key = 'file'", 1, "key"},
		{"dotted key", "vault.kye = 'file'", 1, "vault.kye"},
		{"unknown holder", "[vault]\nkey = 'pocket'", 2, "vault.key"},
		{"path without key", "[vault]\npath = 'x'", 1, "vault.key"},
		{"path for the keyring", "[vault]\nkey = 'keyring'\npath = 'x'", 3, "vault.path"},
		{"command for a file", "[vault]\nkey = 'file'\ncommand = ['x']", 3, "vault.command"},
		{"command missing", "[vault]\nkey = 'command'", 1, "vault.command"},
		{"no duration", "[health]\nsoon = 'soonish'", 2, "health.soon"},
		{"negative duration", "[health]\nfresh = '-3d'", 2, "health.fresh"},
		{"absurd duration", "[health]\nfresh = '99999999999d'", 2, "health.fresh"},
		{"wrong type", "[vault]\nkey = 3", 2, "vault.key"},
		{"no TOML", "[vault\n", 2, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(write(t, test.text), true)
			mistake, ok := errors.AsType[*config.Error](err)
			if !ok {
				t.Fatalf("%v", err)
			}
			if mistake.Line != test.line || mistake.Key != test.key || mistake.Reason == "" {
				t.Errorf("line %d, key %q: %v", mistake.Line, mistake.Key, err)
			}
		})
	}
}

// A file that others could have written, or whose secret others can read, is refused.
func TestRefused(t *testing.T) {
	t.Parallel()
	const secret = "[providers.acme.client]\nsecret = 'hush'\n"
	for _, test := range []struct {
		name, text    string
		mode, dirMode os.FileMode
		refused       bool
	}{
		{"readable by others", "", 0o644, 0o755, false},
		{"group can write", "", 0o660, 0o700, true},
		{"others can write", "", 0o602, 0o700, true},
		{"folder open", "", 0o600, 0o777, true},
		{"secret, private", secret, 0o600, 0o755, false},
		{"secret, group can read", secret, 0o640, 0o700, true},
		{"empty secret", "[providers.acme.client]\nsecret = ''\n", 0o644, 0o700, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, test.text)
			if err := errors.Join(os.Chmod(path, test.mode), os.Chmod(filepath.Dir(path), test.dirMode)); err != nil {
				t.Fatal(err)
			}
			_, err := config.Load(path, true)
			if _, refused := errors.AsType[*atomicfile.Refused](err); refused != test.refused || err != nil && !refused {
				t.Errorf("%v", err)
			}
		})
	}
}

// A link does not lead round the checks: what it points to has to be private, too.
func TestLinkedConfig(t *testing.T) {
	t.Parallel()
	target := write(t, "")
	if err := os.Chmod(filepath.Dir(target), 0o777); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	link := filepath.Join(dir, "config.toml")
	if err := errors.Join(os.Chmod(dir, 0o700), os.Symlink(target, link)); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(link, true); !errors.As(err, new(*atomicfile.Refused)) {
		t.Errorf("%v", err)
	}
}

func TestWhere(t *testing.T) {
	t.Parallel()
	p, err := config.Where("c.toml", "book")
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if p.Config != filepath.Join(here, "c.toml") || p.Data != filepath.Join(here, "book") || p.State != filepath.Join(here, "book", "log") {
		t.Errorf("%+v", p)
	}
	p, err = config.Where("", "")
	if err != nil || !strings.HasSuffix(p.Config, "/fettle/config.toml") || filepath.Base(p.Data) != "fettle" || filepath.Base(p.State) != "fettle" {
		t.Errorf("%+v, %v", p, err)
	}
}

// Started without HOME, as by a service manager, fettle still finds this user's folders and none below the present one.
func TestWhereWithoutHOME(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(xdg.Reload) // the last cleanup, when the variables are as they were
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", me.HomeDir)
	xdg.Reload()
	want, err := config.Where("", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, home := range []string{"", "relative"} {
		t.Setenv("HOME", home)
		xdg.Reload()
		got, err := config.Where("", "")
		if err != nil || got != want {
			t.Errorf("HOME=%q: %+v and not %+v (%v)", home, got, want, err)
		}
	}
}

// What could block or fill the memory is refused before it is read.
func TestWhatIsNoConfigFile(t *testing.T) {
	t.Parallel()
	long := write(t, "# "+strings.Repeat("x", 1<<20))
	folder := filepath.Join(filepath.Dir(write(t, "")), "folder.toml")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for path, reason := range map[string]string{long: "larger than 1 MiB", folder: "not a plain file"} {
		_, err := config.Load(path, true)
		refused, ok := errors.AsType[*atomicfile.Refused](err)
		if !ok || !strings.Contains(refused.Reason, reason) || refused.Remedy == "" {
			t.Errorf("%s: %v", reason, err)
		}
	}
}

// The decoder does not mind capitals, so neither does the look at who can read a secret.
func TestSecretThatOthersCanRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"[providers.acme.client]\nsecret = \"hush\"", "[providers.acme.Client]\nSECRET = \"hush\""} {
		path := write(t, text)
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(path, true); !errors.As(err, new(*atomicfile.Refused)) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
