// Package busguard keeps github.com/99designs/keyring away from D-Bus in every process but the one meant for it.
//
// That package opens the session bus in its init functions. On a bus that accepts and never answers a program
// linking it hangs before main, even for --help; with no bus address at all it runs dbus-launch, which leaves a
// daemon behind at every start. So this package's own init points DBUS_SESSION_BUS_ADDRESS at nothing and disables
// KWallet, unless the process is the child "fettle keyring-helper". Go runs the inits of packages that do not
// depend on each other in the order of their import paths, and fettle/internal/busguard sorts before
// github.com/…: renaming this module or package past that breaks it, and the tests here notice.
//
// The child itself is guarded too: it never starts a bus where there is none, and it ends by itself after Limit,
// even while stuck in that init and with its parent gone.
//
// Main calls Restore first thing, so that programs fettle starts see the true environment. The package imports
// only os, time and strconv, so that nothing it needs can be initialized late.
package busguard
