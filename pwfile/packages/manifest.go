package packages

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"fettle/accounts/store"
	"fettle/internal/lazyregexp"
	"fettle/pwfile"
)

// Format names the format of a package's manifest.
const Format = "fettle.package/1"

// manifestLimit bounds a manifest: 64 MiB name some 200,000 files.
const manifestLimit = 64 << 20

// Kind says what an entry of a package is.
type Kind string

// Kinds of entries.
const (
	KindCanvas       Kind = "canvas"
	KindPasswordFile Kind = "password_file"
	KindFile         Kind = "file"
)

// Entry is one file of a package.
type Entry struct {
	Path   string `json:"path"` // with slashes
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
	Kind   Kind   `json:"kind"`
	Canvas string `json:"canvas,omitempty"`
}

// Dropped is an object that the manifest no longer names. It stays for a while, for readers who are still at work.
type Dropped struct {
	SHA256 string    `json:"sha256"`
	Serial int64     `json:"serial"` // of the last manifest that named it
	Since  time.Time `json:"since"`
}

// Manifest names the files of a package as they belong together. One without entries claims the destination: no sync
// has come to its end there yet.
type Manifest struct {
	Format    string              `json:"format"`
	Book      string              `json:"book"`
	Package   string              `json:"package"` // the ID
	Name      string              `json:"name"`
	Layout    store.PackageLayout `json:"layout"`
	Serial    int64               `json:"serial"`
	CreatedAt time.Time           `json:"created_at"`
	Entries   []Entry             `json:"entries"`
	Dropped   []Dropped           `json:"dropped"`

	writer ed25519.PublicKey
	hash   string // SHA-256 of the file
}

// signature is the last line of a manifest.
type signature struct {
	Key []byte `json:"key"` // encoding/json writes bytes in base64
	Sig []byte `json:"sig"`
}

// signatureContext stands before what is signed, so that a signature means nothing elsewhere.
const signatureContext = Format + "\n"

// encode returns the manifest as a file: one JSON object on two lines. Line 1 is the object without its signature, its
// closing brace replaced by a comma; line 2 is the signature. A reader checks the signature over the bytes of line 1
// before it parses anything, and any JSON tool reads the whole.
func (m *Manifest) encode(key ed25519.PrivateKey) ([]byte, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return nil, errors.New("the book's signing key is not an Ed25519 key")
	}
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(m); err != nil {
		return nil, err
	}
	signed := bytes.TrimSuffix(body.Bytes(), []byte("\n"))
	line2, err := signatureLine(signature{Key: public, Sig: ed25519.Sign(key, append([]byte(signatureContext), signed...))})
	if err != nil {
		return nil, err
	}
	file := append(bytes.TrimSuffix(signed, []byte("}")), ",\n"...)
	return append(append(file, line2...), '\n'), nil
}

// signatureLine has one spelling, so that nothing can hide in the only part that is not signed.
func signatureLine(s signature) ([]byte, error) {
	text, err := json.Marshal(s)
	return append(append([]byte(`"signature":`), text...), '}'), err
}

// decodeManifest reads a manifest whose signature is good; whose signature it is has to be judged by the caller.
func decodeManifest(file []byte) (*Manifest, error) {
	line1, line2, ok := bytes.Cut(bytes.TrimSuffix(file, []byte("\n")), []byte(",\n"))
	inner, isSig := bytes.CutPrefix(line2, []byte(`"signature":`))
	inner, closed := bytes.CutSuffix(inner, []byte("}"))
	var s signature
	if !ok || !isSig || !closed || json.Unmarshal(inner, &s) != nil || len(s.Key) != ed25519.PublicKeySize || len(s.Sig) != ed25519.SignatureSize {
		return nil, errors.New("it is not a signed manifest of fettle, or it is cut off")
	}
	if canonical, err := signatureLine(s); err != nil || !bytes.Equal(canonical, line2) {
		return nil, errors.New("its signature line holds more than a signature")
	}
	signed := append(append([]byte{}, line1...), '}')
	if !ed25519.Verify(s.Key, append([]byte(signatureContext), signed...), s.Sig) {
		return nil, errors.New("its signature is not good")
	}
	m := &Manifest{writer: s.Key, hash: hashOf(file)}
	if err := json.Unmarshal(signed, m); err != nil {
		return nil, errors.New("its content is not the JSON it should be")
	}
	return m, m.validate()
}

var hexHash = lazyregexp.New(`^[0-9a-f]{64}$`)

// validate refuses what could not be fetched safely, signed or not.
func (m *Manifest) validate() error {
	switch {
	case m.Format != Format:
		return fmt.Errorf("it is not %s: a newer fettle may have written it", Format)
	case m.Book == "" || m.Package == "" || m.Serial < 1:
		return errors.New("it lacks the book, the package or the serial")
	case m.Layout != store.LayoutObjects && m.Layout != store.LayoutPlain:
		return errors.New("it has a layout that this fettle does not know")
	}
	seen := newClashes()
	for _, e := range m.Entries {
		if err := checkPath(e.Path); err != nil {
			return err
		}
		if with, ok := seen.add(e.Path); !ok {
			return fmt.Errorf("%s and %s cannot lie beside each other", e.Path, with)
		}
		if !hexHash().MatchString(e.SHA256) || e.Size < 0 {
			return fmt.Errorf("%s has no SHA-256 or no size", e.Path)
		}
	}
	for _, d := range m.Dropped {
		if !hexHash().MatchString(d.SHA256) {
			return errors.New("it drops an object without a SHA-256")
		}
	}
	return nil
}

// byPath finds entries by their path.
func (m *Manifest) byPath() map[string]Entry {
	all := map[string]Entry{}
	if m != nil {
		for _, e := range m.Entries {
			all[e.Path] = e
		}
	}
	return all
}

// where is the name of an entry's content at the destination.
func (m *Manifest) where(e Entry) string {
	if m.Layout == store.LayoutPlain {
		return e.Path
	}
	return objectsDir + "/" + e.SHA256
}

// Writer spells the key that signed the manifest.
func (m *Manifest) Writer() string { return pwfile.WriterKey(m.writer) }
