// Package secret holds text that must never be printed: tokens, client secrets, verifiers, passphrases.
//
// It imports only the standard library. Every way Go has of turning a value into text yields a fixed
// word instead; the one way out is Reveal, so a reader finds every use of a secret by searching for it.
package secret

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Text is a secret string. Its zero value is "no secret".
type Text struct{ value string }

// New wraps s.
func New(s string) Text { return Text{value: s} }

// Reveal returns the secret itself. Its result goes to the network, a sealed record or an encrypted file, nowhere else.
func (t Text) Reveal() string { return t.value }

// Empty reports whether there is no secret.
func (t Text) Empty() bool { return t.value == "" }

// Hash identifies a secret without revealing it: intents and callers compare hashes, never tokens.
// The empty secret has the empty hash.
func (t Text) Hash() string {
	if t.value == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(t.value))
	return hex.EncodeToString(sum[:])
}

// String implements fmt.Stringer with a fixed word.
func (t Text) String() string {
	if t.value == "" {
		return ""
	}
	return redacted
}

// GoString implements fmt.GoStringer, so that %#v shows nothing either.
func (t Text) GoString() string { return "secret.Text(" + t.String() + ")" }

// Format implements fmt.Formatter, so that no verb (%x, %q, %d) reaches the field.
func (t Text) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// MarshalText implements encoding.TextMarshaler, and with it JSON and TOML, with the fixed word.
// A record that must keep the secret marshals Reveal() explicitly.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler, so that a config file or a provider's answer can be read straight into a Text.
func (t *Text) UnmarshalText(b []byte) error {
	t.value = string(b)
	return nil
}

// LogValue implements slog.LogValuer.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.String()) }
