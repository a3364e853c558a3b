package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
)

func (a *app) removeCommand() *cobra.Command {
	var revoke, yes bool
	cmd := &cobra.Command{
		Use:   "remove NAME",
		Short: "Forget an account here, and revoke it at the provider",
		Long: "remove forgets an account. Without --revoke its credential stays valid at the provider. With it the provider is asked to end it first; if that fails " +
			"the account stays listed as to be revoked, and remove can be called again.",
		Args:              takes("NAME"),
		ValidArgsFunction: a.completeAccount,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				account, err := h.book.Account(ctx, args[0])
				if err != nil {
					return err
				}
				if err := h.agreeToRemove(ctx, account, revoke, yes || a.json); err != nil {
					return err
				}
				if revoke {
					if err := h.unlock(ctx); err != nil {
						return err
					}
				}
				return h.remove(ctx, account.ID, revoke)
			})
		}),
	}
	cmd.Flags().BoolVar(&revoke, "revoke", false, "also end the grant at the provider")
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return cmd
}

// agreeToRemove says what will stop, what the way chosen does and, at a terminal, asks.
func (h *house) agreeToRemove(ctx context.Context, account accounts.Account, revoke, agreed bool) error {
	plan, err := h.book.RemovalPlan(ctx, account.ID)
	if err != nil {
		return err
	}
	if len(plan.Canvases) > 0 {
		h.app.progress("These canvases will stop: %s", strings.Join(plan.Canvases, ", "))
	}
	for _, effect := range plan.EffectsOf(revoke) {
		h.app.progress("%s", effect)
	}
	// Scripts are not asked: calling remove without a terminal is the agreement.
	if agreed || !h.app.hasTerminal() {
		return nil
	}
	yes, err := h.app.confirm(ctx, "Remove "+account.Name+"?")
	if err != nil {
		return err
	}
	if !yes {
		return &failure{Code: "declined", Message: "nothing was removed", exit: exitFailed}
	}
	return nil
}

// remove tells exactly what became true: forgotten, revoked, or still to be revoked.
func (h *house) remove(ctx context.Context, id string, revoke bool) error {
	result, err := h.book.Remove(ctx, id, accounts.RemoveOptions{Revoke: revoke})
	if err != nil {
		return err
	}
	if h.app.json {
		err = h.app.emit(struct {
			Format     string  `json:"format"`
			Account    wireRef `json:"account"`
			Forgotten  bool    `json:"forgotten"`
			Revoked    bool    `json:"revoked"`
			ToRevoke   bool    `json:"to_revoke"`
			RetryAfter float64 `json:"retry_after_seconds"`
			ByHand     word    `json:"by_hand"`
			Text       string  `json:"text"`
		}{"fettle.remove/1", wireRef{id, result.Name}, result.Forgotten, result.Revoked, result.ToRevoke, result.RetryAfter.Seconds(), word(result.ByHand), result.Text})
	} else {
		h.app.printf("%s", result.Text)
	}
	if err == nil && result.ToRevoke {
		return attention
	}
	return err
}
