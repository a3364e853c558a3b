package packages

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"fettle/internal/safetext"
)

// folder keeps packages in a folder of this machine. It reaches nothing outside of it, whatever links lie in it.
type folder struct {
	at   string
	root *os.Root
}

// openFolder opens a folder, and makes it if its parent is there and create is set.
func openFolder(at string, create bool) (*folder, error) {
	if create {
		if err := os.Mkdir(at, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, folderError(at, err)
		}
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, folderError(at, err)
	}
	return &folder{at: at, root: root}, nil
}

// folderError explains what the file system says of a file or folder. ENOENT counts as a missing destination: depots
// report a file that is missing by themselves.
func folderError(at string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	e := &Error{Code: Unreachable, Target: safetext.Line(at), Text: reason(err), Remedy: "look at that folder, then run the same again", Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Code, e.Text, e.Remedy = NoTarget, "there is no such folder", "make it, or name another destination"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		e.Code, e.Remedy = Denied, "let this user write there, or name another destination"
	// EFBIG is what a limit on a process's files says, such as systemd's LimitFSIZE.
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		e.Code, e.Remedy = Full, "make room there, then run the same again"
	case errors.Is(err, syscall.ENOTDIR):
		e.Code, e.Text, e.Remedy = NoTarget, "something else than a folder lies there", "name another destination"
	case errors.Is(err, errContent):
		e.Code, e.Text, e.Remedy = Changed, errContent.Error(), "run the same again when nobody writes to it"
	}
	return e
}

// reason is an error without the path, which the message names already.
func reason(err error) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	return safetext.Line(err.Error())
}

func (f *folder) wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return folderError(filepath.Join(f.at, filepath.FromSlash(name)), err)
}

func (f *folder) read(_ context.Context, name string) ([]byte, string, error) {
	file, err := f.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", &Error{Code: notThere, Target: filepath.Join(f.at, name), Text: "there is no such file", Err: err}
	}
	if err != nil {
		return nil, "", f.wrap(name, err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	// What is longer is cut, and its signature is not good then.
	content, err := io.ReadAll(io.LimitReader(file, manifestLimit+1))
	return content, hashOf(content), f.wrap(name, err)
}

// open never waits for a pipe and opens plain files only.
func (f *folder) open(name string) (*os.File, error) {
	file, err := f.root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = file.Close() // nothing was written
		return nil, errors.Join(err, errors.New("something else than a plain file lies there"))
	}
	return file, nil
}

func (f *folder) get(ctx context.Context, name string, w io.Writer) error {
	file, err := f.open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{Code: notThere, Target: filepath.Join(f.at, name), Text: "there is no such file", Err: err}
	}
	if err != nil {
		return f.wrap(name, err)
	}
	defer func() { _ = file.Close() }() // nothing was written
	_, err = io.Copy(w, cancelReader{ctx, file})
	return f.wrap(name, err)
}

func (f *folder) put(ctx context.Context, name string, s source) error {
	from, err := s.open()
	if err != nil {
		return folderError(s.path, err)
	}
	defer func() { _ = from.Close() }() // nothing was written
	err = f.replace(name, cancelReader{ctx, newCheckedReader(from, s)}, nil)
	if errors.Is(err, errContent) {
		return folderError(s.path, errContent)
	}
	return err
}

func (f *folder) swap(ctx context.Context, name string, content []byte, tag string) error {
	// No file system renames on a condition. The look is the last thing before it, and two syncs of one package on this
	// machine never get here together (lockName); who writes between the two from elsewhere is noticed when the manifest is read back.
	same := func() error {
		_, now, err := f.read(ctx, name)
		if isCode(err, notThere) {
			now, err = "", nil
		}
		if err == nil && now != tag {
			err = conflict(filepath.Join(f.at, name))
		}
		return err
	}
	return f.replace(name, bytes.NewReader(content), same)
}

// conflict says that somebody else was faster.
func conflict(target string) *Error {
	return &Error{Code: Conflict, Target: target, Text: "somebody else synced to it meanwhile", Remedy: "look at `fettle package plan`, then sync again"}
}

// replace writes a file beside its place, makes it durable and gives it its name. last is asked just before that.
func (f *folder) replace(name string, from io.Reader, last func() error) (err error) {
	name = filepath.FromSlash(name)
	dir := filepath.Dir(name)
	if err := f.root.MkdirAll(dir, 0o700); err != nil {
		return f.wrap(name, err)
	}
	// In the same folder: a rename into it from another file system would not be one step.
	temp := filepath.Join(dir, tempPrefix+strings.ToLower(rand.Text()))
	file, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return f.wrap(name, err)
	}
	defer func() {
		if err != nil {
			_ = f.root.Remove(temp) // what is left would be swept later
		}
	}()
	_, err = io.Copy(file, from)
	if err == nil {
		err = file.Sync()
	}
	err = errors.Join(err, file.Close())
	if err == nil && last != nil {
		err = last()
	}
	if err == nil {
		err = f.root.Rename(temp, name)
	}
	if err == nil {
		err = syncDir(f.root, dir)
	}
	return f.wrap(name, err)
}

// syncDir makes a rename durable.
func syncDir(root *os.Root, dir string) error {
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, fs.ErrPermission) {
		err = nil // this file system or platform syncs no folders
	}
	return errors.Join(err, d.Close())
}

func (f *folder) list(ctx context.Context, prefix string, each func(object) error) error {
	at := path.Dir(prefix + "x")
	err := fs.WalkDir(f.root.FS(), at, func(name string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // gone meanwhile, or there is nothing with this prefix yet
		}
		if err == nil && d.IsDir() && name != at && !leadsTo(name, prefix) {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasPrefix(name, prefix) {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return each(object{Name: name, Size: info.Size(), ModTime: info.ModTime()})
	})
	return f.wrap(at, err)
}

// leadsTo reports whether a folder may hold names with the prefix.
func leadsTo(dir, prefix string) bool {
	return strings.HasPrefix(dir+"/", prefix) || strings.HasPrefix(prefix, dir+"/")
}

func (f *folder) remove(_ context.Context, name string) error {
	err := f.root.Remove(filepath.FromSlash(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return f.wrap(name, err)
}

func (f *folder) close() error { return f.root.Close() }

// cancelReader ends when its context does.
type cancelReader struct {
	ctx  context.Context
	from io.Reader
}

// Read implements io.Reader.
func (r cancelReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, fmt.Errorf("interrupted: %w", err)
	}
	return r.from.Read(p)
}
