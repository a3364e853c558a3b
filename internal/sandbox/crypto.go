package sandbox

import (
	"errors"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// prefixed marks what the library encrypts (access tokens) with a recognisable prefix.
type prefixed struct {
	prefix string
	op.Crypto
}

func (p prefixed) Encrypt(s string) (string, error) {
	sealed, err := p.Crypto.Encrypt(s)
	return p.prefix + sealed, err
}

func (p prefixed) Decrypt(s string) (string, error) {
	sealed, ok := strings.CutPrefix(s, p.prefix)
	if !ok {
		return "", errors.New("not one of ours")
	}
	return p.Crypto.Decrypt(sealed)
}

// randomCodes gives the library authorization codes that are plain random values.
type randomCodes struct{}

func (randomCodes) Encrypt(string) (string, error) { return newSecret(CodePrefix), nil }
