package oplog_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fettle/internal/oplog"
)

// TestMain lets the test binary be one of several processes that write to one log.
func TestMain(m *testing.M) {
	if dir := os.Getenv("OPLOG_TEST_DIR"); dir != "" {
		log, err := oplog.Open(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		count, _ := strconv.Atoi(os.Getenv("OPLOG_TEST_COUNT"))
		for i := range count {
			log.Record(oplog.Entry{Operation: "refresh", Account: fmt.Sprintf("w%s-%d", os.Getenv("OPLOG_TEST_WRITER"), i), Provider: "google", Status: 200, Duration: time.Second})
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func open(t *testing.T, dir string) *oplog.Log {
	t.Helper()
	log, err := oplog.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEntryIsOneLineOfJSON(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "state", "fettle")
	log := open(t, dir)
	at := time.Date(2026, 11, 22, 20, 15, 4, 5e6, time.FixedZone("", 7200))
	log.Record(oplog.Entry{Time: at, Operation: "refresh", Account: "sales-ga@monthly", Provider: "google", Status: 400, Code: "invalid_grant/invalid_rapt", Duration: 1234567 * time.Microsecond})
	log.Record(oplog.Entry{Time: at, Operation: "device.poll"})

	want := `{"time":"2026-11-22T18:15:04.005Z","operation":"refresh","account":"sales-ga@monthly","provider":"google","status":400,"code":"invalid_grant/invalid_rapt","duration_ms":1234}
{"time":"2026-11-22T18:15:04.005Z","operation":"device.poll","duration_ms":0}
`
	path := filepath.Join(dir, "operations.log")
	if got := string(read(t, path)); got != want {
		t.Errorf("log holds\n%swant\n%s", got, want)
	}
	if runtime.GOOS == "windows" {
		return // no permission bits there
	}
	for name, mode := range map[string]os.FileMode{dir: 0o700, path: 0o600} {
		if info, err := os.Stat(name); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, mode)
		}
	}
}

func TestEntryTakesNothingElse(t *testing.T) {
	t.Parallel()
	var fields []string
	for f := range reflect.TypeFor[oplog.Entry]().Fields() {
		fields = append(fields, f.Name)
	}
	if got := strings.Join(fields, " "); got != "Time Operation Account Provider Status Code Duration" {
		t.Errorf("Entry has the fields %s: what is logged is a promise to the reader of docs/security.md", got)
	}
}

func TestStrayTextIsWithheld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir)
	for _, stray := range []string{
		"1//0gCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanaryCanary",
		"canary token", "canary?code=4/0A", "canary\nforged\":", "canary\x1b[31m", "https://x/?canary=1", "קנרית canary", "canary\xff",
	} {
		log.Record(oplog.Entry{Operation: stray, Account: stray, Provider: stray, Code: stray})
	}
	data := read(t, filepath.Join(dir, "operations.log"))
	if bytes.Contains(bytes.ToLower(data), []byte("canary")) {
		t.Errorf("stray text reached the log:\n%s", data)
	}
	if n := bytes.Count(data, []byte("\n")); n != 8 {
		t.Errorf("%d lines for 8 entries", n)
	}
}

// TestSeveralProcesses proves that lines are neither lost nor torn while processes write and rotate at the same time.
func TestSeveralProcesses(t *testing.T) {
	t.Parallel()
	const writers, each = 4, 5000
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			cmd := exec.CommandContext(t.Context(), self)
			cmd.Env = append(os.Environ(), "OPLOG_TEST_DIR="+dir, fmt.Sprintf("OPLOG_TEST_WRITER=%d", w), fmt.Sprintf("OPLOG_TEST_COUNT=%d", each))
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("writer %d: %v\n%s", w, err, out)
			}
		})
	}
	group.Wait()

	seen, files := map[string]bool{}, 0
	for _, name := range []string{"", ".1", ".2", ".3", ".4"} {
		data, err := os.ReadFile(filepath.Join(dir, "operations.log"+name))
		if err != nil {
			continue
		}
		files++
		if len(data) > 1<<20+writers*1024 {
			t.Errorf("operations.log%s has %d bytes", name, len(data))
		}
		for line := range bytes.Lines(data) {
			var entry struct{ Account string }
			if err := json.Unmarshal(line, &entry); err != nil {
				t.Fatalf("torn line %q: %v", line, err)
			}
			seen[entry.Account] = true
		}
	}
	if len(seen) != writers*each || files < 2 {
		t.Errorf("%d of %d entries in %d files", len(seen), writers*each, files)
	}
}

func TestFiveFilesAreKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	log := open(t, dir)
	current := filepath.Join(dir, "operations.log")
	for i := range 8 {
		log.Record(oplog.Entry{Operation: fmt.Sprintf("round-%d", i)})
		padding := bytes.Repeat([]byte("{}\n"), 1<<20/3)
		if err := os.WriteFile(current, append(read(t, current), padding...), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	log.Record(oplog.Entry{Operation: "last"})
	logs, err := filepath.Glob(current + "*")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.ReplaceAll(strings.Join(logs, " "), dir+string(filepath.Separator), ""); got != "operations.log operations.log.1 operations.log.2 operations.log.3 operations.log.4 operations.log.lock" {
		t.Errorf("files: %s", got)
	}
	for name, want := range map[string]string{"": `"last"`, ".1": `"round-7"`, ".4": `"round-4"`} {
		if first, _, _ := bytes.Cut(read(t, current+name), []byte("\n")); !bytes.Contains(first, []byte(want)) {
			t.Errorf("operations.log%s begins with %s, want %s", name, first, want)
		}
	}
}

func TestAFailingLogFailsNothing(t *testing.T) {
	t.Parallel()
	var none *oplog.Log
	none.Record(oplog.Entry{Operation: "refresh"})

	dir := filepath.Join(t.TempDir(), "log")
	log := open(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	log.Record(oplog.Entry{Operation: "refresh"})

	blocked := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocked, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if log, err := oplog.Open(filepath.Join(blocked, "log")); err == nil || log != nil {
		t.Errorf("Open under a file = %v, %v; want an error", log, err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "operations.log"), 0o700); err != nil {
		t.Fatal(err)
	}
	if log, err := oplog.Open(dir); err == nil || log != nil {
		t.Errorf("Open with a folder in the way = %v, %v; want an error", log, err)
	}
}
