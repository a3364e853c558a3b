package cli

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fettle/accounts/vault"
	"fettle/internal/secret"
	"fettle/tui"
)

// look is how the screens look.
type look struct {
	theme string
	ascii bool
}

// flags are on root and demo only: no other command has screens.
func (l *look) flags(root *cobra.Command) {
	root.Flags().StringVar(&l.theme, "theme", "", "colours of the screens: "+strings.Join(tui.ThemeNames, ", "))
	root.Flags().BoolVar(&l.ascii, "ascii", false, "only characters that every terminal has")
	complete(root, "theme", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return tui.ThemeNames, cobra.ShellCompDirectiveNoFileComp
	})
}

// screens opens the screens where there is a terminal to show them on.
func (a *app) screens(cmd *cobra.Command, l *look) error {
	if !a.hasScreen() {
		return a.needsSubcommand(cmd)
	}
	return a.within(func(ctx context.Context, h *house) error { return h.show(ctx, l, "") })
}

// hasScreen reports whether the screens can be shown.
func (a *app) hasScreen() bool {
	return isTerminal(a.stdin) && isTerminal(a.stdout.to) && os.Getenv("TERM") != "dumb"
}

// show runs the screens over the book; notice is a line that stays on the first one.
func (h *house) show(ctx context.Context, l *look, notice string) error {
	a := h.app
	// A line on stderr would be drawn into the middle of the screen.
	a.quiet.Store(true)
	defer a.quiet.Store(false)
	gone := func(line string) {
		a.quiet.Store(false)
		a.progress("fettle: %s", line)
	}
	// The screen has the terminal now: what asks for a secret asks there.
	asker := tui.NewAsker()
	return tui.Run(ctx,
		tui.Services{Accounts: h.book, Files: h.files, Packages: h.packagesBy(asker.Key), Asker: asker, Vault: door{h}, Browser: quietBrowser{}, Clock: time.Now, Log: h.log},
		tui.Options{
			Theme: l.theme, ASCII: l.ascii || !speaksUTF8(), Providers: h.catalogue.All(), Tell: gone,
			Host: tui.Host{User: userName(), Name: hostName(), SSH: overSSH(), Notice: notice},
		})
}

// speaksUTF8 reads the locale as the C library does.
func speaksUTF8() bool {
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if value := os.Getenv(name); value != "" {
			value = strings.ReplaceAll(strings.ToLower(value), "-", "")
			return strings.HasSuffix(value, "utf8")
		}
	}
	return false
}

// door is the vault as the screens see it. It may not exist yet: the first run makes it.
type door struct{ house *house }

// State implements tui.Vault.
func (d door) State() tui.VaultState {
	h := d.house
	return tui.VaultState{Exists: h.broken != nil || h.exists(), Locked: h.vault.Locked(), Holder: string(h.vault.Holder())}
}

// Unlock implements tui.Vault.
func (d door) Unlock(ctx context.Context, passphrase secret.Text) error {
	if d.house.broken != nil {
		return d.house.broken
	}
	return d.house.vault.Unlock(ctx, func(context.Context) (secret.Text, error) { return passphrase, nil })
}

// ProbeKeyring implements tui.Vault.
func (d door) ProbeKeyring(ctx context.Context) error {
	return vault.ProbeKeyring(ctx, d.house.settings.Keyring)
}

// Setup implements tui.Vault.
func (d door) Setup(ctx context.Context, holder string, passphrase secret.Text) error {
	s := d.house.settings
	// config.toml has the last word: what was chosen on the screen counts where it says nothing.
	if s.Holder == "" {
		s.Holder = vault.Holder(holder)
	}
	if _, err := vault.Init(ctx, s, vault.InitOptions{Passphrase: passphrase}); err != nil && !errors.Is(err, vault.ErrExists) {
		return err
	}
	return d.Unlock(ctx, passphrase)
}
