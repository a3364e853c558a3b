package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts/store"
	"fettle/internal/config"
	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/pwfile"
)

func (a *app) pwfileCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "pwfile",
		Short: "Write and inspect password files",
		Args:  cobra.NoArgs,
		RunE:  a.handle(func(cmd *cobra.Command, _ []string) error { return a.needsSubcommand(cmd) }),
	}
	cmd.AddCommand(a.pwfileGenerate(), a.pwfileInspect())
	return cmd
}

func (a *app) pwfileGenerate() *cobra.Command {
	var stale, force bool
	var account string
	cmd := &cobra.Command{
		Use:               "generate [CANVAS…]",
		Short:             "Write the password files of canvases to all their places",
		Long:              "generate writes password files again where they are stale: of the canvases that are named, of those that use an account, or of all. One that fails does not stop the others; interrupted, the same call continues.",
		Example:           "fettle pwfile generate --stale\nfettle pwfile generate --account sales-ga",
		ValidArgsFunction: a.completeCanvases,
		RunE: a.handle(func(_ *cobra.Command, names []string) error {
			return a.within(func(ctx context.Context, h *house) error {
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
				return h.generate(ctx, selection)
			})
		}),
	}
	cmd.Flags().BoolVar(&stale, "stale", false, "those that are stale")
	cmd.Flags().StringVar(&account, "account", "", "those of the canvases that use this account")
	cmd.Flags().BoolVar(&force, "force", false, "write again what is up to date, too")
	complete(cmd, "account", a.completeAccounts)
	return cmd
}

type wireLine struct {
	Canvas string          `json:"canvas"`
	Target string          `json:"target"`
	State  store.LineState `json:"state"`
	Cause  word            `json:"cause"`
}

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
	if len(plan.Items) > 0 {
		if err := h.unlock(ctx); err != nil {
			return err
		}
		run, err = h.files.Generate(ctx, plan, h.generateOptions(), func(p pwfile.Progress) {
			if !h.app.json {
				h.app.printf("%s", lineWords(p.Line))
			}
		})
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
		return failedAlready
	}
	return nil
}

func (h *house) generateOptions() pwfile.GenerateOptions {
	if !h.app.hasTerminal() {
		return pwfile.GenerateOptions{}
	}
	return pwfile.GenerateOptions{Passphrase: func(ctx context.Context, c pwfile.Canvas) (secret.Text, error) {
		return h.app.newPassphrase(ctx, "Passphrase for the password file of "+c.Name)
	}}
}

func wireRunOf(run store.Run) wireRun {
	w := wireRun{Format: "fettle.pwfile_run/1", Run: word(run.ID), Lines: []wireLine{}}
	for _, l := range run.Lines {
		w.Lines = append(w.Lines, wireLine{l.Canvas, l.Target, l.State, word(l.Cause)})
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

func (a *app) pwfileInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what is known about a password file, without its secrets",
		Long:  "inspect says what can be said about a password file on this server, and why a job could not use it. It remembers nothing and needs neither book nor vault.",
		Args:  cobra.ExactArgs(1),
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			ctx, stop := a.untilSignal()
			defer stop()
			paths, err := config.Where(a.configFile, a.dataDir)
			if err != nil {
				return err
			}
			options := pwfile.ReaderOptions{Dir: paths.Data}
			info, err := pwfile.Inspect(ctx, args[0], options)
			if err == nil && slices.Contains(info.Kinds, "scrypt") && a.hasTerminal() {
				if options.Passphrase, err = a.askSecret(ctx, "Passphrase of the file:"); err == nil {
					info, err = pwfile.Inspect(ctx, args[0], options)
				}
			}
			if err != nil {
				return err
			}
			if err := a.printInfo(info); err != nil {
				return err
			}
			if info.Problem != nil {
				return attention
			}
			return nil
		}),
	}
}

func (a *app) printInfo(i pwfile.Info) error {
	if a.json {
		return a.emit(wireInfoOf(i))
	}
	a.printf("%s  %d bytes, %s, encrypted to: %s", shown(i.Path, 200), i.Size, i.Mode, shown(strings.Join(i.Kinds, ", "), 100))
	if i.Opened {
		a.printf("  canvas %s, number %d, written %s by the book %s", shown(i.Canvas, 63), i.Serial, moment(i.GeneratedAt), shown(i.Book, 40))
		a.printf("  writer: %s", shown(i.Writer, 100))
		for _, r := range i.Recipients {
			a.printf("  recipient: %s", shown(r, 120))
		}
		for _, account := range i.Accounts {
			a.printf("  account %s at %s, %s, generation %d", shown(account.Name, 63), shown(account.Provider, 40), shown(account.Identity.Email, 60), account.Generation)
		}
	}
	if i.Problem != nil {
		a.printf("! %s: %s\n  → %s", i.Problem.Code, safetext.Line(i.Problem.Text), safetext.Line(i.Problem.Remedy))
		return nil
	}
	a.printf("✓ a job on this server can use it")
	return nil
}
