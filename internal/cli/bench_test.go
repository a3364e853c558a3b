package cli_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkTokenFromCache is `fettle token` as a job calls it: the built program, a process for each call, the key in a
// file, the token in the book. cpu-ms/op is what the process itself used, which a busy machine does not change.
func BenchmarkTokenFromCache(b *testing.B) {
	program := filepath.Join(b.TempDir(), "fettle")
	build := exec.Command("go", "build", "-o", program, "fettle")
	if said, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, said)
	}
	w, name := newAccount(b)
	var cpu time.Duration
	calls := 0
	for b.Loop() {
		cmd := w.command("token", name)
		cmd.Path = program
		if said, err := cmd.Output(); err != nil || len(said) < 20 {
			b.Fatalf("%v: %d bytes", err, len(said))
		}
		cpu += cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
		calls++
	}
	b.ReportMetric(float64(cpu.Microseconds())/1000/float64(calls), "cpu-ms/op")
}
