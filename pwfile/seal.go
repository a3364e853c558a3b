package pwfile

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// sizeLimit is what a password file stays below. The stock age CLI prints the first 64 KiB of a file before it has
// seen whether the rest is whole; a smaller file is printed whole or not at all.
const sizeLimit = 64 << 10

// ageIntro begins every age file.
const ageIntro = "age-encryption.org/v1\n"

// seal signs a payload and encrypts it.
func seal(p Payload, key ed25519.PrivateKey, to []age.Recipient) ([]byte, error) {
	line1, err := p.encode()
	if err != nil {
		return nil, err
	}
	plaintext, err := sign(line1, key)
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to...)
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if _, err := w.Write(plaintext); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	if file.Len() >= sizeLimit {
		return nil, fmt.Errorf("its password file would have %d bytes, and the limit is %d: split the canvas, or give it fewer accounts or recipients",
			file.Len(), sizeLimit-1)
	}
	return file.Bytes(), nil
}

// unseal decrypts a file with the first identity that opens it and returns that identity too. The error is age's:
// *age.NoIdentityMatchError if the file is for none of them.
func unseal(file []byte, ids []age.Identity) (plaintext []byte, by age.Identity, err error) {
	err = errors.New("no identity to open it with")
	for _, id := range ids {
		var r io.Reader
		r, err = age.Decrypt(bytes.NewReader(file), id)
		if err == nil {
			plaintext, err = io.ReadAll(r)
			return plaintext, id, err
		}
		if _, ok := errors.AsType[*age.NoIdentityMatchError](err); !ok {
			break
		}
	}
	return nil, nil, err
}

// stanzaKinds says how a file is encrypted, one word for each recipient, without any key.
func stanzaKinds(file []byte) ([]string, error) {
	_, err := age.Decrypt(bytes.NewReader(file), nobody{})
	if none, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return none.StanzaTypes, nil
	}
	return nil, errors.New("it is not an age file, or a damaged one")
}

// nobody is an identity that no file is for.
type nobody struct{}

// Unwrap implements age.Identity.
func (nobody) Unwrap([]*age.Stanza) ([]byte, error) { return nil, age.ErrIncorrectIdentity }

func hashOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}
