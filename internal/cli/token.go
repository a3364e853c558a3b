package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"
)

// defaultTTL is how long a token given to a job lasts at least, where its provider's tokens last that long at all.
const defaultTTL = 5 * time.Minute

func (a *app) tokenCommand() *cobra.Command {
	var ttl time.Duration
	cmd := &cobra.Command{
		Use:               "token NAME",
		Short:             "Print an access token for a job",
		Long:              "token prints an access token of the account, the stored one if it lasts long enough, else a newer one.",
		Example:           "curl -H \"Authorization: Bearer $(fettle token sales-ga)\" https://…",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: a.completeAccount,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			return a.unlocked(func(ctx context.Context, h *house) error {
				account, err := h.book.Account(ctx, args[0])
				if err != nil {
					return err
				}
				token, err := h.book.Token(ctx, account.ID, ttl)
				if err != nil {
					return err
				}
				if !a.json {
					a.printf("%s", token.Token.Reveal())
					return nil
				}
				return a.emit(struct {
					Format    string  `json:"format"`
					Account   wireRef `json:"account"`
					Token     string  `json:"access_token"`
					Type      string  `json:"token_type"`
					ExpiresAt stamp   `json:"expires_at"`
				}{"fettle.token/1", wireRef{account.ID, account.Name}, token.Token.Reveal(), token.Type, stamp{token.ExpiresAt}})
			})
		}),
	}
	cmd.Flags().DurationVar(&ttl, "min-ttl", defaultTTL, "how long the token has to last")
	return cmd
}
