//go:build unix

package atomicfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"fettle/internal/atomicfile"
)

func TestChecks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mode            fs.FileMode
		uid             int
		private, secret string // the reason, "" for accepted
	}{
		{0o600, -1, "", ""},
		{0o400, -1, "", ""},
		{0o644, -1, "", "others can read"},
		{0o640, -1, "", "others can read"},
		{0o620, -1, "others can write", "others can write"},
		{0o666, -1, "others can write", "others can write"},
		{0o600, 12345, "belongs to 12345", "belongs to 12345"},
	}
	for _, tt := range tests {
		path := filepath.Join(t.TempDir(), "it's a file")
		put(t, path, "content", tt.mode)
		if tt.uid >= 0 {
			if err := os.Chown(path, tt.uid, -1); err != nil {
				t.Log("another user's file is not tested: only root can make one:", err)
				continue
			}
		}
		wantRefusal(t, "CheckPrivate", atomicfile.CheckPrivate(path), tt.private)
		wantRefusal(t, "CheckSecret", atomicfile.CheckSecret(path), tt.secret)
		content, err := atomicfile.ReadSecret(path)
		wantRefusal(t, "ReadSecret", err, tt.secret)
		if (err == nil) != (string(content) == "content") {
			t.Errorf("mode %04o: read %q with error %v", tt.mode, content, err)
		}
	}
}

func TestRemedyCanBePasted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "it's a file")
	put(t, path, "", 0o666)
	var refused *atomicfile.Refused
	if err := atomicfile.CheckPrivate(path); !errors.As(err, &refused) {
		t.Fatalf("error %v", err)
	}
	if !strings.HasPrefix(refused.Remedy, "chmod go-w '/") || !strings.HasSuffix(refused.Remedy, `it'\''s a file'`) {
		t.Errorf("remedy %s", refused.Remedy)
	}
}

func TestReadSecretTakesOnlyPlainSmallFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe, big := filepath.Join(dir, "pipe"), filepath.Join(dir, "big")
	must(t, syscall.Mkfifo(pipe, 0o600))
	must(t, os.WriteFile(big, make([]byte, 1<<20+1), 0o600))
	for path, reason := range map[string]string{pipe: "named pipe", big: "larger", dir: "folder"} {
		_, err := atomicfile.ReadSecret(path)
		wantRefusal(t, path, err, reason)
	}
	if _, err := atomicfile.ReadSecret(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestEnsureDir(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		root := t.TempDir()
		func() {
			defer syscall.Umask(syscall.Umask(umask))
			must(t, atomicfile.EnsureDir(filepath.Join(root, "a", "b")))
			must(t, atomicfile.EnsureDir(filepath.Join(root, "a", "b")))
		}()
		for _, p := range []string{"a", "a/b"} {
			if got := modeOf(t, filepath.Join(root, p)); got != 0o700 {
				t.Errorf("umask %03o: %s has mode %04o", umask, p, got)
			}
		}
	}
	open, full, shared, file := filepath.Join(t.TempDir(), "open"), t.TempDir(), filepath.Join(t.TempDir(), "shared"), filepath.Join(t.TempDir(), "file")
	must(t, os.Mkdir(open, 0o755))
	must(t, atomicfile.EnsureDir(open))
	if got := modeOf(t, open); got != 0o700 {
		t.Errorf("an empty folder keeps mode %04o", got)
	}
	put(t, filepath.Join(full, "f"), "", 0o600)
	must(t, os.Chmod(full, 0o755))
	wantRefusal(t, "a full open folder", atomicfile.EnsureDir(full), "open to others")
	must(t, os.Mkdir(shared, 0o700))
	must(t, os.Chmod(shared, 0o777|fs.ModeSticky))
	wantRefusal(t, "a shared folder", atomicfile.EnsureDir(shared), "open to others")
	put(t, file, "", 0o600)
	if err := atomicfile.EnsureDir(file); err == nil {
		t.Error("a file passed for a folder")
	}
}

func wantRefusal(t *testing.T, what string, err error, reason string) {
	t.Helper()
	if reason == "" {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		return
	}
	var refused *atomicfile.Refused
	if !errors.As(err, &refused) || !strings.Contains(refused.Reason, reason) || refused.Remedy == "" {
		t.Errorf("%s: error %v, want a refusal: %s", what, err, reason)
	}
}

// Several processes start at once on an empty folder that is open to others: whoever closes it first puts something
// into it, and the others must not take that for a reason to refuse it.
func TestAFolderMayBeClosedBySeveralAtOnce(t *testing.T) {
	t.Parallel()
	for range 300 {
		dir := filepath.Join(t.TempDir(), "data")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, 0o755); err != nil { // as a person would have made it
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				if err := atomicfile.EnsureDir(dir); err != nil {
					t.Error(err)
				} else if err := os.MkdirAll(filepath.Join(dir, strconv.Itoa(i)), 0o700); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}
