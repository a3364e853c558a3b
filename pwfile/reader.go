package pwfile

import (
	"context"
	"errors"

	"filippo.io/age"

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
	Unreachable   Code = "unreachable" // the file cannot be read
)

// FileError says why a password file cannot be used.
type FileError struct {
	Code   Code
	Path   string
	Text   string // what, without the path
	Remedy string
	Err    error
}

// ReaderOptions says who reads.
type ReaderOptions struct {
	Dir        string         // the server's data folder: its identity, the writers it trusts, the serials it used
	Identities []age.Identity // default: the server's identity in Dir
	Passphrase secret.Text    // for a file that is encrypted to a passphrase
}

// File is an opened password file.
type File struct {
	Path string
	Payload
	Writer string // the public key that signed it
}

// Open reads a password file and believes it: its signature is good, its writer is the one this server knows, the
// reader is meant to read it, and it is not older than one used before. Any other outcome is a *FileError.
func Open(ctx context.Context, path string, opts ReaderOptions) (*File, error) {
	return nil, errors.ErrUnsupported
}

func (e *FileError) Error() string { return e.Text }
