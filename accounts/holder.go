package accounts

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"fettle/accounts/store"
	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

// A refresh token that works once cannot lie in two places: whoever uses it takes it from everybody else, and a provider
// that sees a used one again ends the grant. So each such grant has one holder, the book or one password file. A file
// never gets a grant that the book uses; it gets one of its own, authorized as the dedicated account NAME@CANVAS, and
// the book hands that over for good.
//
// The hand-over is safe to be cut at any point. Lend makes the file the holder before the file is written, and from then
// on the book uses the token no more, though it still has it. HandOver erases it once the file was written and read
// back. Between the two the file may be written again as often as needed: it carries the same credential each time, and
// what a job has learnt with that one counts on (see the base in pwfile's memory of a job).

const filePrefix = "file:"

// FileHolder is the holder of a grant that lies in the password file with that ID.
func FileHolder(fileID string) string { return filePrefix + fileID }

var dedicatedForm = lazyregexp.New(`^([a-z][a-z0-9-]{0,62})@([A-Za-z0-9][A-Za-z0-9._-]{0,62})$`)

// DedicatedName is the reference name of the account whose credential lies in the password file of one canvas. In that
// file it is called account.
func DedicatedName(account, canvas string) string { return account + "@" + canvas }

// SplitDedicated takes such a name apart; ok is false for every other name.
func SplitDedicated(name string) (account, canvas string, ok bool) {
	if !strings.Contains(name, "@") { // almost every name: a snapshot of thousands must not run the expression on each
		return "", "", false
	}
	m := dedicatedForm().FindStringSubmatch(name)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// CheckAccountName is CheckName for names that may be authorized: those of dedicated accounts are among them.
func CheckAccountName(name string) error {
	if _, _, ok := SplitDedicated(name); ok {
		return nil
	}
	return CheckName(name)
}

// DedicatedError says why NAME@CANVAS cannot be authorized.
type DedicatedError struct {
	Name   string
	Why    string
	Remedy string
}

func (e *DedicatedError) Error() string {
	return fmt.Sprintf("account %q: %s; %s", e.Name, e.Why, e.Remedy)
}

// HeldBy says in words who holds the account's credential; "" if the book does.
func (a Account) HeldBy() string { return holderWords(a.Name, a.Holder) }

func holderWords(name, holder string) string {
	switch _, canvas, ok := SplitDedicated(name); {
	case holder == "" || holder == store.HolderBook:
		return ""
	case ok:
		return "the password file of canvas " + canvas
	}
	return "password file " + strings.TrimPrefix(holder, filePrefix)
}

// fillFromModel completes the authorization of a dedicated account: it is for the same services at the same provider,
// through the same client, as the account it is named after.
func (plan *authorization) fillFromModel(r store.Reader) error {
	base, canvas, ok := SplitDedicated(plan.Name)
	if !ok || plan.account != nil {
		return nil
	}
	refuse := func(remedy, format string, args ...any) error {
		return &DedicatedError{Name: plan.Name, Why: fmt.Sprintf(format, args...), Remedy: remedy}
	}
	model, err := r.AccountByName(base)
	if isNotFound(err) {
		return refuse("authorize that one first, or leave out @"+canvas, "there is no account %s", base)
	}
	if err != nil {
		return err
	}
	c, err := r.CanvasByName(canvas)
	if isNotFound(err) {
		return refuse("`fettle canvas list` lists the canvases", "there is no canvas %s", canvas)
	}
	if err != nil {
		return err
	}
	switch {
	case !slices.Contains(c.AccountIDs, model.ID):
		return refuse("add it to the canvas first: fettle canvas edit "+canvas+" --account …", "canvas %s does not use %s", canvas, base)
	case model.Rotation != provider.RotationSingleUse:
		return refuse("run: fettle pwfile generate "+canvas, "the credential of %s can lie in several places, so the file needs none of its own", base)
	case plan.Provider != "" && plan.Provider != model.Provider:
		return refuse("leave out --provider", "%s is an account at %s", base, model.Provider)
	}
	plan.model = &model
	plan.takeFrom(model)
	return nil
}

// Lend opens the credential of a dedicated account for the password file that will hold it, and makes that file the
// holder first: from now on the book uses the token no more, whatever becomes of the file. It may be called again until
// HandOver was.
func (b *Book) Lend(ctx context.Context, accountID, holder string) (Exported, error) {
	unlock, err := b.cfg.Store.Lock(ctx, accountLock(accountID)) // a refresh under way ends first
	if err != nil {
		return Exported{}, err
	}
	defer unlock()
	h, err := b.enter(ctx, accountID)
	if err != nil {
		return Exported{}, err
	}
	if err := h.lendable(holder); err != nil {
		return Exported{}, err
	}
	if err := b.fitForJobs(ctx, h.account.Name); err != nil {
		return Exported{}, err
	}
	former := h.account.Holder
	h.account.Holder = store.HolderBook // for whom it is meant was just looked at
	out, err := b.export(ctx, h)
	if err != nil {
		return Exported{}, err
	}
	out.Holder = holder
	if former == holder {
		return out, nil
	}
	return out, b.rehold(ctx, h, sealedGrant{Refresh: out.Refresh}, holder, func(w store.Writer, a *store.Account) error {
		return w.AddEvent(b.event(*a, "hand over", true, "begun: from now on only "+holderWords(a.Name, holder)+" uses this credential"))
	})
}

// lendable says why a grant cannot go into that file.
func (h held) lendable(holder string) error {
	a := h.account
	_, _, dedicated := SplitDedicated(a.Name)
	switch {
	case !dedicated:
		return &SingleUseError{Account: a.Name}
	case isHeld(a) && (a.Holder != holder || !a.HasRefresh):
		return &HeldError{Account: a.Name, Holder: a.Holder}
	case h.intent != nil:
		return &DedicatedError{Name: a.Name, Why: "a refresh of it was cut off, so it is not known whether its token is used up",
			Remedy: "settle that first: fettle refresh " + a.Name}
	}
	return nil
}

// HandOver erases the book's copy of a credential that was lent at that generation. Call it once the file was written
// and read back. where names the file for people. A hand-over that was made already is no error.
func (b *Book) HandOver(ctx context.Context, accountID, holder string, generation int64, where string) error {
	unlock, err := b.cfg.Store.Lock(ctx, accountLock(accountID))
	if err != nil {
		return err
	}
	defer unlock()
	h, err := b.enter(ctx, accountID)
	if err != nil {
		return err
	}
	switch a := h.account; {
	case a.Holder != holder || a.Generation != generation:
		return &store.ConflictError{Table: "account", ID: a.Name} // it was authorized again meanwhile
	case !a.HasRefresh:
		return nil
	}
	return b.rehold(ctx, h, sealedGrant{}, holder, func(w store.Writer, a *store.Account) error {
		a.HasRefresh, a.AccessExpiresAt, a.RefreshExpiresAt = false, time.Time{}, time.Time{}
		held := store.Observation{AccountID: a.ID, Kind: store.ObservedHolder, At: b.now(), OK: true, Title: "Held by " + safetext.Line(where)}
		if err := w.PutObservation(held); err != nil {
			return err
		}
		return w.AddEvent(b.event(*a, "hand over", true, "done: "+where+" holds the only credential now"))
	})
}

// rehold is the one transaction in which a grant changes its holder and what the book has of it.
func (b *Book) rehold(ctx context.Context, h held, keep sealedGrant, holder string, also func(store.Writer, *store.Account) error) error {
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(h.account.ID)
		if err != nil {
			return err
		}
		g := h.grant
		g.Seq, g.Holder, g.WrittenAt = h.grant.Seq+1, holder, b.now()
		if g.Blob, err = b.sealGrant(keep, store.Current, a.ID, g.Seq); err != nil {
			return err
		}
		if err := w.PutGrant(&g, h.grant.Seq); err != nil {
			return err
		}
		a.Holder = holder
		if err := also(w, &a); err != nil {
			return err
		}
		return w.PutAccount(&a)
	})
}
