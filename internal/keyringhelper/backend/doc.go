// Package backend is the code of the child process "fettle keyring-helper", see package keyringhelper.
//
// It is the only package that imports github.com/99designs/keyring, and brings busguard along, so that a program
// linking it is guarded whatever else it imports. Used are the Secret Service (collection "login"), KWallet, the
// macOS keychain and the Windows credential store: keyrings that a login opens and a reboot keeps. Not used are
// keyctl (what it holds is gone at reboot, and a vault's key with it), pass (name it as the vault's command; a probe would
// leave commits in its history) and the library's own file backend (not durable, weakly derived key).
package backend
