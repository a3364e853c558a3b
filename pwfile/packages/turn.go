package packages

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"

	"fettle/internal/safetext"
)

// ready makes sure that nothing known stands in the way of the switch: once it is announced it has to be carried out.
func (r *reader) ready(wanted []Entry) error {
	put, tried := r.former.byPath(), map[string]bool{}
	for _, e := range wanted {
		if err := r.way(e.Path); err != nil {
			return err
		}
		// Again: a download takes long, and somebody may have put something there meanwhile.
		if err := r.spare(e, put); err != nil {
			return err
		}
		if dir := path.Dir(e.Path); !tried[dir] {
			tried[dir] = true
			if err := r.try(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// way makes the folders on the way to a file, and refuses those that are links.
func (r *reader) way(name string) error {
	if err := r.plainFolders(name); err != nil {
		return err
	}
	return r.wrap(path.Dir(name), r.root.MkdirAll(filepath.FromSlash(path.Dir(name)), 0o700))
}

// try moves an empty file into a folder and removes it: a folder that is mounted, or closed to this user, would take the
// first of the files and stop the switch half way.
func (r *reader) try(dir string) error {
	from, to := filepath.FromSlash(stagedDir+"/"+trialName), filepath.FromSlash(path.Join(dir, trialName))
	file, err := r.root.OpenFile(from, os.O_WRONLY|os.O_CREATE, 0o600)
	if err == nil {
		err = file.Close()
	}
	if err != nil {
		return r.wrap(stagedDir, err)
	}
	err = r.root.Rename(from, to)
	if err == nil {
		return r.wrap(dir, r.root.Remove(to))
	}
	_ = r.root.Remove(from) // the next fetch does it otherwise
	if errors.Is(err, syscall.EXDEV) {
		return &Error{Code: Stranger, Target: filepath.Join(r.at, filepath.FromSlash(dir)), Text: "it is mounted from another file system, and no file can be switched into it in one step",
			Remedy: "fetch to a folder that is on one file system", Err: err}
	}
	return r.wrap(dir, err)
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
// the announced manifest the current one. Whoever looks between the first rename and the last sees files of both
// packages, so everything that takes time comes before or after: folders, hashes, reports.
func (r *reader) turn(m *Manifest) (removed, notes []string, err error) {
	moves, err := r.waiting(m)
	if err != nil {
		return nil, nil, err
	}
	leaving, notes, err := r.leaving(m)
	if err != nil {
		return nil, nil, err
	}
	folders := map[string]bool{}
	for _, e := range moves {
		if err := r.root.Rename(filepath.FromSlash(staged(e)), filepath.FromSlash(e.Path)); err != nil {
			return nil, notes, r.wrap(e.Path, err)
		}
		folders[path.Dir(e.Path)] = true
	}
	// Only once everything new is in place.
	for _, f := range leaving {
		gone, err := r.takeAway(f)
		if err != nil {
			return removed, notes, err
		}
		if gone {
			removed = append(removed, f.path)
			folders[path.Dir(f.path)] = true
		}
	}
	for _, e := range moves {
		r.teller.ended(e.Path)
	}
	if err := r.settle(folders); err != nil {
		return removed, notes, err
	}
	// The switch is over with this rename: until then the next fetch begins by carrying it out.
	if err := r.root.Rename(filepath.FromSlash(nextName), filepath.FromSlash(currentName)); err != nil {
		return removed, notes, r.wrap(nextName, err)
	}
	r.former = m
	return removed, notes, r.wrap(readerDir, syncDir(r.root, readerDir))
}

// waiting lists the entries that are not in place yet, and makes their folders once more: after a power cut those that
// ready has made may be missing, and links may have been planted.
func (r *reader) waiting(m *Manifest) ([]Entry, error) {
	moves := []Entry{}
	for _, e := range m.Entries {
		_, err := r.root.Lstat(filepath.FromSlash(staged(e)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = r.way(e.Path)
		}
		if err != nil {
			return nil, r.wrap(e.Path, err)
		}
		moves = append(moves, e)
	}
	return moves, nil
}

// settle makes the switch durable: the folders that files came to or went from, and those above them.
func (r *reader) settle(folders map[string]bool) error {
	synced := map[string]bool{}
	for dir := range folders {
		for ; !synced[dir]; dir = path.Dir(dir) {
			synced[dir] = true
			if err := syncDir(r.root, filepath.FromSlash(dir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return r.wrap(dir, err)
			}
		}
	}
	return nil
}

// leftover is a file that a fetch has put there and that is no longer in the package.
type leftover struct {
	path string
	info fs.FileInfo // as it was when it was seen to be the one that was fetched
}

// leaving lists what is to be removed, and says what stays instead because it was changed here.
func (r *reader) leaving(m *Manifest) (all []leftover, notes []string, err error) {
	if r.former == nil {
		return nil, nil, nil
	}
	stays := m.byPath()
	for _, e := range r.former.Entries {
		if _, ok := stays[e.Path]; ok {
			continue
		}
		if err := r.plainFolders(e.Path); err != nil {
			notes = append(notes, fmt.Sprintf("%s is no longer in the package and stays: its folder was replaced", safetext.Line(e.Path)))
			continue
		}
		info, err := r.root.Lstat(filepath.FromSlash(e.Path)) // before it is read: a change meanwhile shows
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, nil, r.wrap(e.Path, err)
		}
		hash, found, err := r.hashHere(context.Background(), e.Path)
		switch {
		case err != nil:
			return nil, nil, err
		case found && hash != e.SHA256:
			notes = append(notes, fmt.Sprintf("%s is no longer in the package and stays: it was changed here", safetext.Line(e.Path)))
		case found:
			all = append(all, leftover{e.Path, info})
		}
	}
	return all, notes, nil
}

// takeAway removes a file that is no longer in the package, unless somebody has touched it since it was looked at, and
// folders that are empty then.
func (r *reader) takeAway(f leftover) (gone bool, err error) {
	name := filepath.FromSlash(f.path)
	now, err := r.root.Lstat(name)
	if err != nil || !os.SameFile(f.info, now) || !f.info.ModTime().Equal(now.ModTime()) || f.info.Size() != now.Size() {
		return false, nil
	}
	if err := r.root.Remove(name); err != nil {
		return false, r.wrap(f.path, err)
	}
	for dir := path.Dir(f.path); dir != "." && !strings.HasPrefix(dir, readerDir); dir = path.Dir(dir) {
		if r.root.Remove(filepath.FromSlash(dir)) != nil {
			break // something else is in it
		}
	}
	return true, nil
}
