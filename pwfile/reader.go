package pwfile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"filippo.io/age"

	"fettle/internal/atomicfile"
	"fettle/internal/secret"
)

// Code says in one word why a password file cannot be used.
type Code string

// The codes; jobs see them as "fettle: CODE: text".
const (
	NotRecipient  Code = "not_recipient"
	BadSignature  Code = "bad_signature" // damaged, or not written by who it says
	UnknownWriter Code = "unknown_writer"
	OlderThanUsed Code = "older_than_used"
	Locked        Code = "locked"      // the passphrase is missing or wrong
	Unreachable   Code = "unreachable" // the file, or what this server remembers, cannot be read
)

// FileError says why a password file cannot be used.
type FileError struct {
	Code   Code
	Path   string
	Text   string // why, without the path
	Remedy string
	Err    error
}

// Error implements error: one sentence with the path and what to do.
func (e *FileError) Error() string {
	return fmt.Sprintf("password file %s cannot be used: %s; %s", e.Path, e.Text, e.Remedy)
}

// Unwrap returns the cause, if there is one.
func (e *FileError) Unwrap() error { return e.Err }

// ReaderOptions says who reads.
type ReaderOptions struct {
	Dir        string         // the server's data folder: its identity, the writers it trusts, the serials it used
	Identities []age.Identity // default: the server's identity in Dir
	Passphrase secret.Text    // for a file that is encrypted to a passphrase

	// The rest is for getting tokens; all of it may be left out.

	MinTTL time.Duration    // how long a token has to last, default 5 minutes
	HTTP   *http.Client     // default: oauthflow.NewHTTPClient
	Now    func() time.Time // default: time.Now
	// Alarm is called, from any goroutine, when a new token could not be kept at once and is held in memory, and with
	// a nil error when it is kept after all: see File.Drain.
	Alarm func(account string, err error)
}

// File is an opened password file.
type File struct {
	Path string
	Payload
	Writer string // the public key that signed it

	opts ReaderOptions
	jobs jobs
}

// Open reads a password file and believes it: its signature is good, its writer is the one this server knows, the
// reader is meant to read it, and it is not older than one used before. Any other outcome is a *FileError.
func Open(ctx context.Context, path string, opts ReaderOptions) (*File, error) {
	f, refused := open(ctx, path, opts)
	if refused != nil {
		refused.Path = path
		return nil, refused
	}
	return f, nil
}

func open(ctx context.Context, path string, opts ReaderOptions) (*File, *FileError) {
	path, content, refused := readFile(path)
	if refused != nil {
		return nil, refused
	}
	f, refused := opts.decode(content)
	if refused != nil {
		return nil, refused
	}
	f.Path, f.opts = path, opts
	if refused := opts.remember(ctx, f); refused != nil {
		return nil, refused
	}
	return f, nil
}

// decode does everything that needs nothing but the bytes and the reader's keys, in this order: decrypt, check the
// signature, parse, look for the reader among the recipients. What it returns beside an error may be shown, not used.
func (o ReaderOptions) decode(content []byte) (*File, *FileError) {
	kinds, err := stanzaKinds(content)
	if err != nil {
		return nil, damaged(err)
	}
	ids, refused := o.identities(slices.Contains(kinds, "scrypt"))
	if refused != nil {
		return nil, refused
	}
	plaintext, by, err := unseal(content, ids)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, noMatch(ids)
	}
	if err != nil {
		return nil, damaged(errors.New("it was changed or cut off after it was written"))
	}
	line1, writer, err := verify(plaintext)
	if err != nil {
		return nil, damaged(err)
	}
	p, err := decodePayload(line1)
	if err != nil {
		return nil, damaged(err)
	}
	f := &File{Payload: p, Writer: writerKey(writer)}
	if !slices.Contains(p.Recipients, recipientOf(by)) {
		return f, &FileError{Code: NotRecipient, Text: "it was written for others and encrypted again for this reader",
			Remedy: "have it written for this server: fettle canvas edit " + inCommand(p.Canvas) + " --recipient KEY"}
	}
	return f, nil
}

// identities returns what the file may be opened with.
func (o ReaderOptions) identities(passphrase bool) ([]age.Identity, *FileError) {
	if passphrase {
		if o.Passphrase.Empty() {
			return nil, &FileError{Code: Locked, Text: "it is encrypted to a passphrase", Remedy: "give the passphrase"}
		}
		id, err := passphraseIdentity(o.Passphrase)
		if err != nil {
			return nil, &FileError{Code: Locked, Text: "the passphrase cannot be used", Remedy: "give the passphrase", Err: err}
		}
		return []age.Identity{id}, nil
	}
	if len(o.Identities) > 0 {
		return o.Identities, nil
	}
	id, err := ServerIdentity(o.Dir)
	if errors.Is(err, ErrNoServer) {
		return nil, &FileError{Code: NotRecipient, Text: "this server has no identity yet",
			Remedy: "run `fettle server init` as this user and give its recipient to the canvas", Err: err}
	}
	if err != nil {
		return nil, &FileError{Code: Unreachable, Text: err.Error(), Remedy: "mend that first", Err: err}
	}
	return []age.Identity{id}, nil
}

// remember applies what is known of writers and serials, and makes the news durable before the file may be used.
func (o ReaderOptions) remember(ctx context.Context, f *File) *FileError {
	m, err := recall(o.Dir)
	if err != nil {
		return unknowable(err)
	}
	if refused := m.admit(f.Payload, f.Writer, f.Path); refused != nil || !m.writersMoved && !m.usedMoved {
		return refused
	}
	if err := atomicfile.EnsureDir(o.Dir); err != nil {
		return unknowable(err)
	}
	unlock, err := lockServer(ctx, o.Dir)
	if err != nil {
		return unknowable(err)
	}
	defer unlock()
	if m, err = recall(o.Dir); err != nil {
		return unknowable(err)
	}
	if refused := m.admit(f.Payload, f.Writer, f.Path); refused != nil {
		return refused
	}
	if err := m.save(o.Dir); err != nil {
		return unknowable(err)
	}
	return nil
}

// readFile reads a whole password file and returns its absolute path.
func readFile(path string) (absolute string, content []byte, refused *FileError) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return path, nil, unreadable(err)
	}
	// Without O_NONBLOCK, opening a planted pipe would wait for its writer.
	f, err := os.OpenFile(absolute, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the file that the caller names
	if err != nil {
		return absolute, nil, unreadable(err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a plain file")
	}
	if err != nil {
		return absolute, nil, unreadable(err)
	}
	content, err = io.ReadAll(io.LimitReader(f, sizeLimit))
	if err != nil {
		return absolute, nil, unreadable(err)
	}
	if len(content) >= sizeLimit {
		return absolute, nil, damaged(fmt.Errorf("it has more than the %d bytes of a password file", sizeLimit-1))
	}
	return absolute, content, nil
}

func unreadable(err error) *FileError {
	if pathError, ok := errors.AsType[*fs.PathError](err); ok {
		err = pathError.Err
	}
	return &FileError{Code: Unreachable, Text: err.Error(), Remedy: "check the path, and that this user may read it", Err: err}
}

func damaged(err error) *FileError {
	return &FileError{Code: BadSignature, Text: err.Error(), Remedy: "write it again: fettle pwfile generate", Err: err}
}

func unknowable(err error) *FileError {
	return &FileError{Code: Unreachable, Text: err.Error(), Remedy: "mend that first", Err: err}
}

func noMatch(ids []age.Identity) *FileError {
	if _, ok := ids[0].(*age.ScryptIdentity); ok {
		return &FileError{Code: Locked, Text: "the passphrase is wrong", Remedy: "give the passphrase it was written with"}
	}
	return &FileError{Code: NotRecipient, Text: "it was not written for this reader",
		Remedy: "give this server's recipient (`fettle server init` prints it) to the canvas and write the file again"}
}
