package pwfile

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/accounts/store"
	"fettle/internal/safetext"
)

// BulkItem is one of many canvases to add.
type BulkItem struct {
	Line int // in the list it comes from; 0: it comes from none
	NewCanvas
}

// BulkProblem is what is wrong with one of them.
type BulkProblem struct {
	Line int
	Name string
	Err  error
}

// BulkError says which of many canvases cannot be added. Then none of them was.
type BulkError struct{ Problems []BulkProblem }

// Error implements error with the first problem; Lines has all.
func (e *BulkError) Error() string {
	return fmt.Sprintf("nothing was added, %d of the canvases cannot be: %s", len(e.Problems), e.Lines()[0])
}

// Lines says each problem in one line.
func (e *BulkError) Lines() []string {
	lines := make([]string, 0, len(e.Problems))
	for _, p := range e.Problems {
		at := safetext.Cut(p.Name, 63)
		if p.Line > 0 {
			at = strings.TrimSpace(fmt.Sprintf("line %d %s", p.Line, at))
		}
		lines = append(lines, at+": "+safetext.Line(p.Err.Error()))
	}
	return lines
}

// AddAll takes many canvases into the book, all of them or, with a *BulkError that names each bad one, none.
func (k *Keeper) AddAll(ctx context.Context, items []BulkItem) ([]Canvas, error) {
	problems := []BulkProblem{}
	bad := func(item BulkItem, err error) { problems = append(problems, BulkProblem{item.Line, item.Name, err}) }
	type lookup struct {
		ids []string
		err error
	}
	looked := map[string]lookup{}
	records, ids := make([]store.Canvas, len(items)), make([][]string, len(items))
	for i, item := range items {
		records[i] = store.Canvas{ID: newID(), FileID: newID(), CreatedAt: k.cfg.Now().UTC()}
		// Most canvases of a list use the same few accounts.
		key := strings.Join(item.AccountNames, " ")
		known, ok := looked[key]
		if !ok {
			known.ids, known.err = k.accountIDs(ctx, &items[i].AccountNames)
			looked[key] = known
		}
		if ids[i] = known.ids; known.err != nil {
			bad(item, known.err)
		}
	}
	err := k.cfg.Store.Update(ctx, func(w store.Writer) error {
		found := slices.Clone(problems) // an Update may run again
		taken, err := targetsOf(w)
		if err != nil {
			return err
		}
		for i, item := range items {
			if ids[i] == nil {
				continue // named already
			}
			fresh := records[i]
			if _, err := k.apply(w, taken, &fresh, nil, item.change(), ids[i], "canvas added"); err != nil {
				found = append(found, BulkProblem{item.Line, item.Name, err})
			}
		}
		if len(found) > 0 {
			slices.SortStableFunc(found, func(a, b BulkProblem) int { return a.Line - b.Line })
			return &BulkError{found}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all, err := k.Canvases(ctx)
	added := func(c Canvas) bool {
		return slices.ContainsFunc(records, func(r store.Canvas) bool { return r.ID == c.ID })
	}
	return slices.DeleteFunc(all, func(c Canvas) bool { return !added(c) }), err
}

// change is a new canvas as a change of an empty one.
func (n *NewCanvas) change() Change {
	return Change{
		Name: &n.Name, Path: &n.Path, AccountNames: &n.AccountNames, PasswordFile: &n.PasswordFile, Copies: &n.Copies,
		Recipients: &n.Recipients, Passphrase: &n.Passphrase, Group: &n.Group,
	}
}

// FolderItems makes a canvas of each file in a folder whose name fits the pattern (as filepath.Match has it), named
// after the file without its ending. Files that are canvases already are left out and returned as known.
func (k *Keeper) FolderItems(ctx context.Context, folder, pattern string, like NewCanvas) (items []BulkItem, known []string, err error) {
	if folder, err = absolute(folder); err != nil {
		return nil, nil, err
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot list the canvases of a folder: %w", err)
	}
	all, err := k.Canvases(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range entries {
		fits, err := filepath.Match(pattern, e.Name())
		if err != nil {
			return nil, nil, fmt.Errorf("%q is no pattern for file names: write it as in *.acc", pattern)
		}
		path := filepath.Join(folder, e.Name())
		// A password file lies beside its canvas, and is none.
		if info, err := os.Stat(path); !fits || strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), fileSuffix) || err != nil || !info.Mode().IsRegular() {
			continue
		}
		if slices.ContainsFunc(all, func(c Canvas) bool { return c.Path == path }) {
			known = append(known, path)
			continue
		}
		item := BulkItem{NewCanvas: like}
		item.Name, item.Path = strings.TrimSuffix(e.Name(), filepath.Ext(e.Name())), path
		items = append(items, item)
	}
	return items, known, nil
}

// csvColumns are what a list of canvases may say of each; the first three it must. Lists within a cell are separated by
// semicolons or spaces; a recipient that is an SSH key has spaces in it, so recipients by semicolons only.
var csvColumns = []string{"name", "file", "accounts", "password_file", "copies", "recipients", "group"}

// csvLimit bounds a list: 16 MiB name some 100,000 canvases.
const csvLimit = 16 << 20

// CSVItems reads a list of canvases with a header that names its columns. Each bad line is named in a *BulkError.
func CSVItems(r io.Reader) ([]BulkItem, error) {
	limited := &io.LimitedReader{R: r, N: csvLimit + 1}
	list := csv.NewReader(limited)
	list.TrimLeadingSpace = true
	list.FieldsPerRecord = -1 // counted below, so that every bad line is named, not only the first
	header, err := list.Read()
	if err != nil {
		return nil, fmt.Errorf("the list has no header: its first line names the columns, as in %s", strings.Join(csvColumns, ","))
	}
	for i := range header {
		// A column that is misspelled would be left out in silence: it is refused instead.
		header[i] = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(header[i], "\ufeff"))) // spreadsheets begin with a mark
		if !slices.Contains(csvColumns, header[i]) {
			return nil, fmt.Errorf("the list has a column %q: the columns are %s", safetext.Cut(header[i], 40), strings.Join(csvColumns, ","))
		}
	}
	for _, needed := range csvColumns[:3] {
		if !slices.Contains(header, needed) {
			return nil, fmt.Errorf("the list has no column %q: name, file and accounts are needed", needed)
		}
	}
	items, problems := []BulkItem{}, []BulkProblem{}
	for {
		cells, err := list.Read()
		if limited.N <= 0 { // what is cut off could look whole
			return nil, fmt.Errorf("the list is longer than %d MiB: split it", csvLimit>>20)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if parse, ok := errors.AsType[*csv.ParseError](err); ok {
			problems = append(problems, BulkProblem{Line: parse.Line, Err: parse.Err})
			break // what follows a quote that is not closed means nothing
		}
		if err != nil {
			return nil, err
		}
		line, _ := list.FieldPos(0)
		if len(cells) != len(header) {
			problems = append(problems, BulkProblem{Line: line, Name: cells[0], Err: fmt.Errorf("it has %d cells and the header %d", len(cells), len(header))})
			continue
		}
		items = append(items, itemOf(line, header, cells))
	}
	if len(problems) > 0 {
		return nil, &BulkError{problems}
	}
	return items, nil
}

func itemOf(line int, header, cells []string) BulkItem {
	item := BulkItem{Line: line}
	words := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == ' ' })
	}
	for i, column := range header {
		cell := strings.TrimSpace(cells[i])
		switch column {
		case "name":
			item.Name = cell
		case "file":
			item.Path = cell
		case "accounts":
			item.AccountNames = words(cell)
		case "password_file":
			item.PasswordFile = cell
		case "copies":
			item.Copies = words(cell)
		case "recipients":
			item.Recipients = slices.DeleteFunc(strings.Split(cell, ";"), func(s string) bool { return strings.TrimSpace(s) == "" })
		case "group":
			item.Group = cell
		}
	}
	return item
}
