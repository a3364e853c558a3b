package pwfile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// Selection says which canvases a regeneration is about. The first three add up; if none is set it is about all canvases.
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
	Refusals []Refusal // every account that stands in the way
}

// Refusal says why a canvas gets no password file now.
type Refusal struct {
	AccountID string
	Account   string // reference name
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
	Text    string    // in words
}

// Plan says what Generate would do. It looks at every local place first.
func (k *Keeper) Plan(ctx context.Context, sel Selection) (Plan, error) {
	if err := k.Check(ctx, true); err != nil {
		return Plan{}, err
	}
	all, err := k.Canvases(ctx)
	if err != nil {
		return Plan{}, err
	}
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
		item := PlanItem{Canvas: c, Current: !sel.Force && !c.NeedsWriting(), Refusals: c.refusals()}
		if len(item.Refusals) > 0 {
			item.Refused = &item.Refusals[0]
		}
		for _, place := range c.Places {
			item.Replaces = append(item.Replaces, k.replaces(ctx, c, place))
		}
		p.Items = append(p.Items, item)
	}
	return p, nil
}

func (s Selection) includes(c Canvas) bool {
	if len(s.CanvasIDs) == 0 && !s.Stale && s.AccountID == "" {
		return true
	}
	return slices.Contains(s.CanvasIDs, c.ID) || s.Stale && c.NeedsWriting() || s.AccountID != "" && slices.Contains(c.AccountIDs, s.AccountID)
}

// replaces describes what lies at a place.
func (k *Keeper) replaces(ctx context.Context, c Canvas, p store.Place) Replaced {
	r := Replaced{PlaceID: p.ID, Target: p.Target}
	s, found, err := k.places[p.Kind].seen(ctx, p.Target, c.Group)
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

// refusals lists the accounts that must not or cannot go into a password file; nil if all can.
func (c Canvas) refusals() []Refusal {
	var refusals []Refusal
	for _, ref := range c.Accounts {
		if why, remedy := ref.refusal(c.Name); why != "" {
			refusals = append(refusals, Refusal{AccountID: ref.ID, Account: ref.Name, Why: why, Remedy: remedy})
		}
	}
	return refusals
}

// dead are the states in which a job could do nothing with the credential.
var dead = []accounts.State{accounts.NeedsSignIn, accounts.WrongIdentity, accounts.Blocked, accounts.ToRevoke}

// refusal says why one account cannot go into a file, "" if it can.
func (a AccountRef) refusal(canvas string) (why, remedy string) {
	if a.account == nil {
		return "the canvas uses an account that is no longer here", "name its accounts again: fettle canvas edit " + canvas + " --account NAME"
	}
	for _, f := range append([]accounts.Finding{a.account.Health.Finding}, a.account.Health.Findings...) {
		if slices.Contains(dead, f.State) {
			return fmt.Sprintf("%s is of no use to a job now: %s", a.Name, f.Title), "repair the account first"
		}
	}
	switch {
	case a.account.Holder != "" && a.account.Holder != store.HolderBook:
		return fmt.Sprintf("a password file holds the only credential of %s", a.Name), "authorize the account again"
	case a.account.HasRefresh && a.account.Rotation == provider.RotationSingleUse:
		return fmt.Sprintf("%s uses each of its refresh tokens once, so this book and a file cannot both hold one", a.Name),
			"run the job on this machine without a file: fettle exec --canvas " + canvas + " -- COMMAND"
	}
	return "", ""
}
