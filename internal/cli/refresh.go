package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
)

// chosen says which accounts a command over several is about.
type chosen struct {
	all, due bool
}

func (c *chosen) flags(cmd *cobra.Command, due bool) {
	cmd.Flags().BoolVar(&c.all, "all", false, "all accounts")
	if due {
		cmd.Flags().BoolVar(&c.due, "due", false, "those that a scheduled run should take: a third of the idle term has passed, at most 25 days")
	}
}

// target is an account to work on.
type target struct{ id, name string }

// check finds out whether the command line says one thing.
func (c chosen) check(cmd *cobra.Command, names []string) error {
	if given := len(names) > 0; given == (c.all || c.due) || c.all && c.due {
		return usage("name accounts, or choose --all%s", map[bool]string{true: " or --due"}[cmd.Flags().Lookup("due") != nil])
	}
	return nil
}

// accounts resolves names and flags. Accounts that no request could help are left out of --all.
func (c chosen) accounts(ctx context.Context, h *house, names []string) ([]target, error) {
	var targets []target
	for _, name := range names {
		account, err := h.book.Account(ctx, name)
		if err != nil {
			return nil, err
		}
		targets = append(targets, target{account.ID, account.Name})
	}
	if len(names) > 0 {
		return targets, nil
	}
	var found []accounts.Account
	if c.due {
		// Whatever runs regularly also clears away what nobody came back for.
		err := h.book.Tidy(ctx)
		if err != nil {
			return nil, err
		}
		if found, err = h.book.Due(ctx); err != nil {
			return nil, err
		}
	} else {
		snapshot, err := h.book.Snapshot(ctx)
		if err != nil {
			return nil, err
		}
		found = snapshot.Accounts
	}
	for _, account := range found {
		// A request for one that is held by a password file would use up that file's token.
		if !account.ToRevoke && account.HeldBy() == "" {
			targets = append(targets, target{account.ID, account.Name})
		}
	}
	return targets, nil
}

// onChosen does work on the accounts a command line names, with the vault open if there are any.
func (a *app) onChosen(which *chosen, names []string, work func(context.Context, *house, []target) error) error {
	if err := which.check(a.command, names); err != nil {
		return err
	}
	return a.within(func(ctx context.Context, h *house) error {
		targets, err := which.accounts(ctx, h, names)
		if err != nil {
			return err
		}
		// With nothing due a timer's run ends well, even if the vault is locked.
		if len(targets) > 0 {
			if err := h.unlock(ctx); err != nil {
				return err
			}
		}
		return work(ctx, h, targets)
	})
}

func (a *app) refreshCommand() *cobra.Command {
	var which chosen
	var force bool
	cmd := &cobra.Command{
		Use:   "refresh [NAME…]",
		Short: "Get newer access tokens",
		Long: "refresh asks the providers for newer access tokens and keeps the grants alive. However many processes do so at once, each account " +
			"is asked for once. An outcome younger than 30 seconds is taken as it is unless --force is given. --due is for a timer: it also uses the tokens " +
			"that cannot be refreshed and would end unused, and clears away sign-ins that nobody finished.",
		Example:           "# what a timer runs daily; see fettle schedule print\nfettle refresh --due",
		ValidArgsFunction: a.completeAccounts,
		RunE: a.handle(func(_ *cobra.Command, names []string) error {
			return a.onChosen(&which, names, func(ctx context.Context, h *house, targets []target) error {
				act := func(ctx context.Context, ids []string, report func(string, accounts.Outcome, error)) error {
					return h.book.RefreshMany(ctx, ids, accounts.Now(force), report)
				}
				// KeepAlive also uses what cannot be refreshed; --force asks for refreshes and nothing else.
				if which.due && !force {
					act = h.book.KeepAlive
				}
				return h.refresh(ctx, targets, act)
			})
		}),
	}
	which.flags(cmd, true)
	cmd.Flags().BoolVar(&force, "force", false, "ask even if somebody did so within the last 30 seconds")
	return cmd
}

// wireRefreshed is one account of fettle.refresh/1. adopted: another process got the answer, nothing was sent from here.
type wireRefreshed struct {
	ID              string       `json:"id"`
	Name            string       `json:"name"`
	OK              bool         `json:"ok"`
	Requested       bool         `json:"requested"`
	Adopted         bool         `json:"adopted"`
	Rotated         bool         `json:"rotated"`
	Used            bool         `json:"used"`
	AccessExpiresAt stamp        `json:"access_expires_at"`
	Settled         word         `json:"settled"`
	Error           *wireFailure `json:"error"`
}

// wireRefresh is fettle.refresh/1. Field names, once released, stay.
type wireRefresh struct {
	Format   string          `json:"format"`
	Accounts []wireRefreshed `json:"accounts"`
	Summary  struct {
		Total     int `json:"total"`
		Refreshed int `json:"refreshed"`
		Adopted   int `json:"adopted"`
		Failed    int `json:"failed"`
		NotBegun  int `json:"not_begun"`
	} `json:"summary"`
}

// refresh refreshes accounts side by side and tells of each as it ends.
func (h *house) refresh(ctx context.Context, targets []target, act func(context.Context, []string, func(string, accounts.Outcome, error)) error) error {
	a := h.app
	names, ids := map[string]string{}, make([]string, len(targets))
	for i, t := range targets {
		names[t.id], ids[i] = t.name, t.id
	}
	result := wireRefresh{Format: "fettle.refresh/1", Accounts: []wireRefreshed{}}
	result.Summary.Total = len(targets)
	var first *failure
	err := act(ctx, ids, func(id string, o accounts.Outcome, err error) {
		line := wireRefreshed{
			ID: id, Name: names[id], OK: err == nil, Requested: o.Requested, Adopted: o.Adopted, Rotated: o.Rotated, Used: o.Used,
			AccessExpiresAt: stamp{o.AccessExpiresAt}, Settled: word(o.Settled),
		}
		switch {
		case err != nil:
			f := a.explain(err)
			line.Error = f.wire()
			// A signal came before its turn: nothing was sent for it, so it did not fail.
			if f.Code == "interrupted" {
				result.Summary.NotBegun++
			} else {
				result.Summary.Failed++
			}
			// A locked vault explains all the others, and has an exit code of its own.
			if first == nil || f.exit == exitLocked {
				first = f
			}
		case o.Adopted:
			result.Summary.Adopted++
		default:
			result.Summary.Refreshed++
		}
		result.Accounts = append(result.Accounts, line)
		if !a.json {
			a.printRefreshed(line)
		}
	})
	var many *accounts.ManyError
	if err != nil && !errors.As(err, &many) {
		return err
	}
	if a.json {
		if err := a.emit(result); err != nil {
			return err
		}
	} else if len(targets) != 1 {
		s := result.Summary
		a.progress("%s: %d refreshed, %d fresh already, %d failed, %d not begun", plural(s.Total, "account", "accounts"), s.Refreshed, s.Adopted, s.Failed, s.NotBegun)
	}
	if first != nil {
		return &failure{Code: "failed", Message: "some accounts failed", exit: first.exit, silent: true}
	}
	return nil
}

func (a *app) printRefreshed(line wireRefreshed) {
	switch {
	case line.Error != nil:
		message := line.Error.Message
		// Most errors name their account; each line shall, once.
		if !strings.Contains(message, line.Name) {
			message = line.Name + ": " + message
		}
		a.printf("✗ %s", message)
		if line.Error.Remedy != "" {
			a.printf("  → %s", string(line.Error.Remedy))
		}
	case line.Used:
		a.printf("✓ %s: used, so that it does not end unused", line.Name)
	case line.Adopted:
		a.printf("✓ %s: fresh already, until %s", line.Name, moment(line.AccessExpiresAt.Time))
	default:
		a.printf("✓ %s: refreshed, until %s", line.Name, moment(line.AccessExpiresAt.Time))
	}
	if line.Settled != "" {
		a.printf("  %s", string(line.Settled))
	}
}
