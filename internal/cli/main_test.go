package cli_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"fettle/internal/cli"
)

// TestMain lets the test binary be fettle, in scripts and tests alike: each run of it is a process of its own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"fettle": func() { os.Exit(cli.Main(os.Args[1:])) }})
}

var update = flag.Bool("update", false, "write what the commands say now into the scripts' golden files")

// TestScripts runs testdata/script. Each file tells one story with real processes, a real book and real servers.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{Dir: filepath.Join("testdata", "script"), Setup: setUp, Cmds: scriptCommands, RequireExplicitExec: true, UpdateScripts: *update})
}
