// Package demo makes the world that `fettle demo` runs in: providers on loopback, a temporary folder with a
// configuration, a book of accounts in every state an operator meets, and canvases with real password files.
//
// Nothing in it is faked. The accounts are authorized by the book's own flows, with a person played over HTTP at the
// providers' pages; what went wrong since then went wrong at the providers; and the files are written by the keeper. Only
// the clock is moved while that happens, so that the story spans two months.
//
// The package imports internal/sandbox for the providers and the houses below tui; internal/cli alone uses it.
// Start reading at Build in world.go; cast.go is who and what there is, seed.go what happened, mainjob.go the main job
// done unattended.
package demo
