package pwfile

import (
	"fmt"
	"slices"

	"fettle/accounts/store"
)

// Lag is one thing in which a package, as it was last synced, is behind its canvases.
type Lag struct {
	CanvasID string // "" if it is about the package as a whole
	Text     string
}

// PackageLag says in what a package is behind its canvases, from records alone: neither the destination nor a file is
// looked at, so that listing thousands of packages costs nothing.
func PackageLag(p store.Package, canvases []store.Canvas) []Lag {
	if p.Synced == nil {
		return []Lag{{Text: "it was never synced"}}
	}
	lag := []Lag{}
	// One pass over the canvases: a list of many packages must not cost packages times canvases squared.
	here := make(map[string]*store.Canvas, len(p.Canvases))
	for _, packed := range p.Canvases {
		here[packed.CanvasID] = nil
	}
	for i := range canvases {
		if _, packed := here[canvases[i].ID]; packed {
			here[canvases[i].ID] = &canvases[i]
		}
	}
	for _, packed := range p.Canvases {
		c := here[packed.CanvasID]
		if c == nil {
			lag = append(lag, Lag{CanvasID: packed.CanvasID, Text: fmt.Sprintf("canvas %s is no longer here", packed.Name)})
			continue
		}
		synced, carried := p.Synced.Canvases[c.ID]
		switch {
		case !carried:
			lag = append(lag, Lag{CanvasID: c.ID, Text: fmt.Sprintf("canvas %s is not at the destination yet", c.Name)})
		// The canvas file itself is not looked at: that would read a file for each line of a list.
		case c.Written != nil && c.Written.SHA256 != synced:
			lag = append(lag, Lag{CanvasID: c.ID, Text: fmt.Sprintf("the password file of %s was written again since", c.Name)})
		}
	}
	for id := range p.Synced.Canvases {
		if _, packed := here[id]; !packed {
			lag = append(lag, Lag{CanvasID: id, Text: "a canvas that was taken out is still at the destination"})
		}
	}
	slices.SortFunc(lag, func(a, b Lag) int {
		return slices.Compare([]string{a.Text, a.CanvasID}, []string{b.Text, b.CanvasID})
	})
	return lag
}

// namesByCanvas says of each canvas, by ID, which packages hold it.
func namesByCanvas(packages []store.Package) map[string][]string {
	names := map[string][]string{}
	for _, p := range packages {
		for _, c := range p.Canvases {
			names[c.CanvasID] = append(names[c.CanvasID], p.Name)
		}
	}
	return names
}

// Holding narrows packages to those that hold a canvas which uses the account: they carry its credential.
func Holding(packages []store.Package, canvases []store.Canvas, accountID string) []store.Package {
	uses := map[string]bool{}
	for _, c := range canvases {
		uses[c.ID] = slices.Contains(c.AccountIDs, accountID)
	}
	held := []store.Package{}
	for _, p := range packages {
		if slices.ContainsFunc(p.Canvases, func(c store.PackedCanvas) bool { return uses[c.CanvasID] }) {
			held = append(held, p)
		}
	}
	return held
}
