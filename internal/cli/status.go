package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/pwfile"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:               "status [NAME…]",
		Short:             "Show how the accounts are, the worst first",
		Long:              "status shows the health of the accounts with the canvases and password files that depend on them. It asks nobody and needs no passphrase.",
		ValidArgsFunction: a.completeAccounts,
		RunE: a.handle(func(_ *cobra.Command, names []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				s, err := h.survey(ctx, names)
				if err != nil {
					return err
				}
				if a.json {
					return a.emit(s.wire())
				}
				a.printStatus(s)
				return nil
			})
		}),
	}
}

// survey is one look at accounts and canvases.
type survey struct {
	accounts.Snapshot
	canvases []pwfile.Canvas
	stale    int // password files; of named accounts, those that are their concern
}

// survey looks at the named accounts, or at all of them.
func (h *house) survey(ctx context.Context, names []string) (survey, error) {
	snapshot, err := h.book.Snapshot(ctx)
	if err != nil {
		return survey{}, err
	}
	s := survey{Snapshot: snapshot}
	if len(names) > 0 {
		s.Accounts, s.Pending = nil, nil
	}
	for _, name := range names {
		found, ok := snapshot.ByName(name)
		if !ok {
			if slices.ContainsFunc(snapshot.Pending, func(p accounts.PendingFlow) bool { return p.Name == name }) {
				return s, &failure{Code: "never_authorized", Message: name + " waits for somebody to sign in for the first time",
					Remedy: reauthorize(name) + " continues it", Account: name, exit: exitFailed}
			}
			_, err := h.book.Account(ctx, name) // its error knows the nearest names
			return s, err
		}
		s.Accounts = append(s.Accounts, found)
	}
	// false: what was seen within the last minute counts, so that monitors may ask often.
	if err := h.files.Check(ctx, false); err != nil {
		h.app.progress("fettle: the password files could not be looked at: %s", oneLine(err))
	}
	if s.canvases, err = h.files.Canvases(ctx); err != nil {
		return s, err
	}
	if s.stale = pwfile.StaleFiles(s.canvases); len(names) > 0 {
		s.stale = pwfile.StaleFilesOf(s.canvases, s.ids())
	}
	return s, nil
}

func (s survey) ids() []string {
	ids := make([]string, 0, len(s.Accounts))
	for _, a := range s.Accounts {
		ids = append(ids, a.ID)
	}
	return ids
}

// count counts the accounts by severity.
func (s survey) count(severity accounts.Severity) int {
	n := 0
	for _, a := range s.Accounts {
		if a.Health.Severity == severity {
			n++
		}
	}
	return n
}

// printStatus is a table of all, then a paragraph for each that needs somebody.
func (a *app) printStatus(s survey) {
	if len(s.Accounts) == 0 && len(s.Pending) == 0 {
		a.printf("There are no accounts yet. Add the client of a provider (fettle client add PROVIDER), then: fettle authorize --provider PROVIDER --service SERVICE --name NAME")
		return
	}
	rows := make([][]string, 0, len(s.Accounts))
	for _, account := range s.Accounts {
		radius := pwfile.Radius(s.canvases, account.ID)
		rows = append(rows, []string{
			sign(account.Health.Severity), account.Name, serviceWords(account), shown(account.Identity.Email, 32), healthWords(account, s.TakenAt),
			strconv.Itoa(len(radius.Canvases)), strconv.Itoa(radius.StaleFiles),
		})
	}
	a.table("\tACCOUNT\tSERVICES\tIDENTITY\tHEALTH\tCANVASES\tSTALE FILES", rows)
	for _, p := range s.Pending {
		a.printf("…  %s waits for somebody to sign in; continue: %s", shown(p.Name, 63), reauthorize(p.Name))
	}
	a.printf("\n%s: %d critical, %d warning, %d ok; %s", plural(len(s.Accounts), "account", "accounts"),
		s.count(accounts.SeverityCritical), s.count(accounts.SeverityWarning), s.count(accounts.SeverityOK), plural(s.stale, "stale password file", "stale password files"))
	a.printRemedies(s)
}

// printRemedies says for each account that needs it what is wrong and what to do.
func (a *app) printRemedies(s survey) {
	for _, account := range s.Accounts {
		if account.Health.Severity == accounts.SeverityOK {
			continue
		}
		a.printf("\n%s: %s", account.Name, shown(account.Health.Title, 200))
		if account.Health.Detail != "" {
			a.printf("  → %s", shown(account.Health.Detail, 400))
		}
		if account.Health.Remedy.EndsGrant() && account.HeldBy() == "" {
			a.printf("  → %s", reauthorize(account.Name))
		}
	}
}

// sign is the mark at the beginning of a line; with it no colour is needed.
func sign(s accounts.Severity) string {
	switch s {
	case accounts.SeverityCritical:
		return "✗"
	case accounts.SeverityWarning:
		return "!"
	case accounts.SeverityOK:
		return "✓"
	}
	return "?"
}

// serviceWords are the services as their provider calls them.
func serviceWords(a accounts.Account) string {
	names := make([]string, len(a.ServiceNames))
	for i, s := range a.ServiceNames {
		names[i] = s.Name
	}
	return shown(strings.Join(names, ", "), 40)
}

// healthWords is the state in words, with when it was last proven or when it dies.
func healthWords(a accounts.Account, now time.Time) string {
	text := strings.ReplaceAll(string(a.Health.State), "_", " ")
	switch {
	// "unproven" would send somebody to verify what only its file's server can use.
	case a.HeldBy() != "" && a.Health.State == accounts.Unproven:
		text = strings.ToLower(a.Health.Title[:1]) + a.Health.Title[1:]
	case a.Health.State == accounts.Expiring && !a.Health.DiesAt.IsZero():
		text += " on " + day(a.Health.DiesAt)
	case !a.Health.ProvenAt.IsZero():
		text += ", proven " + ago(now.Sub(a.Health.ProvenAt))
	}
	if a.Pending != nil {
		text += ", sign-in pending"
	}
	return text
}

// ago is a past duration in its largest unit.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}
