// Package oauthflow speaks OAuth 2.0: the device and the browser flow, refresh, revocation, discovery,
// probes and resource listings. It knows no storage and no screen.
//
// It imports golang.org/x/oauth2 and go-oidc inside guards of its own (see http.go for why), the
// provider catalogue below it, and internal guards; never accounts, pwfile or tui.
//
// Start reading at Flow (flow.go): a pending authorization is a value that another process can go on with.
package oauthflow
