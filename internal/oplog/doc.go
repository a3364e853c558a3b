// Package oplog is the operations log: one JSON line for each thing fettle did at a provider, for the person who must
// find out afterwards why an account failed. It holds the time, operation, account, provider, HTTP status, error code
// and duration, and has no way to take more: no bodies, queries, headers, codes or tokens.
//
// The files are operations.log and operations.log.1 to .4, 1 MiB each, mode 0600. A log that cannot be written never
// fails the operation it describes. Who did what is not here but in the store's events.
//
// It imports log/slog and gofrs/flock. Start reading at Record in oplog.go; file.go is the file shared by processes.
package oplog
