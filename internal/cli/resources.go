package cli

import (
	"context"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/accounts/store"
)

func (a *app) resourcesCommand() *cobra.Command {
	var refresh bool
	cmd := &cobra.Command{
		Use:               "resources NAME",
		Short:             "List what an account can reach",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeAccount,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				account, err := h.book.Account(ctx, args[0])
				if err != nil {
					return err
				}
				if refresh {
					if err := h.unlock(ctx); err != nil {
						return err
					}
				}
				resources, err := h.book.Resources(ctx, account.ID, refresh)
				if err != nil {
					return err
				}
				return a.printResources(resources)
			})
		}),
	}
	cmd.Flags().BoolVar(&refresh, "refresh", false, "ask the provider instead of showing what was listed last")
	return cmd
}

type wireResources struct {
	Format   string           `json:"format"`
	Account  wireRef          `json:"account"`
	ListedAt stamp            `json:"listed_at"`
	Services []wireServiceHas `json:"services"`
}

type wireServiceHas struct {
	ID        string         `json:"id"`
	Name      string         `json:"name"`
	Lists     bool           `json:"lists"`
	Resources []wireResource `json:"resources"`
}

type wireResource struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	Parent    word   `json:"parent"`
	FirstSeen stamp  `json:"first_seen_at"`
	LastSeen  stamp  `json:"last_seen_at"`
}

func (a *app) printResources(l accounts.ResourceList) error {
	w := wireResources{"fettle.resources/1", wireRef{l.AccountID, l.Name}, stamp{l.At}, []wireServiceHas{}}
	for _, s := range l.Services {
		has := wireServiceHas{s.Service, s.Name, s.Lists, []wireResource{}}
		for _, r := range s.Items {
			has.Resources = append(has.Resources, wireResource{r.ID, r.Name, word(r.Parent), stamp{r.FirstSeen}, stamp{r.LastSeen}})
		}
		w.Services = append(w.Services, has)
	}
	if a.json {
		return a.emit(w)
	}
	if l.At.IsZero() {
		a.printf("%s was never listed: fettle resources %s --refresh", l.Name, l.Name)
		return nil
	}
	a.printf("%s, as of %s", l.Name, moment(l.At))
	for _, s := range l.Services {
		a.printf("\n%s", s.Name)
		switch {
		case !s.Lists:
			a.printf("  this service lists nothing")
		case len(s.Items) == 0:
			a.printf("  nothing found: this identity has none, or may not see them")
		}
		a.printTree(s.Items, "", "  ", map[string]bool{})
	}
	return nil
}

// printTree prints resources below their parents. A parent that is no resource itself is a heading.
func (a *app) printTree(items []store.Resource, parent, indent string, seen map[string]bool) {
	known := map[string]bool{}
	for _, r := range items {
		known[r.ID] = true
	}
	for _, r := range items {
		top := parent == "" && !known[r.Parent]
		if seen[r.ID] || !top && r.Parent != parent {
			continue
		}
		seen[r.ID] = true
		line := indent + shown(r.Name, 100) + "  " + shown(r.ID, 100)
		if top && r.Parent != "" {
			line += "  (" + shown(r.Parent, 60) + ")"
		}
		a.printf("%s", line)
		a.printTree(items, r.ID, indent+"  ", seen)
	}
}
