package cli

import (
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts/vault"
	"fettle/internal/config"
)

func (a *app) scheduleCommand() *cobra.Command {
	return a.group("schedule", "Say how to run fettle regularly",
		a.schedulePrint())
}

func (a *app) schedulePrint() *cobra.Command {
	var ofUser bool
	cmd := &cobra.Command{
		Use:   "print (systemd|cron)",
		Short: "Print timers that keep the grants alive",
		Long: "print shows, and installs nothing: units for systemd or lines for a crontab that run as this user, on this book, `fettle refresh --due` daily, " +
			"`fettle pwfile generate --stale` daily and `fettle check` hourly. How to install them stands in the comments.",
		Example:   "fettle schedule print systemd\nfettle schedule print systemd --user\nfettle schedule print cron",
		ValidArgs: []string{"systemd", "cron"},
		Args:      takes("systemd or cron"),
		RunE: a.handle(func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(cmd.ValidArgs, args[0]) {
				return usage("there are timers for systemd and for cron, not for %q", shown(args[0], 60))
			}
			if ofUser && args[0] != "systemd" {
				return usage("--user is for systemd: a crontab is a user's own already")
			}
			plan, err := a.schedule()
			if err != nil {
				return err
			}
			files := plan.crontab()
			if args[0] == "systemd" {
				files = plan.units(ofUser)
			}
			return a.printSchedule(args[0], plan, files)
		}),
	}
	cmd.Flags().BoolVar(&ofUser, "user", false, "units for the user's own systemd, which need no root")
	return cmd
}

// schedule is what timers have to know to reach this book as this user.
type schedule struct {
	program  string
	flags    []string    // --config and --data, where they were given
	vars     [][2]string // what of the environment says where things are
	user     string
	dir      string   // the book
	minute   int      // so that not every server in the world asks at the same time
	warnings []string // what would keep the timers from working
}

// task is one thing that a timer runs.
type task struct {
	name  string
	about string
	args  []string
	hour  int    // of the day; -1 = every hour
	delay string // at random on top
	good  string // exit codes beside 0 that are no failure of the unit
}

// tasks are run in this order: a refresh may leave a password file behind, and the check looks at both.
var tasks = []task{
	{"fettle-refresh", "Keep the OAuth grants of fettle alive", []string{"refresh", "--due"}, 3, "1h", ""},
	{"fettle-pwfiles", "Write stale password files of fettle", []string{"pwfile", "generate", "--stale"}, 5, "15min", "3"},
	{"fettle-check", "Tell how the accounts of fettle are", []string{"check"}, -1, "5min", "1"},
}

// inherited are the variables that change where things are or how a provider is reached. net/http reads those of
// proxies in small letters, too, and many distributions set no others.
var inherited = []string{
	"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME",
	"HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
}

func (a *app) schedule() (schedule, error) {
	paths, err := config.Where(a.configFile, a.dataDir)
	if err != nil {
		return schedule{}, err
	}
	// The whole path: a timer's PATH may not have it.
	program, err := os.Executable()
	if err != nil {
		return schedule{}, err
	}
	s := schedule{program: program, user: userName(), dir: paths.Data}
	if a.configFile != "" {
		s.flags = append(s.flags, "--config", paths.Config)
	}
	if a.dataDir != "" {
		s.flags = append(s.flags, "--data", paths.Data)
	}
	// A timer starts with a bare environment. Only what leads somewhere else than the default is repeated.
	for _, name := range inherited {
		value := os.Getenv(name)
		switch {
		case value == "":
		case strings.EqualFold(name, "HTTPS_PROXY") && strings.Contains(value, "@"):
			s.warnings = append(s.warnings, name+" holds a password, so it is left out: give it to the timers in a file that only you can read")
		default:
			s.vars = append(s.vars, [2]string{name, value})
		}
	}
	sum := fnv.New32a()
	host, _ := os.Hostname()                    // without one the folder alone spreads the load
	_, _ = sum.Write([]byte(host + paths.Data)) // a hash takes everything
	s.minute = int(sum.Sum32() % 60)
	closed, err := a.unattended(paths)
	if closed != "" {
		s.warnings = append(s.warnings, closed)
	}
	return s, err
}

// unattended says why nobody could open the vault from a timer.
func (a *app) unattended(paths config.Paths) (string, error) {
	c, _, err := a.configuration(paths)
	if err != nil {
		return "", err
	}
	v, err := vault.Load(vault.Settings{Dir: paths.Data, Holder: vault.Holder(c.Vault.Key), Path: c.Vault.Path, Command: c.Vault.Command})
	if err != nil {
		return "There is no vault that can be used yet: fettle vault init", nil //nolint:nilerr // to be told, not to stop at
	}
	switch v.Holder() {
	case vault.HolderPassphrase:
		return "The vault's key needs a passphrase, which a timer cannot type: fettle vault rewrap --holder file (or command)", nil
	case vault.HolderKeyring:
		return "The vault's key lies in a keyring, which is locked while nobody is logged in: fettle vault rewrap --holder file (or command)", nil
	case vault.HolderFile, vault.HolderCommand:
	}
	return "", nil
}

// command is the program with what every task needs.
func (s schedule) command(t task) []string {
	return append(append([]string{s.program}, s.flags...), t.args...)
}

// scheduled is one file to install.
type scheduled struct {
	Path    string `json:"path"`
	Content string `json:"content"`
}

// printSchedule prints so that the output is a crontab, or units with their paths as comments.
func (a *app) printSchedule(kind string, s schedule, files []scheduled) error {
	if a.json {
		return a.emit(struct {
			Format   string      `json:"format"`
			Kind     string      `json:"kind"`
			User     string      `json:"user"`
			Warnings []string    `json:"warnings"`
			Files    []scheduled `json:"files"`
		}{"fettle.schedule/1", kind, s.user, list(s.warnings), files})
	}
	for i, f := range files {
		if i > 0 {
			a.printf("")
		}
		if kind == "systemd" {
			a.printf("# %s", filepath.ToSlash(f.Path))
		}
		_, _ = a.stdout.Write([]byte(f.Content)) // its error is the output's, which is looked at once
	}
	for _, w := range s.warnings {
		a.progress("fettle: %s", w)
	}
	return nil
}
