package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
	"fettle/pwfile"
)

func (a *app) canvasList() *cobra.Command {
	remote := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the canvases and how their password files are",
		Long: "list looks at the places on this machine; what it says of places on other machines is as of the last look. With --remote it looks there, too. " +
			"It needs no passphrase of the vault.",
		Args: takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				// Whoever lists looks now, whatever was seen within the last minute.
				if err := h.files.Check(ctx, true); err != nil {
					return err
				}
				if remote {
					if err := h.lookRemote(ctx); err != nil {
						return err
					}
				}
				all, err := h.files.Canvases(ctx)
				if err != nil {
					return err
				}
				if a.json {
					w := struct {
						Format   string       `json:"format"`
						Canvases []wireCanvas `json:"canvases"`
						Summary  wireStale    `json:"summary"`
					}{"fettle.canvases/1", []wireCanvas{}, wireStale{len(all), pwfile.StaleFiles(all)}}
					for _, c := range all {
						w.Canvases = append(w.Canvases, wireCanvasOf(c))
					}
					return a.emit(w)
				}
				a.printCanvases(all)
				return nil
			})
		}),
	}
	cmd.Flags().BoolVar(&remote, "remote", false, "look at the places on other machines, too")
	return cmd
}

// lookRemote looks at the places on other machines and tells each as it is known.
func (h *house) lookRemote(ctx context.Context) error {
	return h.files.CheckRemote(ctx, pwfile.RemoteOptions{Unlock: h.app.unlockKey()}, func(s pwfile.Seen) {
		switch {
		case h.app.json:
		case s.Reached:
			h.app.progress("looked at %s (%d of %d)", shown(s.Place.Target, 160), s.Done, s.Total)
		default:
			h.app.progress("could not look (%d of %d): %s", s.Done, s.Total, shown(s.Place.Problem, 400))
		}
	})
}

// unlockKey asks for what unlocks a key of ssh's; nil where there is nobody to ask.
func (a *app) unlockKey() func(context.Context, sshconn.Question) (secret.Text, error) {
	if !a.hasTerminal() {
		return nil
	}
	return func(ctx context.Context, q sshconn.Question) (secret.Text, error) {
		if q.Again {
			a.progress("That is not it.")
		}
		return a.askSecret(ctx, q.Host.String()+": "+strings.TrimSuffix(q.Prompt, ":")+":")
	}
}

// printCanvases prints each with its places and what is behind.
func (a *app) printCanvases(all []pwfile.Canvas) {
	for _, c := range all {
		mark, names := "✓", []string{}
		if c.NeedsWriting() {
			mark = "!"
		}
		for _, ref := range c.Accounts {
			names = append(names, shown(ref.Name, 63))
		}
		a.printf("%s %s  %s  uses %s", mark, c.Name, shown(c.Path, 120), strings.Join(names, ", "))
		for _, place := range c.Places {
			a.printf("    password file: %s%s", shown(place.Target, 160), lookedAt(place))
		}
		for _, r := range c.Stale {
			a.printf("    %s", shown(r.Text, 200))
		}
	}
	switch {
	case len(all) > 0:
		a.printf("%s, %s", plural(len(all), "canvas", "canvases"), plural(pwfile.StaleFiles(all), "stale password file", "stale password files"))
	default:
		a.printf("There are no canvases yet: fettle canvas add --name NAME --file PATH --account NAME")
	}
}

// lookedAt says how old the look at a place on another machine is.
func lookedAt(p store.Place) string {
	switch {
	case p.Kind == store.PlaceLocal:
		return ""
	case p.CheckedAt.IsZero():
		return "  (not looked at yet)"
	}
	return "  (as of " + moment(p.CheckedAt) + ")"
}
