package pwfile

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"fettle/accounts"
	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// defaultMinTTL is how long a job's token lasts at least, where its provider's tokens last that long at all.
const defaultMinTTL = 5 * time.Minute

// NoAccountError says that a password file does not carry the account that a job asked for.
type NoAccountError struct {
	Path  string
	Name  string
	Names []string // the accounts it carries
	// Remedy says what to do: most often the account has another name since the file was written.
	Remedy string
}

// Error implements error: which file, what it carries instead, and what to do.
func (e *NoAccountError) Error() string {
	return fmt.Sprintf("password file %s has no account %q: it carries %s; %s", e.Path, e.Name, strings.Join(e.Names, ", "), e.Remedy)
}

// jobs are the books of this file's accounts, one each: two accounts of one provider may have two clients.
type jobs struct {
	mu    sync.Mutex
	books map[string]*accounts.Book
}

// Token returns an access token of the account that the file calls name: the one this server remembers if it lasts,
// else a newer one, for which one request goes to the provider however many jobs ask at once. It takes the steps of
// accounts.Book.Refresh and fails with that package's errors, *StateError, *NoAccountError, or *FileError where the
// file was replaced while it was open: Open it again, or use a TokenSource, which does.
func (f *File) Token(ctx context.Context, name string) (*oauth2.Token, error) {
	book, id, err := f.book(name)
	if err != nil {
		return nil, err
	}
	t, err := book.Token(ctx, id, cmp.Or(f.opts.MinTTL, defaultMinTTL))
	if err != nil {
		return nil, err
	}
	return &oauth2.Token{AccessToken: t.Token.Reveal(), TokenType: t.Type, Expiry: t.ExpiresAt}, nil
}

// Reject tells that a server answered 401 to the token, and returns another one. A job that was refused calls it once.
func (f *File) Reject(ctx context.Context, name string, token *oauth2.Token) (*oauth2.Token, error) {
	book, id, err := f.book(name)
	if err != nil {
		return nil, err
	}
	if _, err := book.Refresh(ctx, id, accounts.Not(secret.New(token.AccessToken).Hash())); err != nil {
		return nil, err
	}
	return f.Token(ctx, name)
}

// Credential returns the account's credential as it is now: as the file has it, with the refresh token that came last.
// A token that works once is not given out, because whoever uses it takes it from everybody else.
func (f *File) Credential(ctx context.Context, name string) (Credential, error) {
	c, _ := f.Account(name)
	book, id, err := f.book(name)
	if err != nil {
		return Credential{}, err
	}
	e, err := book.Export(ctx, id)
	if err != nil {
		return Credential{}, err
	}
	c.Refresh, c.Access, c.AccessExpiresAt, c.Rotation = e.Refresh, e.Access, e.AccessExpiresAt, e.Rotation
	return c, nil
}

// Drain waits until what is in flight is stored, or ctx ends; nothing new is sent afterwards. It only matters where
// Token returned *accounts.UnstoredError: leaving then loses the token.
func (f *File) Drain(ctx context.Context) error {
	f.jobs.mu.Lock()
	books := f.jobs.books
	f.jobs.mu.Unlock()
	var errs []error
	for _, b := range books {
		errs = append(errs, b.Drain(ctx))
	}
	return errors.Join(errs...)
}

// TokenSource is what client libraries take: oauth2.NewClient(ctx, f.TokenSource(ctx, name)). It opens the file anew
// for each token it is asked for, so that a long job goes on with the file that replaced this one.
func (f *File) TokenSource(ctx context.Context, name string) oauth2.TokenSource {
	return tokenSource{ctx, f, name}
}

type tokenSource struct {
	ctx  context.Context //nolint:containedctx // x/oauth2's interface has no place for it
	file *File
	name string
}

// Token implements oauth2.TokenSource.
func (s tokenSource) Token() (*oauth2.Token, error) {
	f, err := Open(s.ctx, s.file.Path, s.file.opts)
	if err != nil {
		return nil, err
	}
	return f.Token(s.ctx, s.name)
}

// book returns the book of one account, over what this server remembers of the file.
func (f *File) book(name string) (book *accounts.Book, id string, err error) {
	c, ok := f.Account(name)
	if !ok {
		e := &NoAccountError{Path: f.Path, Name: safetext.Line(name), Names: []string{},
			Remedy: "ask for one of these, or, if it was renamed since, write the file again: fettle pwfile generate " + inCommand(f.Canvas)}
		for _, a := range f.Accounts {
			e.Names = append(e.Names, safetext.Line(a.Name))
		}
		return nil, "", e
	}
	id = accountID(name)
	f.jobs.mu.Lock()
	defer f.jobs.mu.Unlock()
	if b := f.jobs.books[name]; b != nil {
		return b, id, nil
	}
	if book, err = f.newBook(c, id); err != nil {
		return nil, "", err
	}
	if f.jobs.books == nil {
		f.jobs.books = map[string]*accounts.Book{}
	}
	f.jobs.books[name] = book
	return book, id, nil
}

func (f *File) newBook(c Credential, id string) (*accounts.Book, error) {
	s := &stateStore{dir: filepath.Join(f.opts.Dir, stateDir), file: f, name: c.Name, base: c.base()}
	// A file for a passphrase or an SSH key is read here, too; what is learnt from it is sealed like anything else.
	if _, _, err := InitServer(f.opts.Dir); err != nil {
		return nil, err
	}
	var err error
	if s.server, err = ServerIdentity(f.opts.Dir); err != nil {
		return nil, err
	}
	builtin, err := provider.Builtin()
	if err != nil {
		return nil, err
	}
	known, _ := builtin.Get(c.Provider) // zero for one that is not built in
	p, account, grant, err := accounts.Carry(c.exported(id), known)
	if err != nil {
		return nil, err
	}
	s.account, s.grant = account, grant
	config := accounts.Config{Store: s, Vault: accounts.Unsealed{}, Catalogue: provider.Of(p), HTTP: f.opts.HTTP, Now: f.opts.Now}
	if alarm := f.opts.Alarm; alarm != nil {
		config.Alarm = func(u accounts.Unstored, err error) { alarm(u.Account, err) }
	}
	return accounts.New(config), nil
}

// accountID makes a name fit for a lock's file name, whatever is in it.
func accountID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:10])
}

// base identifies the credential that a file carries for an account: what was learnt with another one does not count.
func (c Credential) base() string {
	if !c.Refresh.Empty() {
		return c.Refresh.Hash()
	}
	return c.Access.Hash()
}

// exported is what the book gave out, as credentialOf took it in.
func (c Credential) exported(id string) accounts.Exported {
	return accounts.Exported{
		AccountID: id, Name: safetext.Line(c.Name), Provider: c.Provider, Identity: c.Identity,
		ClientID: c.ClientID, ClientSecret: c.ClientSecret, Auth: c.Auth, TokenEndpoint: c.TokenEndpoint, Scopes: slices.Clone(c.Scopes), Habits: c.Habits,
		Refresh: c.Refresh, Access: c.Access, AccessExpiresAt: c.AccessExpiresAt, Generation: c.Generation, Rotation: c.Rotation,
	}
}
