package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"fettle/internal/atomicfile"
	"fettle/internal/lazyregexp"
)

// Config is what config.toml says.
type Config struct {
	Path string // of the file, whether or not it exists
	Text []byte // the whole file; nil if there is none

	Vault  Vault
	Health Health
	SSH    SSH
}

// Vault is [vault]: who holds the vault's key. An empty Key leaves it to what the vault itself remembers.
type Vault struct {
	Key     string   `toml:"key"`
	Path    string   `toml:"path"`
	Command []string `toml:"command"`
}

// Health is [health]; zero means the default.
type Health struct {
	Soon  Duration `toml:"soon"`
	Fresh Duration `toml:"fresh"`
}

// SSH is [ssh].
type SSH struct {
	Config string `toml:"config"`
}

// Duration reads "14d", "36h" and the like.
type Duration time.Duration

// longest is where a duration becomes a slip of the pen.
const longest = 3650 * 24 * time.Hour

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(text []byte) error {
	s := string(text)
	parsed, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		parsed = time.Duration(min(n, 4000)) * 24 * time.Hour
	}
	if err != nil || parsed <= 0 || parsed > longest {
		return errors.New("expected a duration such as 14d or 36h")
	}
	*d = Duration(parsed)
	return nil
}

// Error is a mistake in config.toml.
type Error struct {
	Path   string
	Line   int    // 0: not known
	Key    string // dotted; may be empty
	Reason string
}

// Error implements error: file, line, key, and what is wrong.
func (e *Error) Error() string {
	at := e.Path
	if e.Line > 0 {
		at = fmt.Sprintf("%s:%d", e.Path, e.Line)
	}
	if e.Key != "" {
		return fmt.Sprintf("%s: %s: %s", at, e.Key, e.Reason)
	}
	return at + ": " + e.Reason
}

// Load reads the file at path. One that does not exist is an empty one, unless it was asked for by name.
// Errors are *Error, *atomicfile.Refused, or why it cannot be read.
func Load(path string, named bool) (Config, error) {
	c := Config{Path: path}
	text, err := read(path)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	c.Text = text
	return c, c.decode()
}

// read believes the file only where nobody else can have changed it.
func read(path string) ([]byte, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, err
	}
	for _, p := range []string{filepath.Dir(path), filepath.Dir(target), target} {
		if err := atomicfile.CheckPrivate(p); err != nil {
			return nil, err
		}
	}
	info, err := os.Stat(target)
	switch {
	case err != nil:
		return nil, err
	// A pipe would wait for its writer.
	case !info.Mode().IsRegular():
		return nil, &atomicfile.Refused{Path: path, Reason: "it is not a plain file", Remedy: "name the right file"}
	case info.Size() > largest:
		return nil, &atomicfile.Refused{Path: path, Reason: "it is larger than 1 MiB", Remedy: "name the right file"}
	}
	return os.ReadFile(target)
}

// largest is far above any config.toml.
const largest = 1 << 20

// document is the shape of the file.
type document struct {
	Vault     Vault          `toml:"vault"`
	Health    Health         `toml:"health"`
	SSH       SSH            `toml:"ssh"`
	Providers map[string]any `toml:"providers"`
}

func (c *Config) decode() error {
	var d document
	meta, err := toml.Decode(string(c.Text), &d)
	if err != nil {
		return c.mistake(err)
	}
	for _, key := range meta.Undecoded() {
		if len(key) > 0 && key[0] != "providers" {
			return &Error{c.Path, lineOf(c.Text, key), key.String(), unknownKey(key)}
		}
	}
	c.Vault, c.Health, c.SSH = d.Vault, d.Health, d.SSH
	if err := c.checkVault(); err != nil {
		return err
	}
	return c.checkSecret(d.Providers)
}

// mistake keeps line and key of what the parser says. It has no position for a value of the wrong type but in its text.
func (c *Config) mistake(err error) error {
	if p, ok := errors.AsType[toml.ParseError](err); ok {
		reason := p.Message
		if reason == "" { // a value that a type of ours refused
			_, reason, _ = strings.Cut(p.Error(), "): ")
		}
		return &Error{c.Path, p.Position.Line, p.LastKey, reason}
	}
	text := strings.TrimPrefix(err.Error(), "toml: ")
	if found := inText().FindStringSubmatch(text); found != nil {
		line, err := strconv.Atoi(found[1])
		if err == nil {
			return &Error{c.Path, line, found[2], found[3]}
		}
	}
	return &Error{Path: c.Path, Reason: text}
}

// inText is how the parser names a line and a key in words.
var inText = lazyregexp.New(`^line (\d+) \(last key "([^"]*)"\): (.*)$`)

// known are the keys of each table.
var known = map[string][]string{
	"":       {"vault", "health", "ssh", "providers"},
	"vault":  {"key", "path", "command"},
	"health": {"soon", "fresh"},
	"ssh":    {"config"},
}

func unknownKey(key toml.Key) string {
	table := ""
	if len(key) > 1 {
		table = key[0]
	}
	names, ok := known[table]
	if !ok {
		names = known[""]
	}
	return "there is no such setting; here there are " + strings.Join(names, ", ")
}

func (c *Config) checkVault() error {
	v := c.Vault
	wrong := func(key, reason string) error {
		return &Error{c.Path, lineOf(c.Text, []string{"vault", key}), "vault." + key, reason}
	}
	holders := []string{"keyring", "passphrase", "file", "command"}
	switch {
	case v.Key != "" && !slices.Contains(holders, v.Key):
		return wrong("key", "use keyring, passphrase, file or command")
	case v.Key == "" && (v.Path != "" || len(v.Command) > 0):
		return wrong("key", "is missing: it says what path or command is for")
	case v.Path != "" && v.Key != "file" && v.Key != "passphrase":
		return wrong("path", "is for key = \"file\" or \"passphrase\" only")
	case len(v.Command) > 0 && v.Key != "command":
		return wrong("command", "is for key = \"command\" only")
	case v.Key == "command" && (len(v.Command) == 0 || v.Command[0] == ""):
		return wrong("command", "name the program that prints the age identity, as a list of its arguments")
	}
	return nil
}

// checkSecret refuses a file with a client secret in it that others can read. What has another shape than a provider is
// the catalogue's to explain.
func (c *Config) checkSecret(providers map[string]any) error {
	for _, p := range providers {
		for _, client := range members(p, "client") {
			for _, secret := range members(client, "secret") {
				if secret != "" {
					return atomicfile.CheckSecret(c.Path)
				}
			}
		}
	}
	return nil
}

// members are those of a table that the decoder takes for key: it does not mind capitals.
func members(table any, key string) (found []any) {
	t, _ := table.(map[string]any)
	for name, value := range t {
		if strings.EqualFold(name, key) {
			found = append(found, value)
		}
	}
	return found
}
