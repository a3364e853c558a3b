package config

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/adrg/xdg"
)

// Paths says where fettle keeps its things.
type Paths struct {
	Config string // the file config.toml
	Data   string // the folder of the book
	State  string // the folder of the operations log
}

// ErrNoHome says that neither the environment nor the system knows this user's home folder.
var ErrNoHome = errors.New("this user has no home folder, so it is not known where the book is")

// Where returns the paths in use. configFile and dataDir override the XDG folders unless they are empty; a book
// that is kept elsewhere keeps its log with it. The error is ErrNoHome where a folder is in the home and there is none.
func Where(configFile, dataDir string) (Paths, error) {
	if err := findHome(configFile == "", dataDir == ""); err != nil {
		return Paths{}, err
	}
	p := Paths{
		Config: filepath.Join(xdg.ConfigHome, "fettle", "config.toml"),
		Data:   filepath.Join(xdg.DataHome, "fettle"),
		State:  filepath.Join(xdg.StateHome, "fettle"),
	}
	if configFile != "" {
		p.Config = configFile
	}
	if dataDir != "" {
		p.Data, p.State = dataDir, filepath.Join(dataDir, "log")
	}
	for _, path := range []*string{&p.Config, &p.Data, &p.State} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return Paths{}, fmt.Errorf("%s: %w", *path, err)
		}
		*path = absolute
	}
	return p, nil
}

// findHome sees to it that the XDG folders are this user's. Service managers and containers start programs without HOME;
// the library then takes folders below / or below the present one, and an empty book there looks like one without accounts.
func findHome(ofConfig, ofData bool) error {
	if dir, err := os.UserHomeDir(); err == nil && filepath.IsAbs(dir) {
		return nil
	}
	known, err := user.Current()
	if err == nil && filepath.IsAbs(known.HomeDir) {
		if err := os.Setenv("HOME", known.HomeDir); err != nil {
			return fmt.Errorf("set HOME: %w", err)
		}
		xdg.Reload()
		return nil
	}
	missing := func(name string) bool { return !filepath.IsAbs(os.Getenv(name)) }
	if ofConfig && missing("XDG_CONFIG_HOME") || ofData && (missing("XDG_DATA_HOME") || missing("XDG_STATE_HOME")) {
		return ErrNoHome
	}
	return nil
}
