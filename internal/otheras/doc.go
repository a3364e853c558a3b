// Package otheras is a second real authorization server, for tests only: nothing but _test files may import it.
//
// The demo provider is the first; what only works there has been fitted to it. This one is ory/fosite with its memory
// storage, and differs on purpose: plain OAuth without OpenID (identity comes from an API), metadata by RFC 8414,
// an iss parameter on every redirect (RFC 9207), a refresh token only if the scope "offline" was granted, rotation with
// the death of the whole family when a used token comes back, and revocation of any token that ends the grant.
// fosite has no device flow, so it offers the browser flow only.
//
// It imports fosite and the standard library. Start reading at Start in server.go; endpoints.go is the OAuth part, api.go what
// the tokens are good for, person.go the one who approves.
package otheras
