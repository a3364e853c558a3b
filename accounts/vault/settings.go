package vault

import (
	"context"
	"fmt"
	"path/filepath"

	"fettle/internal/atomicfile"
	"fettle/internal/secret"
)

// Holder names what keeps the vault's key.
type Holder string

// The holders there are.
const (
	HolderFile       Holder = "file"
	HolderPassphrase Holder = "passphrase"
	HolderKeyring    Holder = "keyring"
	HolderCommand    Holder = "command"
)

// Settings say where the vault lies and who holds its key.
type Settings struct {
	// Dir is the data folder.
	Dir string
	// Holder overrides what vault.toml says; "" leaves it, and Path and Command with it, to that.
	Holder Holder
	// Path is the key's file, for the holders that have one; relative to Dir, "" for vault.key or vault.key.age.
	Path string
	// Command prints the age identity.
	Command []string
	// Keyring reaches the system's keyring: a keyringhelper.Client. Without one that holder is unavailable.
	Keyring Keyring

	workFactor int // of scrypt; 0 is age's default
	write      writeFunc
}

// Keyring is the system's keyring, as keyringhelper.Client implements it. A missing item is keyringhelper.ErrNotFound.
type Keyring interface {
	Get(ctx context.Context, item string) (secret.Text, error)
	Set(ctx context.Context, item string, value secret.Text) error
	Delete(ctx context.Context, item string) error
}

// Prompt asks a person for the passphrase; a nil Prompt means that there is nobody to ask.
type Prompt func(ctx context.Context) (secret.Text, error)

// writeFunc is atomicfile.Write.
type writeFunc func(path string, data []byte, opts atomicfile.Options) error

func (s Settings) file(name string) string { return filepath.Join(s.Dir, name) }

func (s Settings) writer() writeFunc {
	if s.write == nil {
		return atomicfile.Write
	}
	return s.write
}

// effective fills in from vault.toml what the settings leave open.
func (s Settings) effective(rec record) Settings {
	if s.Holder == "" {
		s.Holder, s.Path, s.Command = rec.Holder, rec.Path, rec.Command
	}
	return s
}

// holder makes the holder that the settings name, for the vault with that id.
func (s Settings) holder(id string) (holder, error) {
	switch s.Holder {
	case HolderFile:
		return &fileHolder{path: s.keyPath("vault.key"), write: s.writer()}, nil
	case HolderPassphrase:
		return &passphraseHolder{path: s.keyPath("vault.key.age"), write: s.writer(), workFactor: s.workFactor}, nil
	case HolderKeyring:
		return &keyringHolder{item: "fettle/" + id, keyring: s.Keyring}, nil
	case HolderCommand:
		if len(s.Command) == 0 || s.Command[0] == "" {
			return nil, fmt.Errorf("the vault's key is to come from a command, but none is given; set [vault] command in config.toml")
		}
		return &commandHolder{argv: s.Command}, nil
	case "":
		return nil, fmt.Errorf("nothing says who holds the vault's key; set [vault] key to keyring, passphrase, file or command")
	}
	return nil, fmt.Errorf("the vault's key cannot be held by %q; [vault] key is keyring, passphrase, file or command", string(s.Holder))
}

func (s Settings) keyPath(name string) string {
	path := s.Path
	if path == "" {
		path = name
	}
	if !filepath.IsAbs(path) {
		path = s.file(path)
	}
	return filepath.Clean(path)
}
