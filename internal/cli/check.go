package cli

import (
	"context"
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/safetext"
)

// The exit codes of monitoring plugins.
const (
	monitorOK       = 0
	monitorWarning  = 1
	monitorCritical = 2
	monitorUnknown  = 3
)

var monitorWords = []string{"OK", "WARNING", "CRITICAL", "UNKNOWN"}

func (a *app) checkCommand() *cobra.Command {
	format, verify := "nagios", false
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Tell a monitor how the accounts are",
		Long: "check looks at all accounts and password files and ends with 0 for ok, 1 for warning, 2 for critical, 3 for unknown: it could not be told. " +
			"It contacts nobody and needs no passphrase unless --verify is given.",
		Example: "# Nagios, Icinga\nfettle check\n\n# the textfile collector of node_exporter\nfettle check --format prometheus > fettle.prom",
		Args:    cobra.ArbitraryArgs,
		RunE: a.handle(func(cmd *cobra.Command, args []string) error {
			given := cmd.Flags().Changed("format")
			if a.json && !given {
				format = "json"
			}
			render, known := monitorFormats[format]
			var err error
			switch {
			case !known || len(args) > 0:
				err = usage("the formats are nagios, prometheus and json, and there are no arguments")
			case a.json && format != "json":
				err = usage("--json and --format %s contradict each other", format)
			default:
				err = a.within(func(ctx context.Context, h *house) error { return h.check(ctx, verify, render) })
			}
			if lost := a.written(); lost != nil {
				err = lost
			}
			if err != nil {
				return a.monitorFailure(err, format)
			}
			return nil
		}),
	}
	cmd.Flags().StringVar(&format, "format", format, "nagios, prometheus or json")
	cmd.Flags().BoolVar(&verify, "verify", false, "verify every account at its provider, and look at the places on other machines, first")
	// To a monitor a mistake in its own configuration is unknown, not critical.
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return &ranError{a.monitorFailure(a.misused(err), format)}
	})
	complete(cmd, "format", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"nagios", "prometheus", "json"}, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

// monitorFailure says in the monitor's own format that nothing could be told. Any failure is UNKNOWN: a check that could
// not look must not page anybody as CRITICAL.
func (a *app) monitorFailure(err error, format string) error {
	// A copy: what is explained may be a failure that others return, too.
	f := *a.explain(err)
	if f.silent {
		return &f
	}
	f.exit = monitorUnknown
	switch {
	case a.json || format == "json":
		a.json = true
	// A collector's file holds nothing but metrics, and a stdout that failed takes nothing any more.
	case format == "prometheus", a.stdout.err != nil:
	// The plugin's line belongs on stdout, where the monitor reads it; what follows it is shown on request.
	default:
		a.printf("FETTLE UNKNOWN - %s", pluginText(f.Message))
		if f.Remedy != "" {
			a.printf("→ %s", pluginText(f.Remedy))
		}
		f.silent = true
	}
	return &f
}

// verdict is the worst of what was found.
type verdict struct {
	survey
	code   int
	book   string   // the folder that was looked at
	asked  bool     // the accounts were verified first
	missed []missed // of those, the ones that could not be
}

// missed is an account whose verification could not be carried out: its health is what was known before.
type missed struct {
	target
	why *failure
}

func (h *house) check(ctx context.Context, verify bool, render func(*app, verdict) error) error {
	v := verdict{book: h.paths.Data, asked: verify}
	var err error
	if verify {
		if v.missed, err = h.verifyAll(ctx); err != nil {
			return err
		}
		if err := h.lookRemote(ctx); err != nil {
			return err
		}
	}
	if v.survey, err = h.survey(ctx, nil); err != nil {
		return err
	}
	switch {
	// The book of another user, or one whose disk is not mounted, looks like this: it is no sign that all is well.
	case len(v.Accounts) == 0:
		v.code = monitorUnknown
	case v.count(accounts.SeverityCritical) > 0:
		v.code = monitorCritical
	// What is known to be broken outweighs what could not be looked at, and that outweighs what may wait.
	case len(v.missed) > 0:
		v.code = monitorUnknown
	// Stale files stop nothing yet: the former credential mostly works on until the provider ends it.
	case v.count(accounts.SeverityWarning) > 0 || v.stale > 0:
		v.code = monitorWarning
	}
	if err := render(h.app, v); err != nil {
		return err
	}
	if v.code != monitorOK {
		return &failure{Code: "check", Message: monitorWords[v.code], exit: v.code, silent: true}
	}
	return nil
}

// verifyAll verifies the accounts; what it finds is in their health afterwards. One that cannot be verified hides none of
// the others.
func (h *house) verifyAll(ctx context.Context) ([]missed, error) {
	targets, err := chosen{all: true}.accounts(ctx, h, nil)
	if err != nil || len(targets) == 0 {
		return nil, err
	}
	if err := h.unlock(ctx); err != nil {
		return nil, err
	}
	var out []missed
	for _, t := range targets {
		_, err := h.book.Verify(ctx, t.id, nil)
		// One that was removed meanwhile is none of the accounts any more.
		if _, gone := errors.AsType[*accounts.UnknownAccountError](err); err != nil && !gone {
			out = append(out, missed{t, h.app.explain(err)})
		}
		// What was interrupted says nothing about the accounts that are left.
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// pluginText keeps the characters with which plugins structure their line out of a text.
func pluginText(s string) string { return strings.ReplaceAll(safetext.Line(s), "|", "/") }
