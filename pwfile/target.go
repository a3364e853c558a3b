package pwfile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fettle/accounts/store"
	"fettle/internal/lazyregexp"
	"fettle/internal/safetext"
	"fettle/internal/sshconn"
)

// fileSuffix ends the name of every password file.
const fileSuffix = ".pwfile.age"

// canvasName is also a file name and a part of command lines.
var canvasName = lazyregexp.New(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

func checkName(name string) error {
	if !canvasName().MatchString(name) {
		return errors.New("a canvas's name has 1 to 63 letters, digits, dots, dashes and underscores, and begins with a letter or digit")
	}
	return nil
}

// inCommand spells a canvas's name for a command that somebody may paste: a name out of a file that nobody vouches for
// yet could be a command of its own.
func inCommand(name string) string {
	if !canvasName().MatchString(name) {
		return "CANVAS"
	}
	return name
}

// absolute makes a path that an operator typed absolute and clean.
func absolute(path string) (string, error) {
	if path == "" || strings.ContainsFunc(path, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", errors.New("a path is missing or has control characters in it")
	}
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("%s: %w", path, err)
		}
		path = filepath.Join(home, rest)
	}
	return filepath.Abs(path) // links stay: an operator may move what they lead to
}

// locate turns a destination into the place of a canvas's password file. A folder means the usual name inside it.
func locate(destination string, c store.Canvas) (store.PlaceKind, string, error) {
	if scheme, _, ok := strings.Cut(destination, "://"); ok {
		if scheme != sshconn.Scheme {
			return "", "", fmt.Errorf("%s:// is no kind of place: name a path on this machine, or sftp://user@host:port/path", safetext.Cut(scheme, 20))
		}
		return locateRemote(destination, c)
	}
	target, err := absolute(destination)
	if err != nil {
		return "", "", err
	}
	// A folder that is not there yet is told by its slash alone.
	info, err := os.Stat(target)
	if strings.HasSuffix(destination, string(filepath.Separator)) || err == nil && info.IsDir() {
		target = filepath.Join(target, c.Name+fileSuffix)
	}
	if target == c.Path {
		return "", "", fmt.Errorf("%s is the canvas file itself: choose another path for its password file", target)
	}
	return store.PlaceLocal, target, nil
}

// locateRemote is locate for another machine. It connects to nobody: only a slash at the end tells a folder.
func locateRemote(destination string, c store.Canvas) (store.PlaceKind, string, error) {
	at, err := sshconn.Parse(destination)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", safetext.Cut(destination, 200), err)
	}
	if strings.HasSuffix(at.Path, "/") {
		at.Path += c.Name + fileSuffix
	}
	return store.PlaceSFTP, at.String(), nil
}

// placesOf returns the places for the wanted destinations, the main one first. Those of before that lead to the same
// target stay the same record, so that what is known of them stays.
func placesOf(c store.Canvas, former []store.Place, destinations []string) ([]store.Place, error) {
	places := make([]store.Place, 0, len(destinations))
	seen := map[string]bool{}
	for _, d := range destinations {
		kind, target, err := locate(d, c)
		if err != nil {
			return nil, err
		}
		if seen[target] {
			return nil, fmt.Errorf("%s is named twice as a place of canvas %q", target, c.Name)
		}
		seen[target] = true
		p := store.Place{ID: newID(), CanvasID: c.ID, Kind: kind, Target: target}
		for _, f := range former {
			if f.Kind == kind && f.Target == target {
				p = f
			}
		}
		p.Position = len(places)
		places = append(places, p)
	}
	return places, nil
}

// targets says which canvas, by ID, writes where. Two canvases that write to one place would undo each other for ever.
type targets struct {
	owner map[string]string   // target → canvas ID; a path and an address never look alike
	named map[string][]string // file name → targets of that name
	real  map[string]string   // folder → where links lead, for those that were looked at
}

func (t targets) add(target, canvasID string) {
	if _, known := t.owner[target]; !known {
		t.named[filepath.Base(target)] = append(t.named[filepath.Base(target)], target)
	}
	t.owner[target] = canvasID
}

// targetsOf reads them once, for as many canvases as a list may add.
func targetsOf(r store.Reader) (targets, error) {
	all, err := r.Places("")
	t := targets{owner: make(map[string]string, len(all)), named: make(map[string][]string, len(all)), real: map[string]string{}}
	for _, p := range all {
		t.add(p.Target, p.CanvasID)
	}
	return t, err
}

// own makes the places the canvas's own, and refuses one that another canvas writes.
func (t targets) own(r store.Reader, c store.Canvas, places []store.Place) error {
	for _, p := range places {
		owner := t.other(p, c.ID)
		if owner == "" {
			continue
		}
		other, err := r.Canvas(owner)
		if err != nil {
			return err
		}
		return fmt.Errorf("%s is where the password file of canvas %q lies: choose another path with --password-file", p.Target, other.Name)
	}
	for _, p := range places {
		t.add(p.Target, c.ID)
	}
	return nil
}

// other finds another canvas that writes to the place, "" if none does. On this machine links may lead to one folder by
// several names; that is looked at only where files have the same name.
func (t targets) other(p store.Place, canvasID string) string {
	for _, target := range t.named[filepath.Base(p.Target)] {
		owner := t.owner[target]
		if owner != canvasID && (target == p.Target || p.Kind == store.PlaceLocal && t.folder(target) == t.folder(p.Target)) {
			return owner
		}
	}
	return ""
}

// folder is where the folder of a target really is, or the folder as it is spelled if there is none yet.
func (t targets) folder(target string) string {
	dir := filepath.Dir(target)
	if _, looked := t.real[dir]; !looked {
		t.real[dir] = dir
		if led, err := filepath.EvalSymlinks(dir); err == nil {
			t.real[dir] = led
		}
	}
	return t.real[dir]
}
