package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/accounts/store"
)

func (a *app) resourcesCommand() *cobra.Command {
	var refresh bool
	var match string
	cmd := &cobra.Command{
		Use:   "resources NAME",
		Short: "List what an account can reach, and what is new or gone",
		Long: "resources shows what was listed last, as a tree, with what came and what went since the time before. --refresh asks the provider; " +
			"the credential is not touched by that.",
		Example:           "fettle resources sales-ga --refresh\nfettle resources sales-ga --match shop",
		Args:              takes("NAME"),
		ValidArgsFunction: a.completeAccount,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				account, err := h.book.Account(ctx, args[0])
				if err != nil {
					return err
				}
				// What was listed last lies in the clear: only asking anew needs the credential.
				if refresh {
					if err := h.unlock(ctx); err != nil {
						return err
					}
				}
				resources, err := h.book.Resources(ctx, account.ID, refresh)
				if err != nil {
					return err
				}
				return a.printResources(resources, match)
			})
		}),
	}
	cmd.Flags().BoolVar(&refresh, "refresh", false, "ask the provider instead of showing what was listed last")
	cmd.Flags().StringVar(&match, "match", "", "only what has this text in its name or ID, and what that lies in")
	return cmd
}

// wireResources is fettle.resources/1. Field names, once released, stay.
type wireResources struct {
	Format   string           `json:"format"`
	Account  wireRef          `json:"account"`
	ListedAt stamp            `json:"listed_at"`
	Services []wireServiceHas `json:"services"`
}

// wireServiceHas is what one service lists; services are listed one by one, so each has its own time.
type wireServiceHas struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Lists     bool           `json:"lists"`
	ListedAt  stamp          `json:"listed_at"`
	BeforeAt  stamp          `json:"listed_before_at"`
	Resources []wireResource `json:"resources"`
	Gone      []wireResource `json:"gone"`
	Empty     word           `json:"empty_because"`
}

// wireResource is flat: parent is the ID or the heading under which the tree shows it.
type wireResource struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Parent    word   `json:"parent"`
	FirstSeen stamp  `json:"first_seen_at"`
	LastSeen  stamp  `json:"last_seen_at"`
	New       bool   `json:"new"`
	GoneAt    stamp  `json:"gone_at"`
}

// wireServiceOf keeps what is gone apart, so that a program which reads resources alone sees what is there.
func wireServiceOf(s accounts.ServiceResources) wireServiceHas {
	wire := func(items []store.Resource) []wireResource {
		out := []wireResource{}
		for _, r := range items {
			out = append(out, wireResource{r.ID, r.Name, word(r.Parent), stamp{r.FirstSeen}, stamp{r.LastSeen}, s.IsNew(r) && r.GoneAt.IsZero(), stamp{r.GoneAt}})
		}
		return out
	}
	return wireServiceHas{s.Service, s.Name, s.Lists, stamp{s.At}, stamp{s.Former}, wire(s.Items), wire(s.Gone), word(s.Empty)}
}

// printResources prints the trees of all services, or what of them matches.
func (a *app) printResources(l accounts.ResourceList, match string) error {
	if match != "" {
		for i, s := range l.Services {
			l.Services[i].Items, l.Services[i].Gone = accounts.MatchResources(s.Items, match), accounts.MatchResources(s.Gone, match)
		}
	}
	if a.json {
		w := wireResources{"fettle.resources/1", wireRef{l.AccountID, l.Name}, stamp{l.At}, []wireServiceHas{}}
		for _, s := range l.Services {
			w.Services = append(w.Services, wireServiceOf(s))
		}
		return a.emit(w)
	}
	if why := l.Unlistable(); l.At.IsZero() && why != "" {
		a.printf("%s: %s", l.Name, shown(why, 500))
		return nil
	}
	if l.At.IsZero() {
		a.printf("%s was never listed: fettle resources %s --refresh", l.Name, l.Name)
		return nil
	}
	a.printf("%s, as of %s", l.Name, moment(l.At))
	for _, s := range l.Services {
		a.printService(s, l, match)
	}
	return nil
}

// printService prints the tree of one service, and what is not in it any more.
func (a *app) printService(s accounts.ServiceResources, l accounts.ResourceList, match string) {
	title := shown(s.Name, 80)
	if !s.At.IsZero() && !s.At.Equal(l.At) {
		title += ", as of " + moment(s.At)
	}
	a.printf("\n%s", title)
	switch {
	case !s.Lists:
		a.printf("  this service lists nothing")
	case s.Empty != "":
		a.printf("  nothing found: %s", s.Empty)
	case s.At.IsZero():
		a.printf("  never listed")
	case len(s.Items)+len(s.Gone) == 0:
		a.printf("  nothing has %q in its name or ID", shown(match, 60))
	}
	for _, n := range accounts.ResourceTree(s.Items) {
		line := strings.Repeat("  ", n.Depth+1) + shown(n.Name, 100) + "  " + shown(n.ID, 100)
		if n.Heading != "" {
			line += "  (" + shown(n.Heading, 60) + ")"
		}
		if s.IsNew(n.Resource) {
			line += "  new"
		}
		a.printf("%s", line)
	}
	for _, r := range s.Gone {
		a.printf("  − %s  %s  gone since %s", shown(r.Name, 100), shown(r.ID, 100), day(r.GoneAt))
	}
}
