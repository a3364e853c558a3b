package vault_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"fettle/accounts/vault"
)

func TestBlobOpensOnlyAsWhatItWasSealedAs(t *testing.T) {
	t.Parallel()
	v, other := create(t, settings(t, vault.HolderFile)), create(t, settings(t, vault.HolderFile))
	rapid.Check(t, func(rt *rapid.T) {
		// Short fields over few letters, so that they often differ only in where one ends and the next begins.
		word := rapid.StringMatching(`[ab/]{0,4}`)
		type place struct {
			table, id string
			seq       int64
		}
		draw := func(name string) place {
			return place{word.Draw(rt, name+" table"), word.Draw(rt, name+" id"), rapid.Int64().Draw(rt, name+" seq")}
		}
		from, to := draw("from"), draw("to")
		if rapid.Bool().Draw(rt, "same seq") {
			to.seq = from.seq
		}
		plain := rapid.SliceOf(rapid.Byte()).Draw(rt, "plain")
		blob, err := v.Seal(from.table, from.id, from.seq, plain)
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := v.Open(from.table, from.id, from.seq, blob); err != nil || !bytes.Equal(got, plain) {
			rt.Fatalf("in its own place: %v", err)
		}
		var tampered *vault.TamperedError
		if _, err := v.Open(to.table, to.id, to.seq, blob); from != to && !errors.As(err, &tampered) {
			rt.Fatalf("sealed as %v, opened as %v: %v", from, to, err)
		}
		if _, err := other.Open(from.table, from.id, from.seq, blob); !errors.As(err, &tampered) {
			rt.Fatalf("opened by another vault: %v", err)
		}
	})
}

func TestEveryBitOfABlobCounts(t *testing.T) {
	t.Parallel()
	v := create(t, settings(t, vault.HolderFile))
	blob := sealed(t, v)
	for i := range len(blob) * 8 {
		changed := bytes.Clone(blob)
		changed[i/8] ^= 1 << (i % 8)
		_, err := v.Open("grants", "a1", 7, changed)
		var tampered *vault.TamperedError
		if !errors.As(err, &tampered) || *tampered != (vault.TamperedError{Table: "grants", ID: "a1", Seq: 7}) {
			t.Fatalf("bit %d: %v", i, err)
		}
	}
	for n := range blob {
		if _, err := v.Open("grants", "a1", 7, blob[:n]); !errors.As(err, new(*vault.TamperedError)) {
			t.Fatalf("cut to %d bytes: %v", n, err)
		}
	}
	wantOpens(t, v, blob)
}

func TestEveryByteOfVaultAgeCounts(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	create(t, s)
	path := filepath.Join(s.Dir, "vault.age")
	good, err := os.ReadFile(path)
	must(t, err)
	v, err := vault.Load(s)
	must(t, err)
	for i := range good {
		flip(t, path, i)
		err := v.Unlock(t.Context(), nil)
		var damaged *vault.DamagedError
		if !errors.As(err, &damaged) || damaged.Path != path {
			t.Fatalf("byte %d of %d flipped: %v", i, len(good), err)
		}
		wantNoSecret(t, err)
		flip(t, path, i)
	}
	must(t, os.WriteFile(path, append(good, 0), 0o600))
	if err := v.Unlock(t.Context(), nil); !errors.As(err, new(*vault.DamagedError)) {
		t.Errorf("a byte too many: %v", err)
	}
	must(t, os.WriteFile(path, good, 0o600))
	must(t, v.Unlock(t.Context(), nil))
}

// The record's place in the vault is bound by the vault's id too, which is not in vault.age.
func TestAnotherIDInVaultTomlShows(t *testing.T) {
	t.Parallel()
	s := settings(t, vault.HolderFile)
	v := create(t, s)
	blob := sealed(t, v)
	path := filepath.Join(s.Dir, "vault.toml")
	content, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(path, bytes.Replace(content, []byte(v.ID()), []byte("another"), 1), 0o600))
	if _, err := reopen(t, s).Open("grants", "a1", 7, blob); !errors.As(err, new(*vault.TamperedError)) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkSeal(b *testing.B) {
	s := vault.Settings{Dir: filepath.Join(b.TempDir(), "data"), Holder: vault.HolderFile}
	v, err := vault.Init(b.Context(), s, vault.InitOptions{})
	if err != nil {
		b.Fatal(err)
	}
	plain := make([]byte, 4<<10)
	for b.Loop() {
		if _, err := v.Seal("grants", "a1", 7, plain); err != nil {
			b.Fatal(err)
		}
	}
}
