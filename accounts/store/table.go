package store

import (
	"errors"
	"fmt"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// table ties a record type to its table: one list of columns and one function that points at the fields in
// that order serve reading and writing alike. The first keys columns are the primary key; where writes are
// compare-and-swap, the column after them is the fence (revision or seq).
type table[T any] struct {
	label string // in errors, singular
	keys  int
	bind  func(*T) []any

	selectSQL, countSQL, insertSQL, replaceSQL, updateSQL, deleteSQL string
}

func newTable[T any](name, label string, keys int, columns string, bind func(*T) []any) *table[T] {
	all := strings.Fields(columns)
	list := strings.Join(all, ", ")
	values := " INTO " + name + " (" + list + ") VALUES (?" + strings.Repeat(", ?", len(all)-1) + ")"
	keyed := " WHERE " + strings.Join(all[:keys], " = ? AND ") + " = ?"
	return &table[T]{
		label:      label,
		keys:       keys,
		bind:       bind,
		selectSQL:  "SELECT " + list + " FROM " + name + " ",
		countSQL:   "SELECT count(*) FROM " + name,
		insertSQL:  "INSERT" + values,
		replaceSQL: "INSERT OR REPLACE" + values,
		updateSQL:  "UPDATE " + name + " SET " + strings.Join(all[keys:], " = ?, ") + " = ?" + keyed + " AND " + all[keys] + " = ?",
		deleteSQL:  "DELETE FROM " + name + keyed,
	}
}

// list reads the rows that the clauses after FROM select; never nil on success.
func (t *table[T]) list(r *reader, clauses string, args ...any) ([]T, error) {
	return t.read(r, []T{}, clauses, args...)
}

// all reads every row. It counts them first: where records are large and many, growing a list costs as much as
// reading it.
func (t *table[T]) all(r *reader, order string) ([]T, error) {
	var n int
	if err := r.tx.QueryRowContext(r.ctx, t.countSQL).Scan(&n); err != nil {
		return nil, fmt.Errorf("count %ss: %w", t.label, err)
	}
	return t.read(r, make([]T, 0, n), order)
}

// one reads the only row that the clauses select, or fails with ErrNotFound, naming what was looked for.
func (t *table[T]) one(r *reader, what, clauses string, args ...any) (T, error) {
	all, err := t.list(r, clauses, args...)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s %q: %w", t.label, what, ErrNotFound)
	}
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

// read appends the rows that the clauses select.
func (t *table[T]) read(r *reader, to []T, clauses string, args ...any) (_ []T, err error) {
	rows, err := r.tx.QueryContext(r.ctx, t.selectSQL+clauses, args...)
	if err != nil {
		return nil, fmt.Errorf("read %ss: %w", t.label, err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	// One record and one set of targets for all rows: the columns decode into fresh values, so that copies share nothing.
	var rec T
	fields := t.bind(&rec)
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return nil, fmt.Errorf("read %ss: %w", t.label, err)
		}
		to = append(to, rec)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %ss: %w", t.label, err)
	}
	return to, nil
}

// replace writes a record, whatever was there. Only for tables that nothing refers to.
func (t *table[T]) replace(w *writer, rec *T) error {
	_, err := w.exec("write "+t.label, t.replaceSQL, t.bind(rec)...)
	return err
}

// remove deletes by primary key. Removing what is not there is no error.
func (t *table[T]) remove(w *writer, key ...any) error {
	_, err := w.exec("delete "+t.label, t.deleteSQL, key...)
	return err
}

// swap inserts the record if former is 0, and otherwise replaces the row whose fence still is former.
func (t *table[T]) swap(w *writer, rec *T, id, name string, former int64) error {
	fields := t.bind(rec)
	query, args := t.insertSQL, fields
	if former != 0 {
		query = t.updateSQL
		args = append(append(append([]any{}, fields[t.keys:]...), fields[:t.keys]...), former)
	}
	changed, err := w.exec("write "+t.label, query, args...)
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() {
		case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
			return &ConflictError{Table: t.label, ID: id}
		// The only unique column beside the keys is the name.
		case sqlite3.SQLITE_CONSTRAINT_UNIQUE:
			return t.taken(w, id, name, former)
		}
	}
	if err == nil && changed == 0 {
		err = &ConflictError{Table: t.label, ID: id}
	}
	return err
}

// taken tells whose name it was: an insert of a record that is there already collides with itself.
func (t *table[T]) taken(w *writer, id, name string, former int64) error {
	if former == 0 {
		same, err := t.list(&w.reader, "WHERE id = ?", id)
		if err != nil {
			return err
		}
		if len(same) > 0 {
			return &ConflictError{Table: t.label, ID: id}
		}
	}
	return &NameTakenError{Table: t.label, Name: name}
}

// putRevised writes a record that carries a revision, and raises the revision in it. If the transaction
// comes to nothing the record gets its former revision back, so that the caller can try again with it.
func (t *table[T]) putRevised(w *writer, rec *T, id, name string, revision *int64) error {
	former := *revision
	*revision = former + 1
	if err := t.swap(w, rec, id, name, former); err != nil {
		*revision = former
		return err
	}
	w.undo = append(w.undo, func() { *revision = former })
	return nil
}
