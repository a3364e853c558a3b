// Package vault seals the secrets of a book's records and keeps the key that opens them.
//
// Three files lie in the data folder. vault.age is a Tink keyset (XChaCha20-Poly1305) encrypted by age to one or more
// X25519 recipients: the holder's, and any recovery keys. vault.toml, public, says which vault this is, who holds
// its key and who the recipients are. The holder yields an age identity: a file (vault.key), a file under a
// passphrase (vault.key.age), the system's keyring, or a command. Every file opens with the age program too:
//
//	age -d -i vault.key vault.age
//
// Promises: Init overwrites nothing; a change that is interrupted at any point leaves a vault that its holder
// opens; each way of not opening it is an error of its own, with the line that fixes it; a blob opens only as
// the record, and the version of it, that it was sealed as. Not promised: an old database and an old vault put
// back together look genuine, and who once could open vault.age can open it from a copy even after being removed.
//
// The package may import internal/atomicfile, internal/childproc, internal/keyringhelper and internal/secret. Start at Vault.
package vault
