package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

func (a *app) verifyCommand() *cobra.Command {
	var which chosen
	cmd := &cobra.Command{
		Use:   "verify [NAME…]",
		Short: "Prove accounts, from the stored credential up to their resources",
		Long: "verify climbs from the stored credential over name, proxy, connection, certificate and clock to the refresh, the permissions, the identity, " +
			"a call to each service and its resources, and records what it finds. It names the first rung that fails and what to do; what stands above it is skipped. " +
			"It never uses up a single-use refresh token while a live access token can answer.",
		ValidArgsFunction: a.completeAccounts,
		RunE: a.handle(func(_ *cobra.Command, names []string) error {
			return a.onChosen(&which, names, func(ctx context.Context, h *house, targets []target) error {
				return h.verify(ctx, targets)
			})
		}),
	}
	which.flags(cmd, false)
	return cmd
}

// wireCheck is one check of an authorization or a verification.
type wireCheck struct {
	Check   accounts.CheckID    `json:"check"`
	OK      bool                `json:"ok"`
	State   accounts.CheckState `json:"state"`
	Service word                `json:"service"`
	Title   string              `json:"title"`
	Detail  word                `json:"detail"`
	Cause   word                `json:"cause"`
	Remedy  word                `json:"remedy"`
	Missing []wirePermission    `json:"missing_permissions"`
}

type wirePermission struct {
	Scope   string `json:"scope"`
	Words   string `json:"words"`
	Service string `json:"service"`
}

// permissions are in the words of the consent page, and never null.
func permissions(in []provider.Permission) []wirePermission {
	out := []wirePermission{}
	for _, p := range in {
		out = append(out, wirePermission{p.Scope, p.Words, p.Service})
	}
	return out
}

func wireCheckOf(c accounts.Check) wireCheck {
	w := wireCheck{
		Check: c.ID, OK: c.State == accounts.CheckOK || c.State == accounts.CheckSkipped, State: c.State, Service: word(c.Service),
		Title: c.Title, Detail: word(c.Detail), Missing: permissions(c.Missing),
	}
	if c.Diagnosis != nil {
		w.Cause, w.Remedy = word(c.Diagnosis.Cause), word(c.Diagnosis.Remedy)
	}
	return w
}

// checkLine is a check in one line.
func checkLine(c accounts.Check) string {
	mark := map[accounts.CheckState]string{accounts.CheckOK: "✓", accounts.CheckWarning: "!", accounts.CheckFailed: "✗", accounts.CheckSkipped: "–", accounts.CheckRunning: "…"}[c.State]
	line := fmt.Sprintf("%s %s", mark, c.Title)
	if c.Detail != "" {
		line += ": " + c.Detail
	}
	return safetext.Line(line)
}

// wireVerified is one account of fettle.verify/1; failed is the lowest rung that failed.
type wireVerified struct {
	ID     string       `json:"id"`
	Name   string       `json:"name"`
	OK     bool         `json:"ok"`
	Checks []wireCheck  `json:"checks"`
	Failed *wireCheck   `json:"failed"`
	Error  *wireFailure `json:"error"`
}

// verify proves accounts one after another, telling of each check as it ends.
func (h *house) verify(ctx context.Context, targets []target) error {
	a := h.app
	out := struct {
		Format   string         `json:"format"`
		Accounts []wireVerified `json:"accounts"`
	}{"fettle.verify/1", []wireVerified{}}
	var worst *failure
	for _, t := range targets {
		if !a.json {
			a.printf("%s", t.name)
		}
		report, err := h.book.Verify(ctx, t.id, func(c accounts.Check) {
			if !a.json && c.State != accounts.CheckRunning {
				a.printf("  %s", checkLine(c))
			}
		})
		line := wireVerified{ID: t.id, Name: t.name, OK: report.OK, Checks: []wireCheck{}}
		for _, c := range report.Checks {
			line.Checks = append(line.Checks, wireCheckOf(c))
		}
		if report.Failed != nil {
			w := wireCheckOf(*report.Failed)
			line.Failed = &w
		}
		if !a.json {
			a.printVerdict(report)
		}
		switch {
		case err != nil:
			f := a.explain(err)
			line.Error = f.wire()
			// A locked vault explains all the others, and has an exit code of its own.
			if worst == nil || worst == attention || f.exit == exitLocked {
				worst = &failure{Code: f.Code, Message: f.Message, exit: f.exit, silent: true}
			}
			if !a.json {
				a.printf("  ✗ %s", safetext.Line(f.Message))
				if f.Remedy != "" {
					a.printf("  → %s", safetext.Line(f.Remedy))
				}
			}
		// An account that could not be asked outweighs one that is not well.
		case !report.OK && worst == nil:
			worst = attention
		}
		out.Accounts = append(out.Accounts, line)
		if ctx.Err() != nil {
			break
		}
	}
	if a.json {
		if err := a.emit(out); err != nil {
			return err
		}
	}
	if worst != nil {
		return worst
	}
	return nil
}

// printVerdict names the rung that decides, and what to do about it.
func (a *app) printVerdict(r accounts.VerifyReport) {
	if r.Failed == nil {
		return
	}
	word := "needs a look"
	if r.Failed.State == accounts.CheckFailed {
		word = "fails"
	}
	a.printf("  %s %s at “%s”", r.Name, word, safetext.Line(r.Failed.Title))
	if d := r.Failed.Diagnosis; d != nil {
		advice := d.Explanation
		if advice == "" {
			advice = d.Next(r.Name, "").Words
		}
		a.printf("  → %s", safetext.Line(advice))
	}
}
