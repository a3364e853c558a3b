package pwfile

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow/provider"
)

// Where a refresh token works once, a file gets a grant of its own, through the dedicated account NAME@CANVAS, and
// becomes its only holder: see accounts/holder.go. In the file the account is called NAME, so a job need not know.

// RefusalKind says what has to be done about a refusal.
type RefusalKind string

// The kinds.
const (
	RefusedGone           RefusalKind = "gone"            // the canvas uses an account that is no longer here
	RefusedDead           RefusalKind = "dead"            // the credential is of no use now: repair the account
	RefusedHeld           RefusalKind = "held"            // another file holds it
	RefusedNeedsDedicated RefusalKind = "needs_dedicated" // authorize Refusal.Dedicated, and again for each new file
	RefusedSeveral        RefusalKind = "several"         // the file would lie, or open, in more than one place
)

// NeedsDedicated lists the dedicated accounts that have to be authorized before the canvas's file can be written, in
// the order of its accounts; never nil.
func (i PlanItem) NeedsDedicated() []string {
	names := []string{}
	for _, r := range i.Refusals {
		if r.Kind == RefusedNeedsDedicated {
			names = append(names, r.Dedicated)
		}
	}
	return names
}

// worksOnce reports whether an account's credential can lie in one place only.
func worksOnce(a *accounts.Account) bool {
	return a.HasRefresh && a.Rotation == provider.RotationSingleUse
}

// dedicate lets the reference stand for the dedicated account of this canvas's file.
func (a *AccountRef) dedicate(c store.Canvas, byName map[string]*accounts.Account) {
	a.Dedicated = accounts.DedicatedName(a.Name, c.Name)
	a.holder = accounts.FileHolder(c.FileID)
	if own := byName[a.Dedicated]; own != nil {
		a.own = own
		a.State, a.Title, a.Generation = own.Health.State, own.Health.Title, own.Generation
	}
}

// handedOver reports whether the file holds the dedicated account's only credential, and the book none.
func (a AccountRef) handedOver() bool {
	return a.own != nil && a.own.Holder == a.holder && !a.own.HasRefresh
}

// staleOwn says what is wrong with a dedicated account's credential in the file; the zero Reason: nothing.
func (a AccountRef) staleOwn() Reason {
	switch {
	case a.own == nil:
		return Reason{Code: StaleGeneration, AccountID: a.ID, Text: fmt.Sprintf("%s, whose credential the file carries, is not in this book", a.Dedicated)}
	case !a.handedOver():
		return Reason{Code: StaleGeneration, AccountID: a.ID, Text: fmt.Sprintf("the credential of %s was not handed over to the file", a.Dedicated)}
	}
	return Reason{}
}

// refuseOwn says why a dedicated account's credential cannot go into the canvas's file; nil if it can.
func (c Canvas) refuseOwn(a AccountRef, force bool) *Refusal {
	r := &Refusal{AccountID: a.ID, Account: a.Name, Dedicated: a.Dedicated, Kind: RefusedSeveral}
	why := fmt.Sprintf("%s uses each of its refresh tokens once, so its credential can lie in one place only, ", a.Name)
	switch {
	case len(c.Places) > 1:
		r.Why, r.Remedy = why+"and this file has several", "take the copies out: fettle canvas edit "+c.Name+" --copy ''"
		return r
	case len(c.Recipients) > 1:
		r.Why, r.Remedy = why+"and this file opens on several servers", "name one: fettle canvas edit "+c.Name+" --recipient KEY"
		return r
	case c.Passphrase:
		r.Why, r.Remedy = why+"and a passphrase opens this file on any machine", "name one server: fettle canvas edit "+c.Name+" --recipient KEY"
		return r
	case len(c.Packages) > 0:
		r.Why, r.Remedy = why+"and package "+c.Packages[0]+" copies this file", "take the canvas out of the package"
		return r
	}
	r.Kind = RefusedNeedsDedicated
	r.Remedy = "run: fettle authorize --name " + a.Dedicated
	switch {
	case a.own == nil:
		r.Why = fmt.Sprintf("%s uses each of its refresh tokens once, so this file needs a credential of its own", a.Name)
		r.Remedy += "   (or run the job on this machine without a file: fettle exec --canvas " + c.Name + " -- COMMAND)"
		return r
	case a.own.Holder != "" && a.own.Holder != store.HolderBook && a.own.Holder != a.holder:
		r.Why = "another password file holds the only credential of " + a.Dedicated
		return r
	case a.handedOver():
		if !force && c.stands() {
			return nil // there is nothing to be done
		}
		r.Why = fmt.Sprintf("the former file holds the only credential of %s, so a new file needs a new one", a.Dedicated)
		return r
	}
	if title := deadTitle(a.own); title != "" {
		r.Why = fmt.Sprintf("%s is of no use to a job now: %s", a.Dedicated, title)
		return r
	}
	return nil
}

// stands reports whether the file that was last written carries what it should and lies where it should.
func (c Canvas) stands() bool {
	behind := func(r Reason) bool { return r.PlaceID == "" && !r.Code.Information() }
	return c.Written != nil && !slices.ContainsFunc(c.Stale, behind) &&
		!slices.ContainsFunc(c.Places, func(p store.Place) bool { return p.SHA256 != c.Written.SHA256 })
}

// loan is a dedicated account's credential on its way into a file.
type loan struct {
	accountID  string
	holder     string
	generation int64
	where      string
}

// credential opens what an account contributes to the canvas's file: its own credential, or its dedicated account's.
func (g *generator) credential(ctx context.Context, c Canvas, a AccountRef) (accounts.Exported, error) {
	if a.own == nil {
		return g.export(ctx, a.ID)
	}
	e, err := g.cfg.Book.Lend(ctx, a.own.ID, a.holder)
	e.Name = a.Name // so that the job need not know
	return e, err
}

// loans lists what a file that was just written carries of dedicated accounts.
func (c Canvas) loans(w store.Written) []loan {
	var all []loan
	for _, a := range c.Accounts {
		if a.own != nil {
			all = append(all, loan{a.own.ID, a.holder, w.Generations[a.ID], c.Places[0].Target})
		}
	}
	return all
}

// handOver erases the book's copies of what lies in the canvas's file now. It comes after the file is recorded: cut off
// before, the canvas is stale, and writing it again lends the same credential again.
func (r *running) handOver(ctx context.Context, o outcome) error {
	if o.written == nil || slices.ContainsFunc(o.places, func(d delivered) bool { return d.err != nil }) {
		return nil
	}
	var errs []error
	for _, l := range o.loans {
		if err := r.cfg.Book.HandOver(ctx, l.accountID, l.holder, l.generation, l.where); err != nil {
			errs = append(errs, fmt.Errorf("%s was written, and its credential could not be handed over; run the same again: %w", l.where, err))
		}
	}
	return errors.Join(errs...)
}

// renameOwn lets dedicated accounts follow a canvas that gets another name.
func renameOwn(w store.Writer, former, name string) error {
	all, err := w.Accounts()
	if err != nil {
		return err
	}
	for _, a := range all {
		base, canvas, ok := accounts.SplitDedicated(a.Name)
		if !ok || canvas != former {
			continue
		}
		a.Name = accounts.DedicatedName(base, name)
		if err := w.PutAccount(&a); err != nil {
			return err
		}
	}
	return nil
}
