// Package accounts is the book of OAuth accounts: what they are, how healthy they are, and every act on them.
//
// It imports oauthflow for the protocol, accounts/store for the records, accounts/vault for sealing and
// internal guards; never pwfile or tui.
//
// Start reading at Book (book.go). Health (health.go) is a pure function of stored facts and a clock;
// refresh.go is the one path by which any caller gets a newer token; authorize.go is how grants come in.
package accounts
