package pwfile

import (
	"errors"

	"filippo.io/age"
)

// ParseRecipient reads an age or SSH public key and returns it in its canonical spelling, without comment.
func ParseRecipient(text string) (recipient age.Recipient, canonical string, err error) {
	return nil, "", errors.ErrUnsupported
}

// ParseIdentity reads an age identity file or an SSH private key without passphrase.
func ParseIdentity(content []byte) ([]age.Identity, error) { return nil, errors.ErrUnsupported }
