// Command fettle keeps the OAuth accounts of unattended jobs in good health.
package main

import (
	"os"

	_ "fettle/internal/busguard" // keeps a keyring library from stalling the start; must be linked first
	"fettle/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
