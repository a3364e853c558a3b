package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"fettle/internal/demo"
)

func (a *app) demoCommand() *cobra.Command {
	look, keep := &look{}, false
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Try everything without any account of your own",
		Long: "demo starts providers on this machine's loopback and makes sample accounts, canvases and password files in a temporary folder, " +
			"which is removed at the end. In a terminal it opens the screens over them; " + demo.HowTo + " in that folder says how to approve without a browser.\n\n" +
			"Without a terminal it does the main job by itself: it shows the health, repairs a revoked account, writes the stale password files again and " +
			"shows the health afterwards. It exits 0 only if all of that worked.",
		Example: "# the screens\nfettle demo\n\n# the main job, unattended\nfettle demo < /dev/null | cat",
		Args:    takes(),
		RunE:    a.handle(func(*cobra.Command, []string) error { return a.demo(look, keep) }),
	}
	look.flags(cmd)
	cmd.Flags().BoolVar(&keep, "keep", false, "keep the folder")
	return cmd
}

// demo makes a world, opens the house in it, and leaves nothing of it behind.
func (a *app) demo(l *look, keep bool) (err error) {
	switch {
	// The demo must never touch a book of the operator's own.
	case a.configFile != "" || a.dataDir != "":
		return usage("the demo has its own configuration and book: leave out --config and --data")
	case a.json:
		return usage("the demo prints no JSON: leave out --json")
	}
	ctx, stop := a.untilSignal()
	defer stop()
	dir, err := demo.NewFolder()
	if err != nil {
		return err
	}
	defer func() {
		if keep {
			a.progress("The demo's folder is kept: %s", dir)
			return
		}
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	end := "removed at the end"
	if keep {
		end = "kept"
	}
	a.progress("fettle demo: setting up in %s (%s)", dir, end)
	w, err := demo.Build(ctx, dir)
	if err != nil {
		return err
	}
	defer w.Close()
	return a.visit(ctx, w, l)
}

// visit opens the world's house, as any command opens the operator's own.
func (a *app) visit(ctx context.Context, w *demo.World, l *look) (err error) {
	a.configFile, a.dataDir = w.Config, w.Data
	h, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	// The demo's vault has its key in a file, so this asks nobody.
	if err := h.unlock(ctx); err != nil {
		return err
	}
	if !a.hasScreen() {
		return demo.MainJob{World: w, Book: h.book, Keeper: h.files, Out: a.stdout}.Run(ctx)
	}
	a.progress("How to approve: %s", filepath.Join(w.Dir, demo.HowTo))
	return h.show(ctx, l, w.Notice())
}
