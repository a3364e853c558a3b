package cli

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"fettle/accounts"
)

// takes says which arguments a command takes, in the words of its use line; none are optional.
func takes(words ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < len(words):
			return fmt.Errorf("%s is missing", words[len(args)])
		case len(args) > len(words):
			return fmt.Errorf("%q is one argument too many", shown(args[len(words)], 60))
		}
		return nil
	}
}

// changesSomething refuses an edit that names nothing to change: somebody would take its answer for a change.
func changesSomething(cmd *cobra.Command) error {
	given := false
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) { given = given || f.Changed })
	if !given {
		return usage("say what to change")
	}
	return nil
}

// group is a command that only has others below it.
func (a *app) group(use, short string, below ...*cobra.Command) *cobra.Command {
	cmd := &cobra.Command{
		Use: use, Short: short, Args: cobra.ArbitraryArgs,
		RunE: a.handle(func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.unknownCommand(cmd, args[0])
			}
			return a.needsSubcommand(cmd)
		}),
	}
	cmd.AddCommand(below...)
	return cmd
}

// needsSubcommand prints the help of a command that does nothing by itself, as a mistake.
func (a *app) needsSubcommand(cmd *cobra.Command) error {
	if a.jsonAsked() {
		return usage("%s needs a command", cmd.CommandPath())
	}
	// stdout is for results, and this is none.
	cmd.SetOut(a.stderr)
	if err := cmd.Help(); err != nil {
		return err
	}
	return &failure{Code: "usage", Message: "a command is missing", exit: exitUsage, silent: true}
}

// unknownCommand says which command the person may have meant.
func (a *app) unknownCommand(above *cobra.Command, name string) error {
	var names []string
	for _, c := range above.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	f := unknownName("command", name, accounts.Nearest(name, names), "`"+above.CommandPath()+" --help` lists the commands")
	// A mistyped command is a mistake of usage, unlike a name that is not in the book.
	f.Code, f.exit = "usage", exitUsage
	return f
}

// misused explains an error of the tree: an argument or a flag that the called command does not take.
func (a *app) misused(err error) *failure {
	f := usage("%s", oneLine(err))
	f.Remedy = a.helpRemedy()
	if unknown, ok := errors.AsType[*pflag.NotExistError](err); ok {
		var names []string
		a.called().Flags().VisitAll(func(known *pflag.Flag) { names = append(names, known.Name) })
		if nearest := accounts.Nearest(unknown.GetSpecifiedName(), names); len(nearest) > 0 {
			f.Remedy = "did you mean --" + nearest[0] + "?"
		}
	}
	return f
}

// helpRemedy names the help of the command that was called.
func (a *app) helpRemedy() string { return "see `" + a.called().CommandPath() + " --help`" }

// called is the command that the arguments name, as far as they name one.
func (a *app) called() *cobra.Command {
	cmd, _, _ := a.tree.Find(a.args) // with an error it is the last one that is known
	return cmd
}
