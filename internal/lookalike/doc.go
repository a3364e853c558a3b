// Package lookalike answers, on loopback, the way the built-in providers do: one file a provider, with that
// provider's endpoints, shapes and quirks as its documentation gives them. It proves the built-in catalogue
// entries, of which a test redirects nothing but the hosts.
//
// The sandbox is a correct server that can be told to misbehave; this is the opposite, a set of servers that
// are odd in the ways real ones are. Tests and the command in serve import it, nothing else. It imports the
// catalogue (whose addresses it stands in for) and the standard library.
//
// Start reading at server.go; token.go is the endpoint they have in common, person.go what people do, and
// google.go the fullest example of what one of them does its own way.
//
// # In a test
//
//	google, err := lookalike.Start("google", lookalike.Options{})
//	defer google.Close()
//	config := google.Config()                                        // [providers.google], for config.toml
//	back, err := google.Approve(authorizationURL, lookalike.Consent{})        // every box ticked: the address to paste
//	back, err := google.Approve(authorizationURL, lookalike.Consent{Without: []string{lookalike.Spreadsheets}})
//	err = google.ApproveDevice(userCode, lookalike.Consent{})
//	google.Revoke()                                                  // the user takes everything back
//	google.Lose(lookalike.Spreadsheets)                              // or one permission of it
//	google.Next("oauth2.googleapis.com/token", lookalike.Answer{Status: 400, Body: `{"error":"invalid_grant"}`})
//
// The address https://HOST/PATH of the provider is http://127.0.0.1:PORT/HOST/PATH here, and Next, Seen and
// Resources name it as HOST/PATH.
//
// # From a shell
//
//	go run ./internal/lookalike/serve google > config.toml           # prints the block, serves until interrupted
//
// The authorization URL that fettle shows is then a page with boxes; a browser can tick them, or curl:
//
//	curl -s -o /dev/null -w '%{redirect_url}' -d decision=allow --data-urlencode scope=SCOPE… 'AUTHORIZATION_URL'
//
// which prints the address to paste. user=E-MAIL signs somebody in who is not the first of Options.People.
package lookalike
