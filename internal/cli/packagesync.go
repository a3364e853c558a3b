package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"fettle/internal/config"
	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
	"fettle/pwfile/packages"
)

// packagesBy keeps the packages, with somebody who answers for the keys of other machines.
func (h *house) packagesBy(ask func(context.Context, sshconn.Question) (secret.Text, error)) *packages.Keeper {
	return packages.New(packages.Config{
		Book: h.book, Store: h.store, Canvases: h.files, Actor: actor(),
		Connection: packages.Connection{SSHConfig: h.config.SSH.Config, Ask: ask},
	})
}

func (a *app) packagePlan() *cobra.Command {
	var opts packages.Options
	cmd := &cobra.Command{
		Use:               "plan PACKAGE",
		Short:             "Say what a sync would bring, without bringing it",
		Args:              takes("PACKAGE"),
		ValidArgsFunction: a.completePackages,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				p, err := h.packageNamed(ctx, args[0])
				if err != nil {
					return err
				}
				plan, err := h.packages.Plan(ctx, p.ID, opts)
				if err != nil {
					return err
				}
				if a.json {
					err = a.emit(wirePlanOf(plan))
				} else {
					a.printPlan(plan)
				}
				if err == nil && len(plan.Problems)+len(plan.Stale()) > 0 {
					err = attention
				}
				return err
			})
		}),
	}
	cmd.Flags().BoolVar(&opts.Replace, "replace", false, "as if the destination were taken over, whatever lies there")
	return cmd
}

// printPlan marks what a sync would do like a diff.
func (a *app) printPlan(p packages.Plan) {
	marks := map[packages.State]string{packages.StateNew: "+", packages.StateChanged: "~", packages.StateGone: "-", packages.StateUnchanged: " "}
	for _, i := range p.Items {
		a.printf("%s %s  %s, %s", marks[i.State], shown(i.Path, 160), i.State, size(i.Size))
		for _, why := range i.Stale {
			a.printf("    stale: %s; write it first: fettle pwfile generate %s", shown(why, 160), shown(i.Canvas, 63))
		}
	}
	for _, problem := range p.Problems {
		a.printf("✗ %s", shown(problem.Text, 240))
		if problem.Remedy != "" {
			a.printf("    → %s", shown(problem.Remedy, 240))
		}
	}
	if !p.Work() && len(p.Problems) == 0 {
		a.printf("Nothing to bring: number %d lies there as it should.", p.Serial)
	}
}

func (a *app) packageSync() *cobra.Command {
	var opts packages.Options
	var all bool
	cmd := &cobra.Command{
		Use:   "sync [PACKAGE…]",
		Short: "Bring packages to their destinations",
		Long: "sync brings what is new or changed, reads it back, and then puts the manifest in place in one step: a reader sees the former package or the new one. " +
			"Interrupted, the same call goes on where it was. The vault is needed only if something changed, to sign the manifest.",
		Example:           "fettle package sync nightly\nfettle package sync --all",
		ValidArgsFunction: a.completePackages,
		RunE: a.handle(func(_ *cobra.Command, names []string) error {
			if all == (len(names) > 0) {
				return usage("name the packages to sync, or --all")
			}
			return a.within(func(ctx context.Context, h *house) error {
				chosen, err := h.chosenPackages(ctx, names)
				if err != nil {
					return err
				}
				return h.syncPackages(ctx, chosen, opts)
			})
		}),
	}
	flags := cmd.Flags()
	flags.BoolVar(&all, "all", false, "all packages")
	flags.BoolVar(&opts.Verify, "verify", false, "read everything back, and mend what is not whole")
	flags.BoolVar(&opts.Replace, "replace", false, "take the destination over, whatever lies there")
	return cmd
}

// chosenPackages are those named, or all.
func (h *house) chosenPackages(ctx context.Context, names []string) ([]packages.Package, error) {
	if len(names) == 0 {
		return h.packages.Packages(ctx)
	}
	chosen := make([]packages.Package, 0, len(names))
	for _, name := range names {
		p, err := h.packageNamed(ctx, name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, p)
	}
	return chosen, nil
}

// syncPackages syncs one after the other; one that fails does not stop the others.
func (h *house) syncPackages(ctx context.Context, chosen []packages.Package, opts packages.Options) error {
	// Asked for only when there is a manifest to sign: a run from cron that finds nothing new opens no vault.
	opts.Unlock = h.unlock
	w := wireSync{Format: "fettle.package_sync/1", Packages: []wireSynced{}}
	var failed error
	notes := 0
	for _, p := range chosen {
		r, err := h.packages.Sync(ctx, p.ID, opts, h.app.transferring(p.Name))
		notes += len(r.Notes)
		if err != nil && len(chosen) == 1 {
			return err // told like any other failure, with its own exit code
		}
		w.Packages = append(w.Packages, h.app.wireSyncedOf(p.Name, r, err))
		if err != nil {
			failed = failedAlready
			// A locked vault has an exit code of its own, and would stop the other packages in the same way.
			if f := h.app.explain(err); f.exit == exitLocked {
				failed = err
			}
		}
		if !h.app.json {
			h.app.printSynced(p.Name, r, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	if h.app.json {
		if err := h.app.emit(w); err != nil {
			return err
		}
	}
	if failed == nil && notes > 0 {
		failed = attention
	}
	return failed
}

// transferring tells a person at a terminal how far a transfer is, not more often than one can read.
func (a *app) transferring(name string) func(packages.Progress) {
	if !isTerminal(a.stderr) || a.json {
		return nil
	}
	var last time.Time
	return func(p packages.Progress) {
		// Each file that ends is told; bytes in between once a second.
		if p.Path == "" && time.Since(last) < time.Second || p.Total == 0 {
			return
		}
		last = time.Now()
		a.progress("  %s: %s %d of %d, %s of %s", name, p.Step, p.Done, p.Total, size(p.Bytes), size(p.TotalBytes))
	}
}

// printSynced is the outcome of one package, in a line.
func (a *app) printSynced(name string, r packages.Result, err error) {
	switch {
	case err != nil:
		f := a.explain(err)
		a.printf("✗ %s  failed: %s", name, shown(f.Message, 300))
		if f.Remedy != "" {
			a.printf("    → %s", shown(f.Remedy, 300))
		}
		return
	case r.Uploaded == 0 && r.Present == 0 && r.Removed == 0:
		a.printf("✓ %s  unchanged, number %d", name, r.Serial)
	default:
		a.printf("✓ %s  number %d: %s brought, %s, %d there already, %d removed", name, r.Serial, plural(r.Uploaded, "file", "files"), size(r.Bytes), r.Present, r.Removed)
	}
	for _, note := range r.Notes {
		a.printf("    %s", shown(note, 300))
	}
}

func (a *app) packageFetch() *cobra.Command {
	var opts packages.FetchOptions
	cmd := &cobra.Command{
		Use:   "fetch --from DESTINATION --to FOLDER",
		Short: "Bring a folder on this server to what a package is now",
		Long: "fetch is the reader's side. It needs neither book nor vault: everything is downloaded beside the files and checked, then each file is renamed into place. " +
			"It follows the writer that this server knows (fettle server trust KEY) or, if it knows none, the one of the first fetch to that folder. Other files in the folder are left alone.",
		Example: "fettle package fetch --from 's3://automation/nightly?region=eu-central-1' --to /srv/nightly",
		Args:    takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			if opts.From == "" || opts.To == "" {
				return usage("--from and --to are needed")
			}
			ctx, stop := a.untilSignal()
			defer stop()
			paths, err := config.Where(a.configFile, a.dataDir)
			if err != nil {
				return err
			}
			// Only [ssh] is needed of it: a reader has no providers to know.
			settings, err := config.Load(paths.Config, a.configFile != "")
			if err != nil {
				return err
			}
			opts.Dir, opts.Connection = paths.Data, packages.Connection{SSHConfig: settings.SSH.Config, Ask: a.unlockKey()}
			f, err := packages.Fetch(ctx, opts, a.transferring("fetch"))
			if err != nil {
				return err
			}
			if a.json {
				err = a.emit(wireFetchedOf(f))
			} else {
				a.printFetched(f)
			}
			if err == nil && len(f.Notes) > 0 {
				err = attention
			}
			return err
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&opts.From, "from", "", "the package's destination")
	flags.StringVar(&opts.To, "to", "", "a folder on this machine")
	flags.BoolVar(&opts.Replace, "replace", false, "although the folder holds another or a later package, and over files that no fetch has put there")
	return cmd
}

// printFetched says, besides the counts, whom this folder believes from now on.
func (a *app) printFetched(f packages.Fetched) {
	a.printf("✓ %s  number %d of %s: %d written, %d unchanged, %d removed", shown(f.Package, 63), f.Serial, moment(f.CreatedAt), len(f.Changed), f.Unchanged, len(f.Removed))
	if !f.Pinned {
		a.printf("    its writer was not known here before and is believed from now on; to be sure, compare: %s", shown(f.Writer, 60))
	}
	for _, note := range f.Notes {
		a.printf("    %s", shown(note, 200))
	}
}

// size is a number of bytes for a person.
func size(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, u := float64(n), 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	if u == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return safetext.Line(fmt.Sprintf("%.1f %s", v, units[u]))
}
