package pwfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"filippo.io/age"
	"github.com/gofrs/flock"

	"fettle/internal/atomicfile"
)

// serverKey is the file of the server's identity in the data folder. It is plain: unattended jobs must open it.
const serverKey = "server.key"

// ErrNoServer says that this server has no identity yet.
var ErrNoServer = errors.New("this server has no identity yet: run `fettle server init`")

// InitServer makes this server's age identity, unless it has one, and returns its recipient: the public key that
// password files for this server are encrypted to. A server is a host and a user. An existing key is never replaced.
func InitServer(dir string) (recipient string, created bool, err error) {
	if err := atomicfile.EnsureDir(dir); err != nil {
		return "", false, err
	}
	// Without the lock first: the key never changes, and every job that starts asks for it.
	if recipient, err = ServerRecipient(dir); !errors.Is(err, ErrNoServer) {
		return recipient, false, err
	}
	unlock, err := lockServer(context.Background(), dir)
	if err != nil {
		return "", false, err
	}
	defer unlock()
	recipient, err = ServerRecipient(dir)
	if !errors.Is(err, ErrNoServer) {
		return recipient, false, err
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return "", false, fmt.Errorf("make the server's identity: %w", err)
	}
	recipient = id.Recipient().String()
	// As age-keygen writes it, so that `age -d -i server.key` works.
	content := fmt.Appendf(nil, "# fettle: the identity of this server\n# public key: %s\n%s\n", recipient, id)
	return recipient, true, atomicfile.Write(filepath.Join(dir, serverKey), content, atomicfile.Options{})
}

// ServerRecipient returns this server's recipient, or ErrNoServer.
func ServerRecipient(dir string) (string, error) {
	id, err := ServerIdentity(dir)
	if err != nil {
		return "", err
	}
	return id.Recipient().String(), nil
}

// ServerIdentity returns this server's identity, or ErrNoServer.
func ServerIdentity(dir string) (*age.X25519Identity, error) {
	path := filepath.Join(dir, serverKey)
	content, err := atomicfile.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoServer
	}
	if err != nil {
		return nil, fmt.Errorf("read the server's identity: %w", err)
	}
	ids, err := age.ParseIdentities(bytes.NewReader(content))
	if err == nil && len(ids) == 1 {
		if id, ok := ids[0].(*age.X25519Identity); ok {
			return id, nil
		}
	}
	// age's own error may quote the key.
	return nil, fmt.Errorf("%s does not hold one age identity: put it back from a backup, or remove it and run `fettle server init`", path)
}

// lockServer serialises those who change what the server remembers.
func lockServer(ctx context.Context, dir string) (unlock func(), err error) {
	l := flock.New(filepath.Join(dir, "server.lock"), flock.SetPermissions(0o600))
	if _, err := l.TryLockContext(ctx, lockPoll); err != nil {
		return nil, fmt.Errorf("lock %s: %w", l.Path(), err)
	}
	return func() { _ = l.Unlock() }, nil // unlocking a flock that is held does not fail
}
