//go:build !linux && !darwin

package cli

// echoOff leaves it to term.ReadPassword, which hides what is typed while it reads.
func echoOff(int) error { return nil }
