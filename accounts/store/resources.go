package store

var resources = newTable("resources", "resource", 3, "account_id service id name parent first_seen last_seen gone_at",
	func(r *Resource) []any {
		return []any{&r.AccountID, &r.Service, &r.ID, &r.Name, &r.Parent, (*micros)(&r.FirstSeen), (*micros)(&r.LastSeen), (*micros)(&r.GoneAt)}
	})

// Resources implements Reader, by service and name.
func (r *reader) Resources(accountID string) ([]Resource, error) {
	return resources.list(r, "WHERE account_id = ? ORDER BY service, name, id", accountID)
}

// PutResources implements Writer: the account's listing becomes what is given, for all its services. Of two entries
// with the same service and ID the later counts: providers do repeat themselves between pages.
func (w *writer) PutResources(accountID string, list []Resource) error {
	if _, err := w.exec("delete resources", "DELETE FROM resources WHERE account_id = ?", accountID); err != nil {
		return err
	}
	for _, r := range list {
		r.AccountID = accountID
		if err := resources.replace(w, &r); err != nil {
			return err
		}
	}
	return nil
}

var listings = newTable("listings", "listing", 2, "account_id service at former_at",
	func(l *Listing) []any {
		return []any{&l.AccountID, &l.Service, (*micros)(&l.At), (*micros)(&l.FormerAt)}
	})

// Listings implements Reader, by service.
func (r *reader) Listings(accountID string) ([]Listing, error) {
	return listings.list(r, "WHERE account_id = ? ORDER BY service", accountID)
}

// PutListing implements Writer.
func (w *writer) PutListing(l Listing) error { return listings.replace(w, &l) }
