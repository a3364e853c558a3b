package store

var canvases = newTable("canvases", "canvas", 1,
	"id revision name path account_ids recipients passphrase file_group file_id serial written created_at",
	func(c *Canvas) []any {
		return []any{
			&c.ID, &c.Revision, &c.Name, &c.Path, asList(&c.AccountIDs), asList(&c.Recipients), &c.Passphrase, &c.Group,
			&c.FileID, &c.Serial, asJSON(&c.Written), (*micros)(&c.CreatedAt),
		}
	})

// Canvases implements Reader, by name.
func (r *reader) Canvases() ([]Canvas, error) { return canvases.list(r, "ORDER BY name") }

// Canvas implements Reader.
func (r *reader) Canvas(id string) (Canvas, error) { return canvases.one(r, id, "WHERE id = ?", id) }

// CanvasByName implements Reader.
func (r *reader) CanvasByName(name string) (Canvas, error) {
	return canvases.one(r, name, "WHERE name = ?", name)
}

// PutCanvas implements Writer.
func (w *writer) PutCanvas(c *Canvas) error {
	return canvases.putRevised(w, c, c.ID, c.Name, &c.Revision)
}

// DeleteCanvas implements Writer; the schema takes its places along.
func (w *writer) DeleteCanvas(id string) error { return canvases.remove(w, id) }

var places = newTable("places", "place", 1, "id revision canvas_id kind target position checked_at sha256 serial problem unreached_at",
	func(p *Place) []any {
		return []any{
			&p.ID, &p.Revision, &p.CanvasID, &p.Kind, &p.Target, &p.Position,
			(*micros)(&p.CheckedAt), &p.SHA256, &p.Serial, &p.Problem, (*micros)(&p.UnreachedAt),
		}
	})

// Places implements Reader, by canvas and position.
func (r *reader) Places(canvasID string) ([]Place, error) {
	if canvasID == "" {
		return places.list(r, "ORDER BY canvas_id, position, id")
	}
	return places.list(r, "WHERE canvas_id = ? ORDER BY position, id", canvasID)
}

// PutPlace implements Writer.
func (w *writer) PutPlace(p *Place) error { return places.putRevised(w, p, p.ID, "", &p.Revision) }

// DeletePlace implements Writer.
func (w *writer) DeletePlace(id string) error { return places.remove(w, id) }

var runs = newTable("runs", "run", 1, "id revision started_at ended_at actor lines",
	func(r *Run) []any {
		return []any{&r.ID, &r.Revision, (*micros)(&r.StartedAt), (*micros)(&r.EndedAt), &r.Actor, asJSON(&r.Lines)}
	})

// Runs implements Reader, newest first; limit 0 means all.
func (r *reader) Runs(n int) ([]Run, error) {
	return runs.list(r, "ORDER BY started_at DESC, id DESC LIMIT ?", limit(n))
}

// Run implements Reader.
func (r *reader) Run(id string) (Run, error) { return runs.one(r, id, "WHERE id = ?", id) }

// PutRun implements Writer.
func (w *writer) PutRun(r *Run) error { return runs.putRevised(w, r, r.ID, "", &r.Revision) }
