// Package docscheck holds the tests that keep the documents true: links lead somewhere, the tests that docs/security.md
// names exist, and docs/catalogue.md knows every key of the catalogue. It has no code of its own; nothing imports it.
//
// Start reading at security_test.go.
package docscheck
