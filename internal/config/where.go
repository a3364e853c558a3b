package config

import (
	"fmt"
	"path/filepath"

	"github.com/adrg/xdg"
)

// Paths says where fettle keeps its things.
type Paths struct {
	Config string // the file config.toml
	Data   string // the folder of the book
	State  string // the folder of the operations log
}

// Where returns the paths in use. configFile and dataDir override the XDG folders unless they are empty; a book
// that is kept elsewhere keeps its log with it.
func Where(configFile, dataDir string) (Paths, error) {
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
