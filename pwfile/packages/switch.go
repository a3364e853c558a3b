package packages

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// compare says which entries are not in place, and refuses to touch what no fetch has put there.
func (r *reader) compare(ctx context.Context, m *Manifest) ([]Entry, error) {
	put := r.former.byPath() // empty without a former fetch
	wanted := []Entry{}
	for _, e := range m.Entries {
		if err := r.plainFolders(e.Path); err != nil {
			return nil, err
		}
		hash, _, err := r.hashHere(ctx, e.Path)
		if err != nil {
			return nil, err
		}
		if hash == e.SHA256 { // whoever put it there: the content is right, only the mode may not be
			if err := r.root.Chmod(filepath.FromSlash(e.Path), 0o600); err != nil {
				return nil, folderError(filepath.Join(r.at, e.Path), err)
			}
			continue
		}
		if err := r.spare(e, put); err != nil {
			return nil, err
		}
		wanted = append(wanted, e)
	}
	return wanted, nil
}

// spare refuses to replace what no fetch has put there; put is what one has.
func (r *reader) spare(e Entry, put map[string]Entry) error {
	info, err := r.root.Lstat(filepath.FromSlash(e.Path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return r.wrap(e.Path, err)
	}
	if _, ours := put[e.Path]; info.Mode().IsRegular() && (ours || r.opts.Replace) {
		return nil
	}
	return &Error{Code: Stranger, Target: filepath.Join(r.at, filepath.FromSlash(e.Path)), Text: "something lies there that no fetch has put there",
		Remedy: "move it away, or overwrite a file with --replace"}
}

// plainFolders refuses folders on the way that are links: whoever planted one would choose what is overwritten.
func (r *reader) plainFolders(p string) error {
	for dir := path.Dir(p); dir != "."; dir = path.Dir(dir) {
		info, err := r.root.Lstat(filepath.FromSlash(dir))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil || !info.IsDir() {
			return cmp.Or[error](err, &Error{Code: Stranger, Target: filepath.Join(r.at, filepath.FromSlash(dir)), Text: "it is not a plain folder", Remedy: "move it away, or fetch to another folder"})
		}
	}
	return nil
}

// staged is where an entry's content waits. Two entries with the same content wait twice.
func staged(e Entry) string { return stagedDir + "/" + hashOf([]byte(e.Path))[:16] + "-" + e.SHA256 }

// download brings what is wanted beside the files here and checks it. What a former attempt has brought whole stays.
func (r *reader) download(ctx context.Context, m *Manifest, wanted []Entry) error {
	if err := r.root.MkdirAll(filepath.FromSlash(stagedDir), 0o700); err != nil {
		return folderError(r.at, err)
	}
	if err := r.sweep(wanted); err != nil {
		return err
	}
	var bytes int64
	for _, e := range wanted {
		bytes += e.Size
	}
	r.teller.begin(StepDownload, len(wanted), bytes)
	err := inParallel(ctx, wanted, func(ctx context.Context, e Entry) error {
		hash, _, err := r.hashHere(ctx, staged(e)) // a download that was cut off is not trusted by its name
		if err == nil && hash != e.SHA256 {
			err = retried(ctx, func() error { return r.one(ctx, m, e) })
		}
		if err == nil {
			r.teller.ended(e.Path)
		}
		return err
	})
	// The names must be durable, too, before the switch is announced: after a power cut it is carried out from them.
	if err == nil && len(wanted) > 0 {
		err = r.wrap(stagedDir, syncDir(r.root, filepath.FromSlash(stagedDir)))
	}
	return err
}

// sweep removes what waits and is not wanted any more, and what a fetch that was killed has left half written.
func (r *reader) sweep(wanted []Entry) error {
	names := map[string]bool{}
	for _, e := range wanted {
		names[path.Base(staged(e))] = true
	}
	unwanted := func(name string) bool { return !names[name] }
	half := func(name string) bool { return strings.HasPrefix(name, tempPrefix) }
	return errors.Join(r.removeAll(stagedDir, unwanted), r.removeAll(readerDir, half))
}

func (r *reader) removeAll(dir string, which func(name string) bool) error {
	all, err := fs.ReadDir(r.root.FS(), dir)
	if err != nil {
		return r.wrap(dir, err)
	}
	for _, d := range all {
		if !which(d.Name()) {
			continue
		}
		if err := r.root.RemoveAll(filepath.Join(filepath.FromSlash(dir), d.Name())); err != nil {
			return r.wrap(dir, err)
		}
	}
	return nil
}

// wrap says which file of the folder an error is about.
func (r *reader) wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return folderError(filepath.Join(r.at, filepath.FromSlash(name)), err)
}

// one downloads one entry, durably.
func (r *reader) one(ctx context.Context, m *Manifest, e Entry) (err error) {
	name := filepath.FromSlash(staged(e))
	if err := r.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r.wrap(staged(e), err)
	}
	file, err := r.root.OpenFile(name, writeFlags, 0o600)
	if err != nil {
		return r.wrap(staged(e), err)
	}
	defer func() {
		if err != nil {
			_ = r.root.Remove(name) // the next attempt does it otherwise
		}
	}()
	w := newHashWriter(tellingWriter{&limitedWriter{file, e.Size}, r.teller})
	err = r.depot.get(ctx, m.where(e), w)
	// In an object that grew or is something else the hash is wrong in any case.
	if errors.Is(err, errTooLong) || err == nil && (w.hash() != e.SHA256 || w.size != e.Size) {
		err = &Error{Code: Conflict, Target: r.from.name(m.where(e)), Text: "it is not what the manifest names",
			Remedy: "a sync may be under way: fetch again later; if that does not help, sync again with --verify"}
	}
	if err != nil {
		r.teller.moved(-w.size) // the next attempt counts it again
	} else {
		err = r.wrap(staged(e), file.Sync())
	}
	return errors.Join(err, r.wrap(staged(e), file.Close()))
}

var errTooLong = errors.New("there is more than was announced")

// limitedWriter keeps a server from filling the disk.
type limitedWriter struct {
	to   *os.File
	left int64
}

// Write implements io.Writer.
func (w *limitedWriter) Write(p []byte) (int, error) {
	if w.left -= int64(len(p)); w.left < 0 {
		return 0, errTooLong
	}
	return w.to.Write(p)
}
