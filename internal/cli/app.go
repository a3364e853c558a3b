package cli

import (
	"errors"
	"os"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
)

// app is one run of the program.
type app struct {
	args   []string
	stdin  *os.File
	stdout *output
	stderr *os.File

	configFile string
	dataDir    string
	json       bool

	tree    *cobra.Command // all commands
	command *cobra.Command // the one that runs
	atHome  bool           // a book is open: what its accounts need can be done here
	told    bool           // the outcome was told already, as an event
	quiet   atomic.Bool    // a screen is up: nothing may be printed
}

func newApp(args []string) *app {
	return &app{args: args, stdin: os.Stdin, stdout: &output{to: os.Stdout}, stderr: os.Stderr}
}

// output remembers that something could not be written.
type output struct {
	to  *os.File
	err error
}

// Write implements io.Writer. It never fails: no work is cut short for its result, and written tells of the loss at the end.
// Nothing follows what was lost, so that no reader takes the rest for the whole.
func (o *output) Write(p []byte) (int, error) {
	if o.err == nil {
		_, o.err = o.to.Write(p)
	}
	return len(p), nil
}

// written is the error of the output, if there was one. Whoever closed the pipe has read enough.
func (a *app) written() error {
	if a.stdout.err == nil || errors.Is(a.stdout.err, syscall.EPIPE) {
		return nil
	}
	return &failure{
		Code: "output", Message: "the result could not be written: " + oneLine(a.stdout.err),
		Remedy: "free some space where the output goes, or send it elsewhere", exit: exitFailed,
	}
}

// group names of the help.
const (
	groupAccounts = "accounts"
	groupJobs     = "jobs"
	groupFiles    = "files"
	groupSetup    = "setup"
)

// root builds the command tree.
func (a *app) root() *cobra.Command {
	look := &look{}
	root := &cobra.Command{
		Use:   "fettle",
		Short: "Keep the OAuth accounts of unattended jobs in good health",
		Long: "fettle keeps the OAuth accounts that unattended jobs run on in good health: it shows which are broken or about to break, " +
			"repairs them step by step, and hands new credentials to every place that uses them.\n\nWithout a command it opens the screens.",
		Example: "# the screens\nfettle\n\n# try everything without any account\nfettle demo",
		Args:    cobra.ArbitraryArgs,
		RunE: a.handle(func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return a.unknownCommand(cmd, args[0])
			}
			return a.screens(cmd, look)
		}),
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.configFile, "config", "", "read this file instead of config.toml in the XDG config folder")
	flags.StringVar(&a.dataDir, "data", "", "keep the book in this folder instead of the XDG data folder")
	flags.BoolVar(&a.json, "json", false, "print the result as JSON")
	look.flags(root)
	root.AddGroup(
		&cobra.Group{ID: groupAccounts, Title: "accounts"}, &cobra.Group{ID: groupJobs, Title: "jobs and monitors"},
		&cobra.Group{ID: groupFiles, Title: "canvases and password files"}, &cobra.Group{ID: groupSetup, Title: "setup"},
	)
	for _, g := range []struct {
		id       string
		commands []*cobra.Command
	}{
		{groupAccounts, []*cobra.Command{a.statusCommand(), a.authorizeCommand(), a.refreshCommand(), a.verifyCommand(), a.resourcesCommand(),
			a.decideCommand(), a.removeCommand(), a.accountCommand(), a.diagnoseCommand(), a.logCommand()}},
		{groupJobs, []*cobra.Command{a.checkCommand(), a.tokenCommand(), a.execCommand(), a.exportCommand(), a.scheduleCommand()}},
		{groupFiles, []*cobra.Command{a.canvasCommand(), a.pwfileCommand(), a.packageCommand(), a.serverCommand()}},
		{groupSetup, []*cobra.Command{a.demoCommand(), a.clientCommand(), a.providerCommand(), a.vaultCommand()}},
	} {
		for _, c := range g.commands {
			c.GroupID = g.id
			root.AddCommand(c)
		}
	}
	return root
}
