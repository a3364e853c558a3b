package vault_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fettle/accounts/vault"
	"fettle/internal/atomicfile"
	"fettle/internal/secret"
)

// errPower is what everything answers once the power is cut.
var errPower = errors.New("power cut")

// power fails before the nth durable step and at every one that follows.
type power struct {
	left int
	cut  bool
}

func (p *power) step(do func() error) error {
	if p.cut {
		return errPower
	}
	if p.left--; p.left >= 0 {
		return do()
	}
	p.cut = true
	return errPower
}

func (p *power) write(path string, data []byte, opts atomicfile.Options) error {
	return p.step(func() error { return atomicfile.Write(path, data, opts) })
}

// poweredKeyring is a keyring on the same supply.
type poweredKeyring struct {
	*memory
	power *power
}

func (k poweredKeyring) Set(ctx context.Context, item string, value secret.Text) error {
	return k.power.step(func() error { return k.memory.Set(ctx, item, value) })
}

// on returns settings whose writes depend on p.
func on(p *power, s vault.Settings) vault.Settings {
	s = s.Through(p.write)
	s.Keyring = poweredKeyring{s.Keyring.(*memory), p}
	return s
}

// atEveryStep runs do with the power cut at each step in turn until it completes.
func atEveryStep(t *testing.T, do func(t *testing.T, p *power) error) {
	t.Helper()
	for n := 0; ; n++ {
		p := &power{left: n}
		err := do(t, p)
		if !p.cut {
			must(t, err)
			if n < 3 {
				t.Errorf("only %d steps: the cuts miss something", n)
			}
			return
		}
		if !errors.Is(err, errPower) {
			t.Fatalf("cut at step %d: error %v", n, err)
		}
		wantNoSecret(t, err)
	}
}

func TestInitInterruptedAtEachStep(t *testing.T) {
	t.Parallel()
	for _, holder := range holders[:3] {
		t.Run(string(holder), func(t *testing.T) {
			t.Parallel()
			atEveryStep(t, func(t *testing.T, p *power) error {
				s := settings(t, holder)
				_, err := vault.Init(t.Context(), on(p, s), vault.InitOptions{Passphrase: secret.New(passphrase)})
				v, again := vault.Init(t.Context(), s, vault.InitOptions{Passphrase: secret.New(passphrase)})
				if errors.Is(again, vault.ErrExists) { // it was complete but for the answer
					v = reopen(t, s)
				} else {
					must(t, again)
				}
				wantOpens(t, reopen(t, s), sealed(t, v))
				if items := s.Keyring.(*memory).items; len(items) > 1 {
					t.Errorf("%d items in the keyring", len(items))
				}
				return err
			})
		})
	}
}

func TestRewrapInterruptedAtEachStep(t *testing.T) {
	t.Parallel()
	// Each holder as the former, as the next, and as both at once.
	for from, nexts := range map[vault.Holder][]vault.Holder{
		vault.HolderFile:       {vault.HolderFile, vault.HolderPassphrase, vault.HolderCommand},
		vault.HolderPassphrase: {vault.HolderPassphrase, vault.HolderKeyring},
		vault.HolderKeyring:    {vault.HolderKeyring, vault.HolderFile},
		vault.HolderCommand:    {vault.HolderCommand},
	} {
		for _, to := range nexts {
			t.Run(string(from)+" to "+string(to), func(t *testing.T) {
				t.Parallel()
				atEveryStep(t, func(t *testing.T, p *power) error {
					s, recovery := settings(t, from), recoveryKey(t)
					blob := sealed(t, create(t, s, recovery.Recipient().String()))
					v, err := vault.Load(on(p, s))
					must(t, err)
					must(t, v.Unlock(t.Context(), say(passphrase)))
					next := settings(t, to)

					result := v.Rewrap(t.Context(), next, secret.New("canary-next"))
					survivor := openEither(t, s)
					wantOpens(t, survivor, blob)
					must(t, stockAge(t, s, recovery))
					if survivor.Interrupted() { // a second change, cut at its first steps too, harms nothing
						present := s
						present.Holder, present.Command = "", nil
						again, err := vault.Load(on(&power{left: rand.IntN(5)}, present))
						must(t, err)
						must(t, again.Unlock(t.Context(), either(again)))
						_ = again.Rewrap(t.Context(), next, secret.New("canary-next"))
						wantOpens(t, openEither(t, s), blob)
						must(t, stockAge(t, s, recovery))
					}
					settle(t, s)
					wantOpens(t, openEither(t, s), blob)
					return result
				})
			})
		}
	}
}

func TestSetRecipientsInterruptedAtEachStep(t *testing.T) {
	t.Parallel()
	for _, holder := range holders {
		t.Run(string(holder), func(t *testing.T) {
			t.Parallel()
			atEveryStep(t, func(t *testing.T, p *power) error {
				s, kept, gone, added := settings(t, holder), recoveryKey(t), recoveryKey(t), recoveryKey(t)
				blob := sealed(t, create(t, s, kept.Recipient().String(), gone.Recipient().String()))
				v, err := vault.Load(on(p, s))
				must(t, err)
				err = v.SetRecipients(t.Context(), []string{kept.Recipient().String(), added.Recipient().String()}, say(passphrase))
				wantOpens(t, openEither(t, s), blob)
				must(t, stockAge(t, s, kept))
				settle(t, s)
				must(t, stockAge(t, s, kept))
				return err
			})
		})
	}
}

// either tries the passphrase from before and the one from after.
func either(v *vault.Vault) vault.Prompt {
	probe := say(passphrase)
	if err := v.Unlock(context.Background(), probe); err == nil {
		return probe
	}
	return say("canary-next")
}

func openEither(t *testing.T, s vault.Settings) *vault.Vault {
	t.Helper()
	v, err := vault.Load(vault.Settings{Dir: s.Dir, Keyring: s.Keyring}.Quick())
	must(t, err)
	must(t, v.Unlock(t.Context(), either(v)))
	return v
}

// settle ends an interrupted change and checks that vault.age then has exactly the recipients that vault.toml names.
func settle(t *testing.T, s vault.Settings) {
	t.Helper()
	v := openEither(t, s)
	prompt := say(passphrase)
	v.Lock()
	if v.Unlock(t.Context(), prompt) != nil {
		prompt = say("canary-next")
	}
	must(t, v.SetRecipients(t.Context(), v.Recovery(), prompt))
	if now := openEither(t, s); now.Interrupted() || stanzas(t, s) != len(now.Recipients()) {
		t.Errorf("settled: interrupted %v, %d recipients in vault.age for %q", now.Interrupted(), stanzas(t, s), now.Recipients())
	}
}

// rewrapForever is the child's role.
func rewrapForever(dir string) int {
	v, err := vault.Load(vault.Settings{Dir: dir})
	if err == nil {
		err = v.Unlock(context.Background(), nil)
	}
	fmt.Println("ready")
	for err == nil {
		err = v.Rewrap(context.Background(), vault.Settings{Holder: vault.HolderFile}, secret.Text{})
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func TestKilledDuringRewrap(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	recovery := recoveryKey(t)
	blob := sealed(t, create(t, s, recovery.Recipient().String()))
	exe, err := os.Executable()
	must(t, err)
	interrupted := 0
	const kills = 25
	for range kills {
		child := exec.CommandContext(t.Context(), exe, "rewrap-forever", s.Dir)
		out, err := child.StdoutPipe()
		must(t, err)
		must(t, child.Start())
		if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
			t.Fatalf("the child said %q, %v", line, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.Int64N(int64(6*time.Millisecond))))
		<-ctx.Done()
		cancel()
		must(t, child.Process.Kill())
		_ = child.Wait() // it was killed, and says so

		v := reopen(t, s)
		wantOpens(t, v, blob)
		must(t, stockAge(t, s, recovery))
		if v.Interrupted() {
			interrupted++
		}
	}
	t.Logf("%d of %d kills hit a change in the middle", interrupted, kills)
	if n := stanzas(t, s); n > 200 {
		t.Errorf("vault.age has grown to %d recipients", n)
	}
	settle(t, s)
	if files, err := filepath.Glob(filepath.Join(s.Dir, "vault.key")); err != nil || len(files) != 1 {
		t.Errorf("key files: %q, %v", files, err)
	}
}
