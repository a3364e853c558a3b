package store

import (
	"database/sql"
	"errors"
	"fmt"
)

var flows = newTable("flows", "flow", 1,
	"id revision name account_id provider client_id services kind public blob started_at expires_at",
	func(f *Flow) []any {
		return []any{
			&f.ID, &f.Revision, &f.Name, &f.AccountID, &f.Provider, &f.ClientID, asList(&f.Services), &f.Kind,
			&f.Public, &f.Blob, (*micros)(&f.StartedAt), (*micros)(&f.ExpiresAt),
		}
	})

// Flows implements Reader, oldest first.
func (r *reader) Flows() ([]Flow, error) { return flows.list(r, "ORDER BY started_at, id") }

// Flow implements Reader.
func (r *reader) Flow(id string) (Flow, error) { return flows.one(r, id, "WHERE id = ?", id) }

// PutFlow implements Writer. That the name is free is checked at the end of the transaction.
func (w *writer) PutFlow(f *Flow) error {
	w.named = true
	return flows.putRevised(w, f, f.ID, f.Name, &f.Revision)
}

// DeleteFlow implements Writer.
func (w *writer) DeleteFlow(id string) error { return flows.remove(w, id) }

// checkNames refuses a state in which a name is promised twice: to two flows, or to a flow and to an account
// that is not the one the flow re-authorizes.
func checkNames(r *reader) error {
	var table, name string
	err := r.tx.QueryRowContext(r.ctx, `
		SELECT 'account', f.name FROM flows f JOIN accounts a ON a.name = f.name WHERE a.id <> f.account_id
		UNION ALL
		SELECT 'flow', name FROM flows WHERE name <> '' GROUP BY name HAVING count(*) > 1
		LIMIT 1`).Scan(&table, &name)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("check names: %w", err)
	}
	return &NameTakenError{Table: table, Name: name}
}
