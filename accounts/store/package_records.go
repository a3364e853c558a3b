package store

import "time"

// Package is a cloud automation: canvases with their password files, and files they need, kept together at one destination.
type Package struct {
	ID       string
	Name     string
	Revision int64

	Canvases []PackedCanvas
	Files    []PackedFile
	Target   string // an absolute path, sftp://user@host:port/path or s3://bucket/prefix?…
	Layout   PackageLayout

	// Serial is that of the last manifest that was begun: it is reserved before the manifest travels, so that one that
	// arrived although nobody could note it is known again.
	Serial    int64
	Synced    *Synced   // nil: never
	TriedAt   time.Time // of the last sync, good or bad
	Problem   string    // why that one failed, sanitised; "" = it did not
	CreatedAt time.Time
}

// PackedCanvas is a canvas in a package.
type PackedCanvas struct {
	CanvasID string `json:"canvas_id"`
	Name     string `json:"name"`             // as it was when it was packed, for when it is gone
	Folder   string `json:"folder,omitempty"` // in the package, with slashes; "" = its top
}

// PackedFile is a further file in a package.
type PackedFile struct {
	Source string `json:"source"` // absolute path
	Path   string `json:"path"`   // in the package, with slashes
}

// PackageLayout says how a package lies at its destination.
type PackageLayout string

// Layouts. Objects never change once they are there; plain files have their own names and are replaced one by one.
const (
	LayoutObjects PackageLayout = "objects"
	LayoutPlain   PackageLayout = "plain"
)

// Synced is what the last good sync of a package brought: that a package is behind is told from it, without a look at
// the destination.
type Synced struct {
	At       time.Time         `json:"at"`
	Serial   int64             `json:"serial"`
	Manifest string            `json:"manifest"` // SHA-256 of the manifest that lies there
	Writer   string            `json:"writer"`   // the public key that signed it
	Canvases map[string]string `json:"canvases"` // canvas ID → SHA-256 of its password file in the package
	Files    int               `json:"files"`
	Bytes    int64             `json:"bytes"`
}
