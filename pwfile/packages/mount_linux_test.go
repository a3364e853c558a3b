package packages_test

import (
	"maps"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

// A folder that is mounted from elsewhere is noticed before a switch that could not be carried out is announced.
func TestAMountedFolderStopsAFetchBeforeTheSwitch(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("mounting a file system: only root can")
	}
	b := newBench(t)
	to, dir := filepath.Join(t.TempDir(), "dest"), t.TempDir()
	p := b.five(to, store.LayoutObjects)
	b.sync(p)
	b.fetch(to, dir)
	former := tree(t, dir)
	_, err := b.Edit(t.Context(), p.ID, packages.Change{Files: &[]packages.Member{
		{Name: filepath.Join(b.home, "f0.txt")}, {Name: filepath.Join(b.home, "f1.txt"), As: "data/f1.txt"},
	}})
	must(t, err)
	b.edition(1)
	b.sync(p)
	data := filepath.Join(dir, "data")
	must(t, os.Mkdir(data, 0o700))
	if err := syscall.Mount("tmpfs", data, "tmpfs", 0, ""); err != nil {
		t.Skipf("mounting a file system cannot be done here: %v", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(data, 0) }) // below, unless the test fails before
	for range 2 {                                      // nor does the first attempt lead the second astray
		_, err = packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: dir}, nil)
		wantCode(t, err, packages.Stranger, data, "mounted")
		if got := tree(t, dir); !maps.Equal(got, former) {
			t.Fatalf("it became %v", got)
		}
	}
	must(t, syscall.Unmount(data, 0))
	b.fetch(to, dir)
	if got := tree(t, dir); len(got) != 4 || got["data/f1.txt"] != "edition 1 of file 1" {
		t.Errorf("it became %v", got)
	}
}
