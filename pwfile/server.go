package pwfile

import (
	"errors"

	"filippo.io/age"
)

// ErrNoServer says that this server has no identity yet.
var ErrNoServer = errors.New("this server has no identity yet: run `fettle server init`")

// InitServer makes this server's age identity, unless it has one, and returns its recipient: the public key that
// password files for this server are encrypted to.
func InitServer(dir string) (recipient string, created bool, err error) {
	return "", false, errors.ErrUnsupported
}

// ServerRecipient returns this server's recipient, or ErrNoServer.
func ServerRecipient(dir string) (string, error) { return "", errors.ErrUnsupported }

// ServerIdentity returns this server's identity, or ErrNoServer.
func ServerIdentity(dir string) (*age.X25519Identity, error) { return nil, errors.ErrUnsupported }

// Trust accepts a writer's public key beforehand. From then on this server meets no new writer on first use.
func Trust(dir, key string) error { return errors.ErrUnsupported }
