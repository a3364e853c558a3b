package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"filippo.io/age"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"fettle/internal/atomicfile"
)

// errNoMatch says that an identity is none of a file's recipients.
var errNoMatch = errors.New("no recipient matches")

func newKeyset() (*keyset.Handle, error) {
	return keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate())
}

// encryptKeyset makes the content of vault.age.
func encryptKeyset(keys *keyset.Handle, recipients []string) ([]byte, error) {
	to, err := parseRecipients(recipients)
	if err != nil {
		return nil, err
	}
	var plain, sealed bytes.Buffer
	// In clear only into memory; age below is what seals it.
	if err := insecurecleartextkeyset.Write(keys, keyset.NewJSONWriter(&plain)); err != nil {
		return nil, err
	}
	w, err := age.Encrypt(&sealed, to...)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(plain.Bytes()); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return sealed.Bytes(), nil
}

// decryptKeyset opens the content of vault.age; errNoMatch if id is not among its recipients.
// The causes below are not passed on: a library's words about plaintext may quote it.
func decryptKeyset(content []byte, id age.Identity) (*keyset.Handle, error) {
	r, err := age.Decrypt(bytes.NewReader(content), id)
	var noMatch *age.NoIdentityMatchError
	if errors.As(err, &noMatch) {
		return nil, errNoMatch
	}
	if err != nil {
		return nil, errors.New("its header does not verify")
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return nil, errors.New("its content does not verify")
	}
	keys, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(plain)))
	if err != nil {
		return nil, errors.New("it holds no keyset")
	}
	return keys, nil
}

// saveKeyset replaces vault.age, if what was written opens for id.
func saveKeyset(s Settings, keys *keyset.Handle, recipients []string, id age.Identity, backup bool) error {
	content, err := encryptKeyset(keys, recipients)
	if err != nil {
		return fmt.Errorf("cannot encrypt the vault: %w", err)
	}
	// Verified before it takes the place of the former one: a vault that does not open loses every account.
	return s.writer()(s.file(ageName), content, atomicfile.Options{Backup: backup, Verify: func(written []byte) error {
		_, err := decryptKeyset(written, id)
		return err
	}})
}

// loadKeyset opens vault.age for the holder's identity.
func loadKeyset(s Settings, rec record, id *age.X25519Identity) (*keyset.Handle, error) {
	path := s.file(ageName)
	content, err := atomicfile.ReadSecret(path)
	var refused *atomicfile.Refused
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, missingKeyset(s)
	case errors.As(err, &refused):
		return nil, refused
	case err != nil:
		return nil, &DamagedError{Path: path, Reason: "cannot be read", Remedy: "make it readable for this user", Err: err}
	}
	keys, err := decryptKeyset(content, id)
	// An identity that must be among the recipients and matches none says that the file changed.
	if errors.Is(err, errNoMatch) && !slices.Contains(rec.recipients(), id.Recipient().String()) {
		return nil, &LockedError{Holder: s.Holder, Reason: WrongKey, Err: fmt.Errorf("it is that of %s", id.Recipient()),
			Remedy: "provide the key of " + rec.Recipient + ", or put vault.toml, vault.age and the key back from the same backup"}
	}
	if err != nil {
		return nil, &DamagedError{Path: path, Reason: "is damaged", Remedy: "put it back from a backup" + backupHint(path), Err: err}
	}
	return keys, nil
}

// missingKeyset is also what an Init that was interrupted before its last step leaves.
func missingKeyset(s Settings) error {
	path := s.file(ageName)
	remedy := "put it back from a backup, or run: fettle vault init (if this vault never held an account)"
	if hint := backupHint(path); hint != "" {
		remedy = "put it back from a backup" + hint
	}
	return &DamagedError{Path: path, Reason: "is missing", Remedy: remedy}
}

// parseRecipients never quotes what it was given: people paste secret keys by mistake.
func parseRecipients(in []string) ([]age.Recipient, error) {
	out := make([]age.Recipient, 0, len(in))
	for i, s := range in {
		r, err := age.ParseX25519Recipient(s)
		if err != nil {
			what := "is not an age public key (age1…)"
			if strings.HasPrefix(strings.ToUpper(s), "AGE-SECRET-KEY") {
				what = "is a secret key; give its public key (age1…), and treat the secret one as exposed"
			}
			return nil, fmt.Errorf("recipient %d %s", i+1, what)
		}
		out = append(out, r)
	}
	return out, nil
}
