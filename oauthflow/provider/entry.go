package provider

import (
	"bytes"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/BurntSushi/toml"
)

// maxFile bounds a catalogue or config file; real ones have a few kilobytes.
const maxFile = 1 << 20

// table is one [providers.NAME] table: as data to merge, and already decoded where nothing is merged into it.
type table struct {
	raw   map[string]any
	typed Provider
}

// readTables reads the [providers.NAME] tables of one file and checks that every key is known and of the right type.
func readTables(file string, text []byte) (map[string]table, error) {
	if len(text) > maxFile {
		return nil, fmt.Errorf("%s: larger than 1 MiB", file)
	}
	fail := func(err error) (map[string]table, error) { return nil, decodeError(file, err) }
	var doc struct {
		Providers map[string]toml.Primitive `toml:"providers"`
	}
	md, err := toml.Decode(string(text), &doc)
	if err != nil {
		return fail(err)
	}
	if kind := md.Type("providers"); kind != "" && kind != "Hash" {
		return nil, fmt.Errorf("%s:%d: providers: the value has to be of type table", file, lineOf(text, []string{"providers"}))
	}
	tables := make(map[string]table, len(doc.Providers))
	for id, prim := range doc.Providers {
		var t table
		if err := md.PrimitiveDecode(prim, &t.typed); err != nil {
			return fail(err)
		}
		tables[id] = t
	}
	for _, key := range md.Undecoded() { // before the raw maps, which take every key
		// Other tables of config.toml belong to others, who check their own keys.
		if len(key) > 2 && key[0] == "providers" {
			return nil, fmt.Errorf("%s:%d: unknown key %s", file, lineOf(text, key), key)
		}
	}
	for id, prim := range doc.Providers {
		t := tables[id]
		if err := md.PrimitiveDecode(prim, &t.raw); err != nil {
			return fail(err)
		}
		// flows = "device" in place of a list is the decoder's error; services = 3 in place of tables is not.
		if err := checkTables(t.raw, reflect.TypeFor[Provider](), nil); err != nil {
			return nil, locate(file, text, id, err)
		}
		tables[id] = t
	}
	return tables, nil
}

// checkTables refuses what is no table where one is due: the decoder leaves such a value out without a word.
func checkTables(raw any, t reflect.Type, at []string) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Map && (t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())) {
		return nil
	}
	table, ok := raw.(map[string]any)
	if !ok {
		return &fieldError{key: at, err: errors.New("the value has to be of type table")}
	}
	for _, key := range slices.Sorted(maps.Keys(table)) {
		field, known := fieldOf(t, key)
		if !known {
			continue
		}
		if err := checkTables(table[key], field, append(slices.Clone(at), key)); err != nil {
			return err
		}
	}
	return nil
}

// fieldOf returns the type of a key of a table.
func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	if t.Kind() == reflect.Map {
		return t.Elem(), true
	}
	for f := range t.Fields() {
		if f.Anonymous {
			if inner, ok := fieldOf(f.Type, key); ok {
				return inner, true
			}
		}
		if f.Tag.Get("toml") == key {
			return f.Type, true
		}
	}
	return nil, false
}

// merge returns base with over laid on it: tables are merged, all else replaced. Neither argument changes.
func merge(base, over map[string]any) map[string]any {
	out := make(map[string]any, len(base)+len(over))
	for k, v := range base {
		out[k] = v
	}
	for k, v := range over {
		was, isTable := out[k].(map[string]any)
		if sub, ok := v.(map[string]any); ok && isTable {
			out[k] = merge(was, sub)
			continue
		}
		out[k] = v
	}
	return out
}

// build turns a table laid over base into a sound Provider, with its vars filled in and its defaults set.
func build(id string, base map[string]any, over table) (Provider, map[string]any, error) {
	p, merged := over.typed, over.raw
	if len(base) > 0 {
		merged = merge(base, over.raw)
		var text bytes.Buffer
		if err := toml.NewEncoder(&text).Encode(merged); err != nil {
			return Provider{}, nil, fmt.Errorf("cannot be read: %w", err)
		}
		p = Provider{}
		if _, err := toml.Decode(text.String(), &p); err != nil {
			return Provider{}, nil, fmt.Errorf("cannot be read: %w", err)
		}
	}
	p.ID = id
	// The order matters: vars may stand in what defaults look at, and scopes are compared in the spelling.
	p.fillVars()
	p.setDefaults()
	p.spelling = p.canonical()
	err := p.Validate()
	p.block() // after Validate, which looks at the addresses of calls that cannot be made yet too
	return p, merged, err
}

func (p *Provider) setDefaults() {
	setDefault(&p.Name, p.ID)
	setDefault(&p.ScopeSeparator, " ")
	setDefault(&p.ScopeSource, "token")
	setDefault(&p.Rotation, RotationSingleUse)
	setDefault(&p.Renew, RenewRefresh)
	setDefault(&p.LoginHint, "login_hint")
	if len(p.Flows) == 0 {
		p.Flows = []FlowKind{Browser}
	}
	if len(p.Redirects) == 0 && slices.Contains(p.Flows, Browser) {
		p.Redirects = []string{"http://127.0.0.1:0/callback", "http://[::1]:0/callback"}
	}
	for id, d := range p.Deaths {
		d.ID = id
		setDefault(&d.Cause, "expired")
		p.Deaths[id] = d
	}
	for id, k := range p.ClientKinds {
		k.ID = id
		setDefault(&k.Name, id)
		p.ClientKinds[id] = k
	}
	for id, s := range p.Services {
		s.ID = id
		setDefault(&s.Name, id)
		p.Services[id] = s
	}
}

func setDefault[T ~string](field *T, value T) {
	if *field == "" {
		*field = value
	}
}
