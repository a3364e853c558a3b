package pwfile_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"filippo.io/age"
	"github.com/gofrs/flock"
	"golang.org/x/crypto/ssh"

	"fettle/pwfile"
)

func TestAServerGetsOneIdentity(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	if _, err := pwfile.ServerRecipient(dir); !errors.Is(err, pwfile.ErrNoServer) {
		t.Errorf("before: %v", err)
	}
	var (
		wg         sync.WaitGroup
		recipients [8]string
		made       [8]bool
	)
	for i := range recipients {
		wg.Go(func() {
			var err error
			if recipients[i], made[i], err = pwfile.InitServer(dir); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	count := 0
	for i := range recipients {
		if made[i] {
			count++
		}
		if recipients[i] != recipients[0] || !strings.HasPrefix(recipients[i], "age1") {
			t.Errorf("recipients %q and %q", recipients[i], recipients[0])
		}
	}
	if count != 1 {
		t.Errorf("made %d times", count)
	}
	if info, err := os.Stat(filepath.Join(dir, "server.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}

func TestABrokenServerKeyIsNotReplacedOrQuoted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	key := filepath.Join(dir, "server.key")
	id := newIdentity(t).String()
	for _, content := range []string{"", "nonsense", id[:len(id)-3], id + "\n" + id} {
		writeFile(t, key, []byte(content))
		if _, _, err := pwfile.InitServer(dir); err == nil || content != "" && strings.Contains(err.Error(), content[:8]) {
			t.Errorf("%v", err)
		}
		if string(readFile(t, key)) != content {
			t.Error("the key was replaced")
		}
	}
}

// sshKey returns both halves of a key as OpenSSH writes them.
func sshKey(t *testing.T, key any) (private []byte, public string) {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}

func TestSSHKeysAreRecipients(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, key := range map[string]any{"ssh-ed25519": ed, "ssh-rsa": rsaKey} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			private, public := sshKey(t, key)
			b := newBench(t)
			b.book.add("a")
			b.canvas("nightly", func(n *pwfile.NewCanvas) { n.Recipients = []string{"  " + public + " me@host\n"} }, "a")
			path := filepath.Join(b.home, "nightly.pwfile.age")
			if got := states(b.generate(pwfile.Selection{})); got != "done" {
				t.Fatal(got)
			}
			ids, err := pwfile.ParseIdentity(private)
			if err != nil {
				t.Fatal(err)
			}
			f, err := pwfile.Open(t.Context(), path, pwfile.ReaderOptions{Dir: b.data, Identities: ids})
			if err != nil || len(f.Recipients) != 1 || f.Recipients[0] != public {
				t.Errorf("%v", err)
			}
			if _, err := os.Stat(filepath.Join(b.data, "server.key")); err == nil {
				t.Error("an identity was made that nobody needs")
			}
			info, err := pwfile.Inspect(t.Context(), path, pwfile.ReaderOptions{Dir: b.data})
			if err != nil || len(info.Kinds) != 1 || info.Kinds[0] != name || info.Problem == nil || info.Problem.Code != pwfile.NotRecipient {
				t.Errorf("%+v, %v", info, err)
			}
		})
	}
}

func TestWhatIsNoRecipientIsRefusedWithoutRepeatingASecret(t *testing.T) {
	t.Parallel()
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	small, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // too small on purpose
	if err != nil {
		t.Fatal(err)
	}
	private, ecPublic := sshKey(t, ec)
	_, smallPublic := sshKey(t, small)
	secret := newIdentity(t)
	pq, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nothing": "", "a word": canary + "hello", "cut off": secret.Recipient().String()[:40], "secret": secret.String(), "secret in small letters": strings.ToLower(secret.String()),
		"private key": string(private), "ecdsa": ecPublic, "small rsa": smallPublic, "post-quantum": pq.Recipient().String(), "ssh, cut off": "ssh-ed25519 AAAA",
		"two keys": ecPublic + "\n" + ecPublic,
	} {
		_, canonical, err := pwfile.ParseRecipient(text)
		if err == nil || canonical != "" {
			t.Errorf("%s: accepted", name)
			continue
		}
		for _, leak := range []string{canary, secret.String()[20:40], strings.ToLower(secret.String()[20:40]), string(private[40:60])} {
			if strings.Contains(err.Error(), leak) {
				t.Errorf("%s: the error repeats a secret", name)
			}
		}
		if !strings.HasPrefix(text, "ssh-") && !strings.HasPrefix(text, "AGE-") {
			continue
		}
		if _, err := pwfile.ParseIdentity([]byte(text)); text != secret.String() && err == nil {
			t.Errorf("%s: is an identity", name)
		}
	}
}

func TestAnSSHKeyWithAPassphraseIsRefused(t *testing.T) {
	t.Parallel()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(ed, "", []byte(canary))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pwfile.ParseIdentity(pem.EncodeToMemory(block)); err == nil || !strings.Contains(err.Error(), "passphrase") {
		t.Errorf("%v", err)
	}
}

// Every job asks for the server's identity when it starts: jobs that start at once must not wait for each other.
func TestAnIdentityThatIsThereIsHadWithoutTheLock(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	made, created, err := pwfile.InitServer(dir)
	if err != nil || !created {
		t.Fatal(err)
	}
	busy := flock.New(filepath.Join(dir, "server.lock"))
	if err := busy.Lock(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Unlock() })
	// With the lock it would wait for ever.
	if again, created, err := pwfile.InitServer(dir); err != nil || created || again != made {
		t.Errorf("%q after %q, %v", again, made, err)
	}
}
