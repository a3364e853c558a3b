package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

func (a *app) packageCommand() *cobra.Command {
	return a.group("package", "Bring canvases with their password files to where they run, together",
		a.packageAdd(), a.packageList(), a.packageEdit(), a.packagePlan(), a.packageSync(), a.packageFetch(), a.packageRemove())
}

// packageFlags are what `package add` and `package edit` take.
type packageFlags struct {
	name, to        string
	canvases, files []string
}

func (f *packageFlags) register(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "the package's name")
	flags.StringSliceVar(&f.canvases, "canvas", nil, "a canvas in it, as NAME or NAME=FOLDER in the package; repeatable")
	flags.StringArrayVar(&f.files, "file", nil, "a further file in it, as PATH or PATH=NAME in the package; repeatable")
	flags.StringVar(&f.to, "to", "", "where it goes: a folder, sftp://user@host:port/path or s3://bucket/prefix?endpoint=…&region=…")
	complete(cmd, "canvas", a.completeCanvases)
}

func (a *app) packageAdd() *cobra.Command {
	var f packageFlags
	var layout string
	cmd := &cobra.Command{
		Use:   "add --name NAME --canvas CANVAS… --to DESTINATION",
		Short: "Add a package",
		Example: "fettle package add --name nightly --canvas sales --canvas stock --file /srv/rates.csv --to sftp://runner@jobs/srv/nightly\n" +
			"fettle package add --name nightly --canvas sales --to 's3://automation/nightly?region=eu-central-1'",
		Args: takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			if f.name == "" || len(f.canvases) == 0 || f.to == "" {
				return usage("--name, --canvas and --to are needed")
			}
			return a.within(func(ctx context.Context, h *house) error {
				p, err := h.packages.Add(ctx, packages.NewPackage{
					Name: f.name, Canvases: members(f.canvases), Files: members(f.files), Target: f.to, Layout: store.PackageLayout(layout),
				})
				if err != nil {
					return err
				}
				return a.tellPackage(p, p.Name+" is added; bring it there: fettle package sync "+p.Name)
			})
		}),
	}
	f.register(a, cmd)
	cmd.Flags().StringVar(&layout, "layout", "objects", "objects, which a reader never sees half changed, or plain: files by their names")
	return cmd
}

func (a *app) packageEdit() *cobra.Command {
	var f packageFlags
	cmd := &cobra.Command{
		Use:               "edit PACKAGE",
		Short:             "Change a package",
		Long:              "edit changes what is named and leaves the rest. A list such as --canvas replaces the whole list; an empty value empties it. What lies at a former destination stays there.",
		Args:              takes("PACKAGE"),
		ValidArgsFunction: a.completePackages,
		RunE: a.handle(func(cmd *cobra.Command, args []string) error {
			if err := changesSomething(cmd); err != nil {
				return err
			}
			return a.within(func(ctx context.Context, h *house) error {
				p, err := h.packageNamed(ctx, args[0])
				if err != nil {
					return err
				}
				// The revision makes the book refuse if somebody else changed the package since it was read.
				change := packages.Change{Revision: p.Revision}
				given := cmd.Flags().Changed
				if given("name") {
					change.Name = &f.name
				}
				if given("to") {
					change.Target = &f.to
				}
				if given("canvas") {
					list := members(f.canvases)
					change.Canvases = &list
				}
				if given("file") {
					list := members(f.files)
					change.Files = &list
				}
				if p, err = h.packages.Edit(ctx, p.ID, change); err != nil {
					return err
				}
				return a.tellPackage(p, p.Name+" is changed; bring it there: fettle package sync "+p.Name)
			})
		}),
	}
	f.register(a, cmd)
	return cmd
}

// members reads NAME=AS. A path may have an equals sign in it: the last one counts, so such a path is written PATH=NAME.
func members(texts []string) []packages.Member {
	all := []packages.Member{}
	for _, text := range texts {
		if text == "" {
			continue
		}
		m := packages.Member{Name: text}
		// i > 0: a name cannot be empty, so a leading = belongs to it.
		if i := strings.LastIndex(text, "="); i > 0 {
			m.Name, m.As = text[:i], text[i+1:]
		}
		all = append(all, m)
	}
	return all
}

func (a *app) packageRemove() *cobra.Command {
	return &cobra.Command{
		Use:               "remove PACKAGE",
		Short:             "Forget a package; what lies at its destination stays there",
		Args:              takes("PACKAGE"),
		ValidArgsFunction: a.completePackages,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				p, err := h.packageNamed(ctx, args[0])
				if err != nil {
					return err
				}
				if err := h.packages.Remove(ctx, p.ID); err != nil {
					return err
				}
				if a.json {
					return a.emit(struct {
						Format string `json:"format"`
						Name   string `json:"name"`
						Left   word   `json:"left"`
					}{"fettle.package_removed/1", p.Name, word(left(p))})
				}
				a.printf("%s is forgotten here", p.Name)
				if left(p) != "" {
					a.printf("  what lies at %s stays, and its password files still open", shown(left(p), 200))
				}
				return nil
			})
		}),
	}
}

// left is where something of a package lies, "" if nowhere.
func left(p packages.Package) string {
	if p.Serial == 0 {
		return ""
	}
	return p.Target
}

func (a *app) packageList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the packages, when they were last synced, and what is behind",
		Args:  takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				all, err := h.packages.Packages(ctx)
				if err != nil {
					return err
				}
				if a.json {
					w := struct {
						Format   string        `json:"format"`
						Packages []wirePackage `json:"packages"`
					}{"fettle.packages/1", []wirePackage{}}
					for _, p := range all {
						w.Packages = append(w.Packages, wirePackageOf(p))
					}
					return a.emit(w)
				}
				for _, p := range all {
					a.printPackage(p)
				}
				if len(all) == 0 {
					a.printf("There are no packages yet: fettle package add --name NAME --canvas CANVAS --to DESTINATION")
				}
				return nil
			})
		}),
	}
}

// printPackage is a package as it was last seen; nobody is asked.
func (a *app) printPackage(p packages.Package) {
	mark, when := "✓", "never synced"
	if len(p.Behind) > 0 || p.Problem != "" {
		mark = "!"
	}
	if p.Synced != nil {
		when = "synced " + moment(p.Synced.At) + ", " + plural(p.Synced.Files, "file", "files")
	}
	a.printf("%s %s  %s  %s", mark, p.Name, shown(p.Target, 160), when)
	for _, lag := range p.Behind {
		a.printf("    %s", shown(lag.Text, 200))
	}
	if p.Problem != "" {
		a.printf("    the last attempt, %s, failed: %s", moment(p.TriedAt), shown(p.Problem, 300))
	}
}

// packageNamed finds a package by name, or says which one may have been meant.
func (h *house) packageNamed(ctx context.Context, name string) (packages.Package, error) {
	p, err := h.packages.ByName(ctx, name)
	if !errors.Is(err, store.ErrNotFound) {
		return p, err
	}
	all, err := h.packages.Packages(ctx)
	if err != nil {
		return p, err
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	return p, unknownName("package", name, accounts.Nearest(name, names), "`fettle package list` lists the packages")
}

// completePackages offers the names of packages.
func (a *app) completePackages(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.names(args, begun, func(r store.Reader) ([]string, error) {
		all, err := r.Packages()
		names := make([]string, 0, len(all))
		for _, p := range all {
			names = append(names, p.Name)
		}
		return names, err
	})
}
