package pwfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// stateFormat names the format of a job's memory.
const stateFormat = "fettle.pwstate/1"

// wireState is the plaintext of a job's memory.
type wireState struct {
	Format   string       `json:"format"`
	Book     string       `json:"book"`
	FileID   string       `json:"file_id"`
	Accounts []wireLearnt `json:"accounts"`
}

// wireLearnt is what was learnt about one account of the password file.
type wireLearnt struct {
	Name       string `json:"name"`
	Generation int64  `json:"generation"` // of the password file's credential it was learnt with
	Base       string `json:"base"`       // and that credential's hash
	Serial     int64  `json:"serial"`     // of the newest password file it was used with

	Seq              int64             `json:"seq"`
	Grant            json.RawMessage   `json:"grant"` // as the book of one account wrote it: refresh token, access token, id token
	WrittenAt        time.Time         `json:"written_at,omitzero"`
	Granted          []string          `json:"granted"`
	Kept             map[string]string `json:"kept,omitempty"`
	Rotation         provider.Rotation `json:"rotation"`
	HasRefresh       bool              `json:"has_refresh_token"`
	RefreshedAt      time.Time         `json:"refreshed_at,omitzero"`
	AccessExpiresAt  time.Time         `json:"access_expires_at,omitzero"`
	RefreshExpiresAt time.Time         `json:"refresh_expires_at,omitzero"`

	Intent *wireIntent `json:"intent,omitempty"`
	Last   *wireLast   `json:"last_refresh,omitempty"`
}

// wireIntent is the trace of a request that was about to be sent.
type wireIntent struct {
	Seq       int64     `json:"seq"`
	TokenHash string    `json:"token_hash"`
	At        time.Time `json:"at"`
	PID       int       `json:"pid"`
}

// wireLast is what the last refresh came to.
type wireLast struct {
	At        time.Time `json:"at"`
	OK        bool      `json:"ok"`
	Transient bool      `json:"transient,omitempty"`
	FailsFrom time.Time `json:"fails_from,omitzero"`
	LastGood  time.Time `json:"last_good,omitzero"`
	Cause     string    `json:"cause,omitempty"`
	Remedy    string    `json:"remedy,omitempty"`
	Title     string    `json:"title,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Status    int       `json:"status,omitempty"`
	Code      string    `json:"code,omitempty"`
}

func (w wireState) encode() ([]byte, error) {
	plaintext, err := json.Marshal(w)
	if err != nil {
		return nil, errors.New("what was learnt from a password file cannot be written down") // the error could quote a token
	}
	return plaintext, nil
}

// decodeState reads a memory. Errors quote nothing.
func decodeState(plaintext []byte) (wireState, error) {
	var w wireState
	if err := json.Unmarshal(plaintext, &w); err != nil {
		return w, errors.New("it is not the JSON it should be")
	}
	if w.Format != stateFormat {
		return w, fmt.Errorf("it is not %s: a newer fettle may have written it", stateFormat)
	}
	return w, nil
}

func (w wireState) find(name string) *wireLearnt {
	for i := range w.Accounts {
		if w.Accounts[i].Name == name {
			return &w.Accounts[i]
		}
	}
	return nil
}

// onto lays what was learnt over what the password file says. Where the secrets go is the file's word alone.
func (e *wireLearnt) onto(tx *stateTx) error {
	// The file decrypts only whole, so this is a fault of whoever wrote it; going on without would ask for a grant anew.
	if e.Seq < 1 || len(e.Grant) == 0 {
		return tx.store.unusable("it is damaged", "move the file away and write the password file again", errors.New("a credential is missing"))
	}
	a := &tx.account
	a.Granted, a.Kept, a.Rotation, a.HasRefresh = e.Granted, e.Kept, e.Rotation, e.HasRefresh
	a.RefreshedAt, a.ProvenAt, a.AccessExpiresAt, a.RefreshExpiresAt = e.RefreshedAt, e.RefreshedAt, e.AccessExpiresAt, e.RefreshExpiresAt
	tx.grant.Seq, tx.grant.Blob, tx.grant.WrittenAt = e.Seq, e.Grant, e.WrittenAt
	if i := e.Intent; i != nil {
		tx.intent = &store.Intent{AccountID: a.ID, Seq: i.Seq, TokenHash: i.TokenHash, At: i.At, PID: i.PID}
	}
	if l := e.Last; l != nil {
		tx.observed = &store.Observation{
			AccountID: a.ID, Kind: store.ObservedRefresh, At: l.At, OK: l.OK, Transient: l.Transient, FailsFrom: l.FailsFrom, LastGood: l.LastGood,
			Cause: l.Cause, Remedy: l.Remedy, Title: l.Title, Detail: l.Detail, Status: l.Status, Code: l.Code,
		}
	}
	return nil
}

// learnt is the other way round.
func (tx *stateTx) learnt() wireLearnt {
	a, g := tx.account, tx.grant
	e := wireLearnt{
		Name: tx.store.name, Generation: tx.store.account.Generation, Base: tx.store.base,
		Seq: g.Seq, Grant: g.Blob, WrittenAt: g.WrittenAt, Granted: append([]string{}, a.Granted...), Kept: a.Kept, Rotation: a.Rotation, HasRefresh: a.HasRefresh,
		RefreshedAt: a.RefreshedAt, AccessExpiresAt: a.AccessExpiresAt, RefreshExpiresAt: a.RefreshExpiresAt,
	}
	if i := tx.intent; i != nil {
		e.Intent = &wireIntent{Seq: i.Seq, TokenHash: i.TokenHash, At: i.At, PID: i.PID}
	}
	if o := tx.observed; o != nil {
		e.Last = &wireLast{
			At: o.At, OK: o.OK, Transient: o.Transient, FailsFrom: o.FailsFrom, LastGood: o.LastGood,
			Cause: o.Cause, Remedy: o.Remedy, Title: o.Title, Detail: o.Detail, Status: o.Status, Code: o.Code,
		}
	}
	return e
}
