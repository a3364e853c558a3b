// Package cli is the command tree: everything the screens do has a command here, for terminals, scripts and monitors.
//
// The rules of output, kept in output.go and failure.go:
//
//   - Results go to stdout, progress and errors to stderr. With --json each object is one line on stdout and begins
//     with its format; a failure is {"error":{…}} there.
//   - An error is one line that says what, and one that says what to do.
//   - Exit codes: 0 done, 1 failed, 2 wrong usage, 3 done but something needs attention, 4 the vault is locked.
//   - Without a terminal nothing is asked and no browser is opened.
//   - --help, --version and completion scripts open neither config nor book.
//
// It stands above all houses and may import any of them, and cobra with fang. Start reading at Main (main.go); house.go
// opens the book; then one file for each command.
package cli
