package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

func (a *app) canvasRelink() *cobra.Command {
	var file, folder string
	cmd := &cobra.Command{
		Use:               "relink CANVAS (--file PATH | --in FOLDER)",
		Short:             "Say where a canvas's file has gone",
		Long:              "relink names the new path of a canvas file that was moved, or finds the file of its name below a folder. Accounts, places and history stay.",
		Example:           "fettle canvas relink sales --in /srv",
		Args:              takes("CANVAS"),
		ValidArgsFunction: a.completeCanvases,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			if (file == "") == (folder == "") {
				return usage("name the file with --file, or a folder to look in with --in")
			}
			return a.within(func(ctx context.Context, h *house) error {
				c, err := h.canvas(ctx, args[0])
				if err != nil {
					return err
				}
				if folder != "" {
					found, err := h.files.FindMoved(ctx, c, folder)
					if err != nil {
						return err
					}
					if file, err = theOne(found, folder); err != nil {
						return err
					}
				}
				// Only the file is elsewhere: accounts, places and history stay.
				edited, err := h.files.Relink(ctx, c, file)
				if err != nil {
					return err
				}
				if a.json {
					return a.emitCanvas(edited.Canvas, edited.Notes)
				}
				a.printf("%s is %s now", edited.Canvas.Name, shown(edited.Canvas.Path, 200))
				for _, note := range edited.Notes {
					a.printf("  %s", note)
				}
				return nil
			})
		}),
	}
	cmd.Flags().StringVar(&file, "file", "", "where it is now")
	cmd.Flags().StringVar(&folder, "in", "", "look for it below this folder")
	return cmd
}

// theOne takes the only candidate there is.
func theOne(found []string, folder string) (string, error) {
	switch len(found) {
	case 0:
		return "", &failure{Code: "not_found", Message: "no file of that name lies below " + folder, Remedy: "name another folder, or the file itself with --file", exit: exitFailed}
	case 1:
		return found[0], nil
	}
	return "", &failure{Code: "ambiguous", Message: fmt.Sprintf("there are %d files of that name, such as %s and %s", len(found), found[0], found[1]), Remedy: "name the right one with --file", exit: exitFailed}
}
