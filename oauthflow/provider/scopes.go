package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Permission is a scope with the words the consent page uses for it.
type Permission struct {
	Scope   string
	Words   string // the scope itself where the catalogue has no words
	Service string // name of the service that needs it
}

// maxScopeText bounds a scope list; Google refuses more than about 50 scopes, each below 100 characters.
const maxScopeText = 16 << 10

// SplitScopes reads a scope list separated by spaces or commas: some providers ask with one and answer with the other.
func (p Provider) SplitScopes(s string) []string {
	if len(s) > maxScopeText { // what is cut off would be half a scope; a list that long is no list of scopes
		s = s[:strings.LastIndexAny(s[:maxScopeText], " ,\t\r\n")+1]
	}
	return strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' || r == '\n' || r == '\r' })
}

// Normalise brings scopes into one form: aliases and odd capitals replaced by the catalogue's spelling,
// sorted, without duplicates. What RFC 6749 §3.3 does not allow in a scope is no scope and is left out.
func (p Provider) Normalise(scopes []string) []string {
	canonical := p.canonical()
	out := make([]string, 0, len(scopes))
	for _, s := range scopes {
		if s = canonical(strings.TrimSpace(s)); isScope(s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// isScope reports whether s is a scope token: printable ASCII without space, quotation mark and backslash.
func isScope(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

// canonical returns a function from a scope as somebody wrote it to the catalogue's spelling.
//
// Servers answer with other capitals than they were asked in (Microsoft), with a resource in front (Microsoft) and
// with other names for the same thing (Google's email). RFC 6749 §3.3 says that capitals matter, so only scopes
// that the entry knows are taken for each other.
func (p Provider) canonical() func(string) string {
	if p.spelling != nil { // read from a file: worked out once
		return p.spelling
	}
	known := map[string]string{}
	learn := func(scopes ...string) {
		for _, s := range scopes {
			s = p.withoutPrefix(s)
			// The first spelling wins, and services come before everything else.
			if key := strings.ToLower(s); known[key] == "" {
				known[key] = s
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(p.Services)) { // sorted: the same entry always reads the same
		learn(p.Services[id].Scopes...)
	}
	learn(p.IdentityScopes...)
	learn(p.GrantScopes...)
	learn(p.DeviceScopes...)
	for _, s := range slices.Sorted(maps.Keys(p.ScopeImplies)) {
		learn(s)
		learn(p.ScopeImplies[s]...)
	}
	aliases := make(map[string]string, len(p.ScopeAliases))
	for alias, name := range p.ScopeAliases {
		aliases[strings.ToLower(p.withoutPrefix(alias))] = p.withoutPrefix(name)
	}
	return func(s string) string {
		s = p.withoutPrefix(s)
		for range len(aliases) { // an alias may lead to another; a loop is refused by Validate, and ends here
			name, ok := aliases[strings.ToLower(s)]
			if !ok {
				break
			}
			s = name
		}
		if c, ok := known[strings.ToLower(s)]; ok {
			return c
		}
		return s
	}
}

// withoutPrefix takes the resource off a scope: https://graph.microsoft.com/Files.Read is Files.Read.
func (p Provider) withoutPrefix(scope string) string {
	for _, prefix := range p.ScopePrefixes {
		if len(scope) > len(prefix) && strings.EqualFold(scope[:len(prefix)], prefix) {
			return scope[len(prefix):]
		}
	}
	return scope
}

// RequiredScopes returns what the services need. Services whose tokens are for different resources cannot share a grant.
func (p Provider) RequiredScopes(services []string) ([]string, error) {
	var scopes []string
	resource, first := "", ""
	for _, id := range services {
		s, ok := p.Services[id]
		if !ok {
			return nil, fmt.Errorf("%s has no service %q; it has %s", p.Name, id, strings.Join(slices.Sorted(maps.Keys(p.Services)), ", "))
		}
		// Microsoft gives a token for one resource: Graph or Advertising, never both.
		if first != "" && s.Resource != resource {
			return nil, fmt.Errorf("%s and %s need tokens of their own: authorize one account for each", p.Services[first].Name, s.Name)
		}
		resource, first = s.Resource, id
		scopes = append(scopes, s.Scopes...)
	}
	return p.Normalise(scopes), nil
}

// RequestScopes returns what to ask for: the services' scopes with the identity and grant scopes.
func (p Provider) RequestScopes(services []string) ([]string, error) {
	scopes, err := p.RequiredScopes(services)
	if err != nil {
		return nil, err
	}
	return p.Normalise(slices.Concat(scopes, p.IdentityScopes, p.GrantScopes)), nil
}

// Missing returns the required permissions that were not granted. Extra ones are fine, and a scope counts
// as granted if one that includes it was.
func (p Provider) Missing(required, granted []string) []Permission {
	have := p.covered(granted)
	var missing []Permission
	for _, s := range p.Normalise(required) {
		if !have[s] {
			missing = append(missing, p.permission(s))
		}
	}
	return missing
}

// covered is everything that granted scopes allow: themselves, what they include, and what that includes in turn.
func (p Provider) covered(granted []string) map[string]bool {
	canonical := p.canonical()
	includes := make(map[string][]string, len(p.ScopeImplies))
	for wide, narrow := range p.ScopeImplies {
		includes[canonical(wide)] = narrow
	}
	have := map[string]bool{}
	todo := p.Normalise(granted)
	for len(todo) > 0 {
		s := todo[0]
		if todo = todo[1:]; have[s] {
			continue
		}
		have[s] = true
		for _, narrow := range includes[s] {
			todo = append(todo, canonical(narrow))
		}
	}
	return have
}

func (p Provider) permission(scope string) Permission {
	found, canonical := Permission{Scope: scope, Words: scope}, p.canonical()
	for _, s := range p.ServiceList() {
		for sc, words := range s.Permissions {
			if canonical(sc) == scope {
				return Permission{Scope: scope, Words: words, Service: s.Name}
			}
		}
		if found.Service == "" && slices.Contains(p.Normalise(s.Scopes), scope) {
			found.Service = s.Name
		}
	}
	return found
}

// ServiceList returns the services sorted by name.
func (p Provider) ServiceList() []Service {
	return slices.SortedFunc(maps.Values(p.Services), func(a, b Service) int {
		if n := strings.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)); n != 0 {
			return n
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// Supports reports why a flow cannot be used for scopes; nil means it can.
func (p Provider) Supports(kind FlowKind, scopes []string) error {
	if !slices.Contains(p.Flows, kind) {
		return fmt.Errorf("%s has no %s flow", p.Name, kind)
	}
	if kind != Device || len(p.DeviceScopes) == 0 {
		return nil
	}
	allowed := p.Normalise(p.DeviceScopes)
	for _, s := range p.Normalise(scopes) {
		if !slices.Contains(allowed, s) {
			return fmt.Errorf("%s's device flow does not carry %q: use the browser flow", p.Name, p.permission(s).Words)
		}
	}
	return nil
}
