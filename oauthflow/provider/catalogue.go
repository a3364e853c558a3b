package provider

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"
)

//go:embed catalogue/*.toml
var builtin embed.FS

// Catalogue is the set of known providers; the zero value knows none. It never changes: With returns another one.
type Catalogue struct {
	entries map[string]*entry
}

// entry is one provider. A built-in one is read when it is first asked for: most runs of fettle use one of them, and
// reading all takes longer than everything else that `fettle token` does.
type entry struct {
	id   string
	file string // built in, not read yet

	once     sync.Once
	raw      map[string]any // as read, so that a config can be laid over it field by field
	provider Provider
	err      error
}

// Builtin returns the embedded entries. Each file holds the one provider it is named after.
func Builtin() (*Catalogue, error) {
	files, err := fs.Glob(builtin, "catalogue/*.toml")
	if err != nil {
		return nil, fmt.Errorf("list the built-in providers: %w", err)
	}
	c := &Catalogue{entries: make(map[string]*entry, len(files))}
	for _, f := range files {
		id := strings.TrimSuffix(path.Base(f), ".toml")
		c.entries[id] = &entry{id: id, file: f}
	}
	return c, nil
}

// load reads a built-in entry. That none of them is broken is a test's business, not each run's.
func (e *entry) load() (Provider, map[string]any, error) {
	e.once.Do(func() {
		if e.file == "" {
			return // laid by With, which read it
		}
		text, err := builtin.ReadFile(e.file)
		if err != nil {
			e.err = fmt.Errorf("read a built-in provider: %w", err)
			return
		}
		tables, err := readTables(e.file, text)
		if err != nil {
			e.err = err
			return
		}
		if e.provider, e.raw, err = build(e.id, nil, tables[e.id]); err != nil {
			e.err = locate(e.file, text, e.id, err)
		}
		e.provider.shippedRevoke = e.provider.Revoke.URL
	})
	return e.provider, e.raw, e.err
}

// has reports whether an entry has an issuer, reading it only where a look at its text does not tell: that takes longer
// than everything else at the start of a process, and every provider of a config is compared with all of them.
func (e *entry) has(issuer string) bool {
	if text, err := builtin.ReadFile(e.file); err == nil {
		_, rest, _ := strings.Cut(string(text), "\nissuer = \"")
		stated, _, _ := strings.Cut(rest, "\"")
		start, _, templated := strings.Cut(stated, "{")
		if !templated {
			return stated == issuer
		}
		if !strings.HasPrefix(issuer, start) {
			return false
		}
	}
	p, _, _ := e.load() // a broken entry has no issuer
	return p.Issuer == issuer
}

// Of is a catalogue of entries that are at hand already, such as the one that a password file describes. They are taken
// as they are: nothing is validated or merged, and no config can be laid over them.
func Of(entries ...Provider) *Catalogue {
	c := &Catalogue{entries: map[string]*entry{}}
	for _, p := range entries {
		c.entries[p.ID] = &entry{id: p.ID, provider: p}
	}
	return c
}

// With lays the [providers.NAME] tables of a config file over the catalogue, field by field: tables are
// merged, everything else is replaced. Other tables of the file are not looked at.
func (c *Catalogue) With(file string, toml []byte) (*Catalogue, error) {
	tables, err := readTables(file, toml)
	if err != nil {
		return nil, err
	}
	out := &Catalogue{entries: map[string]*entry{}}
	maps.Copy(out.entries, c.entries)
	for _, id := range slices.Sorted(maps.Keys(tables)) {
		var (
			base  map[string]any
			under Provider
		)
		if below, ok := c.entries[id]; ok {
			if under, base, err = below.load(); err != nil {
				return nil, err
			}
		}
		p, merged, err := build(id, base, tables[id])
		if err != nil {
			return nil, locate(file, toml, id, err)
		}
		// Such an entry is no built-in one any more, however little the config changed.
		p.FromConfig, p.shippedRevoke = true, under.shippedRevoke
		out.entries[id] = &entry{id: id, raw: merged, provider: p}
	}
	for _, id := range slices.Sorted(maps.Keys(tables)) {
		if below, ok := c.entries[id]; ok && below.provider.Issuer == out.entries[id].provider.Issuer {
			continue // distinct below; one that takes it now is met itself
		}
		if err := out.distinctIssuer(id); err != nil {
			return nil, locate(file, toml, id, err)
		}
	}
	return out, nil
}

// distinctIssuer enforces RFC 9207 §4: with one issuer for two entries, iss could not tell them apart.
func (c *Catalogue) distinctIssuer(id string) error {
	issuer := c.entries[id].provider.Issuer // laid by With, so it is read
	if issuer == "" {
		return nil
	}
	for _, other := range slices.Sorted(maps.Keys(c.entries)) {
		if other != id && c.entries[other].has(issuer) {
			return wrong("issuer", "providers.%s has the same issuer %s; make them one provider with several services", other, issuer)
		}
	}
	return nil
}

// Get returns a provider by its id.
func (c *Catalogue) Get(id string) (Provider, bool) {
	e, ok := c.entries[id]
	if !ok {
		return Provider{}, false
	}
	p, _, err := e.load()
	return p, err == nil
}

// All returns the providers sorted by name.
func (c *Catalogue) All() []Provider { return c.list(func(*entry) bool { return true }) }

// Configured returns those that the config adds or changes, sorted by name. No other one has a client.
func (c *Catalogue) Configured() []Provider {
	return c.list(func(e *entry) bool { return e.file == "" })
}

func (c *Catalogue) list(keep func(*entry) bool) []Provider {
	var all []Provider
	for _, e := range c.entries {
		if !keep(e) {
			continue
		}
		if p, _, err := e.load(); err == nil {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Provider) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), strings.Compare(a.ID, b.ID))
	})
	return all
}
