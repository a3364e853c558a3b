package pwfile

import (
	"context"
	"slices"
)

// Blast is what stops, sooner or later, if one account dies.
type Blast struct {
	Canvases   []string // names of the canvases that use it; never nil
	Places     int      // how many places their password files lie at
	Packages   []string // names of the packages that hold these canvases; never nil
	StaleFiles int      // how many of their password files are stale, other accounts' news apart
}

// BlastRadius says what hangs on one account.
func (k *Keeper) BlastRadius(ctx context.Context, accountID string) (Blast, error) {
	all, err := k.Canvases(ctx)
	if err != nil {
		return Blast{}, err
	}
	return Radius(all, accountID), nil
}

// Radius is BlastRadius over canvases already at hand.
func Radius(canvases []Canvas, accountID string) Blast {
	b := Blast{Canvases: []string{}, Packages: []string{}}
	for _, c := range canvases {
		named, uses := c.uses(accountID)
		if !uses {
			continue
		}
		b.Canvases = append(b.Canvases, c.Name)
		b.Places += len(c.Places)
		for _, p := range c.Packages {
			if !slices.Contains(b.Packages, p) {
				b.Packages = append(b.Packages, p)
			}
		}
		if c.staleFor(named) {
			b.StaleFiles++
		}
	}
	slices.Sort(b.Packages)
	return b
}

// uses reports whether the canvas's file carries an account's credential, be it its own or as a dedicated account, and
// under which account's ID the canvas knows it.
func (c Canvas) uses(accountID string) (named string, ok bool) {
	for _, a := range c.Accounts {
		if a.ID == accountID || a.own != nil && a.own.ID == accountID {
			return a.ID, true
		}
	}
	return "", false
}

// staleFor reports whether the canvas's file has to be written again for a reason other than the news of its other accounts.
func (c Canvas) staleFor(named string) bool {
	return slices.ContainsFunc(c.Stale, func(r Reason) bool {
		return !r.Code.Information() && (r.AccountID == "" || r.AccountID == named)
	})
}

// StaleByAccount is Blast.StaleFiles of every account at once, by account ID; accounts without a stale file are left out.
func StaleByAccount(canvases []Canvas) map[string]int {
	stale := map[string]int{}
	for _, c := range canvases {
		for _, a := range c.Accounts {
			if !c.staleFor(a.ID) {
				continue
			}
			stale[a.ID]++
			if a.own != nil && a.own.ID != a.ID {
				stale[a.own.ID]++
			}
		}
	}
	return stale
}

// StaleFilesOf counts the canvases whose password file has to be written again for a reason that concerns one of these
// accounts.
func StaleFilesOf(canvases []Canvas, accountIDs []string) int {
	n := 0
	for _, c := range canvases {
		concerned := func(id string) bool {
			named, uses := c.uses(id)
			return uses && c.staleFor(named)
		}
		if slices.ContainsFunc(accountIDs, concerned) {
			n++
		}
	}
	return n
}

// StaleFiles counts the canvases whose password file has to be written again: the number that every command and screen
// tells.
func StaleFiles(canvases []Canvas) int {
	n := 0
	for _, c := range canvases {
		if c.NeedsWriting() {
			n++
		}
	}
	return n
}
