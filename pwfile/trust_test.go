package pwfile_test

import (
	"testing"

	"fettle/pwfile"
)

func TestTheWriterIsPinned(t *testing.T) {
	t.Parallel()
	first := newKey(t)
	for name, c := range map[string]struct {
		trusted bool // the first writer was trusted beforehand
		used    bool // a file of the first writer was used
		book    string
		refused bool
	}{
		"first use":                              {book: "book-2"},
		"the same book with another key":         {used: true, book: "book-1", refused: true},
		"another book at the same path":          {used: true, book: "book-2", refused: true},
		"beforehand, and then somebody else":     {trusted: true, book: "book-2", refused: true},
		"beforehand and used, then another book": {trusted: true, used: true, book: "book-2", refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			if c.trusted {
				if err := pwfile.Trust(d.dir, public(first)); err != nil {
					t.Fatal(err)
				}
			}
			if c.used {
				writeFile(t, d.path, craft(t, d.payload(nil), first, d.me.Recipient()))
				if _, err := d.open(); err != nil {
					t.Fatal(err)
				}
			}
			d.put(map[string]any{"book": c.book, "file_id": "file-2"})
			if !c.refused {
				if _, err := d.open(); err != nil {
					t.Error(err)
				}
				return
			}
			d.refused(pwfile.UnknownWriter, pwfile.ReaderOptions{})
			// The operator knows better.
			if err := pwfile.Trust(d.dir, public(d.key)); err != nil {
				t.Fatal(err)
			}
			if _, err := d.open(); err != nil {
				t.Errorf("after trust: %v", err)
			}
		})
	}
}

func TestAKeySignsForOneBook(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.put(nil)
	if _, err := d.open(); err != nil {
		t.Fatal(err)
	}
	d.put(map[string]any{"book": "book-2"})
	d.refused(pwfile.UnknownWriter, pwfile.ReaderOptions{})
}

func TestTrustTakesKeysOnly(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, key := range []string{"", "x", public(d.key)[:20], public(d.key) + "A", d.me.Recipient().String()} {
		if err := pwfile.Trust(d.dir, key); err == nil {
			t.Errorf("%q was trusted", key)
		}
	}
}

func TestAnOlderFileIsRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for _, serial := range []int{7, 9, 9} {
		d.put(map[string]any{"serial": serial})
		if _, err := d.open(); err != nil {
			t.Fatal(err)
		}
	}
	d.put(map[string]any{"serial": 8})
	d.refused(pwfile.OlderThanUsed, pwfile.ReaderOptions{})
	// Another file of the same book counts for itself, wherever it lies.
	d.put(map[string]any{"serial": 1, "file_id": "file-2"})
	if _, err := d.open(); err != nil {
		t.Error(err)
	}
}
