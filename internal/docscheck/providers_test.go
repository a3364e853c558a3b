package docscheck_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"fettle/oauthflow/provider"
)

// keys lists the TOML keys of a struct and of what is nested in it. A listing inside a listing has the same keys again.
func keys(prefix string, t reflect.Type) []string {
	var all []string
	for f := range t.Fields() {
		name := f.Tag.Get("toml")
		switch {
		case name == "-":
		case f.Anonymous && name == "":
			all = append(all, keys(prefix, f.Type)...)
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Struct:
			all = append(all, keys(prefix+name+".ID.", f.Type.Elem())...)
		case f.Type.Kind() == reflect.Struct && len(keys("", f.Type)) > 0:
			all = append(all, keys(prefix+name+".", f.Type)...)
		case name != "":
			all = append(all, prefix+name)
		}
	}
	return all
}

// Every key of the catalogue stands in a table of docs/catalogue.md, and every key that stands there exists.
func TestEveryKeyOfTheCatalogueIsExplained(t *testing.T) {
	t.Parallel()
	listed := map[string]bool{}
	for _, m := range regexp.MustCompile("(?m)^\\| `([a-zA-Z_.]+)` \\| .+ \\| .+ \\| .* \\| `.+` \\|$").FindAllStringSubmatch(read(t, "docs/catalogue.md"), -1) {
		listed[m[1]] = true
	}
	known := keys("", reflect.TypeFor[provider.Provider]())
	for _, key := range known {
		if !listed[key] {
			t.Errorf("%s is not explained", key)
		}
		delete(listed, key)
	}
	for key := range listed {
		t.Errorf("%s is explained and does not exist", key)
	}
	if len(known) < 70 {
		t.Errorf("only %d keys were found: the search misses something", len(known))
	}
}

// The table of built-in providers says what the catalogue says.
func TestTheTableOfProvidersIsTrue(t *testing.T) {
	t.Parallel()
	catalogue, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	text := read(t, "docs/providers.md")
	days := func(n int) string {
		if n == 0 {
			return "–"
		}
		return fmt.Sprintf("%d days", n)
	}
	for _, p := range catalogue.All() {
		var flows, services []string
		for _, f := range p.Flows {
			flows = append(flows, string(f))
		}
		for _, s := range p.ServiceList() {
			services = append(services, "`"+s.ID+"`")
		}
		revoke := "–"
		if p.Revoke.URL != "" || p.Revocation != "" {
			revoke = p.Revoke.Scope
		}
		want := fmt.Sprintf("| `%s` | %s | %s | %s | %s | %s | %s |", p.ID, strings.Join(flows, ", "), strings.Join(services, ", "), p.Rotation, days(p.IdleDays), days(p.MaxDays), revoke)
		if !strings.Contains(text, want+"\n") {
			t.Errorf("docs/providers.md lacks\n%s", want)
		}
	}
}

var example = regexp.MustCompile("(?s)```toml\n(.*?)```")

// The examples work: each can be laid over the built-in catalogue.
func TestTheExamplesAreRead(t *testing.T) {
	t.Parallel()
	catalogue, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	found := example.FindAllStringSubmatch(read(t, "docs/providers.md"), -1)
	for _, m := range found {
		if catalogue, err = catalogue.With("docs/providers.md", []byte(m[1])); err != nil {
			t.Error(err)
		}
	}
	acme, ok := catalogue.Get("acme")
	if len(found) < 2 || !ok || acme.Services["reports"].Resources.NextParam != "pageToken" {
		t.Errorf("%d examples, acme there: %t", len(found), ok)
	}
}
