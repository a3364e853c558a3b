package store

var clients = newTable("clients", "client", 1, "id revision provider label oauth_id auth kind redirects seq blob created_at testing secret_expires_at",
	func(c *Client) []any {
		return []any{
			&c.ID, &c.Revision, &c.Provider, &c.Label, &c.OAuthID, &c.Auth, &c.Kind, asList(&c.Redirects),
			&c.Seq, &c.Blob, (*micros)(&c.CreatedAt), &c.Testing, (*micros)(&c.SecretExpiresAt),
		}
	})

// Clients implements Reader, by label.
func (r *reader) Clients() ([]Client, error) { return clients.list(r, "ORDER BY label, id") }

// Client implements Reader.
func (r *reader) Client(id string) (Client, error) { return clients.one(r, id, "WHERE id = ?", id) }

// PutClient implements Writer.
func (w *writer) PutClient(c *Client) error {
	return clients.putRevised(w, c, c.ID, c.Label, &c.Revision)
}

// DeleteClient implements Writer.
func (w *writer) DeleteClient(id string) error { return clients.remove(w, id) }
