package provider

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// checkScopes refuses aliases that lead in a circle and scopes that could never be compared.
func (p Provider) checkScopes() error {
	for _, list := range []struct {
		key    string
		scopes []string
	}{{"identity_scopes", p.IdentityScopes}, {"grant_scopes", p.GrantScopes}, {"device_scopes", p.DeviceScopes}} {
		for _, s := range list.scopes {
			if !isScope(s) {
				return wrong(list.key, "%q is not a scope", s)
			}
		}
	}
	for _, prefix := range p.ScopePrefixes {
		if !isScope(prefix) {
			return wrong("scope_prefixes", "%q is not the beginning of a scope", prefix)
		}
	}
	names := map[string]string{} // as canonical follows them: without capitals and prefixes
	for alias, name := range p.ScopeAliases {
		names[strings.ToLower(p.withoutPrefix(alias))] = strings.ToLower(p.withoutPrefix(name))
	}
	// Sorted here and below: of two mistakes the same one is told at each start.
	for _, alias := range slices.Sorted(maps.Keys(p.ScopeAliases)) {
		if !isScope(alias) || !isScope(p.ScopeAliases[alias]) {
			return wrong("scope_aliases", "%q or %q is not a scope", alias, p.ScopeAliases[alias])
		}
		// Followed as canonical does, or a circle could hide behind a prefix or a capital.
		seen := map[string]bool{}
		for at := strings.ToLower(p.withoutPrefix(alias)); at != ""; at = names[at] {
			if seen[at] {
				return wrong("scope_aliases", "%q leads back to itself", at)
			}
			seen[at] = true
		}
	}
	for _, wide := range slices.Sorted(maps.Keys(p.ScopeImplies)) {
		for _, s := range append([]string{wide}, p.ScopeImplies[wide]...) {
			if !isScope(s) {
				return wrong("scope_implies", "%q is not a scope", s)
			}
		}
	}
	if strings.Trim(p.ScopeSeparator, " ,") != "" {
		return wrong("scope_separator", "%q is neither a space nor a comma", p.ScopeSeparator)
	}
	return nil
}

func (p Provider) checkKinds() error {
	for _, id := range slices.Sorted(maps.Keys(p.ClientKinds)) {
		at, k := "client_kinds."+id, p.ClientKinds[id]
		if !idPattern().MatchString(id) {
			return wrong(at, "%q is not the id of a client kind: use lower-case letters, digits, - and _", id)
		}
		if !slices.Contains([]AuthMethod{AuthNone, AuthBasic, AuthPost}, k.Auth) {
			return wrong(at+".auth", "%q is none of none, basic, post", k.Auth)
		}
		if len(k.Flows) == 0 {
			return wrong(at+".flows", "needed: which flows can such a client do?")
		}
		for _, f := range k.Flows {
			if !slices.Contains(p.Flows, f) {
				return wrong(at+".flows", "%q is not among the provider's flows", f)
			}
		}
		for _, f := range k.Secretless {
			if !slices.Contains(k.Flows, f) {
				return wrong(at+".secretless", "%q is not among the kind's flows", f)
			}
		}
		if err := p.checkServiceIDs(at+".services", k.Services); err != nil {
			return err
		}
	}
	return nil
}

func (p Provider) checkServiceIDs(key string, ids []string) error {
	for _, id := range ids {
		if _, ok := p.Services[id]; !ok {
			return wrong(key, "%q is not a service of the provider", id)
		}
	}
	return nil
}

// causes are the diagnoses that a death can be shown as: screens and commands know what to do about each.
var causes = []string{"expired", "idle", "revoked", "session_policy", "admin_policy", "missing_permissions", "user_account", "client_invalid"}

func (p Provider) checkDeaths() error {
	for _, id := range slices.Sorted(maps.Keys(p.Deaths)) {
		at, d := "deaths."+id, p.Deaths[id]
		if !idPattern().MatchString(id) {
			return wrong(at, "%q is not an id: use lower-case letters, digits, - and _", id)
		}
		if !slices.Contains([]DeathFrom{FromConsent, FromUse, FromClientUse, FromAnswer, FromEvent}, d.From) {
			return wrong(at+".from", "%q is none of consent, use, client-use, answer, event", d.From)
		}
		if d.Cause != "" && !slices.Contains(causes, d.Cause) {
			return wrong(at+".cause", "%q is none of %s", d.Cause, strings.Join(causes, ", "))
		}
		if !slices.Contains([]DeathIf{IfAlways, IfTesting, IfRefreshToken, IfAccessOnly}, d.If) {
			return wrong(at+".if", "%q is none of testing, refresh-token, access-only", d.If)
		}
		// An answer states its own end, and an event has none.
		dated := d.From != FromAnswer && d.From != FromEvent
		if d.Days < 0 || d.Days > 36500 || dated != (d.Days > 0) {
			return wrong(at+".days", "a cause from %q %s", d.From, map[bool]string{true: "needs its days, 1 to 36500", false: "has no days"}[dated])
		}
		// The screen has nothing else to say why an account ends.
		if d.Words == "" {
			return wrong(at+".words", "needed: what happens, in one sentence")
		}
		if err := p.checkServiceIDs(at+".services", d.Services); err != nil {
			return err
		}
		for _, kind := range d.ClientKinds {
			if _, ok := p.ClientKinds[kind]; !ok {
				return wrong(at+".client_kinds", "%q is not a client kind of the provider", kind)
			}
		}
	}
	return nil
}

var callMethods = []string{"", http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete}

func (p Provider) checkRequest(at string, r Request) error {
	if err := p.checkTemplate(r.URL); err != nil {
		return wrong(at+".url", "%w", err)
	}
	if !slices.Contains(callMethods, r.Method) {
		return wrong(at+".method", "%q is none of GET, POST, PUT, DELETE", r.Method)
	}
	for _, status := range r.OK {
		// A 5xx is the server's trouble, whatever an entry hopes.
		if status < 200 || status > 499 {
			return wrong(at+".ok", "%d is no status of an answer that could prove anything", status)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		if strings.EqualFold(name, "Authorization") {
			return wrong(at+".headers", "%q is set by fettle itself", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Needs)) {
		if _, ok := p.Vars[name]; !ok {
			return wrong(at+".needs", "%q is not among the vars", name)
		}
		// It is shown in place of the call that cannot be made.
		if r.Needs[name] == "" {
			return wrong(at+".needs", "%q has no sentence that says why it is needed", name)
		}
	}
	return nil
}

func (p Provider) checkListing(at string, l Listing) error {
	if err := p.checkRequest(at, l.Request); err != nil {
		return err
	}
	if err := p.checkTemplate(l.NextURL); err != nil {
		return wrong(at+".next_url", "%w", err)
	}
	if l.NextBody != "" && !strings.Contains(l.NextBody, "{next}") {
		return wrong(at+".next_body", "holds no {next} for the next page's token")
	}
	if (l.NextParam != "" || l.NextURL != "" || l.NextBody != "" || l.More != "") && l.Next == "" {
		return wrong(at+".next", "needed: which member holds the next page's token?")
	}
	if each := l.Each; each != nil {
		switch {
		case l.Children != nil || each.Each != nil:
			return wrong(at+".each", "stands beside no children and holds no each of its own")
		// An address that begins with the item would let an answer decide where the token goes.
		case !strings.Contains(each.URL, "{item}") || strings.HasPrefix(each.URL, "{"):
			return wrong(at+".each.url", "%q has to be an address of its own with {item} in it", each.URL)
		}
		inside := *each
		inside.URL = strings.ReplaceAll(each.URL, "{item}", "item")
		return p.checkListing(at+".each", inside)
	}
	if l.Children != nil {
		return p.checkListing(at+".children", *l.Children)
	}
	return nil
}
