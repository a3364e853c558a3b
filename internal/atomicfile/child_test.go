//go:build unix

package atomicfile_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
	"testing"

	"fettle/internal/atomicfile"
)

// TestMain lets the test binary be its own child: a writer to kill, to starve of space, to run as another user.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		os.Exit(child(os.Args[2], os.Args[3:]))
	}
	os.Exit(m.Run())
}

func child(role string, args []string) int {
	path := args[0]
	var err error
	switch role {
	case "write": // once
		err = atomicfile.Write(path, []byte("new"), atomicfile.Options{})
	case "starve": // with a limit on the size of files
		signal.Ignore(syscall.SIGXFSZ)
		limit, convErr := strconv.ParseUint(args[1], 10, 64)
		if convErr != nil {
			return 2
		}
		if err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err == nil {
			err = atomicfile.Write(path, version(1), atomicfile.Options{Backup: true})
		}
	case "loop": // until killed
		fmt.Println("writing")
		for i := 0; err == nil; i++ {
			err = atomicfile.Write(path, version(i), atomicfile.Options{Backup: i%2 == 0})
		}
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	return 0
}

const versionSize = 64 << 10

// version is a content in which a torn or mixed file shows.
func version(i int) []byte { return bytes.Repeat([]byte{byte('a' + i%26)}, versionSize) }

func whole(content []byte) bool {
	return len(content) == versionSize && bytes.Count(content, content[:1]) == versionSize
}

func childCommand(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exec.CommandContext(t.Context(), exe, append([]string{"child"}, args...)...)
}
