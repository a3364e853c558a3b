package accounts

import (
	"cmp"
	"slices"

	"fettle/accounts/store"
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
