// Package config reads config.toml. It never writes it: what the screens and the commands make lives in the store.
//
// The file is believed only if nobody else can have written it: file and folder belong to this user or to root, are
// not writable by others, and the file is closed to others if it holds a client secret. A key that is not known is
// an error with its line, because a misspelt setting that is passed over in silence is a setting that is not in force.
//
// The [providers.*] tables are not looked at here beyond that: the provider catalogue reads them from Config.Text.
//
// The package imports internal/atomicfile, adrg/xdg and BurntSushi/toml. Start reading at Load; where.go says where
// config, data and state lie.
package config
