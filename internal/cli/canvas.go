package cli

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/pwfile"
)

func (a *app) canvasCommand() *cobra.Command {
	return a.group("canvas", "Say which canvases use which accounts, and where their password files lie",
		a.canvasAdd(), a.canvasList(), a.canvasEdit(), a.canvasRelink(), a.canvasRemove())
}

// canvasFlags are what `canvas add` and `canvas edit` take.
type canvasFlags struct {
	name, file, passwordFile, group string
	accounts, copies, recipients    []string
	passphrase                      bool
}

func (f *canvasFlags) register(a *app, cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "the canvas's name")
	flags.StringVar(&f.file, "file", "", "the canvas file")
	flags.StringSliceVar(&f.accounts, "account", nil, "an account it uses; repeatable")
	flags.StringVar(&f.passwordFile, "password-file", "", "where its password file lies; beside the canvas if left out")
	flags.StringArrayVar(&f.copies, "copy", nil, "a further place for it, a path or sftp://user@host:port/path; repeatable")
	flags.StringArrayVar(&f.recipients, "recipient", nil, "an age or SSH public key that can open it; repeatable; this server's if left out")
	flags.BoolVar(&f.passphrase, "passphrase", false, "encrypt it to a passphrase instead")
	flags.StringVar(&f.group, "group", "", "give it mode 0640 and this group, for a job that runs as another user")
	complete(cmd, "account", a.completeAccounts)
}

func (a *app) canvasAdd() *cobra.Command {
	var f canvasFlags
	var many bulkFlags
	cmd := &cobra.Command{
		Use:   "add --name NAME --file PATH --account NAME…",
		Short: "Add a canvas, or many",
		Long: "add adds one canvas; or with --from-folder one for each file in a folder, all using the same accounts; or with --from-csv those of a list, " +
			"whose first line names its columns: name,file,accounts,password_file,copies,recipients,group. The first three are needed; several accounts or copies " +
			"in one cell are separated by semicolons. Of many canvases all are added or, if there is something wrong with one, none.",
		Example: "fettle canvas add --name sales --file /srv/canvases/sales.acc --account sales-ga --account sales-sheets\n" +
			"fettle canvas add --from-folder /srv/canvases --account sales-ga --copy sftp://jobs@host/srv/canvases/\nfettle canvas add --from-csv canvases.csv",
		Args: takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			if many.asked() {
				return a.addMany(f, many)
			}
			if f.name == "" || f.file == "" || len(f.accounts) == 0 {
				return usage("--name, --file and --account are needed")
			}
			return a.within(func(ctx context.Context, h *house) error {
				c, err := h.files.Add(ctx, f.canvas())
				if err != nil {
					return err
				}
				var notes []string
				// It may be written later, and it may be a slip of the pen.
				if _, err := os.Stat(c.Path); errors.Is(err, fs.ErrNotExist) {
					notes = append(notes, "there is no file at "+c.Path+" yet; if that is not its path: fettle canvas edit "+c.Name+" --file PATH")
				}
				if a.json {
					return a.emitCanvas(c, notes)
				}
				a.printf("%s is added; write its password file: fettle pwfile generate %s", c.Name, c.Name)
				for _, note := range notes {
					a.printf("  %s", shown(note, 400))
				}
				return nil
			})
		}),
	}
	f.register(a, cmd)
	many.register(cmd)
	return cmd
}

// canvas is the new canvas that the flags describe.
func (f *canvasFlags) canvas() pwfile.NewCanvas {
	return pwfile.NewCanvas{
		Name: f.name, Path: f.file, AccountNames: f.accounts, PasswordFile: f.passwordFile, Copies: f.copies,
		Recipients: f.recipients, Passphrase: f.passphrase, Group: f.group,
	}
}

func (a *app) canvasEdit() *cobra.Command {
	var f canvasFlags
	cmd := &cobra.Command{
		Use:               "edit CANVAS",
		Short:             "Change a canvas",
		Long:              "edit changes what is named and leaves the rest. A list such as --account replaces the whole list; an empty value empties it.",
		Args:              takes("CANVAS"),
		ValidArgsFunction: a.completeCanvases,
		RunE: a.handle(func(cmd *cobra.Command, args []string) error {
			if err := changesSomething(cmd); err != nil {
				return err
			}
			return a.within(func(ctx context.Context, h *house) error {
				c, err := h.canvas(ctx, args[0])
				if err != nil {
					return err
				}
				change := f.change(cmd)
				// Somebody may have changed it since: the book then refuses instead of overwriting that.
				change.Revision = c.Revision
				edited, err := h.files.Edit(ctx, c.ID, change)
				if err != nil {
					return err
				}
				if a.json {
					return a.emitCanvas(edited.Canvas, edited.Notes)
				}
				a.printf("%s is changed", edited.Canvas.Name)
				for _, note := range edited.Notes {
					a.printf("  %s", note)
				}
				return nil
			})
		}),
	}
	f.register(a, cmd)
	return cmd
}

// change is what the flags that were given say.
func (f *canvasFlags) change(cmd *cobra.Command) pwfile.Change {
	var c pwfile.Change
	given := func(name string) bool { return cmd.Flags().Changed(name) }
	// An empty value empties a list, as in --copy ''; nil would mean that the flag was not given.
	values := func(in []string) *[]string {
		out := []string{}
		for _, v := range in {
			if v != "" {
				out = append(out, v)
			}
		}
		return &out
	}
	for name, set := range map[string]func(){
		"name": func() { c.Name = &f.name }, "file": func() { c.Path = &f.file }, "password-file": func() { c.PasswordFile = &f.passwordFile },
		"group": func() { c.Group = &f.group }, "passphrase": func() { c.Passphrase = &f.passphrase },
		"account": func() { c.AccountNames = values(f.accounts) }, "copy": func() { c.Copies = values(f.copies) },
		"recipient": func() { c.Recipients = values(f.recipients) },
	} {
		if given(name) {
			set()
		}
	}
	return c
}

func (a *app) canvasRemove() *cobra.Command {
	return &cobra.Command{
		Use:               "remove CANVAS",
		Short:             "Forget a canvas; its password files stay where they are",
		Args:              takes("CANVAS"),
		ValidArgsFunction: a.completeCanvases,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				c, err := h.canvas(ctx, args[0])
				if err != nil {
					return err
				}
				left, err := h.files.Remove(ctx, c.ID)
				if err != nil {
					return err
				}
				if a.json {
					return a.emit(struct {
						Format string   `json:"format"`
						Name   string   `json:"name"`
						Left   []string `json:"left"`
					}{"fettle.canvas_removed/1", c.Name, list(left)})
				}
				a.printf("%s is forgotten here", c.Name)
				for _, path := range left {
					a.printf("  its password file stays, and still opens: %s", path)
				}
				return nil
			})
		}),
	}
}

// canvas finds a canvas by name, or says which one may have been meant.
func (h *house) canvas(ctx context.Context, name string) (pwfile.Canvas, error) {
	c, err := h.files.ByName(ctx, name)
	if !errors.Is(err, store.ErrNotFound) {
		return c, err
	}
	all, err := h.files.Canvases(ctx)
	if err != nil {
		return c, err
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	return c, unknownName("canvas", name, accounts.Nearest(name, names), "`fettle canvas list` lists the canvases")
}
