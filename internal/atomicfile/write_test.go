//go:build unix

package atomicfile_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fettle/internal/atomicfile"
)

func TestModeIsExactWhateverTheUmaskAndTheFormerMode(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		for _, former := range []fs.FileMode{0, 0o644, 0o600, 0o666} {
			for _, mode := range []fs.FileMode{0, 0o600, 0o640, 0o644} {
				t.Run(fmt.Sprintf("umask %03o former %03o mode %03o", umask, former, mode), func(t *testing.T) {
					defer syscall.Umask(syscall.Umask(umask))
					path := filepath.Join(t.TempDir(), "f")
					if former != 0 {
						put(t, path, "old", former)
					}
					seen := fs.FileMode(0)
					err := atomicfile.Write(path, []byte("new"), atomicfile.Options{Mode: mode, Verify: func([]byte) error {
						seen = tempMode(t, filepath.Dir(path))
						return nil
					}})
					if err != nil {
						t.Fatal(err)
					}
					want := mode
					if want == 0 {
						want = 0o600
					}
					if got := modeOf(t, path); got != want || seen != want {
						t.Errorf("mode %04o, temporary file %04o, want %04o", got, seen, want)
					}
					wantContent(t, path, "new")
				})
			}
		}
	}
}

func TestRefusesWhatIsNotAPlainFileOfOurs(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, reason string
		plant        func(t *testing.T, path, victim string)
	}{
		{"symlink", "symbolic link", func(t *testing.T, path, victim string) { must(t, os.Symlink(victim, path)) }},
		{"dangling symlink", "symbolic link", func(t *testing.T, path, _ string) { must(t, os.Symlink(path+".nowhere", path)) }},
		{"hard link", "2 names", func(t *testing.T, path, victim string) { must(t, os.Link(victim, path)) }},
		{"pipe", "named pipe", func(t *testing.T, path, _ string) { must(t, syscall.Mkfifo(path, 0o600)) }},
		{"folder", "folder", func(t *testing.T, path, _ string) { must(t, os.Mkdir(path, 0o700)) }},
		{"socket", "socket", func(t *testing.T, path, _ string) {
			l, err := net.Listen("unix", path)
			must(t, err)
			t.Cleanup(func() { must(t, l.Close()) })
		}},
		{"another user's", "belongs to", func(t *testing.T, path, _ string) {
			put(t, path, "theirs", 0o666)
			if err := os.Chown(path, 12345, -1); err != nil {
				t.Skip("only root can give a file to another user here:", err)
			}
		}},
	}
	for _, tt := range tests {
		for _, suffix := range []string{"", atomicfile.BackupSuffix} {
			t.Run(tt.name+suffix, func(t *testing.T) {
				t.Parallel()
				dir, err := os.MkdirTemp("", "af") // short: a socket's path is limited
				must(t, err)
				t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
				path, victim := filepath.Join(dir, "f"), filepath.Join(dir, "victim")
				put(t, victim, "precious", 0o600)
				if suffix != "" {
					put(t, path, "old", 0o600)
				}
				tt.plant(t, path+suffix, victim)

				err = atomicfile.Write(path, []byte("new"), atomicfile.Options{Backup: true})
				var refused *atomicfile.Refused
				if !errors.As(err, &refused) {
					t.Fatalf("error %v, want a *Refused", err)
				}
				if refused.Path != path+suffix || !strings.Contains(refused.Reason, tt.reason) || refused.Remedy == "" {
					t.Errorf("refused %+v", refused)
				}
				wantContent(t, victim, "precious")
				noLeftovers(t, dir)
			})
		}
	}
}

func TestBackupKeepsTheFormerContentAndMode(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	for _, content := range []string{"one", "two", "three"} {
		must(t, atomicfile.Write(path, []byte(content), atomicfile.Options{Mode: 0o640, Backup: true}))
	}
	wantContent(t, path, "three")
	wantContent(t, path+atomicfile.BackupSuffix, "two")
	if got := modeOf(t, path+atomicfile.BackupSuffix); got != 0o640 {
		t.Errorf("backup has mode %04o", got)
	}
}

func TestVerifySeesTheWrittenContentAndCanAbandon(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	put(t, path, "old", 0o600)
	wrong := errors.New("wrong")
	var seen []byte
	err := atomicfile.Write(path, []byte("new"), atomicfile.Options{Verify: func(b []byte) error { seen = b; return wrong }})
	if !errors.Is(err, wrong) || !bytes.Equal(seen, []byte("new")) {
		t.Errorf("error %v, verify saw %q", err, seen)
	}
	wantContent(t, path, "old")
	noLeftovers(t, filepath.Dir(path))
}

func TestVerifyThatPanicsLeavesNothingBehindButTheFormerFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	put(t, path, "old", 0o600)
	func() {
		defer func() { _ = recover() }()
		_ = atomicfile.Write(path, []byte("new"), atomicfile.Options{Verify: func([]byte) error { panic("verify") }})
	}()
	wantContent(t, path, "old")
}

func TestGroup(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	gid := 23456
	if os.Geteuid() != 0 {
		gid = os.Getegid()
	}
	must(t, atomicfile.Write(path, []byte("new"), atomicfile.Options{Mode: 0o640, Group: &gid}))
	info, err := os.Stat(path)
	must(t, err)
	if got := int(info.Sys().(*syscall.Stat_t).Gid); got != gid || info.Mode().Perm() != 0o640 {
		t.Errorf("group %d mode %v, want %d and 0640", got, info.Mode(), gid)
	}
}

func TestMissingFolderIsAnError(t *testing.T) {
	t.Parallel()
	err := atomicfile.Write(filepath.Join(t.TempDir(), "none", "f"), nil, atomicfile.Options{})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v, want fs.ErrNotExist", err)
	}
}

func put(t *testing.T, path, content string, mode fs.FileMode) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(content), 0o600))
	must(t, os.Chmod(path, mode))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	must(t, err)
	if string(got) != want {
		t.Errorf("%s holds %.40q, want %q", filepath.Base(path), got, want)
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Lstat(path)
	must(t, err)
	return info.Mode().Perm()
}

func temps(t *testing.T, dir string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, ".fettle-*"))
	must(t, err)
	return names
}

func tempMode(t *testing.T, dir string) fs.FileMode {
	t.Helper()
	names := temps(t, dir)
	if len(names) != 1 {
		t.Fatalf("temporary files: %q, want one", names)
	}
	return modeOf(t, names[0])
}

func noLeftovers(t *testing.T, dir string) {
	t.Helper()
	if names := temps(t, dir); len(names) != 0 {
		t.Errorf("left behind: %q", names)
	}
}
