package accounts

import (
	"context"
	"errors"
	"fmt"

	"fettle/accounts/store"
	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
)

var nameForm = lazyregexp.New(`^[a-z][a-z0-9-]{0,62}$`)

// NameFormError says that a text cannot be a reference name.
type NameFormError struct{ Name string }

func (e *NameFormError) Error() string {
	return fmt.Sprintf("%q cannot be a reference name: use 1 to 63 of a–z, 0–9 and -, beginning with a letter", safetext.Cut(safetext.Line(e.Name), 70))
}

// CheckName reports whether name has the form of a reference name; it does not look whether it is taken.
func CheckName(name string) error {
	if !nameForm().MatchString(name) {
		return &NameFormError{Name: name}
	}
	return nil
}

// Rename gives an account another reference name; canvases refer to accounts by ID and keep working.
func (b *Book) Rename(ctx context.Context, accountID, newName string) error {
	if err := CheckName(newName); err != nil {
		return err
	}
	if err := b.Tidy(ctx); err != nil { // an expired flow reserves no name
		return err
	}
	return b.cfg.Store.Update(ctx, func(w store.Writer) error {
		a, err := w.Account(accountID)
		if err != nil || a.Name == newName {
			return err
		}
		if _, _, ok := SplitDedicated(a.Name); ok {
			return &DedicatedError{Name: a.Name, Why: "it is named after its account and its canvas", Remedy: "rename one of these"}
		}
		former := a.Name
		a.Name = newName
		if err := w.PutAccount(&a); err != nil {
			return err
		}
		// In the same transaction, or the flow would go on reserving the former name.
		if err := renameFlow(w, a.ID, newName); err != nil {
			return err
		}
		if err := renameDedicated(w, former, newName); err != nil {
			return err
		}
		return w.AddEvent(b.event(a, "rename", true, fmt.Sprintf("was %s", former)))
	})
}

// renameDedicated lets the dedicated accounts of one that was renamed follow. Their pending flows for new ones are left:
// they name what is no longer here, and expire.
func renameDedicated(w store.Writer, former, name string) error {
	all, err := w.Accounts()
	if err != nil {
		return err
	}
	for _, a := range all {
		base, canvas, ok := SplitDedicated(a.Name)
		if !ok || base != former {
			continue
		}
		a.Name = DedicatedName(name, canvas)
		if err := w.PutAccount(&a); err != nil {
			return err
		}
		if err := renameFlow(w, a.ID, a.Name); err != nil {
			return err
		}
	}
	return nil
}

// renameFlow lets a pending re-authorization reserve the new name instead of the old one.
func renameFlow(w store.Writer, accountID, name string) error {
	flows, err := w.Flows()
	if err != nil {
		return err
	}
	for _, f := range flows {
		if f.AccountID != accountID {
			continue
		}
		f.Name = name
		if err := w.PutFlow(&f); err != nil {
			return err
		}
	}
	return nil
}

// isNotFound tells an absent record from a failure to read.
func isNotFound(err error) bool { return errors.Is(err, store.ErrNotFound) }
