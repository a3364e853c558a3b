package pwfile

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// signatureContext stands before line 1 in what is signed, so that a signature of this key means nothing elsewhere.
const signatureContext = Format + "\n"

// signatureLine is line 2.
type signatureLine struct {
	Signature struct {
		Key []byte `json:"key"` // encoding/json writes bytes in base64
		Sig []byte `json:"sig"`
	} `json:"signature"`
}

// sign returns the plaintext of a password file: line 1, and line 2 with the signature over it.
func sign(line1 []byte, key ed25519.PrivateKey) ([]byte, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the book's signing key is not an Ed25519 key")
	}
	line2, err := encodeSignature(public, ed25519.Sign(key, signedBytes(line1)))
	if err != nil {
		return nil, err
	}
	return bytes.Join([][]byte{line1, line2, nil}, []byte("\n")), nil
}

// verify takes a plaintext apart and returns line 1 and the key that signed it. It looks into line 2 only: line 1 is
// not parsed before it is known to be whole.
func verify(plaintext []byte) (line1 []byte, writer ed25519.PublicKey, err error) {
	line1, rest, _ := bytes.Cut(plaintext, []byte("\n"))
	line2, rest, ended := bytes.Cut(rest, []byte("\n"))
	if !ended || len(rest) > 0 {
		return nil, nil, errors.New("its plaintext is not the two lines of a password file")
	}
	var s signatureLine
	if err := json.Unmarshal(line2, &s); err != nil {
		return nil, nil, errors.New("its signature line is not the JSON it should be")
	}
	key, sig := s.Signature.Key, s.Signature.Sig
	if len(key) != ed25519.PublicKeySize || len(sig) != ed25519.SignatureSize {
		return nil, nil, errors.New("its signature has not the length of one")
	}
	// One signature has one spelling: nothing can hide in line 2, which the signature itself does not cover.
	if canonical, err := encodeSignature(key, sig); err != nil || !bytes.Equal(canonical, line2) {
		return nil, nil, errors.New("its signature line holds more than a signature")
	}
	if !ed25519.Verify(key, signedBytes(line1), sig) {
		return nil, nil, errors.New("its signature is not good")
	}
	return line1, key, nil
}

func signedBytes(line1 []byte) []byte { return append([]byte(signatureContext), line1...) }

func encodeSignature(key, sig []byte) ([]byte, error) {
	var s signatureLine
	s.Signature.Key, s.Signature.Sig = key, sig
	return json.Marshal(s)
}

// writerKey spells a public signing key as `fettle server trust` takes it.
func writerKey(key ed25519.PublicKey) string { return base64.StdEncoding.EncodeToString(key) }

func parseWriterKey(text string) (ed25519.PublicKey, error) {
	key, err := base64.StdEncoding.Strict().DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("that is no writer's key: it has 44 characters and ends in =; `fettle pwfile inspect FILE` shows it")
	}
	return key, nil
}
