package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/BurntSushi/toml"

	"fettle/internal/atomicfile"
)

const (
	ageName  = "vault.age"
	tomlName = "vault.toml"
	format   = "fettle.vault/1"
)

// record is vault.toml. Nothing in it is secret; it is believed only if others cannot write to it, since it may name a command.
type record struct {
	Format    string   `toml:"format"`
	ID        string   `toml:"id"`
	Holder    Holder   `toml:"holder"`
	Path      string   `toml:"path,omitempty"`
	Command   []string `toml:"command,omitempty"`
	Recipient string   `toml:"recipient"` // the holder's
	Recovery  []string `toml:"recovery"`
	// Changing is not empty while a change is under way: recipients vault.age may have, or have had, besides.
	// A change that follows an interrupted one keeps them until it is through, so the vault always opens.
	Changing []string `toml:"changing,omitempty"`
}

const recordHeader = "# Written by fettle; change it with: fettle vault rewrap, fettle vault recipients.\n"

// recipients are those vault.age is to have; everybody adds those that it may have.
func (r record) recipients() []string { return unique(append([]string{r.Recipient}, r.Recovery...)) }
func (r record) everybody() []string  { return unique(append(r.recipients(), r.Changing...)) }

// readRecord tells apart no vault, an unreadable one and a good one.
func readRecord(s Settings) (record, error) {
	path := s.file(tomlName)
	content, err := readPrivate(path)
	if errors.Is(err, fs.ErrNotExist) {
		// A vault.age without its description is a damaged vault, never a new one: init would lock everybody out.
		if there, err := anyExists(s.file(ageName), s.file(ageName)+atomicfile.BackupSuffix); err != nil || there {
			return record{}, errors.Join(err, &DamagedError{Path: path, Reason: "is missing", Remedy: "put it back from a backup" + backupHint(path)})
		}
		return record{}, fmt.Errorf("%w in %s; run: fettle vault init", ErrNoVault, s.Dir)
	}
	var refused *atomicfile.Refused
	if errors.As(err, &refused) {
		return record{}, refused
	}
	if err != nil {
		return record{}, &DamagedError{Path: path, Reason: "cannot be read", Remedy: "make it readable for this user", Err: err}
	}
	var rec record
	if err := toml.Unmarshal(content, &rec); err != nil {
		return record{}, &DamagedError{Path: path, Reason: "is not a vault's description", Remedy: "put it back from a backup" + backupHint(path), Err: err}
	}
	// Before anything else of it is believed.
	if rec.Format != format {
		return record{}, &DamagedError{Path: path, Reason: fmt.Sprintf("has format %q where this fettle knows %q", rec.Format, format), Remedy: "use the fettle that wrote it, or a newer one"}
	}
	if rec.ID == "" {
		return record{}, &DamagedError{Path: path, Reason: "names no vault", Remedy: "put it back from a backup" + backupHint(path)}
	}
	return rec, nil
}

func readPrivate(path string) ([]byte, error) {
	if err := atomicfile.CheckPrivate(path); err != nil {
		return nil, err
	}
	return os.ReadFile(path) //nolint:gosec // a file of the data folder
}

func (r record) save(s Settings, backup bool) error {
	var b bytes.Buffer
	b.WriteString(recordHeader)
	if err := toml.NewEncoder(&b).Encode(r); err != nil {
		return err
	}
	return s.writer()(s.file(tomlName), b.Bytes(), atomicfile.Options{Backup: backup})
}

// backupHint names the backup of a file if there is one.
func backupHint(path string) string {
	if there, err := anyExists(path + atomicfile.BackupSuffix); err != nil || !there {
		return ""
	}
	return "; " + path + atomicfile.BackupSuffix + " is the one from before the last change"
}

func anyExists(paths ...string) (bool, error) {
	for _, p := range paths {
		if _, err := os.Lstat(p); err == nil {
			return true, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}

// unique drops repetitions and empty names, keeping the order.
func unique(in []string) []string {
	out := make([]string, 0, len(in))
	for _, s := range in {
		if s != "" && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
