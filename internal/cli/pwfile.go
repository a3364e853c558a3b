package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts/store"
	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
	"fettle/pwfile"
)

func (a *app) pwfileCommand() *cobra.Command {
	return a.group("pwfile", "Write and inspect password files",
		a.pwfileGenerate(), a.pwfileInspect())
}

func (a *app) pwfileGenerate() *cobra.Command {
	var stale, force, retry, dry bool
	var account string
	cmd := &cobra.Command{
		Use:   "generate [CANVAS…]",
		Short: "Write the password files of canvases to all their places",
		Long: "generate writes password files again where they are stale: of the canvases that are named, of those that use an account, or of all. One that fails does not stop the others; interrupted, the same call continues. " +
			"It ends with 3 if a place failed, or a passphrase was needed and nobody could be asked.",
		Example:           "fettle pwfile generate --stale\nfettle pwfile generate --account sales-ga",
		ValidArgsFunction: a.completeCanvases,
		RunE: a.handle(func(_ *cobra.Command, names []string) error {
			return a.within(func(ctx context.Context, h *house) (err error) {
				selection := pwfile.Selection{Stale: stale, Force: force}
				for _, name := range names {
					c, err := h.canvas(ctx, name)
					if err != nil {
						return err
					}
					selection.CanvasIDs = append(selection.CanvasIDs, c.ID)
				}
				if account != "" {
					found, err := h.book.Account(ctx, account)
					if err != nil {
						return err
					}
					selection.AccountID = found.ID
				}
				if retry {
					if selection.PlaceIDs, err = h.failedPlaces(ctx); err != nil || len(selection.PlaceIDs) == 0 {
						return err
					}
				}
				if dry {
					return h.dryRun(ctx, selection)
				}
				return h.generate(ctx, selection)
			})
		}),
	}
	cmd.Flags().BoolVar(&retry, "retry", false, "the places that failed in the last run")
	cmd.Flags().BoolVar(&dry, "dry-run", false, "say what would be written, and write nothing")
	cmd.Flags().BoolVar(&stale, "stale", false, "those that are stale")
	cmd.Flags().StringVar(&account, "account", "", "those of the canvases that use this account")
	cmd.Flags().BoolVar(&force, "force", false, "write again what is up to date, too")
	complete(cmd, "account", a.completeAccounts)
	return cmd
}

// wireLine is one place of a run; docs/places.md lists the codes.
type wireLine struct {
	Canvas string          `json:"canvas"`
	Target string          `json:"target"`
	State  store.LineState `json:"state"`
	Cause  word            `json:"cause"`
	Code   word            `json:"code"`
	Retry  bool            `json:"transient"`
}

// wireRun is fettle.pwfile_run/1; waiting: the run ended before their turn.
type wireRun struct {
	Format  string     `json:"format"`
	Run     word       `json:"run"`
	Lines   []wireLine `json:"lines"`
	Summary struct {
		Done      int `json:"done"`
		Unchanged int `json:"unchanged"`
		Failed    int `json:"failed"`
		Waiting   int `json:"waiting"`
	} `json:"summary"`
}

// generate carries out a selection and tells a line per place.
func (h *house) generate(ctx context.Context, selection pwfile.Selection) error {
	plan, err := h.files.Plan(ctx, selection)
	if err != nil {
		return err
	}
	var run store.Run
	// With nothing to write no vault is opened, so a timer's run costs no passphrase.
	if len(plan.Items) > 0 {
		if err := h.unlock(ctx); err != nil {
			return err
		}
		run, err = h.files.Generate(ctx, plan, h.generateOptions(), func(p pwfile.Progress) {
			if !h.app.json {
				h.app.printf("%s", lineWords(p.Line))
			}
		})
		// With lines there is something to tell first: the error comes after them.
		if err != nil && len(run.Lines) == 0 {
			return err
		}
	}
	w := wireRunOf(run)
	if h.app.json {
		if err := h.app.emit(w); err != nil {
			return err
		}
	} else {
		h.app.progress("%d written, %d unchanged, %d failed, %d not begun", w.Summary.Done, w.Summary.Unchanged, w.Summary.Failed, w.Summary.Waiting)
	}
	switch {
	case err != nil:
		return err
	case w.Summary.Failed+w.Summary.Waiting > 0:
		return attention // the run went through, and somebody has to look at what is named above
	}
	return nil
}

// generateOptions are without anybody to ask where there is no terminal: such a place then fails with passphrase_needed.
func (h *house) generateOptions() pwfile.GenerateOptions {
	underway := func(l store.RunLine) {
		if !h.app.json && strings.HasPrefix(l.Target, sshconn.Scheme+"://") { // what lies here is written before it could be read
			h.app.progress("… %s  %s", l.Canvas, safetext.Line(l.Target))
		}
	}
	if !h.app.hasTerminal() {
		return pwfile.GenerateOptions{Underway: underway}
	}
	return pwfile.GenerateOptions{Underway: underway, Unlock: h.app.unlockKey(), Passphrase: func(ctx context.Context, c pwfile.Canvas) (secret.Text, error) {
		return h.app.newPassphrase(ctx, "Passphrase for the password file of "+c.Name)
	}}
}

func wireRunOf(run store.Run) wireRun {
	w := wireRun{Format: "fettle.pwfile_run/1", Run: word(run.ID), Lines: []wireLine{}}
	for _, l := range run.Lines {
		w.Lines = append(w.Lines, wireLine{l.Canvas, l.Target, l.State, word(l.Cause), word(l.Code), l.Transient})
		switch l.State {
		case store.LineDone:
			w.Summary.Done++
		case store.LineUnchanged:
			w.Summary.Unchanged++
		case store.LineFailed:
			w.Summary.Failed++
		case store.LineWaiting:
			w.Summary.Waiting++
		}
	}
	return w
}

func lineWords(l store.RunLine) string {
	mark := map[store.LineState]string{store.LineDone: "✓", store.LineUnchanged: "–", store.LineFailed: "✗", store.LineWaiting: "…"}[l.State]
	text := fmt.Sprintf("%s %s  %s  %s", mark, l.Canvas, safetext.Line(l.Target), l.State)
	if l.Cause != "" {
		text += ": " + l.Cause
	}
	return text
}
