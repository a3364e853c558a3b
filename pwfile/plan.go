package pwfile

import (
	"context"
	"errors"
	"time"
)

// Selection says which canvases a regeneration is about. The fields add up; the zero value selects all canvases.
type Selection struct {
	CanvasIDs []string
	Stale     bool   // every canvas whose file is stale
	AccountID string // every canvas that uses this account
	Force     bool   // write again what is up to date, too
}

// Plan is what a regeneration would do. It holds no secret and needs none.
type Plan struct {
	Selection Selection
	Items     []PlanItem // by canvas name; never nil
}

// PlanItem is one canvas of a plan.
type PlanItem struct {
	Canvas   Canvas     // with its places, accounts and reasons
	Replaces []Replaced // what lies at each of Canvas.Places now, in that order
	Current  bool       // nothing to do: every place has the right file

	Refused  *Refusal  // nil: goes ahead; else the first of Refusals
	Refusals []Refusal // every account or setting that stands in the way
}

// Refusal says why a canvas gets no password file now.
type Refusal struct {
	AccountID string
	Account   string // reference name, "" if it is not about an account
	Why       string
	Remedy    string
}

// Replaced is what lies at a place before a password file is written there.
type Replaced struct {
	PlaceID string
	Target  string
	Exists  bool
	Ours    bool      // it is the file that was last written for this canvas
	ModTime time.Time // zero if it does not exist
	Text    string    // in words: "nothing yet", "the file of 2 Nov 2026", "a file that was changed by someone else"
}

// Plan says what Generate would do. It looks at the places of the canvases it is about.
func (k *Keeper) Plan(ctx context.Context, sel Selection) (Plan, error) {
	return Plan{}, errors.ErrUnsupported
}
