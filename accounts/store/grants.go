package store

var grants = newTable("grants", "grant", 2, "account_id role seq generation holder blob facts written_at",
	func(g *Grant) []any {
		return []any{&g.AccountID, &g.Role, &g.Seq, &g.Generation, &g.Holder, &g.Blob, &g.Facts, (*micros)(&g.WrittenAt)}
	})

// Grant implements Reader.
func (r *reader) Grant(accountID string, role Role) (Grant, error) {
	return grants.one(r, accountID, "WHERE account_id = ? AND role = ?", accountID, role)
}

// Grants implements Reader, by account.
func (r *reader) Grants(role Role) ([]Grant, error) {
	return grants.list(r, "WHERE role = ? ORDER BY account_id", role)
}

// PutGrant implements Writer: the stored seq must be formerSeq (0: there must be no such grant) and g.Seq above it.
func (w *writer) PutGrant(g *Grant, formerSeq int64) error {
	if g.Seq <= formerSeq {
		return &ConflictError{Table: grants.label, ID: g.AccountID}
	}
	return grants.swap(w, g, g.AccountID, "", formerSeq)
}

// DeleteGrant implements Writer.
func (w *writer) DeleteGrant(accountID string, role Role) error {
	return grants.remove(w, accountID, role)
}

var intents = newTable("intents", "intent", 1, "account_id seq token_hash at pid",
	func(i *Intent) []any {
		return []any{&i.AccountID, &i.Seq, &i.TokenHash, (*micros)(&i.At), &i.PID}
	})

// Intents implements Reader, oldest first.
func (r *reader) Intents() ([]Intent, error) { return intents.list(r, "ORDER BY at, account_id") }

// Intent implements Reader.
func (r *reader) Intent(accountID string) (Intent, error) {
	return intents.one(r, accountID, "WHERE account_id = ?", accountID)
}

// PutIntent implements Writer, in place of the account's former intent.
func (w *writer) PutIntent(i Intent) error { return intents.replace(w, &i) }

// DeleteIntent implements Writer.
func (w *writer) DeleteIntent(accountID string) error { return intents.remove(w, accountID) }
