package cli

import (
	"context"

	"github.com/spf13/cobra"

	"fettle/accounts"
)

func (a *app) accountCommand() *cobra.Command {
	return a.group("account", "Rename an account", &cobra.Command{
		Use:               "rename NAME NEW",
		Short:             "Give an account another reference name",
		Long:              "rename gives an account another reference name. Canvases follow; jobs that name the account themselves have to be changed.",
		Args:              takes("NAME", "NEW"),
		ValidArgsFunction: a.completeAccount,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				account, err := h.book.Account(ctx, args[0])
				if err != nil {
					return err
				}
				if err := h.book.Rename(ctx, account.ID, args[1]); err != nil {
					return err
				}
				if a.json {
					return a.emit(struct {
						Format  string  `json:"format"`
						Account wireRef `json:"account"`
						Former  string  `json:"former_name"`
					}{"fettle.rename/1", wireRef{account.ID, args[1]}, account.Name})
				}
				a.printf("%s is now %s", account.Name, args[1])
				return nil
			})
		}),
	})
}

// decisions are the words of the command line for what can be decided.
var decisions = map[string]accounts.Decision{"keep": accounts.DecideKeep, "use-new": accounts.DecideUseNew, "switch": accounts.DecideSwitch}

func (a *app) decideCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "decide NAME keep|use-new|switch|repeat",
		Short: "Choose between the present credential and a new one that waits",
		Long: "After an authorization whose outcome is no plain improvement the new credential waits for 24 hours beside the present one. keep drops it (it is not revoked), " +
			"use-new takes it, switch takes it although it belongs to another identity, repeat makes its checks again.",
		Args: takes("NAME", "keep, use-new, switch or repeat"),
		ValidArgsFunction: func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
			if len(args) == 1 {
				return []string{"keep", "use-new", "switch", "repeat"}, cobra.ShellCompDirectiveNoFileComp
			}
			return a.completeAccount(cmd, args, begun)
		},
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			decision, known := decisions[args[1]]
			if !known && args[1] != "repeat" {
				return usage("the decision is keep, use-new, switch or repeat")
			}
			return a.onAccount(args[0], func(ctx context.Context, h *house, account accounts.Account) error {
				// repeat is no decision of the book's: it finds out anew, say after an outage, and may then decide by itself.
				if !known {
					return h.repeatChecks(ctx, account.ID)
				}
				if err := h.book.Decide(ctx, account.ID, decision); err != nil {
					return err
				}
				if a.json {
					return a.emit(struct {
						Format   string  `json:"format"`
						Account  wireRef `json:"account"`
						Decision string  `json:"decision"`
					}{"fettle.decide/1", wireRef{account.ID, account.Name}, args[1]})
				}
				a.printf("%s: %s", account.Name, map[bool]string{true: "the present credential stays", false: "the new credential is in use"}[decision == accounts.DecideKeep])
				return nil
			})
		}),
	}
}

// repeatChecks checks the waiting credential again and tells it like the end of an authorization.
func (h *house) repeatChecks(ctx context.Context, id string) error {
	p := &prompter{app: h.app}
	result, err := h.book.RepeatChecks(ctx, id, func(c accounts.Check) {
		p.report(accounts.FlowEvent{Kind: accounts.FlowChecking, Check: &c})
	})
	if err != nil {
		return err
	}
	kind := accounts.FlowPartial
	switch result.End {
	case accounts.EndAuthorized:
		kind = accounts.FlowAuthorized
	case accounts.EndFailed:
		kind = accounts.FlowFailed
	// Still no plain improvement: told as partial, and the decision goes on waiting.
	case accounts.EndPartial, accounts.EndWaitingDecision:
	}
	p.report(accounts.FlowEvent{Kind: kind, Reason: result.Why, Result: &result})
	return h.afterFlow(ctx, result)
}
