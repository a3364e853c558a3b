package cli

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"fettle/accounts/store"
	"fettle/internal/config"
)

// completionLimit is how long a person waits for a TAB.
const completionLimit = 2 * time.Second

// completion is how a shell's question is answered.
type completion = func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective)

// completeAccounts offers the names of accounts that are not on the line yet. It opens no vault and makes no book.
func (a *app) completeAccounts(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.names(args, begun, func(r store.Reader) ([]string, error) {
		all, err := r.Accounts()
		names := make([]string, 0, len(all))
		for _, account := range all {
			names = append(names, account.Name)
		}
		return names, err
	})
}

// completeAccount is completeAccounts for commands that take one.
func (a *app) completeAccount(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.completeAccounts(cmd, args, begun)
}

// completeCanvases offers the names of canvases.
func (a *app) completeCanvases(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	return a.names(args, begun, func(r store.Reader) ([]string, error) {
		all, err := r.Canvases()
		names := make([]string, 0, len(all))
		for _, c := range all {
			names = append(names, c.Name)
		}
		return names, err
	})
}

// completeProviders offers the providers of the catalogue, config.toml included.
func (a *app) completeProviders(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	catalogue, err := a.known()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	var names []string
	for _, p := range catalogue.All() {
		if strings.HasPrefix(p.ID, begun) {
			names = append(names, p.ID)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeServices offers the services of the provider named on the line.
func (a *app) completeServices(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
	catalogue, err := a.known()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	p, _ := catalogue.Get(cmd.Flag("provider").Value.String())
	var names []string
	for _, s := range p.ServiceList() {
		if strings.HasPrefix(s.ID, begun) {
			names = append(names, s.ID)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// flag is a completion for the value of a flag, which does not look at the arguments.
func flag(c completion) completion {
	return func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return c(cmd, nil, begun)
	}
}

// complete registers completions of flags. The only possible error is a flag that does not exist.
func complete(cmd *cobra.Command, name string, c completion) {
	if err := cmd.RegisterFlagCompletionFunc(name, flag(c)); err != nil {
		panic(err) // a mistake in this package, which every test would meet
	}
}

// names reads names from a book that exists already.
func (a *app) names(args []string, begun string, read func(store.Reader) ([]string, error)) ([]string, cobra.ShellCompDirective) {
	const nothing = cobra.ShellCompDirectiveNoFileComp
	paths, err := config.Where(a.configFile, a.dataDir)
	if err != nil {
		return nil, nothing
	}
	// Opening would make the book: a TAB must not.
	if _, err := os.Stat(filepath.Join(paths.Data, "fettle.db")); err != nil {
		return nil, nothing
	}
	ctx, cancel := context.WithTimeout(context.Background(), completionLimit)
	defer cancel()
	s, err := store.Open(ctx, paths.Data)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	defer func() { _ = s.Close() }() // nothing was written
	var names []string
	err = s.View(ctx, func(r store.Reader) (err error) {
		names, err = read(r)
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !strings.HasPrefix(n, begun) || slices.Contains(args, n) })
	return names, nothing
}
