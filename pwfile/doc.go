// Package pwfile keeps canvases and the password files that let them run unattended.
//
// A password file is an age file with a signed payload: the credentials of the accounts that one canvas uses. It is
// immutable; when an account in it gets a newer credential the file is stale and is regenerated, at every place where it has to lie.
//
// It imports accounts (secrets come from the book) and accounts/store, and internal guards; never tui.
//
// Start reading at Keeper (keeper.go), the book's side: canvases and why their files are stale (stale.go), what a
// regeneration would do (plan.go) and its execution: generate.go for the whole, run.go and record.go for the record that an
// interrupted run is continued from, write.go for one canvas. Places are reached through one interface, delivery
// (deliver.go): local files there, other machines in remote.go. The format is in payload.go, sign.go and
// seal.go. handover.go is about credentials that can lie in one place only.
//
// The reader's side needs no book: server.go, trust.go, reader.go and inspect.go; job.go gets tokens from an opened
// file, over state.go, this server's memory of it. A job in Go opens a file and asks its TokenSource: see the examples.
package pwfile
