package store

import "time"

// Canvas is an automated workflow: a file on disk and the accounts it uses.
type Canvas struct {
	ID       string
	Name     string
	Revision int64

	Path       string // of the canvas file
	AccountIDs []string
	Recipients []string // age or SSH public keys; empty = this server's
	Passphrase bool     // encrypted to a passphrase instead of recipients
	Group      string   // non-empty: files are 0640 with this group

	FileID    string   // constant for the password file of this canvas
	Serial    int64    // of the last password file written
	Written   *Written // nil: never
	CreatedAt time.Time
}

// Written is what the last password file of a canvas carried: staleness is derived from it, without any secret.
type Written struct {
	At          time.Time         `json:"at"`
	Generations map[string]int64  `json:"generations"` // account ID → generation in the file
	Recipients  []string          `json:"recipients"`
	Names       map[string]string `json:"names,omitempty"` // account ID → its reference name in the file
	SHA256      string            `json:"sha256"`          // of the encrypted file
}

// PlaceKind says how a place is reached.
type PlaceKind string

// Kinds of place.
const (
	PlaceLocal PlaceKind = "local"
	PlaceSFTP  PlaceKind = "sftp"
)

// Place is where the password file of a canvas has to lie. The first place of a canvas is its main one.
type Place struct {
	ID       string
	Revision int64
	CanvasID string
	Kind     PlaceKind
	Target   string // absolute path, or sftp://user@host:port/path
	Position int

	// What was last seen there.
	CheckedAt time.Time
	SHA256    string // "" with CheckedAt set: the file is missing
	Serial    int64  // of the file that was last delivered there
	Problem   string // why the last delivery or check failed, sanitised; "" = none
	// UnreachedAt is when it was last looked at in vain, because its machine could not be reached: what was seen is as of
	// CheckedAt then. Zero: the last look told.
	UnreachedAt time.Time
}

// Run is one regeneration of password files: a record with a line per place, so that an interrupted one resumes.
type Run struct {
	ID        string
	Revision  int64
	StartedAt time.Time
	EndedAt   time.Time // zero: under way or interrupted
	Actor     string
	Lines     []RunLine
}

// RunLine is the outcome for one place of one canvas.
type RunLine struct {
	CanvasID  string    `json:"canvas_id"`
	Canvas    string    `json:"canvas"`
	PlaceID   string    `json:"place_id"`
	Target    string    `json:"target"`
	State     LineState `json:"state"`
	Cause     string    `json:"cause,omitempty"`
	Code      string    `json:"code,omitempty"`      // the kind of cause, for programs
	Transient bool      `json:"transient,omitempty"` // it may go away by itself
}

// LineState is how far a line of a run got.
type LineState string

// States of a line.
const (
	LineWaiting   LineState = "waiting"
	LineDone      LineState = "done"
	LineUnchanged LineState = "unchanged"
	LineFailed    LineState = "failed"
)
