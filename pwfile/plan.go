package pwfile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
)

// Selection says which canvases a regeneration is about. The first four add up; if none is set it is about all canvases.
type Selection struct {
	CanvasIDs []string
	PlaceIDs  []string // places to try again: of their canvases, the other places are left alone where the file stands
	Stale     bool     // every canvas whose file is stale
	AccountID string   // every canvas that uses this account
	Force     bool     // write again what is up to date, too
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
	PlaceIDs []string   // the places it is about; nil: all of them

	Refused  *Refusal  // nil: goes ahead; else the first of Refusals
	Refusals []Refusal // every account that stands in the way
}

// Refusal says why a canvas gets no password file now.
type Refusal struct {
	Kind      RefusalKind
	AccountID string
	Account   string // reference name
	Dedicated string // the account whose credential the file has to carry instead, "" = none
	Why       string
	Remedy    string
}

// refusedError is a refusal where an error is wanted: the run had begun when it came up.
type refusedError struct{ Refusal }

// Error implements error: why, and what to do.
func (e refusedError) Error() string { return e.Why + "; " + e.Remedy }

// Replaced is what lies at a place before a password file is written there.
type Replaced struct {
	PlaceID string
	Target  string
	Exists  bool
	Ours    bool      // it is the file that was last written for this canvas
	ModTime time.Time // zero if it does not exist
	Text    string    // in words
}

// Plan says what Generate would do. It looks at every place on this machine first, and connects to no other: what lies
// there is as of the last look.
func (k *Keeper) Plan(ctx context.Context, sel Selection) (Plan, error) {
	if err := k.Check(ctx, true); err != nil {
		return Plan{}, err
	}
	l, err := k.look(ctx)
	if err != nil {
		return Plan{}, err
	}
	all := l.canvases
	for _, id := range sel.CanvasIDs {
		if _, err := find(all, id, func(c Canvas) string { return c.ID }); err != nil {
			return Plan{}, err
		}
	}
	p := Plan{Selection: sel, Items: []PlanItem{}}
	for _, c := range all {
		if !sel.includes(c) {
			continue
		}
		item := PlanItem{Canvas: c, Current: !sel.Force && !c.NeedsWriting(), PlaceIDs: sel.only(c, l), Refusals: c.refusals(sel.Force)}
		if len(item.Refusals) > 0 {
			item.Refused = &item.Refusals[0]
		}
		for _, place := range c.Places {
			item.Replaces = append(item.Replaces, replaces(ctx, c, place))
		}
		p.Items = append(p.Items, item)
	}
	return p, nil
}

func (s Selection) includes(c Canvas) bool {
	if len(s.CanvasIDs)+len(s.PlaceIDs) == 0 && !s.Stale && s.AccountID == "" {
		return true
	}
	_, uses := c.uses(s.AccountID)
	return slices.Contains(s.CanvasIDs, c.ID) || s.Stale && c.NeedsWriting() || uses ||
		slices.ContainsFunc(c.Places, s.names)
}

func (s Selection) names(p store.Place) bool { return slices.Contains(s.PlaceIDs, p.ID) }

// only lists the places of a canvas that were selected one by one; nil if it has to be about all: the canvas was
// selected as a whole, or its file is behind, so that a new one goes everywhere.
func (s Selection) only(c Canvas, l look) []string {
	whole := s
	whole.PlaceIDs = []string{""}
	if whole.includes(c) || s.Force || c.Written == nil || len(c.staleContent(l.recipients(c.Canvas))) > 0 {
		return nil
	}
	return s.PlaceIDs
}

// wanted are those of the canvas's places that the item is about.
func (i PlanItem) wanted(places []store.Place) []store.Place {
	if i.PlaceIDs == nil {
		return places
	}
	return slices.DeleteFunc(slices.Clone(places), func(p store.Place) bool { return !slices.Contains(i.PlaceIDs, p.ID) })
}

// replaces describes what lies at a place.
func replaces(ctx context.Context, c Canvas, p store.Place) Replaced {
	r := Replaced{PlaceID: p.ID, Target: p.Target}
	if p.Kind != store.PlaceLocal {
		return r.asLastSeen(c, p)
	}
	s, found, err := local{}.seen(ctx, p.Target, c.Group)
	r.Exists, r.ModTime = found, s.ModTime
	r.Ours = found && err == nil && c.Written != nil && hashOf(s.Content) == c.Written.SHA256
	switch {
	case err != nil:
		r.Text = "something that cannot be read"
	case !found:
		r.Text = "nothing"
	case r.Ours:
		r.Text = "the file of " + s.ModTime.Format(time.DateTime) + " UTC"
	default:
		r.Text = "another file, of " + s.ModTime.Format(time.DateTime) + " UTC"
	}
	return r
}

// asLastSeen describes a place that is not looked at now.
func (r Replaced) asLastSeen(c Canvas, p store.Place) Replaced {
	r.Exists = p.SHA256 != ""
	r.Ours = r.Exists && c.Written != nil && p.SHA256 == c.Written.SHA256
	at := " when it was last looked at, " + p.CheckedAt.UTC().Format(time.DateTime) + " UTC"
	switch {
	case p.CheckedAt.IsZero():
		r.Text = "not looked at yet"
	case !r.Exists:
		r.Text = "nothing" + at
	case r.Ours:
		r.Text = "the file that was last written," + at
	default:
		r.Text = "another file" + at
	}
	return r
}

// refusals lists the accounts that must not or cannot go into a password file; nil if all can.
func (c Canvas) refusals(force bool) []Refusal {
	var refusals []Refusal
	for _, ref := range c.Accounts {
		r := ref.refusal(c.Name)
		if ref.Dedicated != "" {
			r = c.refuseOwn(ref, force)
		}
		if r != nil {
			refusals = append(refusals, *r)
		}
	}
	return refusals
}

// dead are the states in which a job could do nothing with the credential.
var dead = []accounts.State{accounts.NeedsSignIn, accounts.WrongIdentity, accounts.Blocked, accounts.ToRevoke}

// deadTitle says in words why a job could do nothing with an account's credential, "" if it could.
func deadTitle(a *accounts.Account) string {
	for _, f := range append([]accounts.Finding{a.Health.Finding}, a.Health.Findings...) {
		if slices.Contains(dead, f.State) {
			return f.Title
		}
	}
	return ""
}

// refusal says why one account cannot go into a file, nil if it can.
func (a AccountRef) refusal(canvas string) *Refusal {
	r := &Refusal{AccountID: a.ID, Account: a.Name}
	if a.account == nil {
		r.Kind, r.Why, r.Remedy = RefusedGone, "the canvas uses an account that is no longer here", "name its accounts again: fettle canvas edit "+canvas+" --account NAME"
		return r
	}
	if title := deadTitle(a.account); title != "" {
		r.Kind, r.Why, r.Remedy = RefusedDead, fmt.Sprintf("%s is of no use to a job now: %s", a.Name, title), "repair the account first"
		return r
	}
	if by := a.account.HeldBy(); by != "" {
		r.Kind, r.Why, r.Remedy = RefusedHeld, fmt.Sprintf("%s holds the only credential of %s", by, a.Name), "authorize the account again"
		return r
	}
	return nil
}
