package pwfile

import (
	"context"
	"os"
	"time"

	"fettle/internal/safetext"
	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// Info is what can be said about a password file without printing a secret. What comes out of the file has passed the
// sanitiser, because it may be shown before anybody vouches for the writer.
type Info struct {
	Path    string
	Size    int64
	SHA256  string
	ModTime time.Time
	Mode    string   // as ls shows it
	Kinds   []string // how it is encrypted, one word a recipient: X25519, ssh-ed25519, ssh-rsa, scrypt

	Opened      bool   // decrypted, and the signature is good; what follows is empty otherwise
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
func Inspect(_ context.Context, path string, opts ReaderOptions) (Info, error) {
	absolute, content, refused := readFile(path)
	if refused != nil {
		refused.Path = path
		return Info{}, refused
	}
	info := Info{Path: absolute, Size: int64(len(content)), SHA256: hashOf(content), Kinds: []string{}, Recipients: []string{}, Accounts: []AccountInfo{}}
	if stat, err := os.Stat(absolute); err == nil {
		info.ModTime, info.Mode = stat.ModTime().UTC(), stat.Mode().String()
	}
	if kinds, err := stanzaKinds(content); err == nil {
		info.Kinds = kinds
	}
	// One that was encrypted again for this reader decodes far enough to be described, and is refused all the same.
	f, refused := opts.decode(content)
	if f != nil {
		info.describe(f)
	}
	if refused == nil {
		refused = opts.wouldAdmit(f, absolute)
	}
	if refused != nil {
		refused.Path = path
		info.Problem = refused
	}
	return info, nil
}

func (i *Info) describe(f *File) {
	i.Opened, i.Writer, i.FileID, i.Serial, i.GeneratedAt = true, f.Writer, f.FileID, f.Serial, f.GeneratedAt
	i.Book, i.Canvas, i.Recipients = safetext.Line(f.Book), safetext.Line(f.Canvas), lines(f.Recipients)
	for _, c := range f.Accounts {
		i.Accounts = append(i.Accounts, AccountInfo{
			Name: safetext.Line(c.Name), Provider: safetext.Line(c.Provider),
			Identity: oauthflow.Identity{
				Issuer: safetext.Line(c.Identity.Issuer), Tenant: safetext.Line(c.Identity.Tenant),
				Subject: safetext.Line(c.Identity.Subject), Email: safetext.Line(c.Identity.Email),
			},
			ClientID: safetext.Line(c.ClientID), TokenEndpoint: safetext.Line(c.TokenEndpoint), Scopes: lines(c.Scopes),
			Generation: c.Generation, Rotation: provider.Rotation(safetext.Line(string(c.Rotation))), HasRefresh: !c.Refresh.Empty(),
		})
	}
}

func lines(texts []string) []string {
	safe := make([]string, 0, len(texts))
	for _, t := range texts {
		safe = append(safe, safetext.Line(t))
	}
	return safe
}

// wouldAdmit is remember without remembering.
func (o ReaderOptions) wouldAdmit(f *File, path string) *FileError {
	m, err := recall(o.Dir)
	if err != nil {
		return unknowable(err)
	}
	return m.admit(f.Payload, f.Writer, path)
}
