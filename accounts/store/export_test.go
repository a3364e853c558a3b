package store

import "io/fs"

// WithMigrations replaces the migrations that ship with the package.
func WithMigrations(files fs.FS) Option { return func(o *options) { o.migrations = files } }

// ShippedFirst is the text of the first migration.
func ShippedFirst() string {
	b, err := shipped.ReadFile("migrations/0001_begin.sql")
	if err != nil {
		panic(err)
	}
	return string(b)
}

// ShippedSchema is the number of the last migration.
func ShippedSchema() int {
	entries, err := shipped.ReadDir("migrations")
	if err != nil {
		panic(err)
	}
	return len(entries)
}
