package accounts

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

// kindOf is a client's kind among those that its provider offers. Google's file says "installed" for two of them,
// and people often say nothing: then the kind is only known where a single one fits.
func kindOf(p provider.Provider, kind string, auth provider.AuthMethod) (provider.ClientKind, bool) {
	if k, ok := p.ClientKinds[kind]; ok {
		return k, true
	}
	fits := p.ClientKindList()
	if kind != "" {
		fits = slices.DeleteFunc(fits, func(k provider.ClientKind) bool { return k.FileKey != kind })
	} else {
		fits = slices.DeleteFunc(fits, func(k provider.ClientKind) bool { return cmp.Or(k.Auth, auth) != auth })
	}
	// Two that fit are none: a wrong kind would rule out flows that work.
	if len(fits) != 1 {
		return provider.ClientKind{}, false
	}
	return fits[0], true
}

// clientFacts is what health has to know of a client; the zero record stands for the one from config.toml.
func clientFacts(p provider.Provider, c store.Client) ClientFacts {
	if c.ID == "" {
		info := configInfo(p)
		return ClientFacts{Label: info.Label, Kind: info.KindID, Testing: info.Testing, SecretExpiresAt: info.SecretExpiresAt}
	}
	kind, _ := kindOf(p, c.Kind, c.Auth)
	return ClientFacts{Label: cmp.Or(c.Label, c.OAuthID), Kind: kind.ID, Testing: c.Testing, SecretExpiresAt: c.SecretExpiresAt}
}

// checkKind refuses a kind that the provider does not have. What its own files say is taken as it is.
func checkKind(p provider.Provider, kind string) error {
	all := p.ClientKindList()
	if kind == "" || len(all) == 0 {
		return nil
	}
	var ids []string
	for _, k := range all {
		if k.ID == kind || k.FileKey == kind {
			return nil
		}
		ids = append(ids, k.ID)
	}
	return fmt.Errorf("unknown kind %q of client: use %s", safetext.Cut(safetext.Line(kind), 30), strings.Join(ids, ", "))
}

// ClientNotes says what to look out for with a client: what its kind cannot do, and redirects that lead nowhere.
func ClientNotes(p provider.Provider, c ClientInfo) []string {
	notes := []string{}
	k, known := kindOf(p, c.Kind, c.Auth)
	if known && len(k.Flows) > 0 {
		for _, flow := range p.Flows {
			if !slices.Contains(k.Flows, flow) {
				notes = append(notes, fmt.Sprintf("A client of kind %s cannot do the %s flow.", k.Name, flow))
			}
		}
	}
	if known && len(k.Services) > 0 {
		notes = append(notes, fmt.Sprintf("A client of kind %s serves %s only.", k.Name, strings.Join(k.Services, ", ")))
	}
	if c.Kind == kindWeb {
		notes = append(notes, webNote(c.Redirects))
	}
	if c.Testing {
		for _, d := range p.DeathList() {
			if d.If == provider.IfTesting {
				notes = append(notes, sentenceOf(d.Words)+" "+sentenceOf(d.Fix))
			}
		}
	}
	return notes
}

// webNote says which of a web client's redirects can come back to this machine.
func webNote(redirects []string) string {
	for _, r := range redirects {
		u, err := url.Parse(r)
		if err == nil && u.Scheme == "http" && u.Port() != "" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1") {
			return fmt.Sprintf("Web clients take their registered redirects only: the sign-in waits at %s.", safetext.Line(r))
		}
	}
	return "Web clients take their registered redirects only, and none of this one leads to a port of this machine: the address that the browser " +
		"ends on has to be pasted. Register http://127.0.0.1:PORT/ with a port of your choice, or use a client for installed programs."
}

// sentenceOf makes a sentence of the catalogue's words.
func sentenceOf(words string) string {
	if words == "" {
		return ""
	}
	_, first := utf8.DecodeRuneInString(words) // an entry of config.toml may be in any language
	return strings.ToUpper(words[:first]) + strings.TrimSuffix(words[first:], ".") + "."
}
