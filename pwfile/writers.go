package pwfile

import (
	"crypto/ed25519"
	"errors"
)

// KnownWriter reports what this server knows of the key that signed something in a book's name: pinned says that it
// knows that book's key, or accepts only keys that an operator named. An error says that the key is not the right one;
// without any pin there is none.
func KnownWriter(dir, book string, key ed25519.PublicKey) (pinned bool, err error) {
	m, err := recall(dir)
	if err != nil {
		return false, err
	}
	spelled := writerKey(key)
	explicit, known := false, false
	for _, w := range m.Writers {
		explicit = explicit || w.Trusted
		known = known || w.Book == book
		if w.Key == spelled && (w.Book == book || w.Book == "") {
			return true, nil
		}
	}
	if explicit || known {
		return true, errors.New("it is signed by a key that this server does not know; if you know the writer: fettle server trust " + spelled)
	}
	return false, nil
}

// WriterKey spells a public signing key as `fettle server trust` takes it.
func WriterKey(key ed25519.PublicKey) string { return writerKey(key) }
