package oauthflow

import (
	"slices"

	"fettle/oauthflow/provider"
)

// Origins lists where an account's secrets go: the origins of issuer, token and revocation endpoint, and the
// client id, each with its label. Kept with an account, it shows when a config came to point elsewhere.
func Origins(s Server, clientID string) []string {
	list := []string{"client " + clean(clientID)}
	for _, e := range []struct{ label, url string }{{"issuer", s.Issuer}, {"token", s.Token}, {"revocation", s.Revocation}} {
		if o := provider.Origin(e.url); o != "" {
			list = append(list, e.label+" "+o)
		}
	}
	return list
}

// SameOrigins reports whether nothing moved.
func SameOrigins(a, b []string) bool { return slices.Equal(a, b) }
