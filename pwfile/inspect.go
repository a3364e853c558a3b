package pwfile

import (
	"context"
	"errors"
	"time"

	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Info is what can be said about a password file without printing a secret.
type Info struct {
	Path    string
	Size    int64
	SHA256  string
	ModTime time.Time
	Mode    string   // as ls shows it
	Kinds   []string // how it is encrypted, one word a recipient: X25519, ssh-ed25519, ssh-rsa, scrypt

	Opened      bool   // the reader could decrypt it; what follows is empty otherwise
	Writer      string // the public key that signed it
	Book        string
	FileID      string
	Serial      int64
	Canvas      string
	GeneratedAt time.Time
	Recipients  []string
	Accounts    []AccountInfo

	Problem *FileError // why Open would refuse it; nil: it would not
}

// AccountInfo is a credential without its secrets.
type AccountInfo struct {
	Name          string
	Provider      string
	Identity      oauthflow.Identity
	ClientID      string
	TokenEndpoint string
	Scopes        []string
	Generation    int64
	Rotation      provider.Rotation
	HasRefresh    bool
}

// Inspect says what can be said about the file at path, as far as the reader can open it. It trusts nobody and
// remembers nothing. The error says that the file cannot be read at all.
func Inspect(ctx context.Context, path string, opts ReaderOptions) (Info, error) {
	return Info{}, errors.ErrUnsupported
}
