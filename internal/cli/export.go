package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/atomicfile"
)

func (a *app) exportCommand() *cobra.Command {
	var format, to string
	var yes bool
	cmd := &cobra.Command{
		Use:   "export NAME --format authorized-user",
		Short: "Give an account's credential to another program",
		Long: "export writes the credential of a Google account as an authorized_user file, which Google's client libraries take by GOOGLE_APPLICATION_CREDENTIALS. " +
			"It is the refresh token in clear: prefer `fettle exec` or a password file, whose copies can be told apart and go stale.\n\n" +
			"Without --to it goes to stdout, to a terminal only with --yes. A credential that works once is not exported, because whoever uses it takes it from everybody else.",
		Example:           "fettle export sales-ga --format authorized-user --to sales-ga.json",
		Args:              takes("NAME"),
		ValidArgsFunction: a.completeAccount,
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			switch {
			case format != "authorized-user":
				return usage("name the format: --format authorized-user")
			case to == "" && !yes && isTerminal(a.stdout.to):
				return usage("this would show a refresh token on the screen: name a file with --to, or say --yes")
			case a.json:
				return usage("the format is JSON already: leave out --json")
			}
			return a.onAccount(args[0], func(ctx context.Context, h *house, account accounts.Account) error { return h.export(ctx, account, to) })
		}),
	}
	cmd.Flags().StringVar(&format, "format", "", "authorized-user")
	cmd.Flags().StringVar(&to, "to", "", "write this file, readable by this user alone")
	cmd.Flags().BoolVar(&yes, "yes", false, "print it on a terminal, too")
	complete(cmd, "format", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"authorized-user"}, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func (h *house) export(ctx context.Context, account accounts.Account, to string) error {
	if !isGoogle(h, account) {
		return &failure{Code: "not_google", Message: fmt.Sprintf("%s is an account at %s, and authorized_user is Google's own format", account.Name, account.ProviderName),
			Remedy: "fettle exec --account " + account.Name + " -- COMMAND", Account: account.Name, exit: exitFailed}
	}
	user, err := bookWallet{house: h, found: []accounts.Account{account}}.user(ctx, account.Name)
	if err != nil {
		return err
	}
	if user.refresh.Empty() {
		return &failure{Code: "not_renewable", Message: account.Name + " has no refresh token, and the format is nothing without one",
			Remedy: reauthorize(account.Name), Account: account.Name, exit: exitFailed}
	}
	content, err := user.encode()
	if err != nil {
		return err
	}
	content = append(content, '\n')
	// In the history first: what left in clear must not depend on what went wrong afterwards.
	if err := h.book.NoteExport(ctx, account.ID, destination(to)); err != nil {
		return err
	}
	if to == "" {
		_, _ = h.app.stdout.Write(content) // its error is looked at once, at the end
	} else if err := h.exportTo(to, content); err != nil {
		return err
	}
	h.app.progress("This is the refresh token of %s in clear: whoever reads it can use the account until the grant ends.", account.Name)
	h.app.progress("It has the permissions that were granted, no more and no fewer; some of Google's interfaces want a quota project beside it.")
	h.app.progress("Where an administrator limits sessions, Google ends such credentials within hours; server-to-server work has service accounts.")
	h.app.progress("A later authorization of %s does not reach this copy: export it again then.", account.Name)
	return nil
}

func destination(to string) string {
	if to == "" {
		return "standard output"
	}
	return to
}

// exportTo replaces a former export and nothing else: a mistyped path must not cost anybody a file.
func (h *house) exportTo(to string, content []byte) error {
	path, err := filepath.Abs(to)
	if err != nil {
		return err
	}
	former, err := atomicfile.ReadSecret(path)
	var known struct {
		Type string `json:"type"`
	}
	if err == nil && (json.Unmarshal(former, &known) != nil || known.Type != "authorized_user") {
		return &atomicfile.Refused{Path: path, Reason: "another file lies there", Remedy: "move it away, or name another path"}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomicfile.Write(path, content, atomicfile.Options{})
}
