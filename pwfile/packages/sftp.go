package packages

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
	"sync"

	"fettle/internal/safetext"
	"fettle/internal/sshconn"
)

// sftpAttempts is how often one operation is tried, each time on a new connection.
const sftpAttempts = 3

// server keeps packages in a folder on an SFTP server, over the system's ssh.
type server struct {
	at   sshconn.Location
	opts sshconn.Options
	life context.Context // a connection lives as long as the depot, not as one operation

	mu     sync.Mutex
	client *sshconn.Client
	made   map[string]bool // folders that are there
}

func sftpTarget(text string) (target, error) {
	l, err := sshconn.Parse(text)
	if err != nil {
		return target{}, badTarget(safetext.Line(err.Error()), "correct the destination")
	}
	l.Path = strings.TrimSuffix(l.Path, "/")
	if l.Path == "" {
		return target{}, badTarget("a package needs a folder of its own", "name a folder after the host")
	}
	return target{spelled: l.String(), scheme: "sftp"}, nil
}

func openSFTP(ctx context.Context, t target, c Connection, create bool) (depot, error) {
	l, err := sshconn.Parse(t.spelled)
	if err != nil {
		return nil, err
	}
	s := &server{at: l, opts: sshconn.Options{Config: c.SSHConfig, Ask: c.Ask}, life: ctx, made: map[string]bool{}}
	err = s.do(ctx, func(client *sshconn.Client) error {
		_, err := client.Stat(l.Path) // a link to a folder will do, as for a folder of this machine
		// The manifest is replaced last: that it cannot be must not come out after everything has travelled.
		if unfit := client.Replaces(l.Path); create && unfit != nil {
			return unfit
		}
		if errors.Is(err, fs.ErrNotExist) && create {
			err = client.Mkdir(l.Path)
		}
		return err
	})
	// Only the last folder is made: a misspelled path is told, not created.
	if isCode(err, notThere) {
		err = &Error{Code: NoTarget, Target: t.spelled, Text: "there is no such folder", Remedy: "make it there, or name another destination", Err: err}
	}
	if err != nil {
		_ = s.close() // nothing was written
		return nil, err
	}
	return s, nil
}

// do runs an operation on the connection and explains its error; what is lost for a passing reason is tried again.
func (s *server) do(ctx context.Context, operation func(*sshconn.Client) error) error {
	err := sshconn.Retry(ctx, sftpAttempts, func() error {
		client, err := s.connected()
		if err != nil {
			return err
		}
		return operation(client)
	})
	return s.explain(err)
}

// connected returns the connection, made anew if the former one is gone. Several operations share it, and wait here
// while one of them connects: ssh may be asking for a passphrase.
func (s *server) connected() (*sshconn.Client, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client != nil && s.client.Alive() {
		return s.client, nil
	}
	if s.client != nil {
		_ = s.client.Close() // it is gone already
		s.client = nil
	}
	client, err := sshconn.Connect(s.life, s.at.Host, s.opts)
	if err != nil {
		return nil, err
	}
	s.client = client
	return client, nil
}

// explain turns what sshconn says into an *Error. Codes say what a caller can do, not what ssh met: a key that is not
// known is as good as no access.
func (s *server) explain(err error) error {
	failed, ok := errors.AsType[*sshconn.Error](err)
	if !ok {
		return err
	}
	e := &Error{Code: Denied, Target: sshconn.Location{Host: s.at.Host, Path: failed.Path}.String(), Text: failed.Text, Remedy: failed.Remedy, Err: err}
	if failed.Path == "" {
		e.Target = s.at.String()
	}
	switch failed.Cause {
	case sshconn.NotFound:
		e.Code = notThere
	case sshconn.Full:
		e.Code = Full
	case sshconn.UnknownName, sshconn.Unreachable, sshconn.Dropped, sshconn.Stalled, sshconn.Failed:
		e.Code = Unreachable
	case sshconn.Unsafe:
		e.Code = Foreign
	case sshconn.NoSFTP, sshconn.Unsupported:
		e.Code = WrongServer
	}
	return e
}

func (s *server) path(name string) string { return path.Join(s.at.Path, name) }

func (s *server) read(ctx context.Context, name string) (content []byte, tag string, err error) {
	err = s.do(ctx, func(c *sshconn.Client) (err error) {
		content, err = c.Read(s.path(name), manifestLimit+1)
		return err
	})
	return content, hashOf(content), err
}

func (s *server) get(ctx context.Context, name string, w io.Writer) error {
	begun := false // do would repeat the whole
	return s.do(ctx, func(c *sshconn.Client) error {
		if begun { // w has a part of it already
			return &Error{Code: Unreachable, Target: s.at.String(), Text: "the connection broke off", Remedy: "run the same again"}
		}
		begun = true
		_, err := c.Copy(w, s.path(name))
		return err
	})
}

func (s *server) put(ctx context.Context, name string, src source) error {
	return s.do(ctx, func(c *sshconn.Client) error {
		from, err := src.open()
		if err != nil {
			return folderError(src.path, err)
		}
		defer func() { _ = from.Close() }() // nothing was written
		checked := newCheckedReader(from, src)
		if err = s.replace(c, name, cancelReader{ctx, checked}, nil); err != nil {
			checked.takeBack()
		}
		if errors.Is(err, errContent) {
			return folderError(src.path, errContent)
		}
		return err
	})
}

func (s *server) swap(ctx context.Context, name string, content []byte, tag string) error {
	// SFTP has no conditional rename. The look is the last thing before it; who writes between the two is noticed when
	// the manifest is read back.
	same := func(c *sshconn.Client) error {
		former, err := c.Read(s.path(name), manifestLimit+1)
		now := hashOf(former)
		if errors.Is(err, fs.ErrNotExist) {
			now, err = "", nil
		}
		// Tried again after an answer was lost, it may be there already.
		if err == nil && now != tag && now != hashOf(content) {
			err = conflict(sshconn.Location{Host: s.at.Host, Path: s.path(name)}.String())
		}
		return err
	}
	return s.do(ctx, func(c *sshconn.Client) error { return s.replace(c, name, bytes.NewReader(content), same) })
}

// replace writes a file beside its place and gives it its name in one step. last is asked just before that.
func (s *server) replace(c *sshconn.Client, name string, content io.Reader, last func(*sshconn.Client) error) error {
	if err := s.mkdir(c, path.Dir(name)); err != nil {
		return err
	}
	temp := path.Join(path.Dir(s.path(name)), tempPrefix+strings.ToLower(rand.Text()))
	if err := c.Create(temp, content); err != nil {
		return err
	}
	var err error
	if last != nil {
		err = last(c)
	}
	if err == nil {
		err = c.Rename(temp, s.path(name))
	}
	if err != nil {
		_ = c.Remove(temp) // if the connection is gone, it is swept later
	}
	return err
}

// mkdir makes the folders inside the package's own that are missing, and refuses links on the way: they could lead what
// is written elsewhere. The lock keeps parallel uploads from making the same folder, which fails for the second.
func (s *server) mkdir(c *sshconn.Client, dir string) error {
	if dir == "." {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.made[dir] {
		return nil
	}
	at := s.at.Path
	for part := range strings.SplitSeq(dir, "/") {
		at = path.Join(at, part)
		info, err := c.Lstat(at)
		if errors.Is(err, fs.ErrNotExist) {
			if err = c.Mkdir(at); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return &Error{Code: Foreign, Target: sshconn.Location{Host: s.at.Host, Path: at}.String(), Text: "it is " + sshconn.Kind(info.Mode()), Remedy: "remove it, or name another destination"}
		}
	}
	s.made[dir] = true
	return nil
}

func (s *server) list(ctx context.Context, prefix string, each func(object) error) error {
	// SFTP lists folders, not prefixes: those are walked that can hold a name with the prefix.
	folders := []string{path.Dir(prefix + "x")}
	for len(folders) > 0 {
		dir := folders[0]
		folders = folders[1:]
		var infos []fs.FileInfo
		err := s.do(ctx, func(c *sshconn.Client) (err error) {
			infos, err = c.List(s.path(dir))
			return err
		})
		if isCode(err, notThere) {
			continue // there is nothing with this prefix yet
		}
		if err != nil {
			return err
		}
		for _, info := range infos {
			name := path.Join(dir, info.Name())
			switch {
			case info.IsDir() && leadsTo(name, prefix):
				folders = append(folders, name)
			case info.IsDir():
			case strings.HasPrefix(name, prefix):
				if err := each(object{Name: name, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *server) remove(ctx context.Context, name string) error {
	err := s.do(ctx, func(c *sshconn.Client) error { return c.Remove(s.path(name)) })
	if isCode(err, notThere) {
		return nil
	}
	return err
}

func (s *server) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		return nil
	}
	if err := s.client.Close(); err != nil {
		return fmt.Errorf("close the connection to %s: %w", s.at.Host, err)
	}
	return nil
}
