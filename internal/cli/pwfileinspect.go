package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fettle/internal/config"
	"fettle/internal/safetext"
	"fettle/pwfile"
)

func (a *app) pwfileInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect FILE",
		Short: "Say what is known about a password file, without its secrets",
		Long:  "inspect says what can be said about a password file on this server, and why a job could not use it. It remembers nothing and needs neither book nor vault.",
		Args:  takes("FILE"),
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			ctx, stop := a.untilSignal()
			defer stop()
			paths, err := config.Where(a.configFile, a.dataDir)
			if err != nil {
				return err
			}
			options := pwfile.ReaderOptions{Dir: paths.Data}
			info, err := pwfile.Inspect(ctx, args[0], options)
			// age's name for a passphrase. Only then is anybody asked: an identity opens every other kind.
			if err == nil && slices.Contains(info.Kinds, "scrypt") && a.hasTerminal() {
				if options.Passphrase, err = a.askSecret(ctx, "Passphrase of the file:"); err == nil {
					info, err = pwfile.Inspect(ctx, args[0], options)
				}
			}
			if err != nil {
				return err
			}
			if err := a.printInfo(info); err != nil {
				return err
			}
			if info.Problem != nil {
				return attention
			}
			return nil
		}),
	}
}

// printInfo shows what is inside only if it could be opened: before the signature is checked nothing of it counts.
func (a *app) printInfo(i pwfile.Info) error {
	if a.json {
		return a.emit(wireInfoOf(i))
	}
	a.printf("%s  %d bytes, %s, encrypted to: %s", shown(i.Path, 200), i.Size, i.Mode, shown(strings.Join(i.Kinds, ", "), 100))
	if i.Opened {
		a.printf("  canvas %s, number %d, written %s by the book %s", shown(i.Canvas, 63), i.Serial, moment(i.GeneratedAt), shown(i.Book, 40))
		a.printf("  writer: %s", shown(i.Writer, 100))
		for _, r := range i.Recipients {
			a.printf("  recipient: %s", shown(r, 120))
		}
		for _, account := range i.Accounts {
			a.printf("  account %s at %s, %s, generation %d", shown(account.Name, 63), shown(account.Provider, 40), shown(account.Identity.Email, 60), account.Generation)
		}
	}
	if i.Problem != nil {
		a.printf("! %s: %s\n  → %s", i.Problem.Code, safetext.Line(i.Problem.Text), safetext.Line(i.Problem.Remedy))
		return nil
	}
	a.printf("✓ a job on this server can use it")
	return nil
}
