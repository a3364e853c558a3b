package cli

import (
	"context"
	"errors"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/pwfile"
)

// failedPlaces are those that failed in the last run; none if there was no run or nothing failed.
func (h *house) failedPlaces(ctx context.Context) ([]string, error) {
	run, err := h.files.LastRun(ctx)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	ids := []string{}
	for _, l := range run.Lines {
		if l.State == store.LineFailed {
			ids = append(ids, l.PlaceID)
		}
	}
	if len(ids) == 0 {
		h.app.progress("nothing failed in the last run")
		if h.app.json {
			return ids, h.app.emit(wireRunOf(store.Run{}))
		}
	}
	return ids, nil
}

// wireDryRun is fettle.pwfile_plan/1.
type wireDryRun struct {
	Format  string        `json:"format"`
	Lines   []wireDryLine `json:"lines"`
	Summary struct {
		Write   int `json:"write"`
		Current int `json:"unchanged"`
		Refused int `json:"refused"`
	} `json:"summary"`
}

// wireDryLine is what would happen at one place, and why.
type wireDryLine struct {
	Canvas   string   `json:"canvas"`
	Target   string   `json:"target"`
	Does     string   `json:"does"` // write, unchanged, refused
	Replaces string   `json:"replaces"`
	Accounts []string `json:"accounts"`
	Why      []string `json:"why"`
	Remedy   word     `json:"remedy"`
}

// dryRun says what generate would do. It opens no secret and connects to nobody.
func (h *house) dryRun(ctx context.Context, selection pwfile.Selection) error {
	plan, err := h.files.Plan(ctx, selection)
	if err != nil {
		return err
	}
	w := wireDryRun{Format: "fettle.pwfile_plan/1", Lines: []wireDryLine{}}
	for _, item := range plan.Items {
		// One line a place: Replaces has an entry for each, in the canvas's order.
		for i := range item.Replaces {
			line := dryLine(item, i)
			w.Lines = append(w.Lines, line)
			switch line.Does {
			case "write":
				w.Summary.Write++
			case "refused":
				w.Summary.Refused++
			default:
				w.Summary.Current++
			}
		}
	}
	if h.app.json {
		err = h.app.emit(w)
	} else {
		h.printDryRun(w)
	}
	if err == nil && w.Summary.Refused > 0 {
		return attention
	}
	return err
}

// dryLine is what generate would do at the i-th place of an item.
func dryLine(item pwfile.PlanItem, i int) wireDryLine {
	replaced := item.Replaces[i]
	line := wireDryLine{
		Canvas: item.Canvas.Name, Target: replaced.Target, Does: "write", Replaces: replaced.Text, Accounts: []string{}, Why: []string{},
	}
	for _, ref := range item.Canvas.Accounts {
		line.Accounts = append(line.Accounts, ref.Name)
	}
	switch {
	case item.Refused != nil:
		line.Does, line.Why, line.Remedy = "refused", []string{item.Refused.Why}, word(item.Refused.Remedy)
		return line
	case item.Current:
		line.Does = "unchanged"
	}
	behind := false
	for _, r := range item.Canvas.Stale {
		if r.Code.Information() || r.PlaceID != "" && r.PlaceID != replaced.PlaceID {
			continue
		}
		behind = true
		line.Why = append(line.Why, r.Text)
	}
	if !behind && replaced.Ours { // another place of this canvas is to be written, and gets the same file
		line.Does = "unchanged"
	}
	return line
}

// printDryRun is dryRun for a person.
func (h *house) printDryRun(w wireDryRun) {
	marks := map[string]string{"write": "✓", "unchanged": "–", "refused": "✗"}
	for _, l := range w.Lines {
		h.app.printf("%s %s  %s  %s, replaces %s", marks[l.Does], l.Canvas, safetext.Line(l.Target), l.Does, l.Replaces)
		for _, why := range l.Why {
			h.app.printf("    %s", shown(why, 300))
		}
		if l.Remedy != "" {
			h.app.printf("    → %s", shown(string(l.Remedy), 300))
		}
	}
	h.app.progress("%d to write, %d unchanged, %d refused; nothing was written", w.Summary.Write, w.Summary.Current, w.Summary.Refused)
}
