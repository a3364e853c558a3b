package pwfile

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"fettle/accounts/store"
)

// stateTx is one transaction over a job's memory. It knows the records that a refresh reads and writes; the embedded
// interface stands for all others, which a book of one carried account never asks for.
type stateTx struct {
	store.Writer

	store    *stateStore
	account  store.Account
	grant    store.Grant
	intent   *store.Intent
	observed *store.Observation // of the last refresh
	known    bool               // the memory counts; else everything here is the password file's
	moved    bool               // there is something to save
}

// begin joins the password file and the memory. What was learnt counts only for the very credential it was learnt with:
// the same generation and the same token in the file. Otherwise the newer of the two wins, and the serial says which.
func (s *stateStore) begin(all wireState) (*stateTx, error) {
	tx := &stateTx{store: s, account: s.account, grant: s.grant}
	e := all.find(s.name)
	switch {
	case e == nil:
		return tx, nil
	case e.Generation == s.account.Generation && e.Base == s.base:
		tx.known = true
		return tx, e.onto(tx)
	case e.Serial > s.file.Serial:
		return nil, s.overtaken(e.Serial)
	}
	tx.grant.Seq = e.Seq + 1 // whoever still holds what counted before sees that it moved
	return tx, nil
}

// overtaken refuses to go on with a password file that was replaced while this process had it open. It counts as a
// conflict, so that an answer for the former credential is not tried to be stored for ever.
func (s *stateStore) overtaken(serial int64) error {
	return &FileError{Code: OlderThanUsed, Path: s.file.Path,
		Text:   fmt.Sprintf("it was number %d of its canvas when it was opened, and number %d was used here meanwhile", s.file.Serial, serial),
		Remedy: "open it again", Err: &store.ConflictError{Table: "password file", ID: s.file.FileID}}
}

// laidInto puts the transaction's outcome into the memory. Accounts that the password file no longer has are dropped,
// unless a newer one, which this process has not opened, may have them.
func (tx *stateTx) laidInto(all wireState) wireState {
	next := wireState{Accounts: make([]wireLearnt, 0, len(all.Accounts)+1)}
	for _, e := range all.Accounts {
		_, there := tx.store.file.Account(e.Name)
		if e.Name != tx.store.name && (there || e.Serial > tx.store.file.Serial) {
			next.Accounts = append(next.Accounts, e)
		}
	}
	former := int64(0)
	if e := all.find(tx.store.name); e != nil && tx.known {
		former = e.Serial
	}
	learnt := tx.learnt()
	learnt.Serial = max(former, tx.store.file.Serial)
	next.Accounts = append(next.Accounts, learnt)
	slices.SortFunc(next.Accounts, func(a, b wireLearnt) int { return strings.Compare(a.Name, b.Name) })
	return next
}

// Account implements store.Reader.
func (tx *stateTx) Account(id string) (store.Account, error) {
	if id != tx.account.ID {
		return store.Account{}, store.ErrNotFound
	}
	return tx.account, nil
}

// AccountByName implements store.Reader.
func (tx *stateTx) AccountByName(name string) (store.Account, error) {
	if name != tx.account.Name {
		return store.Account{}, store.ErrNotFound
	}
	return tx.account, nil
}

// Grant implements store.Reader.
func (tx *stateTx) Grant(id string, role store.Role) (store.Grant, error) {
	if id != tx.account.ID || role != store.Current {
		return store.Grant{}, store.ErrNotFound
	}
	return tx.grant, nil
}

// Intent implements store.Reader.
func (tx *stateTx) Intent(id string) (store.Intent, error) {
	if id != tx.account.ID || tx.intent == nil {
		return store.Intent{}, store.ErrNotFound
	}
	return *tx.intent, nil
}

// Observations implements store.Reader.
func (tx *stateTx) Observations(string) ([]store.Observation, error) {
	if tx.observed == nil {
		return []store.Observation{}, nil
	}
	return []store.Observation{*tx.observed}, nil
}

// Intents implements store.Reader.
func (tx *stateTx) Intents() ([]store.Intent, error) {
	if tx.intent == nil {
		return []store.Intent{}, nil
	}
	return []store.Intent{*tx.intent}, nil
}

// Grants implements store.Reader. Nothing waits for a decision here; and no client, canvas or flow is kept.
func (*stateTx) Grants(store.Role) ([]store.Grant, error) { return []store.Grant{}, nil }

// Clients implements store.Reader.
func (*stateTx) Clients() ([]store.Client, error) { return []store.Client{}, nil }

// Canvases implements store.Reader.
func (*stateTx) Canvases() ([]store.Canvas, error) { return []store.Canvas{}, nil }

// Flows implements store.Reader.
func (*stateTx) Flows() ([]store.Flow, error) { return []store.Flow{}, nil }

// PutAccount implements store.Writer.
func (tx *stateTx) PutAccount(a *store.Account) error {
	tx.account, tx.moved = *a, true
	return nil
}

// PutGrant implements store.Writer. Where the memory was moved away meanwhile, what is put here is all there is.
func (tx *stateTx) PutGrant(g *store.Grant, formerSeq int64) error {
	if tx.known && formerSeq != tx.grant.Seq || !json.Valid(g.Blob) {
		return &store.ConflictError{Table: "credential", ID: tx.account.Name}
	}
	tx.grant, tx.moved = *g, true
	return nil
}

// PutIntent implements store.Writer.
func (tx *stateTx) PutIntent(i store.Intent) error {
	tx.intent, tx.moved = &i, true
	return nil
}

// DeleteIntent implements store.Writer.
func (tx *stateTx) DeleteIntent(string) error {
	tx.moved = tx.moved || tx.intent != nil
	tx.intent = nil
	return nil
}

// PutObservation implements store.Writer.
func (tx *stateTx) PutObservation(o store.Observation) error {
	tx.observed, tx.moved = &o, true
	return nil
}

// AddEvent implements store.Writer. The history is the book's; a job's own log says what it did.
func (*stateTx) AddEvent(store.Event) error { return nil }
