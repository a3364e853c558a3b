package packages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"

	"fettle/internal/safetext"
	"fettle/pwfile"
)

// FetchOptions say what to fetch, and where to.
type FetchOptions struct {
	From       string // the destination of the package
	To         string // a folder on this machine; it may hold other files, too
	Dir        string // the server's data folder: the writers it knows; it need not exist
	Connection Connection
	// Replace takes what is there although the folder holds another or a later package, and overwrites files that no fetch
	// has put there.
	Replace bool
}

// Fetched is what a fetch did.
type Fetched struct {
	Package   string // its name
	Book      string
	Writer    string // the key that signed it
	Serial    int64
	CreatedAt time.Time
	Pinned    bool     // the key was known before, by this server or from a former fetch
	Changed   []string // paths that were written; never nil
	Unchanged int
	Removed   []string // paths that are no longer in the package; never nil
	Notes     []string
}

// fetchAttempts is how often a fetch begins because the package moved on under it: a sync is over in a moment.
const fetchAttempts = 4

// Fetch brings a folder to what the package is now: everything is downloaded beside the files and checked, then each
// file is renamed into place. It needs neither store nor vault. A fetch that is cut off leaves the former files, or is
// finished by the next one; it never ends well with files of two syncs.
func Fetch(ctx context.Context, opts FetchOptions, report func(Progress)) (Fetched, error) {
	t, err := parseTarget(opts.From)
	if err != nil {
		return Fetched{}, err
	}
	f, unlock, err := openReader(ctx, opts.To)
	if err != nil {
		return Fetched{}, err
	}
	defer unlock()
	f.opts, f.from, f.teller = opts, t, newTeller(report)
	if err := f.finish(); err != nil {
		return Fetched{}, err
	}
	f.teller.begin(StepLook, 0, 0)
	if f.depot, err = t.open(ctx, opts.Connection, false); err != nil {
		return Fetched{}, err
	}
	defer func() { _ = f.depot.close() }() // nothing was written
	for attempt := 1; ; attempt++ {
		done, err := f.fetch(ctx)
		if !isCode(err, Conflict) && !isCode(err, notThere) || attempt == fetchAttempts {
			return done, outward(err)
		}
		select {
		case <-ctx.Done():
			return Fetched{}, ctx.Err()
		case <-time.After(time.Duration(attempt) * 200 * time.Millisecond):
		}
	}
}

// outward turns a code that only this package knows into one for the caller.
func outward(err error) error {
	if e, ok := errors.AsType[*Error](err); ok && e.Code == notThere {
		return &Error{Code: Damaged, Target: e.Target, Text: "the manifest names it, and it is not there", Remedy: "sync the package again with --verify", Err: err}
	}
	return err
}

// reader is a folder that a package is fetched to.
type reader struct {
	opts   FetchOptions
	from   target
	depot  depot
	at     string
	root   *os.Root
	former *Manifest // of the last fetch, nil: none
	teller *teller
}

// openReader opens the folder and locks it against other fetches.
func openReader(ctx context.Context, to string) (*reader, func(), error) {
	at, err := filepath.Abs(to)
	if err != nil || to == "" {
		return nil, nil, cmp.Or(err, badTarget("no folder is named to fetch to", "name one with --to"))
	}
	if err := os.MkdirAll(filepath.Join(at, readerDir), 0o700); err != nil {
		return nil, nil, folderError(at, err)
	}
	root, err := os.OpenRoot(at)
	if err != nil {
		return nil, nil, folderError(at, err)
	}
	r := &reader{at: at, root: root}
	// Whoever can plant a link there could let the lock and the files be written elsewhere in the folder.
	if info, err := root.Lstat(readerDir); err != nil || !info.IsDir() {
		_ = root.Close() // nothing was written
		return nil, nil, cmp.Or[error](err, &Error{Code: Stranger, Target: filepath.Join(at, readerDir), Text: "it is not the folder that a fetch makes", Remedy: "remove it, or fetch to another folder"})
	}
	lock := flock.New(filepath.Join(at, readerDir, "lock"), flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(ctx, 25*time.Millisecond); err != nil {
		_ = root.Close() // nothing was written
		return nil, nil, folderError(at, fmt.Errorf("another fetch is at work: %w", err))
	}
	return r, func() {
		_ = lock.Unlock() // unlocking a flock that is held does not fail
		_ = root.Close()  // what was written is durable already
	}, nil
}

// fetch is one attempt. A Conflict or notThere says that the package moved on meanwhile.
func (r *reader) fetch(ctx context.Context) (Fetched, error) {
	content, _, err := r.depot.read(ctx, manifestName)
	if isCode(err, notThere) {
		return Fetched{}, &Error{Code: NotYet, Target: place(r.from.spelled), Text: "no package lies there", Remedy: "correct the destination, or sync the package first"}
	}
	if err != nil {
		return Fetched{}, err
	}
	m, err := decodeManifest(content)
	if err != nil {
		return Fetched{}, &Error{Code: BadWriter, Target: r.from.name(manifestName), Text: "it cannot be used: " + firstLine(err), Remedy: "sync the package again"}
	}
	pinned, err := r.judge(m)
	if err != nil {
		return Fetched{}, err
	}
	done := Fetched{Package: safetext.Line(m.Name), Book: safetext.Line(m.Book), Writer: m.Writer(), Serial: m.Serial, CreatedAt: m.CreatedAt,
		Pinned: pinned, Changed: []string{}, Removed: []string{}, Notes: []string{}}
	wanted, err := r.compare(ctx, m)
	if err != nil {
		return Fetched{}, err
	}
	if err := r.download(ctx, m, wanted); err != nil {
		return Fetched{}, err
	}
	done.Unchanged = len(m.Entries) - len(wanted)
	for _, e := range wanted {
		done.Changed = append(done.Changed, e.Path)
	}
	if err := r.ready(wanted); err != nil {
		return Fetched{}, err
	}
	r.teller.begin(StepSwitch, len(wanted), 0)
	// From here on it is finished, if not by this process then by the next.
	if err := r.announce(content); err != nil {
		return Fetched{}, err
	}
	removed, notes, err := r.turn(m)
	done.Removed, done.Notes = append(done.Removed, removed...), append(done.Notes, notes...)
	return done, err
}

// judge decides whether this manifest may be followed. The key has to be the one that this server knows for the book,
// and the one of the last fetch to this folder; the first fetch to a folder believes an unknown key.
func (r *reader) judge(m *Manifest) (pinned bool, err error) {
	from := place(r.from.spelled)
	pinned, err = pwfile.KnownWriter(r.opts.Dir, m.Book, m.writer)
	if err != nil {
		return false, &Error{Code: BadWriter, Target: from, Text: "the package is not believed", Remedy: firstLine(err)}
	}
	if len(m.Entries) == 0 {
		return pinned, &Error{Code: NotYet, Target: from, Text: "the first sync has not come to its end yet", Remedy: "fetch again later"}
	}
	former := r.former
	if former == nil || r.opts.Replace {
		return pinned, nil
	}
	replace := "fetch to another folder, or take it over with --replace"
	switch {
	case former.Book != m.Book || former.Package != m.Package:
		return pinned, &Error{Code: Stranger, Target: r.at, Text: fmt.Sprintf("it holds another package, %q", safetext.Cut(former.Name, 63)), Remedy: replace}
	case !pinned && former.Writer() != m.Writer():
		return pinned, &Error{Code: BadWriter, Target: from, Text: "it is signed by another key than at the last fetch", Remedy: "if you know the writer: fettle server trust " + m.Writer()}
	case m.Serial < former.Serial:
		return pinned, &Error{Code: OlderThan, Target: from, Text: fmt.Sprintf("it is number %d, and number %d was fetched before", m.Serial, former.Serial), Remedy: "sync it again; or, if it was put back on purpose, fetch with --replace"}
	case m.Serial == former.Serial && m.hash != former.hash:
		return pinned, &Error{Code: BadWriter, Target: from, Text: "it was changed without a new number", Remedy: "sync it again; or, if you know why, fetch with --replace"}
	}
	return true, nil
}

// The reader's own files.
const (
	currentName = readerDir + "/" + manifestName // the manifest that the files here belong to
	nextName    = readerDir + "/next.json"       // the one that is being switched to
	stagedDir   = readerDir + "/new"             // files that are complete and not in place yet
	trialName   = tempPrefix + "trial"           // an empty file that is moved where others will be
	writeFlags  = os.O_WRONLY | os.O_CREATE | os.O_EXCL
)

// recall reads a manifest of the reader's own. It was believed when it was written.
func (r *reader) recall(name string) (*Manifest, []byte, error) {
	content, _, err := (&folder{r.at, r.root}).read(context.Background(), name)
	if isCode(err, notThere) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	m, err := decodeManifest(content)
	if err != nil {
		return nil, nil, &Error{Code: Damaged, Target: filepath.Join(r.at, filepath.FromSlash(name)), Text: firstLine(err), Remedy: "remove it, then fetch again"}
	}
	return m, content, nil
}

// hashHere is the hash of a plain file in the folder, "" if there is none.
func (r *reader) hashHere(ctx context.Context, path string) (hash string, found bool, err error) {
	info, err := r.root.Lstat(filepath.FromSlash(path))
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, folderError(filepath.Join(r.at, path), err)
	}
	if !info.Mode().IsRegular() {
		return "", true, nil
	}
	w := newHashWriter(io.Discard)
	if err := (&folder{r.at, r.root}).get(ctx, path, w); err != nil {
		return "", true, err
	}
	return w.hash(), true, nil
}
