package cli

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/pwfile"
)

// defaultTTL is how long a token given to a job lasts at least, where its provider's tokens last that long at all.
const defaultTTL = 5 * time.Minute

func (a *app) tokenCommand() *cobra.Command {
	var ttl time.Duration
	var file string
	cmd := &cobra.Command{
		Use:               "token NAME [--pwfile FILE]",
		Short:             "Print an access token for a job",
		Long:              "token prints an access token of the account, the stored one if it lasts long enough, else a newer one. From a password file it needs neither book nor vault.",
		Example:           "fettle token sales-ga --pwfile /srv/canvas/daily-sales.pwfile.age\ncurl -H \"Authorization: Bearer $(fettle token sales-ga)\" https://…",
		Args:              takes("NAME"),
		ValidArgsFunction: a.completeAccount,
		RunE: a.handle(func(cmd *cobra.Command, args []string) error {
			// --pwfile '' leads back to the book, inside a job too.
			if !cmd.Flags().Changed("pwfile") {
				file = os.Getenv(envPwfile)
			}
			if file != "" {
				return a.withFile(file, ttl, func(ctx context.Context, f *pwfile.File) error {
					token, err := fileWallet{f}.token(ctx, args[0])
					if err != nil {
						return err
					}
					return a.printToken(word(""), args[0], token)
				})
			}
			return a.onAccount(args[0], func(ctx context.Context, h *house, account accounts.Account) error {
				token, err := h.book.Token(ctx, account.ID, ttl)
				if err != nil {
					return err
				}
				return a.printToken(word(account.ID), account.Name, token)
			})
		}),
	}
	cmd.Flags().DurationVar(&ttl, "min-ttl", defaultTTL, "how long the token has to last")
	cmd.Flags().StringVar(&file, "pwfile", "", "take it from this password file; needs no book (default $FETTLE_PWFILE, which fettle exec --pwfile sets)")
	return cmd
}

// printToken prints a token; id is null for an account that is known from a password file alone.
func (a *app) printToken(id word, name string, token accounts.AccessToken) error {
	if !a.json {
		a.printf("%s", token.Token.Reveal())
		return nil
	}
	type ref struct {
		ID   word   `json:"id"`
		Name string `json:"name"`
	}
	return a.emit(struct {
		Format    string `json:"format"`
		Account   ref    `json:"account"`
		Token     string `json:"access_token"`
		Type      string `json:"token_type"`
		ExpiresAt stamp  `json:"expires_at"`
	}{"fettle.token/1", ref{id, name}, token.Token.Reveal(), token.Type, stamp{token.ExpiresAt}})
}
