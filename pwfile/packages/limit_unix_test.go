//go:build unix

package packages_test

import (
	"io/fs"
	"maps"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

func limitFiles(n int) error {
	signal.Ignore(syscall.SIGXFSZ)
	limit := syscall.Rlimit{Cur: uint64(n), Max: uint64(n)}
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}

// Whatever a file system calls it, the remedy is to make room.
func TestNoRoomIsNoRoom(t *testing.T) {
	t.Parallel()
	for _, says := range []error{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		wantCode(t, packages.FolderError("/srv/dest", &fs.PathError{Op: "write", Path: "/srv/dest/x", Err: says}), packages.Full, "/srv/dest", says.Error(), "make room")
	}
}

// A disk that is full, or a quota that is reached, costs nothing but the attempt.
func TestAFullDiskLeavesTheFormerFiles(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	p := b.five(to, store.LayoutObjects)
	b.sync(p)
	b.fetch(to, dir)
	former := tree(t, dir)
	b.file("f3.txt", strings.Repeat("large ", 200_000))
	b.sync(p)

	cmd := job{From: to, To: dir, Largest: 1 << 20}.command(t)
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), "make room there") {
		t.Errorf("%v: %s", err, said.String())
	}
	if got := tree(t, dir); !maps.Equal(got, former) {
		t.Errorf("the files changed: %v", got)
	}
	b.fetch(to, dir)

	// The same at the destination.
	b.file("f2.txt", strings.Repeat("larger ", 200_000))
	f, err := b.ByName(t.Context(), "nightly")
	must(t, err)
	cmd = job{Data: b.data, ID: f.ID, Largest: 1 << 20}.command(t)
	said.Reset()
	cmd.Stderr = &said
	if err := cmd.Run(); err == nil || !strings.Contains(said.String(), "make room there") {
		t.Errorf("%v: %s", err, said.String())
	}
	got, err := b.ByName(t.Context(), "nightly")
	if err != nil || got.Problem == "" {
		t.Errorf("not noted: %+v, %v", got, err)
	}
	b.sync(p)
	if plan, err := b.Plan(t.Context(), p.ID, packages.Options{}); err != nil || plan.Work() {
		t.Errorf("%+v, %v", plan, err)
	}
}
