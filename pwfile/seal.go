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

// sealed is a password file with what it was made from.
type sealed struct {
	file      []byte
	plaintext []byte
}

// seal signs a payload and encrypts it.
func seal(p Payload, key ed25519.PrivateKey, to []age.Recipient) (sealed, error) {
	line1, err := p.encode()
	if err != nil {
		return sealed{}, err
	}
	plaintext, err := sign(line1, key)
	if err != nil {
		return sealed{}, err
	}
	file, err := encryptTo(plaintext, to...)
	if err != nil {
		return sealed{}, err
	}
	if len(file) >= sizeLimit {
		return sealed{}, fmt.Errorf("its password file would have %d bytes, and the limit is %d: split the canvas, or give it fewer accounts or recipients",
			len(file), sizeLimit-1)
	}
	return sealed{file, plaintext}, nil
}

// encryptTo is plain age.
func encryptTo(plaintext []byte, to ...age.Recipient) ([]byte, error) {
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to...)
	if err == nil {
		_, err = w.Write(plaintext)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt: %w", err)
	}
	return file.Bytes(), nil
}

// prove makes sure that the file can be opened again, before anything is replaced by it: with id, unless it is not
// for id, and else as far as can be seen without opening it.
func (s sealed) prove(id age.Identity, recipients int) error {
	if id != nil {
		if plaintext, _, err := unseal(s.file, []age.Identity{id}); err != nil || !bytes.Equal(plaintext, s.plaintext) {
			return errors.New("its password file could not be opened again after it was encrypted")
		}
		return nil
	}
	if kinds, err := stanzaKinds(s.file); err != nil || len(kinds) != recipients {
		return errors.New("its password file is not a whole age file after it was encrypted")
	}
	return nil
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
