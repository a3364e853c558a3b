// Package sandbox is the demo provider: a real OAuth 2.0 and OpenID Connect server on loopback, the one
// `fettle demo` runs on and the one the tests talk to.
//
// The protocol engine is github.com/zitadel/oidc/v3/pkg/op (validation, PKCE, ID tokens, token formats). What
// providers differ in is this package's own: rotation with reuse detection, consent per permission, faults on
// demand, and what operators do behind a client's back (revoke, expire, take a permission away).
//
// It imports the standard library and pkg/op only; nothing outside tests and the demo command imports it.
// Start reading at options.go and server.go; then store.go with grants.go and issue.go (what a token is and where
// it is exchanged), token.go (the endpoint), consent.go and pages.go (the person's side), faults.go with inject.go.
//
// # In a test
//
//	srv, err := sandbox.Start(sandbox.Options{Rotation: sandbox.RotationSingleUse, Interval: time.Second})
//	defer srv.Close()
//	config := srv.ProviderTOML("demo")                                  // for config.toml
//	err = srv.ApproveDevice(userCode, sandbox.Consent{All: true})       // the person at the device page
//	back, err := srv.Approve(authURL, sandbox.Consent{Scopes: []string{"reports.read"}, User: "ben@example.org"})
//	err = srv.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDropAfter, On: sandbox.TargetToken, Times: 1})
//	n := srv.RevokeEverything("ana@example.org")
//
// Identity scopes (openid, email, profile) and offline_access come with any consent; a Consent without Scopes and
// without All grants nothing else. Tokens and codes begin with the prefixes in options.go, so leaks can be searched for.
//
// # From a shell
//
// URL is the issuer, such as http://127.0.0.1:8765. Every page is a plain form, so one POST does what a person does.
// allow=all ticks every box, allow=SCOPE (repeated) ticks some, deny=1 cancels, user=E-MAIL chooses who is signed in.
//
//	curl -d user_code=ABCD-EFGH -d allow=all URL/device
//	curl -d user_code=abcdefgh -d allow=reports.read -d user=ben@example.org URL/device
//	curl -s -o /dev/null -w '%{redirect_url}' -d allow=all 'AUTHORIZATION_URL'     # prints the redirect to paste
//
// Faults and the operator's acts, reachable from this machine only:
//
//	curl -d kind=server-error -d on=token -d times=2 URL/sandbox/faults
//	curl -d kind=rate-limit -d on=api -d retry_after=3 URL/sandbox/faults
//	curl -d kind=oauth-error -d grant=refresh_token -d description='...' -d subtype=invalid_rapt URL/sandbox/faults
//	curl -d kind=delay -d delay=2s URL/sandbox/faults
//	curl -d clear=1 URL/sandbox/faults
//	curl -d user=ana@example.org URL/sandbox/revoke            # and -d scope=reports.read for one permission
//	curl -d user=ana@example.org -d in=0 URL/sandbox/expire    # refresh tokens; -d what=access for access tokens
//	curl URL/sandbox/stats URL/sandbox/grants URL/sandbox/requests
//
// # Habits
//
//   - A used, unknown or foreign device code answers invalid_grant, a declined one access_denied, an old one expired_token.
//   - Polling a pending code faster than its interval answers slow_down and adds 5 s to the interval for good.
//     An answered code is never slowed down. With an injected clock either clock may show that enough time passed.
//   - A code used twice ends the grant that the first use made.
//   - Revoking a refresh token ends the grant; revoking an access token ends only that token, unless Quirks say otherwise.
//   - Client authentication must be by the method the client is registered with, at the device endpoint too
//     (RFC 8628 §3.1), which x/oauth2's DeviceAuth leaves out for clients with a secret.
//   - ID tokens are signed with ES256, as discovery says.
package sandbox
