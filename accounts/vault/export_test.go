package vault

import "fettle/internal/atomicfile"

// Quick makes the passphrase cheap to derive from.
func (s Settings) Quick() Settings {
	s.workFactor = 4
	return s
}

// Through lets a test stand between the vault and the disk.
func (s Settings) Through(write func(path string, data []byte, opts atomicfile.Options) error) Settings {
	s.write = write
	return s
}
