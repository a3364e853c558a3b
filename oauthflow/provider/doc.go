// Package provider knows the authorization servers: what one TOML file says about each of them.
//
// A Catalogue is read from the embedded files under catalogue/, with the tables [providers.NAME] of
// config.toml laid over them field by field. Entries are data: nothing elsewhere in fettle asks for a
// provider by name.
//
// It imports the standard library, a TOML reader and internal guards. Start reading at Provider.
package provider
