// Package safetext is the one sanitiser for text that comes from outside: names, e-mails, file names, addresses and
// error texts of providers. What it returns may be printed to a terminal, a log or a report as it is.
//
// It works by allow-list. Letters, marks, digits, punctuation, symbols and spaces of every script pass; so do the few
// invisible characters that Hebrew, Arabic, the Indic scripts and emoji need, where they need them. Escape sequences
// go as a whole, with their parameters. Every other control and invisible character goes. What cannot be decoded, is
// private or has no meaning yet becomes U+FFFD, so that it is seen rather than lost. Explicit directional controls
// (embeddings, overrides, isolates) go with their ends, so no text can leave one open; the order of right-to-left
// text does not depend on them.
//
// It imports only the standard library, golang.org/x/net/idna and the width tables the screens use.
// Start reading at Line in safetext.go; escape.go knows sequences, allow.go single characters, context.go their
// neighbours, uri.go addresses.
package safetext
