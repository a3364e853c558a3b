package vault

// Expect returns a vault that may not exist yet: it is locked, and stays so until Init, by whomever, has made one for
// these settings and Unlock is called. A book can be listed with it before the first run has chosen a holder.
func Expect(s Settings) *Vault { return &Vault{given: s} }
