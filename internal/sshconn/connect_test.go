package sshconn_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fettle/internal/secret"
	"fettle/internal/sshconn"
	"fettle/internal/sshtest"
)

func connect(t testing.TB, n *sshtest.Network, alias string, opts sshconn.Options) (*sshconn.Client, error) {
	t.Helper()
	opts.Config = n.Config
	c, err := sshconn.Connect(t.Context(), sshconn.Host{Name: alias}, opts)
	if err == nil {
		t.Cleanup(func() { must(t, c.Close()) })
	}
	return c, err
}

// wantCause wants an error of that cause, which says all the words.
func wantCause(t *testing.T, err error, cause sshconn.Cause, words ...string) {
	t.Helper()
	_ = failure(t, err, cause, words...) // it has failed the test if it is not that
}

// failure is wantCause for who looks closer.
func failure(t *testing.T, err error, cause sshconn.Cause, words ...string) *sshconn.Error {
	t.Helper()
	e, ok := errors.AsType[*sshconn.Error](err)
	if !ok || e.Cause != cause {
		t.Fatalf("error %v, want cause %s", err, cause)
	}
	for _, w := range words {
		if !strings.Contains(e.Error(), w) {
			t.Errorf("error %q does not say %q", e, w)
		}
	}
	return e
}

func TestFilesOnARealServer(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	n.Start("one")
	c, err := connect(t, n, "one", sshconn.Options{})
	must(t, err)
	dir := t.TempDir()
	folder, path := filepath.Join(dir, "folder"), filepath.Join(dir, "folder", "file")
	must(t, c.Mkdir(folder))
	big := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	must(t, c.Create(path, bytes.NewReader(big)))
	if err := c.Create(path, bytes.NewReader(nil)); err == nil {
		t.Error("a file that exists was created again")
	}
	for p, want := range map[string]fs.FileMode{folder: fs.ModeDir | 0o700, path: 0o600} {
		if info, err := os.Stat(p); err != nil || info.Mode() != want {
			t.Errorf("%s: %v %v, want %v", p, info.Mode(), err, want)
		}
	}
	got, err := c.Read(path, 1<<21)
	if err != nil || !bytes.Equal(got, big) {
		t.Errorf("read back %d bytes, %v", len(got), err)
	}
	var copied bytes.Buffer
	if n, err := c.Copy(&copied, path); err != nil || n != int64(len(big)) || !bytes.Equal(copied.Bytes(), big) {
		t.Errorf("copied %d bytes, %v", n, err)
	}
	must(t, os.WriteFile(path+"2", []byte("former"), 0o600))
	must(t, c.Rename(path, path+"2"))
	infos, err := c.List(folder)
	if err != nil || len(infos) != 1 || infos[0].Name() != "file2" || infos[0].Size() != int64(len(big)) {
		t.Errorf("list: %v, %v", infos, err)
	}
	must(t, c.Remove(path+"2"))
	must(t, c.Remove(folder))
	if _, err := c.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat of nothing: %v", err)
	}
	wantCause(t, second(c.Lstat(folder)), sshconn.NotFound)
}

func second[T any](_ T, err error) error { return err }

func TestHostKeysAreStrict(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	s := n.Start("one")
	n.Forget(s)
	e := failure(t, second(connect(t, n, "one", sshconn.Options{})), sshconn.UnknownHostKey, s.Fingerprint(), "ssh-keyscan -p", "ssh -o StrictHostKeyChecking=ask one")
	if e.Fingerprint != s.Fingerprint() {
		t.Errorf("fingerprint %s, want %s", e.Fingerprint, s.Fingerprint())
	}
	n.Know(s)
	s.Down()
	s.NewHostKey()
	s.Up()
	wantCause(t, second(connect(t, n, "one", sshconn.Options{})), sshconn.ChangedHostKey, s.Fingerprint(), "ssh-keygen -R '[127.0.0.1]:", "known-one")
	n.Know(s)
	must(t, second(connect(t, n, "one", sshconn.Options{})))
}

func TestAJumpHostIsStrictToo(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	jump := n.Start("jump")
	n.Start("inner")
	n.Set("inner", "ProxyJump jump")
	// What the operator's file says last must not soften it.
	n.Set("jump", "StrictHostKeyChecking no")
	must(t, second(connect(t, n, "inner", sshconn.Options{})))
	n.Forget(jump)
	wantCause(t, second(connect(t, n, "inner", sshconn.Options{})), sshconn.UnknownHostKey, jump.Fingerprint())
}

func TestAnEncryptedKeyIsUnlockedByWhoeverIsAsked(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	key := n.NewKey("locked", "canary-passphrase")
	n.Start("one")
	n.Use("one", key)
	wantCause(t, second(connect(t, n, "one", sshconn.Options{})), sshconn.NeedsPassphrase, "ssh-add")

	var asked atomic.Int64
	ask := func(answers ...string) func(context.Context, sshconn.Question) (secret.Text, error) {
		asked.Store(0)
		return func(_ context.Context, q sshconn.Question) (secret.Text, error) {
			i := asked.Add(1) - 1
			if !strings.Contains(q.Prompt, "locked") || q.Again != (i > 0) || q.Host.Name != "one" {
				t.Errorf("question %d: %+v", i, q)
			}
			if int(i) >= len(answers) {
				return secret.Text{}, errors.New("nobody is here any more")
			}
			return secret.New(answers[i]), nil
		}
	}
	must(t, second(connect(t, n, "one", sshconn.Options{Ask: ask("canary-wrong", "canary-passphrase")})))
	if asked.Load() != 2 {
		t.Errorf("asked %d times, want 2", asked.Load())
	}
	err := second(connect(t, n, "one", sshconn.Options{Ask: ask("canary-wrong")}))
	if e := failure(t, err, sshconn.NeedsPassphrase); strings.Contains(e.Error(), "canary") {
		t.Errorf("the error tells a passphrase: %v", e)
	}
}

func TestWhatSSHSaysBecomesACause(t *testing.T) {
	t.Parallel()
	n := sshtest.New(t)
	s := n.Start("one")
	must(t, os.WriteFile(filepath.Join(filepath.Dir(n.Key), "stranger"), nil, 0o600))
	n.Use("one", filepath.Join(filepath.Dir(n.Key), "stranger"))
	wantCause(t, second(connect(t, n, "one", sshconn.Options{})), sshconn.NotAuthorized, "authorized_keys")
	n.Use("one", n.Key)
	n.Set("one", "Nonsense yes")
	wantCause(t, second(connect(t, n, "one", sshconn.Options{})), sshconn.BadConfig, "onsense")
	n.Set("one", "")
	s.Down()
	if e := failure(t, second(connect(t, n, "one", sshconn.Options{})), sshconn.Unreachable, "refused"); !e.Transient() {
		t.Error("a host that is down counts as lost for good")
	}
	wantCause(t, second(connect(t, n, "no-such-host.invalid", sshconn.Options{})), sshconn.UnknownName)

	for says, cause := range map[string]sshconn.Cause{
		"subsystem request failed on channel 0":                                  sshconn.NoSFTP,
		"ssh: connect to host h port 22: Connection timed out":                   sshconn.Unreachable,
		"Connection timed out during banner exchange":                            sshconn.Unreachable,
		"kex_exchange_identification: read: Connection reset by peer":            sshconn.Unreachable,
		"Bad owner or permissions on /home/u/.ssh/config":                        sshconn.BadConfig,
		"something new\x1b[31m":                                                  sshconn.Failed,
		"@ WARNING: REVOKED HOST KEY DETECTED! @\nHost key verification failed.": sshconn.ChangedHostKey,
	} {
		_, err := sshconn.Connect(t.Context(), sshconn.Host{Name: "h"}, standInOptions(t, behaviour{Says: says}))
		if e := failure(t, err, cause); strings.ContainsRune(e.Error(), 0x1b) {
			t.Errorf("%q reaches the terminal", e)
		}
	}
	_, err := sshconn.Connect(t.Context(), sshconn.Host{Name: "h"}, sshconn.Options{Config: "/no/such/config"})
	wantCause(t, err, sshconn.BadConfig, "/no/such/config")
	_, err = sshconn.Connect(t.Context(), sshconn.Host{Name: "h"}, sshconn.Options{Program: "/no/such/ssh"})
	wantCause(t, err, sshconn.NoProgram, "install")
}

func TestAHostThatFallsSilentIsGivenUp(t *testing.T) {
	t.Parallel()
	opts := standInOptions(t, behaviour{})
	opts.Stall = 50 * time.Millisecond
	c, err := sshconn.Connect(t.Context(), sshconn.Host{Name: "h"}, opts)
	must(t, err)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := mkfifo(fifo); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	// A server that opens a pipe nobody writes to answers as little as one whose disk has gone.
	wantCause(t, second(c.Read(fifo, 10)), sshconn.Stalled)
	wantCause(t, second(c.Stat("/")), sshconn.Stalled)
	must(t, c.Close())
}

func TestTheEndOfTheContextEndsWhatIsUnderWay(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c, err := sshconn.Connect(ctx, sshconn.Host{Name: "h"}, standInOptions(t, behaviour{}))
	must(t, err)
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := mkfifo(fifo); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	context.AfterFunc(ctx, func() {})
	go cancel()
	if _, err := c.Read(fifo, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
	must(t, c.Close())

	ctx, cancel = context.WithCancel(t.Context())
	go cancel()
	if _, err := sshconn.Connect(ctx, sshconn.Host{Name: "h"}, standInOptions(t, behaviour{Silent: true})); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want the context's", err)
	}
}
