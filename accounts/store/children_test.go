//go:build unix

package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"fettle/accounts/store"
)

// The test binary runs itself as a child with these set: what the child does, and in which folder.
const (
	childName = "STORE_TEST_CHILD"
	childDir  = "STORE_TEST_DIR"
)

// TestMain runs one of the children (children_test.go) instead of the tests where the environment says so.
func TestMain(m *testing.M) {
	if name := os.Getenv(childName); name != "" {
		if err := children[name](os.Getenv(childDir)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var children = map[string]func(dir string) error{
	"add":      childAdd,
	"count":    childCount,
	"endless":  childEndless,
	"fill":     childFill,
	"hold":     childHold,
	"modes000": func(dir string) error { return childModes(dir, 0) },
	"modes022": func(dir string) error { return childModes(dir, 0o022) },
	"tmpfs":    childTmpfs,
}

const (
	perChild  = 25      // what each of several children adds
	fileLimit = 700_000 // bytes; the ballast alone has 262,144
)

// child starts a child whose output is read line by line; kill -9 when the test ends.
func child(t *testing.T, name, dir string, attr *syscall.SysProcAttr) (*exec.Cmd, io.WriteCloser, *bufio.Scanner) {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childName+"="+name, childDir+"="+dir)
	cmd.SysProcAttr = attr
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, in, bufio.NewScanner(out)
}

// lines runs a child to its end and returns what it printed.
func lines(t *testing.T, name, dir string, attr *syscall.SysProcAttr) []string {
	t.Helper()
	cmd, _, out := child(t, name, dir, attr)
	var all []string
	for out.Scan() {
		all = append(all, out.Text())
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("child %s: %v", name, err)
	}
	return all
}

// within opens the store for a child.
func within(dir string, fn func(ctx context.Context, s *store.SQLite) error) error {
	ctx := context.Background()
	s, err := store.Open(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(fn(ctx, s), s.Close())
}

// childAdd adds one to a counter many times, with an event each.
func childAdd(dir string) error {
	return within(dir, func(ctx context.Context, s *store.SQLite) error {
		for range perChild {
			if err := s.Update(ctx, addOne); err != nil {
				return err
			}
		}
		return nil
	})
}

func addOne(w store.Writer) error {
	text, err := w.Meta("n")
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	n, _ := strconv.Atoi(text) // "" is 0
	return errors.Join(w.SetMeta("n", strconv.Itoa(n+1)), w.AddEvent(store.Event{At: sampleTime}))
}

// childCount adds to a plain file under a lock.
func childCount(dir string) error {
	return within(dir, func(ctx context.Context, s *store.SQLite) error {
		for range perChild {
			unlock, err := s.Lock(ctx, "counter")
			if err != nil {
				return err
			}
			text, _ := os.ReadFile(filepath.Join(dir, "counter")) // missing at first
			n, _ := strconv.Atoi(string(text))
			if err := os.WriteFile(filepath.Join(dir, "counter"), []byte(strconv.Itoa(n+1)), 0o600); err != nil {
				return err
			}
			unlock()
		}
		return nil
	})
}

// childHold takes a lock, says so and keeps it until it is killed.
func childHold(dir string) error {
	return within(dir, func(ctx context.Context, s *store.SQLite) error {
		if _, err := s.Lock(ctx, "account-1"); err != nil {
			return err
		}
		fmt.Println("held")
		_, err := io.Copy(io.Discard, os.Stdin)
		return err
	})
}

// childEndless writes transactions of several records that belong together, and prints the number of each
// when it is durable.
func childEndless(dir string) error {
	return within(dir, func(ctx context.Context, s *store.SQLite) error {
		var a store.Account
		var n int64
		err := s.View(ctx, func(r store.Reader) (err error) {
			a, err = r.Account("a")
			n = a.Generation
			return err
		})
		if errors.Is(err, store.ErrNotFound) {
			a = store.Account{ID: "a", Name: "a"}
		} else if err != nil {
			return err
		}
		for {
			err := s.Update(ctx, func(w store.Writer) error {
				a.Generation = n + 1
				g := store.Grant{AccountID: "a", Role: store.Current, Seq: n + 1, Blob: make([]byte, 5000)}
				return errors.Join(w.PutAccount(&a), w.PutGrant(&g, n), w.PutIntent(store.Intent{AccountID: "a", Seq: n + 1}),
					w.SetMeta("n", strconv.FormatInt(n+1, 10)))
			})
			if err != nil {
				return err
			}
			n++
			fmt.Println(n)
		}
	})
}

// childModes makes a store under a umask and prints the mode of everything there while it is open.
func childModes(dir string, umask int) error {
	syscall.Umask(umask)
	dir = filepath.Join(dir, "deep", "store")
	return within(dir, func(ctx context.Context, s *store.SQLite) error {
		unlock, err := s.Lock(ctx, "account-1")
		if err != nil {
			return err
		}
		defer unlock()
		if err := s.Update(ctx, addOne); err != nil {
			return err
		}
		return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			if err == nil {
				fmt.Println(strings.TrimPrefix(path, dir), info.Mode())
			}
			return err
		})
	})
}

// childFill writes under a file size limit that the log reaches again and again.
func childFill(dir string) error {
	limit := syscall.Rlimit{Cur: fileLimit, Max: fileLimit}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	return within(dir, func(ctx context.Context, s *store.SQLite) error {
		a := store.Account{ID: "a", Name: "a"}
		for n := range 200 {
			before, err := os.Stat(filepath.Join(dir, "ballast"))
			if err != nil {
				return err
			}
			tries := 0
			err = s.Update(ctx, func(w store.Writer) error {
				tries++
				g := store.Grant{AccountID: "a", Role: store.Current, Seq: int64(n + 1), Blob: make([]byte, 20_000)}
				return errors.Join(w.PutAccount(&a), w.PutGrant(&g, int64(n)), addOne(w))
			})
			if err != nil {
				return fmt.Errorf("write %d: %w", n, err)
			}
			after, err := os.Stat(filepath.Join(dir, "ballast"))
			if err != nil {
				return err
			}
			if tries > 1 {
				fmt.Println("again, other ballast:", !os.SameFile(before, after) || !before.ModTime().Equal(after.ModTime()))
			}
		}
		return nil
	})
}

// childTmpfs fills a small file system of its own to the last byte, writes all the same, and makes room again.
func childTmpfs(dir string) error {
	if err := mountTmpfs(dir, "2m"); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	dir = filepath.Join(dir, "store")
	return within(dir, func(ctx context.Context, s *store.SQLite) error {
		if err := s.Update(ctx, addOne); err != nil {
			return err
		}
		filler := filepath.Join(dir, "..", "filler")
		f, err := os.Create(filler)
		if err != nil {
			return err
		}
		for chunk := make([]byte, 4096); err == nil; {
			_, err = f.Write(chunk)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			return err
		}
		has := func() string {
			_, err := os.Stat(filepath.Join(dir, "ballast"))
			return strconv.FormatBool(err == nil)
		}
		big := func(w store.Writer) error {
			return errors.Join(addOne(w), w.SetMeta("big", strings.Repeat("x", 100_000)))
		}
		fmt.Println("full, ballast:", has())
		fmt.Println("write:", s.Update(ctx, big), "ballast:", has())
		huge := func(w store.Writer) error { return w.SetMeta("huge", strings.Repeat("x", 1_000_000)) }
		fmt.Println("huge write is no space:", errors.Is(s.Update(ctx, huge), store.ErrNoSpace))
		// What is full can still be opened and read.
		second, err := store.Open(ctx, dir)
		if err != nil {
			return err
		}
		n := ""
		err = second.View(ctx, func(r store.Reader) (err error) { n, err = r.Meta("n"); return err })
		fmt.Println("read:", n, errors.Join(err, second.Close()))
		if err := errors.Join(f.Close(), os.Remove(filler)); err != nil {
			return err
		}
		fmt.Println("write with room:", s.Update(ctx, addOne), "ballast:", has())
		return nil
	})
}
