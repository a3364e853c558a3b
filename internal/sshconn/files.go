package sshconn

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/pkg/sftp"
)

// Codes of SFTP's status answers (draft-ietf-secsh-filexfer-02, section 7).
const (
	statusFailure     = 4
	statusBadMessage  = 5
	statusUnsupported = 8
)

// Stat returns what lies at path, following links; Lstat does not follow.
func (c *Client) Stat(path string) (info fs.FileInfo, err error) {
	err = c.do(path, func() (err error) { info, err = c.sftp.Stat(path); return err })
	return info, err
}

// Lstat returns what lies at path; of a link, the link.
func (c *Client) Lstat(path string) (info fs.FileInfo, err error) {
	err = c.do(path, func() (err error) { info, err = c.sftp.Lstat(path); return err })
	return info, err
}

// List returns what is in a folder, in no particular order.
func (c *Client) List(folder string) (infos []fs.FileInfo, err error) {
	err = c.do(folder, func() (err error) { infos, err = c.sftp.ReadDir(folder); return err })
	return infos, err
}

// Read returns a plain file's content, at most limit bytes of it: a caller that must tell a longer file from a whole one
// asks for a byte more than it expects.
func (c *Client) Read(path string, limit int64) (content []byte, err error) {
	err = c.do(path, func() (err error) {
		f, err := c.sftp.Open(path)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		content, err = io.ReadAll(io.LimitReader(f, limit))
		return err
	})
	return content, err
}

// Copy writes a plain file's content to w as it comes.
func (c *Client) Copy(w io.Writer, path string) (n int64, err error) {
	err = c.do(path, func() (err error) {
		f, err := c.sftp.Open(path)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		n, err = f.WriteTo(w)
		return err
	})
	return n, err
}

// Create makes a new file, 0600 from the first instant, and writes content to it, durably where the server can. It
// fails if anything lies there, and leaves nothing if it fails, unless the connection is gone.
func (c *Client) Create(path string, content io.Reader) error {
	return c.do(path, func() error { return c.create(path, content, nil) })
}

// create is Create; finish is done to the file before it is synced.
func (c *Client) create(path string, content io.Reader, finish func(*sftp.File) error) (err error) {
	f, err := c.sftp.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			_ = c.sftp.Remove(path) // the first error is the one that matters
		}
	}()
	// Pieces may arrive in any order: the file has holes until all are there, and is nobody's yet.
	if _, err := f.ReadFromWithConcurrency(content, writesAtOnce); err != nil {
		return err
	}
	if finish != nil {
		if err := finish(f); err != nil {
			return err
		}
	}
	if _, offered := c.sftp.HasExtension("fsync@openssh.com"); offered {
		return f.Sync()
	}
	return nil
}

// writesAtOnce is how many pieces of 32 KiB are under way: two megabytes a round trip.
const writesAtOnce = 64

// Rename moves a file, over one that lies at the new path if need be, so that whoever reads there finds the one or the
// other. A server that cannot do that in one step moves only to where nothing lies.
func (c *Client) Rename(from, to string) error {
	return c.do(to, func() error {
		err := c.Replaces(to)
		if err == nil {
			return c.sftp.PosixRename(from, to)
		}
		if _, missing := c.sftp.Lstat(to); missing == nil {
			return err
		}
		return c.sftp.Rename(from, to)
	})
}

// Replaces says why no file at that path can be replaced in one step; nil if one can.
func (c *Client) Replaces(at string) error {
	if _, offered := c.sftp.HasExtension("posix-rename@openssh.com"); offered {
		return nil
	}
	return &Error{Cause: Unsupported, Host: c.host, Path: at, Text: "the server cannot replace a file in one step (it lacks posix-rename@openssh.com)",
		Remedy: "use OpenSSH's sftp server there; a reader could find no file otherwise"}
}

// Mkdir makes a folder, 0700.
func (c *Client) Mkdir(path string) error {
	return c.do(path, func() error { return c.sftp.Mkdir(path) })
}

// Remove removes a file or an empty folder.
func (c *Client) Remove(path string) error {
	return c.do(path, func() error { return c.sftp.Remove(path) })
}

// do runs one operation, watches that the other side says something meanwhile, and explains its error.
func (c *Client) do(at string, operation func() error) error {
	if c.ssh.ended() {
		return c.lost(errClosed)
	}
	defer c.watch()()
	return c.explained(at, operation())
}

// watch kills ssh once nothing has crossed for the stall time, until done is called. The lock keeps a timer that fires
// in the moment of done from being set anew: it would kill a connection that is idle because nothing is wanted of it.
func (c *Client) watch() (done func()) {
	var (
		mu     sync.Mutex
		timer  *time.Timer
		over   bool
		former = c.traffic.Load()
	)
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(c.stall, func() {
		mu.Lock()
		defer mu.Unlock()
		now := c.traffic.Load()
		switch {
		case over:
		case now != former:
			former = now
			timer.Reset(c.stall)
		default:
			c.ssh.kill(errStalled)
		}
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		timer.Stop()
	}
}

// explained turns what the library says into an *Error, or the context's error.
func (c *Client) explained(at string, err error) error {
	if err == nil {
		return nil
	}
	if own, ok := errors.AsType[*Error](err); ok {
		return own
	}
	if c.ssh.ended() || broken(err) {
		err = c.lost(err)
		if e, ok := errors.AsType[*Error](err); ok {
			e.Path = at
		}
		return err
	}
	e := &Error{Cause: Failed, Host: c.host, Path: at, Err: err}
	status, _ := errors.AsType[*sftp.StatusError](err)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Cause, e.Text = NotFound, "it is not there"
	case errors.Is(err, fs.ErrPermission):
		e.Cause, e.Text, e.Remedy = Denied, "permission denied", "give the user you log in as access to it"
	case status != nil && status.Code == statusUnsupported:
		e.Cause, e.Text, e.Remedy = Unsupported, "the server cannot do this", "use OpenSSH's sftp server there"
	case status != nil && status.Code == statusFailure && c.full(at):
		e.Cause, e.Text, e.Remedy = Full, "no space left there", "make room, then run the same again"
	case status != nil && (status.Code == statusFailure || status.Code == statusBadMessage):
		// OpenSSH says "Failure" for every error that SFTP 3 has no code for.
		e.Text, e.Remedy = "the server says only that it failed", "look whether the folder is there, its disk full or read-only, or a quota reached"
	default:
		e.Text = said(err.Error())
	}
	return e
}

// broken reports whether an error says that the pipe to ssh has broken. Reader and writer notice it each in its own way,
// mostly before it is known that ssh has ended.
func broken(err error) bool {
	for _, sign := range []error{sftp.ErrSSHFxConnectionLost, io.EOF, io.ErrUnexpectedEOF, io.ErrClosedPipe, os.ErrClosed, syscall.EPIPE} {
		if errors.Is(err, sign) {
			return true
		}
	}
	return false
}

// full asks how much space is left where a write failed.
func (c *Client) full(at string) bool {
	if _, offered := c.sftp.HasExtension("statvfs@openssh.com"); !offered {
		return false
	}
	space, err := c.sftp.StatVFS(folderOf(at))
	return err == nil && space.Blocks > 0 && (space.Bavail == 0 || space.Files > 0 && space.Favail == 0)
}

// folderOf is the folder that a path is in.
func folderOf(p string) string { return path.Dir(strings.TrimSuffix(p, "/")) }

// Retry runs again what failed for a passing reason, on a new connection each time, at most attempts times in all.
func Retry(ctx context.Context, attempts int, run func() error) (err error) {
	for i := range attempts { // pauses of 1, 2, 4… seconds
		if err = run(); err == nil {
			return nil
		}
		if e, ok := errors.AsType[*Error](err); !ok || !e.Transient() {
			return err
		}
		if i == attempts-1 {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second << i):
		}
	}
	return fmt.Errorf("after %d attempts: %w", attempts, err)
}
