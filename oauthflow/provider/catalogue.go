package provider

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
)

//go:embed catalogue/*.toml
var builtin embed.FS

// Catalogue is the set of known providers. It never changes: With returns another one.
type Catalogue struct {
	raw       map[string]map[string]any // entries as read, so that a config can be laid over them field by field
	providers map[string]Provider
}

// Builtin reads the embedded entries.
func Builtin() (*Catalogue, error) {
	c := &Catalogue{}
	files, err := fs.Glob(builtin, "catalogue/*.toml")
	if err != nil {
		return nil, fmt.Errorf("list the built-in providers: %w", err)
	}
	for _, f := range files {
		text, err := builtin.ReadFile(f)
		if err != nil {
			return nil, fmt.Errorf("read a built-in provider: %w", err)
		}
		if c, err = c.lay(f, text, false); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Of is a catalogue of entries that are at hand already, such as the one that a password file describes. They are taken
// as they are: nothing is validated or merged, and no config can be laid over them.
func Of(entries ...Provider) *Catalogue {
	c := &Catalogue{providers: map[string]Provider{}}
	for _, p := range entries {
		c.providers[p.ID] = p
	}
	return c
}

// With lays the [providers.NAME] tables of a config file over the catalogue, field by field: tables are
// merged, everything else is replaced. Other tables of the file are not looked at.
func (c *Catalogue) With(file string, toml []byte) (*Catalogue, error) {
	return c.lay(file, toml, true)
}

func (c *Catalogue) lay(file string, text []byte, fromConfig bool) (*Catalogue, error) {
	tables, err := readTables(file, text)
	if err != nil {
		return nil, err
	}
	out := &Catalogue{raw: maps.Clone(c.raw), providers: maps.Clone(c.providers)}
	if out.raw == nil {
		out.raw, out.providers = map[string]map[string]any{}, map[string]Provider{}
	}
	for _, id := range slices.Sorted(maps.Keys(tables)) {
		p, merged, err := build(id, out.raw[id], tables[id])
		if err == nil {
			err = p.Validate()
		}
		if err != nil {
			return nil, locate(file, text, id, err)
		}
		p.block() // after Validate, which looks at the addresses of calls that cannot be made yet too
		p.FromConfig = fromConfig
		out.raw[id], out.providers[id] = merged, p
	}
	if err := out.distinctIssuers(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return out, nil
}

// distinctIssuers enforces RFC 9207 §4: with one issuer for two entries, iss could not tell them apart.
func (c *Catalogue) distinctIssuers() error {
	owner := map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(c.providers)) {
		issuer := c.providers[id].Issuer
		if issuer == "" {
			continue
		}
		if other, taken := owner[issuer]; taken {
			return fmt.Errorf("providers.%s and providers.%s have the same issuer %s; make them one provider with several services", other, id, issuer)
		}
		owner[issuer] = id
	}
	return nil
}

// Get returns a provider by its id.
func (c *Catalogue) Get(id string) (Provider, bool) {
	p, ok := c.providers[id]
	return p, ok
}

// All returns the providers sorted by name.
func (c *Catalogue) All() []Provider {
	return slices.SortedFunc(maps.Values(c.providers), func(a, b Provider) int {
		if n := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// locate adds file, key and line to an error about an entry.
func locate(file string, text []byte, id string, err error) error {
	var f *fieldError
	if !errors.As(err, &f) {
		return fmt.Errorf("%s: providers.%s: %w", file, id, err)
	}
	key := append([]string{"providers", id}, f.key...)
	if line := lineOf(text, key); line > 0 {
		return fmt.Errorf("%s:%d: %s: %w", file, line, strings.Join(key, "."), f.err)
	}
	return fmt.Errorf("%s: %s: %w", file, strings.Join(key, "."), f.err)
}
