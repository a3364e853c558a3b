package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"fettle/accounts/store"
	"fettle/internal/config"
	"fettle/internal/safetext"
)

func (a *app) logCommand() *cobra.Command {
	limit, since := 50, ""
	cmd := &cobra.Command{
		Use:               "log [NAME]",
		Short:             "Show who did what to which account, when",
		Long:              "log shows the history of the book, or of one account, newest first. It is kept for 400 days.",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeAccount,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			if limit < 0 {
				return usage("--limit is a number of entries, or 0 for all")
			}
			filter := store.EventFilter{Limit: limit}
			if since != "" {
				var d config.Duration
				if err := d.UnmarshalText([]byte(since)); err != nil {
					return usage("--since is a duration such as 7d or 36h")
				}
				filter.Since = time.Now().Add(-time.Duration(d))
			}
			return a.within(func(ctx context.Context, h *house) error {
				if len(args) == 1 {
					account, err := h.book.Account(ctx, args[0])
					if err != nil {
						return err
					}
					filter.AccountID = account.ID
				}
				events, err := h.book.Events(ctx, filter)
				if err != nil {
					return err
				}
				return a.printEvents(events)
			})
		}),
	}
	cmd.Flags().IntVar(&limit, "limit", limit, "how many entries at most; 0 = all")
	cmd.Flags().StringVar(&since, "since", "", "only what is younger, such as 7d")
	return cmd
}

// wireLogged is an entry of the history, which is the book's; the operations log beside it is for programs.
type wireLogged struct {
	At      stamp  `json:"at"`
	Actor   string `json:"actor"`
	Action  string `json:"action"`
	Subject word   `json:"subject"`
	OK      bool   `json:"ok"`
	Detail  word   `json:"detail"`
}

// printEvents sanitises what was stored: a name or a provider's words may be older than the present rules.
func (a *app) printEvents(events []store.Event) error {
	if a.json {
		w := struct {
			Format string       `json:"format"`
			Events []wireLogged `json:"events"`
		}{"fettle.log/1", []wireLogged{}}
		for _, e := range events {
			w.Events = append(w.Events, wireLogged{stamp{e.At}, safetext.Line(e.Actor), e.Action, word(safetext.Line(e.Subject)), e.OK, word(safetext.Line(e.Detail))})
		}
		return a.emit(w)
	}
	rows := make([][]string, 0, len(events))
	for _, e := range events {
		mark := "✓"
		if !e.OK {
			mark = "✗"
		}
		rows = append(rows, []string{moment(e.At), mark, e.Action, shown(e.Subject, 40), shown(e.Actor, 40), safetext.Cut(e.Detail, 120)})
	}
	a.table("", rows)
	return nil
}
