package packages

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"
)

// depot is where packages lie: a folder, an SFTP server, object storage. Names have slashes. Every error is an *Error
// that names the target and what to do, or that of the context. A depot tries again by itself what may work a second time.
type depot interface {
	// read returns a small file whole, with a tag that changes with it; an *Error with code notThere if there is none.
	read(ctx context.Context, name string) (content []byte, tag string, err error)
	// get writes a file's content to w, from its beginning, once.
	get(ctx context.Context, name string, w io.Writer) error
	// put stores a file, whole or not at all; a reader never sees a part of it. Content that is not what the source says
	// is never stored.
	put(ctx context.Context, name string, s source) error
	// swap replaces a small file in one step if it still has the tag; "" means that there is none yet. Otherwise the code
	// of its error is Conflict.
	swap(ctx context.Context, name string, content []byte, tag string) error
	// list calls each for every file whose name begins with prefix, until that returns an error.
	list(ctx context.Context, prefix string, each func(object) error) error
	// remove deletes a file; that it is not there is no error.
	remove(ctx context.Context, name string) error
	close() error
}

// object is a file at a depot.
type object struct {
	Name    string
	Size    int64
	ModTime time.Time
}

// source is content on its way to a depot.
type source struct {
	open   func() (io.ReadSeekCloser, error)
	size   int64
	sha256 string
	path   string      // of the local file, for errors
	moved  func(int64) // told how many bytes were read; may be nil
}

// tempPrefix begins the names of files that are being written at a folder or an SFTP server.
const tempPrefix = ".fettle-new-"

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// isCode reports whether an error is about a package and has this code.
func isCode(err error, code Code) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == code
}
