package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/pwfile"
)

// exitExec is the code of exec's own failures; every other code is the command's.
const exitExec = 125

func (a *app) execCommand() *cobra.Command {
	var x execution
	cmd := &cobra.Command{
		Use:   "exec (--account NAME… | --canvas CANVAS | --pwfile FILE) -- COMMAND [ARGUMENT…]",
		Short: "Run a job with access tokens in its environment",
		Long: "exec runs a command with NAME_ACCESS_TOKEN and NAME_EXPIRES_AT in its environment for each account, NAME being its reference name in capitals with _ for -. " +
			"A Google account adds NAME_CREDENTIALS_FILE, which the client libraries take, and GOOGLE_APPLICATION_CREDENTIALS if it is the only one or named by --adc.\n\n" +
			"With --pwfile neither book nor vault is needed: the accounts are those of a password file that this server can open. FETTLE_PWFILE then names the file, and `fettle token NAME` inside the job uses it.\n\n" +
			"The exit code is the command's; exec's own failures are 125 with a line `fettle: CODE: text`.",
		Example: "fettle exec --account sales-ga -- python report.py\nfettle exec --pwfile /srv/canvas/daily-sales.pwfile.age -- python report.py",
		RunE: a.handle(func(cmd *cobra.Command, args []string) error {
			if dash := cmd.ArgsLenAtDash(); dash != 0 || len(args) == 0 {
				return ownFailure(usage("the command stands after --, as in: fettle exec --account NAME -- COMMAND"))
			}
			code, err := a.exec(x, args)
			if err != nil {
				return ownFailure(a.jobFailure(err))
			}
			if code != 0 {
				return &failure{Code: "command", Message: "the command failed", exit: code, silent: true}
			}
			return nil
		}),
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&x.accounts, "account", nil, "an account; repeatable")
	flags.StringVar(&x.canvas, "canvas", "", "all accounts of a canvas")
	flags.StringVar(&x.pwfile, "pwfile", "", "all accounts of this password file; needs no book")
	flags.StringVar(&x.adc, "adc", "", "the Google account that GOOGLE_APPLICATION_CREDENTIALS names")
	flags.DurationVar(&x.ttl, "min-ttl", defaultTTL, "how long the tokens have to last")
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &ranError{ownFailure(a.misused(err))} })
	complete(cmd, "account", a.completeAccounts)
	complete(cmd, "canvas", a.completeCanvases)
	complete(cmd, "adc", a.completeAccounts)
	return cmd
}

// execution is what `fettle exec` was asked.
type execution struct {
	accounts       []string
	canvas, pwfile string
	adc            string
	ttl            time.Duration
}

// ownFailure tells jobs that it was fettle that failed, with a code they can look for.
func ownFailure(f *failure) *failure {
	out := *f
	out.exit, out.prefix, out.silent = exitExec, "fettle: "+out.Code+": ", false
	return &out
}

// exec gets the tokens, closes the book or the file, and only then runs the command.
func (a *app) exec(x execution, argv []string) (code int, err error) {
	var env environment
	defer func() { err = errors.Join(err, env.remove()) }()
	if x.pwfile != "" {
		err = a.execFromFile(x, &env)
	} else {
		err = a.within(func(ctx context.Context, h *house) error {
			found, err := h.accountsFor(ctx, x)
			if err != nil {
				return err
			}
			if err := h.unlock(ctx); err != nil {
				return err
			}
			return env.fill(ctx, bookWallet{h, found, x.ttl}, x.adc)
		})
	}
	if err != nil {
		return 0, err
	}
	// The book is closed by now: a job may run for hours, and must hold neither the store nor a lock meanwhile.
	return a.run(argv, append(os.Environ(), env.variables...))
}

// execFromFile fills the environment from a password file, without book and vault.
func (a *app) execFromFile(x execution, env *environment) error {
	if len(x.accounts) > 0 || x.canvas != "" {
		return usage("name one of --account, --canvas and --pwfile")
	}
	return a.withFile(x.pwfile, x.ttl, func(ctx context.Context, f *pwfile.File) error {
		w := fileWallet{f}
		if x.adc != "" && !slices.Contains(w.names(), x.adc) {
			return usage("--adc names %q, which is none of the accounts in play", shown(x.adc, 60))
		}
		env.set(envPwfile, f.Path)
		return env.fill(ctx, w, x.adc)
	})
}

// accountsFor finds the accounts that were named one by one or through their canvas.
func (h *house) accountsFor(ctx context.Context, x execution) ([]accounts.Account, error) {
	if (len(x.accounts) > 0) == (x.canvas != "") {
		return nil, usage("name --account, --canvas or --pwfile")
	}
	names := x.accounts
	if x.canvas != "" {
		canvas, err := h.canvas(ctx, x.canvas)
		if err != nil {
			return nil, err
		}
		for _, ref := range canvas.Accounts {
			if ref.Name == "" {
				return nil, &failure{Code: "unknown_account", Message: fmt.Sprintf("canvas %s uses an account that is no longer here", canvas.Name),
					Remedy: "fettle canvas edit " + canvas.Name + " --account NAME", exit: exitFailed}
			}
			names = append(names, ref.Name)
		}
	}
	if x.adc != "" && !slices.Contains(names, x.adc) {
		return nil, usage("--adc names %q, which is none of the accounts in play", shown(x.adc, 60))
	}
	var found []accounts.Account
	for _, name := range names {
		account, err := h.book.Account(ctx, name)
		if err != nil {
			return nil, err
		}
		found = append(found, account)
	}
	return found, nil
}

// run runs the command, hands it the signals that come, and returns its exit code.
func (a *app) run(argv, env []string) (int, error) {
	cmd := exec.Command(argv[0], argv[1:]...) //nolint:gosec,noctx // the caller's own argv, no shell; signals end it
	cmd.Env = env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.stdin, a.stdout.to, a.stderr
	// RLIMIT_CORE is inherited: a job that wants to dump core shall be able to.
	unharden()
	// Before the start: a signal that came between would end fettle and leave the job without one.
	begin, stop := forward()
	defer stop()
	if err := cmd.Start(); err != nil {
		return 0, &failure{Code: "not_started", Message: fmt.Sprintf("cannot run %s: %v", shown(argv[0], 80), err), exit: exitFailed}
	}
	begin(cmd.Process)
	err := cmd.Wait()
	var ended *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case errors.As(err, &ended):
		return statusOf(ended), nil
	}
	return 0, fmt.Errorf("wait for the command: %w", err)
}
