package pwfile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/BurntSushi/toml"

	"fettle/internal/atomicfile"
)

// What a server remembers about the password files it used, in its data folder.
const (
	writersFile = "known_writers.toml"
	serialsFile = "used_serials.json"
	lockPoll    = 25 * time.Millisecond
)

const writersIntro = "# The keys of the books whose password files this server accepts.\n# fettle adds one at first use, or by `fettle server trust KEY`.\n\n"

// knownWriter pins a key to a book.
type knownWriter struct {
	Key     string    `toml:"key"`
	Book    string    `toml:"book"`    // "": trusted beforehand and not met yet
	Trusted bool      `toml:"trusted"` // by an operator, not on first use
	Since   time.Time `toml:"since"`
}

// usedFile is what was last used of one password file.
type usedFile struct {
	Book   string   `json:"book"`
	Serial int64    `json:"serial"`
	Paths  []string `json:"paths"` // where it was read, at most pathsKept
}

// pathsKept bounds what is remembered of a job that copies its file to a new place each time.
const pathsKept = 8

// memory is what a server knows about writers and files.
type memory struct {
	Writers []knownWriter
	Used    map[string]usedFile // by file ID

	writersMoved, usedMoved bool // there is something to save
}

// Trust accepts a writer's public key beforehand. From then on this server meets no new writer on first use.
func Trust(dir, key string) error {
	public, err := parseWriterKey(key)
	if err != nil {
		return err
	}
	if err := atomicfile.EnsureDir(dir); err != nil {
		return err
	}
	unlock, err := lockServer(context.Background(), dir)
	if err != nil {
		return err
	}
	defer unlock()
	m, err := recall(dir)
	if err != nil {
		return err
	}
	if w := m.writer(writerKey(public)); w != nil {
		w.Trusted = true
	} else {
		m.Writers = append(m.Writers, knownWriter{Key: writerKey(public), Trusted: true, Since: time.Now().UTC().Truncate(time.Second)})
	}
	m.writersMoved = true
	return m.save(dir)
}

// admit decides whether a file whose signature is good may be used here, and notes what is to be remembered of it.
func (m *memory) admit(p Payload, writer, path string) *FileError {
	if refused := m.admitWriter(p, writer, path); refused != nil {
		return refused
	}
	last, known := m.Used[p.FileID]
	switch {
	case known && last.Book == p.Book && p.Serial < last.Serial:
		return &FileError{Code: OlderThanUsed,
			Text:   fmt.Sprintf("it is number %d of its canvas, and number %d was used here before", p.Serial, last.Serial),
			Remedy: "put the newer file back, or write it again: fettle pwfile generate " + inCommand(p.Canvas)}
	// Another book's file under the same ID passed admitWriter: it begins a count of its own.
	case !known || last.Book != p.Book || p.Serial > last.Serial:
		m.Used[p.FileID] = usedFile{Book: p.Book, Serial: p.Serial, Paths: []string{path}}
		m.usedMoved = true
	case !slices.Contains(last.Paths, path) && len(last.Paths) < pathsKept:
		last.Paths = append(last.Paths, path)
		m.Used[p.FileID] = last
		m.usedMoved = true
	}
	return nil
}

// admitWriter accepts a book's key if it is the one known for that book, or one that an operator trusts, or, as long
// as no operator has named any, the first one met. A path that held one book's file does not silently take another's:
// anybody can write a file to a public recipient, with a book and a key of his own.
func (m *memory) admitWriter(p Payload, writer, path string) *FileError {
	explicit, pinned := false, false
	for _, w := range m.Writers {
		explicit = explicit || w.Trusted
		pinned = pinned || w.Book == p.Book
	}
	known := m.writer(writer)
	switch {
	case known != nil && known.Book == p.Book:
		return nil
	// A key that was trusted beforehand is bound to the first book that it signs for.
	case known != nil && known.Book == "":
		known.Book = p.Book
		m.writersMoved = true
		return nil
	case known != nil:
		return unknownWriter(writer, "its book is not the one that this key has signed for so far")
	case pinned:
		return unknownWriter(writer, "it is signed by another key than the book's files before")
	case explicit:
		return unknownWriter(writer, "it is signed by a key that nobody trusted here")
	}
	for _, u := range m.Used {
		if slices.Contains(u.Paths, path) {
			return unknownWriter(writer, "another book's file was used at this path before")
		}
	}
	m.Writers = append(m.Writers, knownWriter{Key: writer, Book: p.Book, Since: time.Now().UTC().Truncate(time.Second)})
	m.writersMoved = true
	return nil
}

func unknownWriter(key, text string) *FileError {
	return &FileError{Code: UnknownWriter, Text: text, Remedy: "if you know the writer: fettle server trust " + key}
}

func (m *memory) writer(key string) *knownWriter {
	for i := range m.Writers {
		if m.Writers[i].Key == key {
			return &m.Writers[i]
		}
	}
	return nil
}

// recall reads what the server knows. Files that are missing say nothing; files that cannot be read are an error, not
// a first use.
func recall(dir string) (*memory, error) {
	m := &memory{Used: map[string]usedFile{}}
	var pins struct {
		Writer []knownWriter `toml:"writer"`
	}
	if err := recallFile(dir, writersFile, func(b []byte) error { return toml.Unmarshal(b, &pins) }); err != nil {
		return nil, err
	}
	m.Writers = pins.Writer
	if err := recallFile(dir, serialsFile, func(b []byte) error { return json.Unmarshal(b, &m.Used) }); err != nil {
		return nil, err
	}
	if m.Used == nil {
		m.Used = map[string]usedFile{}
	}
	return m, nil
}

// recallFile hands a file's content to decode, if there is one.
func recallFile(dir, name string, decode func([]byte) error) error {
	path := filepath.Join(dir, name)
	content, err := atomicfile.ReadSecret(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = decode(content)
	}
	if err != nil {
		return fmt.Errorf("read what this server knows of writers, %s: %w", path, err)
	}
	return nil
}

// save writes what moved. The caller holds the server's lock. Writers come first: a serial without its writer would make
// the next file at that path a stranger's.
func (m *memory) save(dir string) error {
	if m.writersMoved {
		var content bytes.Buffer
		content.WriteString(writersIntro)
		if err := toml.NewEncoder(&content).Encode(map[string][]knownWriter{"writer": m.Writers}); err != nil {
			return err
		}
		if err := atomicfile.Write(filepath.Join(dir, writersFile), content.Bytes(), atomicfile.Options{}); err != nil {
			return err
		}
	}
	if !m.usedMoved {
		return nil
	}
	content, err := json.MarshalIndent(m.Used, "", "\t")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(dir, serialsFile), append(content, '\n'), atomicfile.Options{})
}
