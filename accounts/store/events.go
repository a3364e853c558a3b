package store

import (
	"fmt"
	"strings"
	"time"
)

const (
	keepEvents = 400 * 24 * time.Hour
	pruneEvery = 64 // events between two looks for old ones
)

var events = newTable("events", "event", 1, "id at actor action account_id canvas_id subject ok detail",
	func(e *Event) []any {
		return []any{&e.ID, (*micros)(&e.At), &e.Actor, &e.Action, &e.AccountID, &e.CanvasID, &e.Subject, &e.OK, &e.Detail}
	})

// Events implements Reader, newest first.
func (r *reader) Events(filter EventFilter) ([]Event, error) {
	where, args := []string{"1"}, []any{}
	narrow := func(clause string, arg any) {
		where, args = append(where, clause), append(args, arg)
	}
	if filter.AccountID != "" {
		narrow("account_id <> '' AND account_id = ?", filter.AccountID)
	}
	if filter.CanvasID != "" {
		narrow("canvas_id <> '' AND canvas_id = ?", filter.CanvasID)
	}
	if !filter.Since.IsZero() {
		narrow("at >= ?", filter.Since.UnixMicro())
	}
	return events.list(r, "WHERE "+strings.Join(where, " AND ")+" ORDER BY at DESC, id DESC LIMIT ?", append(args, limit(filter.Limit))...)
}

// limit is what LIMIT ? wants for at most n rows; 0 means all.
func limit(n int) int {
	if n <= 0 {
		return -1
	}
	return n
}

// AddEvent implements Writer. The ID is given by the store. Every so often events that are more than 400 days
// older than this one are dropped.
func (w *writer) AddEvent(e Event) error {
	res, err := w.tx.ExecContext(w.ctx, `INSERT INTO events (at, actor, action, account_id, canvas_id, subject, ok, detail)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, events.bind(&e)[1:]...)
	if err != nil {
		w.failed = fmt.Errorf("write event: %w", err)
		return w.failed
	}
	w.changed = true
	id, err := res.LastInsertId()
	// IDs never repeat, so that every sixty-fourth event does it, whichever process writes it.
	if err != nil || id%pruneEvery != 0 {
		return err
	}
	_, err = w.exec("drop old events", "DELETE FROM events WHERE at < ?", e.At.Add(-keepEvents).UnixMicro())
	return err
}
