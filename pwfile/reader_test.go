package pwfile_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"fettle/internal/secret"
	"fettle/pwfile"
)

// desk is a reader's side: a server with an identity, and a writer whose files it reads.
type desk struct {
	testing.TB
	dir  string
	me   *age.X25519Identity
	key  ed25519.PrivateKey
	path string
}

func newDesk(t testing.TB) *desk {
	t.Helper()
	d := &desk{TB: t, dir: filepath.Join(t.TempDir(), "data"), path: filepath.Join(t.TempDir(), "canvas.pwfile.age")}
	if _, _, err := pwfile.InitServer(d.dir); err != nil {
		t.Fatal(err)
	}
	var err error
	if d.me, err = pwfile.ServerIdentity(d.dir); err != nil {
		t.Fatal(err)
	}
	d.key = newKey(t)
	return d
}

func newKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newIdentity(t testing.TB) *age.X25519Identity {
	t.Helper()
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func public(key ed25519.PrivateKey) string {
	return base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
}

// payload is a good payload, with what the test wants changed.
func (d *desk) payload(changes map[string]any) map[string]any {
	p := map[string]any{
		"format": "fettle.pwfile/1", "book": "book-1", "file_id": "file-1", "serial": 7, "recipients": []string{d.me.Recipient().String()},
		"canvas": "nightly", "generated_at": "2026-11-22T08:00:00Z", "accounts": []any{map[string]any{
			"name": "sales-ga", "provider": "acme", "identity": map[string]any{}, "client": map[string]any{"id": "c", "secret": canary + "client"},
			"token_endpoint": "https://acme.example/token", "auth": "post", "scopes": []string{"read"},
			"refresh_token": canary + "refresh", "generation": 3, "rotation": "none", "later_member": true,
		}},
	}
	maps.Copy(p, changes)
	return p
}

// put writes a file as the writer would, with changes.
func (d *desk) put(changes map[string]any) {
	d.Helper()
	writeFile(d, d.path, craft(d, d.payload(changes), d.key, d.me.Recipient()))
}

func (d *desk) open() (*pwfile.File, error) {
	d.Helper()
	return pwfile.Open(d.Context(), d.path, pwfile.ReaderOptions{Dir: d.dir})
}

// refused expects Open, and Inspect in the same words, to refuse the file with the code; nothing secret may be said.
func (d *desk) refused(code pwfile.Code, opts pwfile.ReaderOptions) {
	d.Helper()
	opts.Dir = d.dir
	info, inspectErr := pwfile.Inspect(d.Context(), d.path, opts)
	f, err := pwfile.Open(d.Context(), d.path, opts)
	e, ok := errors.AsType[*pwfile.FileError](err)
	if !ok || e.Code != code || f != nil {
		d.Errorf("got %v, want %s", err, code)
		return
	}
	if e.Path != d.path || e.Remedy == "" || strings.Contains(e.Error(), canary) || !strings.Contains(e.Error(), d.path) {
		d.Errorf("the error is not what an operator needs: %v", e)
	}
	if inspectErr == nil && (info.Problem == nil || info.Problem.Error() != e.Error()) {
		d.Errorf("Inspect says %v and Open %v", info.Problem, e)
	}
}

func TestAGoodFileIsRead(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.put(nil)
	for range 2 {
		f, err := d.open()
		if err != nil {
			t.Fatal(err)
		}
		c, ok := f.Account("sales-ga")
		if !ok || c.Refresh.Reveal() != canary+"refresh" || c.ClientSecret.Reveal() != canary+"client" || c.Generation != 3 || f.Serial != 7 || f.Writer != public(d.key) {
			t.Errorf("read something else than was written: %+v", f)
		}
		if _, ok := f.Account("other"); ok {
			t.Error("an account that is not in the file was found")
		}
	}
	for _, name := range []string{"known_writers.toml", "used_serials.json", "server.key"} {
		info, err := os.Stat(filepath.Join(d.dir, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

func TestAFlippedByteAnywhereIsNoticed(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.put(nil)
	good := readFile(t, d.path)
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 1
		writeFile(t, d.path, bad)
		if _, err := d.open(); err == nil {
			t.Fatalf("byte %d of %d was flipped and nobody noticed", i, len(good))
		} else if _, ok := errors.AsType[*pwfile.FileError](err); !ok {
			t.Fatalf("byte %d: %v is not a FileError", i, err)
		}
	}
	for n := range good {
		writeFile(t, d.path, good[:n])
		if _, err := d.open(); err == nil {
			t.Fatalf("the file was cut to %d bytes and nobody noticed", n)
		}
	}
	writeFile(t, d.path, append(slices.Clone(good), 0))
	d.refused(pwfile.BadSignature, pwfile.ReaderOptions{})
}

func TestOnlyTheSignedLineIsBelieved(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	line := func(changes map[string]any) []byte { return []byte(compactAny(t, d.payload(changes))) }
	good := signed(t, line(nil), d.key)
	line1, line2, _ := strings.Cut(string(good), "\n")
	for name, plaintext := range map[string]string{
		"the payload was changed":          strings.Replace(line1, "sales-ga", "sales-gb", 1) + "\n" + line2,
		"no signature":                     line1 + "\n",
		"an empty signature":               line1 + "\n{\"signature\":{\"key\":\"\",\"sig\":\"\"}}\n",
		"no end of line":                   strings.TrimSuffix(string(good), "\n"),
		"a third line":                     string(good) + "more\n",
		"an empty third line":              string(good) + "\n",
		"more in the signature line":       line1 + "\n" + strings.Replace(line2, "}}", `},"x":1}`, 1),
		"a space in the signature line":    line1 + "\n " + line2,
		"a carriage return":                line1 + "\r\n" + line2,
		"a signature without its context":  bare(t, []byte(line1), d.key),
		"signed, and not JSON":             string(signed(t, []byte("payload"), d.key)),
		"signed, of another format":        string(signed(t, line(map[string]any{"format": "fettle.pwfile/2"}), d.key)),
		"signed, without a file ID":        string(signed(t, line(map[string]any{"file_id": ""}), d.key)),
		"signed, the file ID a path":       string(signed(t, line(map[string]any{"file_id": "../x"}), d.key)),
		"signed, without a serial":         string(signed(t, line(map[string]any{"serial": 0}), d.key)),
		"signed, without recipients":       string(signed(t, line(map[string]any{"recipients": nil}), d.key)),
		"signed, an account without token": string(signed(t, line(map[string]any{"accounts": []any{map[string]any{"name": "a"}}}), d.key)),
	} {
		t.Run(name, func(t *testing.T) {
			writeFile(t, d.path, encrypt(t, []byte(plaintext), d.me.Recipient()))
			d.refused(pwfile.BadSignature, pwfile.ReaderOptions{})
		})
	}
}

// bare signs line 1 alone.
func bare(t *testing.T, line1 []byte, key ed25519.PrivateKey) string {
	t.Helper()
	return string(line1) + "\n" + compactAny(t, map[string]any{"signature": map[string]any{
		"key": []byte(key.Public().(ed25519.PublicKey)), "sig": ed25519.Sign(key, line1)}}) + "\n"
}

func TestAFileIsOnlyForItsRecipients(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := newIdentity(t)

	writeFile(t, d.path, craft(t, d.payload(nil), d.key, other.Recipient()))
	d.refused(pwfile.NotRecipient, pwfile.ReaderOptions{})
	info, err := pwfile.Inspect(t.Context(), d.path, pwfile.ReaderOptions{Dir: d.dir})
	if err != nil || info.Opened || !slices.Equal(info.Kinds, []string{"X25519"}) || info.Size == 0 || len(info.SHA256) != 64 {
		t.Errorf("what can still be said is missing: %+v, %v", info, err)
	}

	// Another recipient hands its file on: the content is genuine, and this reader was never meant to have it.
	theirs := d.payload(map[string]any{"recipients": []string{other.Recipient().String()}})
	writeFile(t, d.path, craft(t, theirs, d.key, d.me.Recipient()))
	d.refused(pwfile.NotRecipient, pwfile.ReaderOptions{})

	if err := os.Remove(filepath.Join(d.dir, "server.key")); err != nil {
		t.Fatal(err)
	}
	d.put(nil)
	d.refused(pwfile.NotRecipient, pwfile.ReaderOptions{})
}

func TestAnIdentityOfOnesOwnOpensAFile(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	other := newIdentity(t)
	writeFile(t, d.path, craft(t, d.payload(map[string]any{"recipients": []string{other.Recipient().String()}}), d.key, other.Recipient()))
	opts := pwfile.ReaderOptions{Dir: d.dir, Identities: []age.Identity{d.me, other}}
	if _, err := pwfile.Open(t.Context(), d.path, opts); err != nil {
		t.Error(err)
	}
}

func TestInspectRemembersNothing(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.put(map[string]any{"serial": 9})
	info, err := pwfile.Inspect(t.Context(), d.path, pwfile.ReaderOptions{Dir: d.dir})
	if err != nil || info.Problem != nil || !info.Opened || info.Serial != 9 || len(info.Accounts) != 1 || !info.Accounts[0].HasRefresh {
		t.Fatalf("%+v, %v", info, err)
	}
	if strings.Contains(compactAny(t, info), canary) {
		t.Error("Inspect shows a secret")
	}
	d.put(map[string]any{"serial": 8})
	if _, err := d.open(); err != nil {
		t.Errorf("a file that was only inspected counts as used: %v", err)
	}
}

func TestWhatCannotBeRememberedIsNotUsed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"known_writers.toml", "used_serials.json"} {
		d := newDesk(t)
		d.put(nil)
		writeFile(t, filepath.Join(d.dir, name), []byte("{broken"))
		d.refused(pwfile.Unreachable, pwfile.ReaderOptions{})
	}
}

func TestWhatIsNotAPasswordFileIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		code pwfile.Code
		make func(*desk) error
	}{
		"missing": {pwfile.Unreachable, func(*desk) error { return nil }},
		"folder":  {pwfile.Unreachable, func(d *desk) error { return os.Mkdir(d.path, 0o700) }},
		"pipe":    {pwfile.Unreachable, func(d *desk) error { return mkfifo(d.path) }},
		"empty":   {pwfile.BadSignature, func(d *desk) error { return os.WriteFile(d.path, nil, 0o600) }},
		"text":    {pwfile.BadSignature, func(d *desk) error { return os.WriteFile(d.path, []byte("hello"), 0o600) }},
		"64 KiB": {pwfile.BadSignature, func(d *desk) error {
			d.put(map[string]any{"canvas": strings.Repeat("x", 64<<10)})
			return nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			if err := c.make(d); errors.Is(err, errors.ErrUnsupported) {
				t.Skipf("%s: this system has none", name)
			} else if err != nil {
				t.Fatal(err)
			}
			d.refused(c.code, pwfile.ReaderOptions{})
		})
	}
}

func TestAPassphraseOpensItsFileAndNoOtherDoes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	b.canvas("nightly", func(n *pwfile.NewCanvas) { n.Passphrase = true }, "a")
	path := filepath.Join(b.home, "nightly.pwfile.age")
	if run := b.generate(pwfile.Selection{}); states(run) != "failed" || !strings.Contains(run.Lines[0].Cause, "passphrase") {
		t.Errorf("nobody could be asked: %+v", run.Lines)
	}
	asked := 0
	run, err := b.Generate(t.Context(), b.plan(pwfile.Selection{}), pwfile.GenerateOptions{
		Passphrase: func(_ context.Context, c pwfile.Canvas) (secret.Text, error) {
			asked++
			return secret.New(canary + c.Name), nil
		}}, nil)
	if err != nil || states(run) != "done" || asked != 1 {
		t.Fatalf("%+v, %v, asked %d times", run.Lines, err, asked)
	}
	d := &desk{TB: t, dir: b.data, path: path}
	d.refused(pwfile.Locked, pwfile.ReaderOptions{})
	_, err = pwfile.Open(t.Context(), path, pwfile.ReaderOptions{Dir: b.data, Passphrase: secret.New(canary + "wrong")})
	if e, ok := errors.AsType[*pwfile.FileError](err); !ok || e.Code != pwfile.Locked || strings.Contains(e.Error(), canary) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	f, err := pwfile.Open(t.Context(), path, pwfile.ReaderOptions{Dir: b.data, Passphrase: secret.New(canary + "nightly")})
	if err != nil || !slices.Equal(f.Recipients, []string{pwfile.RecipientPassphrase}) {
		t.Errorf("%v", err)
	}
	if got := codes(b.now("nightly")); got != "" {
		t.Errorf("stale: %s", got)
	}
}

func TestAFileThatWantsTooMuchMemoryIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	r, err := age.NewScryptRecipient(canary)
	if err != nil {
		t.Fatal(err)
	}
	r.SetWorkFactor(1)
	good := craft(t, d.payload(map[string]any{"recipients": []string{"passphrase"}}), d.key, r)
	writeFile(t, d.path, []byte(strings.Replace(string(good), " 1\n", " 22\n", 1)))
	d.refused(pwfile.BadSignature, pwfile.ReaderOptions{Passphrase: secret.New(canary)})
}

func TestAStrangersTextNeitherReachesTheScreenNorACommand(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	hostile := "x; rm -rf ~ \x1b[2J\u202e"
	other := newIdentity(t)
	writeFile(t, d.path, craft(t, d.payload(map[string]any{"canvas": hostile, "book": hostile, "recipients": []string{other.Recipient().String(), hostile}}), d.key, d.me.Recipient()))
	d.refused(pwfile.NotRecipient, pwfile.ReaderOptions{})
	info, err := pwfile.Inspect(t.Context(), d.path, pwfile.ReaderOptions{Dir: d.dir})
	if err != nil || !info.Opened || strings.Contains(info.Problem.Error(), "rm -rf") {
		t.Errorf("%+v, %v", info.Problem, err)
	}
	if strings.ContainsAny(info.Canvas+info.Book+strings.Join(info.Recipients, ""), "\x1b\u202e") {
		t.Errorf("%q", info.Canvas)
	}
}
