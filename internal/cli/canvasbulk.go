package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"fettle/pwfile"
)

// bulkFlags say where many canvases come from.
type bulkFlags struct{ folder, match, csv string }

func (m *bulkFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&m.folder, "from-folder", "", "add a canvas for each file in this folder")
	cmd.Flags().StringVar(&m.match, "match", "*.acc", "which files of the folder are canvases")
	cmd.Flags().StringVar(&m.csv, "from-csv", "", "add the canvases of this list")
}

// asked tells many canvases from one.
func (m *bulkFlags) asked() bool { return m.folder != "" || m.csv != "" }

// addMany adds the canvases of a folder or a list, or none of them.
func (a *app) addMany(f canvasFlags, m bulkFlags) error {
	switch {
	case m.folder != "" && m.csv != "":
		return usage("--from-folder and --from-csv do not go together")
	case f.name != "" || f.file != "" || f.passwordFile != "":
		return usage("--name, --file and --password-file are for one canvas, not for many")
	case m.csv != "" && (len(f.accounts)+len(f.copies)+len(f.recipients) > 0 || f.group != "" || f.passphrase):
		return usage("with --from-csv the list says what each canvas has")
	case m.folder != "" && len(f.accounts) == 0:
		return usage("--from-folder needs --account, which all its canvases use")
	}
	return a.within(func(ctx context.Context, h *house) error {
		items, known, err := h.items(ctx, f, m)
		var added []pwfile.Canvas
		if err == nil && len(items) > 0 {
			added, err = h.files.AddAll(ctx, items)
		}
		// Every bad line is named at once: correcting a list of hundreds one run at a time is no work for a person.
		if bulk, ok := errors.AsType[*pwfile.BulkError](err); ok && !a.json {
			for _, line := range bulk.Lines() {
				a.progress("✗ %s", line)
			}
			return &failure{Code: "bulk", Message: "nothing was added", Remedy: "correct what is named above, then run the same again", exit: exitFailed}
		}
		if err != nil {
			return err
		}
		if len(items)+len(known) == 0 {
			return m.empty()
		}
		if a.json {
			w := struct {
				Format   string       `json:"format"`
				Canvases []wireCanvas `json:"canvases"`
				Known    []string     `json:"known"`
			}{"fettle.canvases_added/1", []wireCanvas{}, list(known)}
			for _, c := range added {
				w.Canvases = append(w.Canvases, wireCanvasOf(c))
			}
			return a.emit(w)
		}
		for _, c := range added {
			a.printf("✓ %s  %s", c.Name, shown(c.Path, 160))
		}
		for _, path := range known {
			a.printf("– %s is a canvas already", shown(path, 160))
		}
		a.progress("%s added; write their password files: fettle pwfile generate --stale", plural(len(added), "canvas", "canvases"))
		return nil
	})
}

// empty says that there was nothing to add: somebody who expects canvases named the wrong place.
func (m *bulkFlags) empty() *failure {
	f := &failure{Code: "nothing_found", Message: shown(m.csv, 160) + " names no canvas", Remedy: "write a line for each below its header", exit: exitFailed}
	if m.folder != "" {
		f.Message = fmt.Sprintf("no file in %s matches %q", shown(m.folder, 160), shown(m.match, 60))
		f.Remedy = "--match says which files are canvases"
	}
	return f
}

// items are the canvases to add, and the files that are canvases already.
func (h *house) items(ctx context.Context, f canvasFlags, m bulkFlags) (items []pwfile.BulkItem, known []string, err error) {
	if m.folder != "" {
		return h.files.FolderItems(ctx, m.folder, m.match, f.canvas())
	}
	list, err := os.Open(m.csv)
	if err != nil {
		return nil, nil, fmt.Errorf("the list cannot be read: %w", err)
	}
	defer func() { _ = list.Close() }() // nothing was written
	items, err = pwfile.CSVItems(list)
	return items, nil, err
}
