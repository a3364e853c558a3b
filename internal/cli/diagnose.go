package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/config"
	"fettle/oauthflow/diagnose"
)

// maxPasted is how much of a log is read.
const maxPasted = 1 << 20

func (a *app) diagnoseCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "diagnose [TEXT]",
		Short:   "Explain a message from a job's log",
		Long:    "diagnose explains what a message from a job's log means and what to do. The message is the argument, or comes on stdin.",
		Example: "fettle diagnose 'invalid_grant: Token has been expired or revoked.'\ntail -100 job.log | fettle diagnose",
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			text := strings.Join(args, " ")
			if text == "" {
				if isTerminal(a.stdin) {
					a.progress("Paste the message, then Ctrl-D:")
				}
				read, err := io.ReadAll(io.LimitReader(a.stdin, maxPasted))
				if err != nil {
					return fmt.Errorf("read the message: %w", err)
				}
				text = string(read)
			}
			found := diagnose.Text(text).Diagnoses
			if len(found) == 0 {
				return usage("there is no message: give it as an argument or on stdin")
			}
			return a.explainText(text, found)
		}),
	}
}

type wireDiagnosis struct {
	Cause       string              `json:"cause"`
	Remedy      diagnose.Remedy     `json:"remedy"`
	Title       word                `json:"title"`
	Explanation word                `json:"explanation"`
	Evidence    word                `json:"evidence"`
	Confidence  diagnose.Confidence `json:"confidence"`
	Accounts    []string            `json:"accounts"`
}

// explainText prints what was found, the likeliest first, with the accounts it may be about.
func (a *app) explainText(text string, found []diagnose.Diagnosis) error {
	known := a.knownAccounts()
	var all []wireDiagnosis
	for _, d := range found {
		all = append(all, wireDiagnosis{d.Cause, d.Remedy, word(d.Title), word(d.Explanation), word(d.Evidence), d.Confidence, concerned(known, text, d)})
	}
	if a.json {
		return a.emit(struct {
			Format string `json:"format"`
			wireDiagnosis
			Further []wireDiagnosis `json:"further"`
		}{"fettle.diagnosis/1", all[0], list(all[1:])})
	}
	for i, d := range all {
		if i > 0 {
			a.printf("")
		}
		a.printf("%s (%s)", shown(string(d.Title), 200), d.Confidence)
		if d.Explanation != "" {
			a.printf("  → %s", string(d.Explanation))
		}
		if d.Evidence != "" {
			a.printf("  read in: %s", shown(string(d.Evidence), 160))
		}
		if len(d.Accounts) > 0 {
			a.printf("  accounts: %s", strings.Join(d.Accounts, ", "))
		}
	}
	return nil
}

// concerned names the accounts that the text names or, if it names none, those in the same trouble.
func concerned(known []accounts.Account, text string, d diagnose.Diagnosis) []string {
	named, same := []string{}, []string{}
	for _, account := range known {
		words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \t\r\n\"'`,;:()[]{}<>=", r) })
		if slices.Contains(words, account.Name) || account.Identity.Email != "" && strings.Contains(text, account.Identity.Email) {
			named = append(named, account.Name)
		}
		if d.Cause != "" && d.Cause != "unknown" && account.Health.Cause == d.Cause {
			same = append(same, account.Name)
		}
	}
	if len(named) > 0 {
		return named
	}
	return same
}

// knownAccounts reads the accounts if there is a book; explaining a message needs none.
func (a *app) knownAccounts() []accounts.Account {
	paths, err := config.Where(a.configFile, a.dataDir)
	if err != nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(paths.Data, "fettle.db")); err != nil {
		return nil
	}
	var found []accounts.Account
	err = a.within(func(ctx context.Context, h *house) error {
		snapshot, err := h.book.Snapshot(ctx)
		found = snapshot.Accounts
		return err
	})
	if err != nil {
		a.progress("fettle: the accounts were not looked at: %s", a.explain(err).Message)
	}
	return found
}
