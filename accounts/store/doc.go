// Package store keeps the book's records: one interface, kept by SQLite.
//
// Records are plain facts; secrets arrive here already sealed and leave sealed. Listing never needs a
// key. It imports oauthflow's types and internal guards, nothing above it.
//
// Start reading at Store (store.go): the contract that another database would have to keep. The records
// are in records.go, canvas_records.go and package_records.go; everything else is SQLite: Open, View and Update in sqlite.go,
// connections in connect.go and statements.go, the way from a record to its row in table.go and columns.go,
// one file for each group of tables, the schema in migrations/.
package store
