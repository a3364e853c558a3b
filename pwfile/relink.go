package pwfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// searchLimit is how many files FindMoved looks at before it asks for a smaller folder.
const searchLimit = 200_000

// FindMoved looks below a folder for files that have the name of a canvas's file, which is no longer where it was.
// Links are not followed, hidden folders and those that may not be read are passed over.
func (k *Keeper) FindMoved(ctx context.Context, c Canvas, folder string) ([]string, error) {
	folder, err := absolute(folder)
	if err != nil {
		return nil, err
	}
	found, looked, want := []string{}, 0, filepath.Base(c.Path)
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		looked++
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case looked > searchLimit:
			return fmt.Errorf("there are more than %d files below %s: name a smaller folder, or the file itself with --file", searchLimit, folder)
		case err != nil && path == folder:
			return err
		case err != nil, d.IsDir() && path != folder && strings.HasPrefix(d.Name(), "."):
			return skip(d)
		case d.Type().IsRegular() && d.Name() == want:
			found = append(found, path)
		}
		return nil
	})
	return found, err
}

// skip passes over one entry, with all that is below it.
func skip(d fs.DirEntry) error {
	if d != nil && d.IsDir() {
		return fs.SkipDir
	}
	return nil
}

// Relink tells the book where a canvas's file has gone. A password file that lay beside it by default belongs beside it
// again; the one at the former place stays, and a note says so.
func (k *Keeper) Relink(ctx context.Context, c Canvas, path string) (Edited, error) {
	path, err := absolute(path)
	if err != nil {
		return Edited{}, err
	}
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a plain file")
	}
	if err != nil {
		return Edited{}, fmt.Errorf("%s cannot be the file of canvas %q: %w", path, c.Name, err)
	}
	// Based on the canvas that the caller has seen: somebody may have edited it while the folder was searched.
	change := Change{Revision: c.Revision, Path: &path}
	beside := filepath.Join(filepath.Dir(c.Path), c.Name+fileSuffix)
	if len(c.Places) > 0 && c.Places[0].Target == beside {
		usual := filepath.Join(filepath.Dir(path), c.Name+fileSuffix)
		change.PasswordFile = &usual
	}
	edited, err := k.Edit(ctx, c.ID, change)
	if err != nil {
		return edited, err
	}
	// What the last Check said of the former path counts no more.
	k.mu.Lock()
	delete(k.gone, c.ID)
	k.mu.Unlock()
	edited.Canvas, err = k.byID(ctx, c.ID)
	return edited, err
}
