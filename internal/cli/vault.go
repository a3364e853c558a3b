package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts/vault"
	"fettle/internal/secret"
)

func (a *app) vaultCommand() *cobra.Command {
	return a.group("vault", "Look after the key that seals the credentials",
		a.vaultInit(), a.vaultStatus(), a.vaultRecipients(), a.vaultRewrap())
}

// holding is where a vault's key is to be held, as given by flags.
type holding struct {
	holder  string
	path    string
	command []string
}

func (k *holding) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&k.holder, "holder", "", "who holds the key: keyring, passphrase, file or command")
	cmd.Flags().StringVar(&k.path, "path", "", "the key's file, for the holders file and passphrase")
	cmd.Flags().StringArrayVar(&k.command, "command", nil, "the program that prints the key, and its arguments, one flag each")
	complete(cmd, "holder", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return []string{"keyring", "passphrase", "file", "command"}, cobra.ShellCompDirectiveNoFileComp
	})
}

// check refuses what would be ignored: a --path for a keyring is a misunderstanding.
func (k holding) check() error {
	known := []vault.Holder{vault.HolderKeyring, vault.HolderPassphrase, vault.HolderFile, vault.HolderCommand}
	switch holder := vault.Holder(k.holder); {
	case !slices.Contains(known, holder):
		return usage("--holder is keyring, passphrase, file or command")
	case holder == vault.HolderCommand && len(k.command) == 0:
		return usage("--holder command needs --command PROGRAM")
	case holder != vault.HolderCommand && len(k.command) > 0, k.path != "" && holder != vault.HolderFile && holder != vault.HolderPassphrase:
		return usage("--path is for the holders file and passphrase, --command for the holder command")
	}
	return nil
}

// apply keeps the rest of the settings: the folder, and the keyring's helper.
func (k holding) apply(s vault.Settings) vault.Settings {
	s.Holder, s.Path, s.Command = vault.Holder(k.holder), k.path, k.command
	return s
}

// passphrase asks for a new one where the holder needs it.
func (k holding) passphrase(ctx context.Context, a *app) (secret.Text, error) {
	if vault.Holder(k.holder) != vault.HolderPassphrase {
		return secret.Text{}, nil
	}
	if !a.hasTerminal() {
		return secret.Text{}, errNoTerminal
	}
	return a.newPassphrase(ctx, "New passphrase")
}

func (a *app) vaultInit() *cobra.Command {
	var key holding
	var recovery []string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Make the vault",
		Long:  "init makes the vault that seals every credential, and says who holds its key. It overwrites nothing.",
		Example: "# unattended jobs can refresh; whoever reads this user's files can read the accounts\nfettle vault init --holder file\n\n" +
			"# with a recovery key made by age-keygen and kept elsewhere\nfettle vault init --holder passphrase --recovery age1…",
		Args: takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				switch {
				// A vault that is damaged is never made anew: what it sealed would be lost.
				case h.broken != nil && !interruptedInit(h.broken):
					return h.broken
				case key.holder != "":
					if err := key.check(); err != nil {
						return err
					}
				case h.settings.Holder != "":
					key = holding{string(h.settings.Holder), h.settings.Path, h.settings.Command}
				default:
					chosen, err := h.chooseHolder(ctx)
					if err != nil {
						return err
					}
					key.holder = string(chosen)
				}
				return h.makeVault(ctx, key, recovery)
			})
		}),
	}
	key.flags(cmd)
	cmd.Flags().StringArrayVar(&recovery, "recovery", nil, "an age public key (age1…) that can open the vault, too; repeatable")
	return cmd
}

// makeVault completes an init that was interrupted, and never touches a vault that is whole.
func (h *house) makeVault(ctx context.Context, key holding, recovery []string) error {
	if h.exists() && h.broken == nil {
		return &failure{Code: "exists", Message: "there is a vault already in " + h.paths.Data, Remedy: "to change who holds its key: fettle vault rewrap --holder …", exit: exitFailed}
	}
	passphrase, err := key.passphrase(ctx, h.app)
	if err != nil {
		return err
	}
	v, err := vault.Init(ctx, key.apply(h.settings), vault.InitOptions{Passphrase: passphrase, Recovery: recovery})
	if err != nil {
		return err
	}
	return h.app.tellVault(v, h.paths.Data)
}

// wireVault is what is known about a vault without opening it.
type wireVault struct {
	Format      string   `json:"format"`
	Exists      bool     `json:"exists"`
	ID          word     `json:"id"`
	Folder      string   `json:"folder"`
	Holder      word     `json:"holder"`
	Recipients  []string `json:"recipients"`
	Recovery    []string `json:"recovery"`
	Interrupted bool     `json:"interrupted"`
	Former      []string `json:"former_files"`
	Opens       *bool    `json:"opens"`
}

// tellVault shows what is public of a vault; it opens nothing.
func (a *app) tellVault(v *vault.Vault, folder string) error {
	former, err := v.Former()
	if err != nil {
		return err
	}
	w := wireVault{
		Format: "fettle.vault_status/1", Exists: true, ID: word(v.ID()), Folder: folder, Holder: word(v.Holder()),
		Recipients: list(v.Recipients()), Recovery: list(v.Recovery()), Interrupted: v.Interrupted(), Former: list(former),
	}
	// null unless it was tried: a vault that was not opened may open all the same.
	if !v.Locked() {
		opens := true
		w.Opens = &opens
	}
	if a.json {
		return a.emit(w)
	}
	a.printf("vault %s in %s", w.ID, w.Folder)
	a.printf("  its key is held by: %s", w.Holder)
	a.printf("  recipient: %s", strings.Join(w.Recipients[:min(1, len(w.Recipients))], ""))
	for _, r := range w.Recovery {
		a.printf("  recovery key: %s", r)
	}
	if len(w.Recovery) == 0 {
		a.printf("  no recovery key: if the key is lost, so are the credentials. Add one: fettle vault recipients --add age1…")
	}
	if w.Interrupted {
		a.printf("  a change was interrupted; settle it: fettle vault recipients")
	}
	for _, f := range w.Former {
		a.printf("  from before the last change, delete it once the vault opens: %s", f)
	}
	if w.Opens != nil {
		a.printf("  it opens")
	}
	return nil
}

func (a *app) vaultStatus() *cobra.Command {
	var try bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say who holds the vault's key and who can open it",
		Args:  takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				if h.broken != nil {
					return h.broken
				}
				if !h.exists() {
					none := noVault("there is no vault yet")
					if !a.json {
						return none
					}
					// To a program that is an answer; the code is the same.
					none.silent = true
					return errors.Join(a.emit(wireVault{Format: "fettle.vault_status/1", Folder: h.paths.Data, Recipients: []string{}, Recovery: []string{}, Former: []string{}}), none)
				}
				if try {
					if err := h.unlock(ctx); err != nil {
						return err
					}
				}
				return a.tellVault(h.vault, h.paths.Data)
			})
		}),
	}
	cmd.Flags().BoolVar(&try, "open", false, "also try to open it")
	return cmd
}

func (a *app) vaultRecipients() *cobra.Command {
	var add, remove []string
	cmd := &cobra.Command{
		Use:   "recipients",
		Short: "List, add and remove recovery keys",
		Long: "recipients lists who can open the vault. A recovery key is an age key pair kept elsewhere: age-keygen makes one. " +
			"Who is removed keeps what earlier copies of vault.age gave them.",
		Args: takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			return a.within(func(ctx context.Context, h *house) error {
				if h.broken != nil {
					return h.broken
				}
				if !h.exists() {
					return noVault("there is no vault yet")
				}
				// An interrupted change is settled by any call, also by one that asks for none.
				if len(add)+len(remove) == 0 && !h.vault.Interrupted() {
					return a.tellVault(h.vault, h.paths.Data)
				}
				recovery := h.vault.Recovery()
				for _, r := range remove {
					if !slices.Contains(recovery, r) {
						return usage("%s is not a recovery key of this vault", shown(r, 70))
					}
				}
				recovery = slices.DeleteFunc(append(recovery, add...), func(r string) bool { return slices.Contains(remove, r) })
				if err := h.vault.SetRecipients(ctx, recovery, h.prompt()); err != nil {
					return err
				}
				return a.tellVault(h.vault, h.paths.Data)
			})
		}),
	}
	cmd.Flags().StringArrayVar(&add, "add", nil, "an age public key (age1…) to add; repeatable")
	cmd.Flags().StringArrayVar(&remove, "remove", nil, "a recovery key to remove; repeatable")
	return cmd
}

// prompt asks for the vault's passphrase; nil where there is nobody to ask.
func (h *house) prompt() vault.Prompt {
	if !h.app.hasTerminal() {
		return nil
	}
	return func(ctx context.Context) (secret.Text, error) {
		return h.app.askSecret(ctx, "Passphrase of the vault:")
	}
}

func (a *app) vaultRewrap() *cobra.Command {
	var key holding
	cmd := &cobra.Command{
		Use:   "rewrap",
		Short: "Give the vault's key to another holder, or change it",
		Args:  takes(),
		RunE: a.handle(func(*cobra.Command, []string) error {
			if err := key.check(); err != nil {
				return err
			}
			return a.within(func(ctx context.Context, h *house) error {
				if !h.exists() {
					return noVault("there is no vault yet")
				}
				if err := h.unlock(ctx); err != nil {
					return err
				}
				passphrase, err := key.passphrase(ctx, a)
				if err != nil {
					return err
				}
				if err := h.vault.Rewrap(ctx, key.apply(vault.Settings{}), passphrase); err != nil {
					return fmt.Errorf("the vault's key was not moved: %w", err)
				}
				// fettle never writes config.toml, so it can only say so.
				if h.config.Vault.Key != "" && h.config.Vault.Key != key.holder {
					a.progress("fettle: %s still says [vault] key = %q: correct it, or the vault will not open", h.config.Path, h.config.Vault.Key)
				}
				return a.tellVault(h.vault, h.paths.Data)
			})
		}),
	}
	key.flags(cmd)
	return cmd
}

// interruptedInit reports whether the vault is one that `vault init` began and did not end.
func interruptedInit(err error) bool {
	damaged, ok := errors.AsType[*vault.DamagedError](err)
	return ok && damaged.Reason == "is missing"
}
