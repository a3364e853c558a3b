package cli

import (
	"github.com/spf13/cobra"

	"fettle/internal/config"
	"fettle/pwfile"
)

// serverCommand opens no book: the machine that runs a job may have none.
func (a *app) serverCommand() *cobra.Command {
	return a.group("server", "Make this server a reader of password files",
		&cobra.Command{
			Use:   "init",
			Short: "Make this server's identity and print its recipient",
			Long:  "init makes the identity with which jobs on this server open password files, unless there is one, and prints its public half. Run it as the user whose job reads the file; neither book nor vault is needed.",
			Args:  takes(),
			RunE: a.handle(func(*cobra.Command, []string) error {
				paths, err := config.Where(a.configFile, a.dataDir)
				if err != nil {
					return err
				}
				recipient, created, err := pwfile.InitServer(paths.Data)
				if err != nil {
					return err
				}
				if a.json {
					return a.emit(struct {
						Format    string `json:"format"`
						Recipient string `json:"recipient"`
						Created   bool   `json:"created"`
					}{"fettle.server/1", recipient, created})
				}
				// On stderr, so that RECIPIENT=$(fettle server init) gets the key alone.
				if created {
					a.progress("This server has an identity now. Give its recipient to the canvases that run here: fettle canvas edit CANVAS --recipient …")
				}
				a.printf("%s", recipient)
				return nil
			}),
		},
		&cobra.Command{
			Use:   "trust KEY",
			Short: "Accept the password files of the book with this key, and of no new one",
			Args:  takes("KEY"),
			RunE: a.handle(func(_ *cobra.Command, args []string) error {
				paths, err := config.Where(a.configFile, a.dataDir)
				if err != nil {
					return err
				}
				if err := pwfile.Trust(paths.Data, args[0]); err != nil {
					return err
				}
				if a.json {
					return a.emit(struct {
						Format string `json:"format"`
						Key    string `json:"key"`
					}{"fettle.server_trust/1", args[0]})
				}
				a.printf("Password files signed by %s are accepted here.", shown(args[0], 100))
				return nil
			}),
		},
	)
}
