package store

var packages = newTable("packages", "package", 1,
	"id revision name canvases files target layout serial synced tried_at problem created_at",
	func(p *Package) []any {
		return []any{
			&p.ID, &p.Revision, &p.Name, asJSON(&p.Canvases), asJSON(&p.Files), &p.Target, &p.Layout, &p.Serial,
			asJSON(&p.Synced), (*micros)(&p.TriedAt), &p.Problem, (*micros)(&p.CreatedAt),
		}
	})

// Packages implements Reader, by name.
func (r *reader) Packages() ([]Package, error) { return packages.list(r, "ORDER BY name") }

// Package implements Reader.
func (r *reader) Package(id string) (Package, error) { return packages.one(r, id, "WHERE id = ?", id) }

// PackageByName implements Reader.
func (r *reader) PackageByName(name string) (Package, error) {
	return packages.one(r, name, "WHERE name = ?", name)
}

// PutPackage implements Writer.
func (w *writer) PutPackage(p *Package) error {
	return packages.putRevised(w, p, p.ID, p.Name, &p.Revision)
}

// DeletePackage implements Writer.
func (w *writer) DeletePackage(id string) error { return packages.remove(w, id) }
