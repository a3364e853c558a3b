package packages

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"fettle/internal/safetext"
)

// compare says which entries are not in place, and refuses to touch what no fetch has put there.
func (r *reader) compare(ctx context.Context, m *Manifest) ([]Entry, error) {
	put := r.former.byPath() // empty without a former fetch
	wanted := []Entry{}
	for _, e := range m.Entries {
		if err := r.plainFolders(e.Path); err != nil {
			return nil, err
		}
		hash, found, err := r.hashHere(ctx, e.Path)
		if err != nil {
			return nil, err
		}
		if hash == e.SHA256 { // whoever put it there: the content is right, only the mode may not be
			if err := r.root.Chmod(filepath.FromSlash(e.Path), 0o600); err != nil {
				return nil, folderError(filepath.Join(r.at, e.Path), err)
			}
			continue
		}
		_, ours := put[e.Path]
		if plain := hash != ""; found && (!plain || !ours && !r.opts.Replace) {
			return nil, &Error{Code: Stranger, Target: filepath.Join(r.at, filepath.FromSlash(e.Path)), Text: "something lies there that no fetch has put there",
				Remedy: "move it away, or overwrite a file with --replace"}
		}
		wanted = append(wanted, e)
	}
	return wanted, nil
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

// sweep removes what waits and is not wanted any more.
func (r *reader) sweep(wanted []Entry) error {
	names := map[string]bool{}
	for _, e := range wanted {
		names[path.Base(staged(e))] = true
	}
	waiting, err := fs.ReadDir(r.root.FS(), stagedDir)
	if err != nil {
		return r.wrap(stagedDir, err)
	}
	for _, d := range waiting {
		if !names[d.Name()] {
			if err := r.root.RemoveAll(filepath.Join(filepath.FromSlash(stagedDir), d.Name())); err != nil {
				return r.wrap(stagedDir, err)
			}
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

// announce notes durably what is being switched to. From then on the switch is carried out, whoever is killed.
func (r *reader) announce(manifest []byte) error {
	return (&folder{r.at, r.root}).replace(nextName, bytes.NewReader(manifest), nil)
}

// finish carries out a switch that was cut off, before anything new is looked at.
func (r *reader) finish() error {
	var err error
	if r.former, _, err = r.recall(currentName); err != nil {
		return err
	}
	next, _, err := r.recall(nextName)
	if err != nil || next == nil {
		return err
	}
	waiting, err := fs.ReadDir(r.root.FS(), stagedDir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r.wrap(stagedDir, err)
	}
	r.teller.begin(StepSwitch, len(waiting), 0)
	_, _, err = r.turn(next)
	return err
}

// turn renames into place what waits, removes what is no longer in the package and was put there by a fetch, and makes
// the announced manifest the current one.
func (r *reader) turn(m *Manifest) (removed, notes []string, err error) {
	folders := map[string]bool{}
	for _, e := range m.Entries {
		moved, err := r.place(e)
		if err != nil {
			return removed, notes, err
		}
		if moved {
			folders[path.Dir(e.Path)] = true
			r.teller.ended(e.Path)
		}
	}
	// Only what a fetch has put there is taken away, and only once everything new is in place.
	stays := m.byPath()
	for _, e := range r.formerEntries() {
		if _, ok := stays[e.Path]; ok {
			continue
		}
		note, gone, err := r.takeAway(e)
		if err != nil {
			return removed, notes, err
		}
		if note != "" {
			notes = append(notes, note)
		}
		if gone {
			removed = append(removed, e.Path)
			folders[path.Dir(e.Path)] = true
		}
	}
	for dir := range folders {
		if err := syncDir(r.root, filepath.FromSlash(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return removed, notes, r.wrap(dir, err)
		}
	}
	// The switch is over with this rename: until then the next fetch begins by carrying it out.
	if err := r.root.Rename(filepath.FromSlash(nextName), filepath.FromSlash(currentName)); err != nil {
		return removed, notes, r.wrap(nextName, err)
	}
	r.former = m
	return removed, notes, r.wrap(readerDir, syncDir(r.root, readerDir))
}

func (r *reader) formerEntries() []Entry {
	if r.former == nil {
		return nil
	}
	return r.former.Entries
}

// place renames one entry to where it belongs, if it waits.
func (r *reader) place(e Entry) (moved bool, err error) {
	from := filepath.FromSlash(staged(e))
	if _, err := r.root.Lstat(from); errors.Is(err, fs.ErrNotExist) {
		return false, nil // it was in place already
	}
	if err := r.plainFolders(e.Path); err != nil { // again: a link may have been planted since compare
		return false, err
	}
	if dir := path.Dir(e.Path); dir != "." {
		if err := r.root.MkdirAll(filepath.FromSlash(dir), 0o700); err != nil {
			return false, r.wrap(dir, err)
		}
	}
	return true, r.wrap(e.Path, r.root.Rename(from, filepath.FromSlash(e.Path)))
}

// takeAway removes a file that is no longer in the package, if it is still the one that was fetched, and folders that
// are empty then.
func (r *reader) takeAway(e Entry) (note string, gone bool, err error) {
	if err := r.plainFolders(e.Path); err != nil {
		return fmt.Sprintf("%s is no longer in the package and stays: its folder was replaced", safetext.Line(e.Path)), false, nil
	}
	hash, found, err := r.hashHere(context.Background(), e.Path)
	if err != nil || !found {
		return "", false, err
	}
	if hash != e.SHA256 {
		return fmt.Sprintf("%s is no longer in the package and stays: it was changed here", safetext.Line(e.Path)), false, nil
	}
	if err := r.root.Remove(filepath.FromSlash(e.Path)); err != nil {
		return "", false, r.wrap(e.Path, err)
	}
	for dir := path.Dir(e.Path); dir != "." && !strings.HasPrefix(dir, readerDir); dir = path.Dir(dir) {
		if r.root.Remove(filepath.FromSlash(dir)) != nil {
			break // something else is in it
		}
	}
	return "", true, nil
}
