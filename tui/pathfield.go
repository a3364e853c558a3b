package tui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/internal/safetext"
)

// pathField is a path to type, with what lies in its folder below it: up and down choose, tab takes the
// choice, and in a folder goes on. The folder is read by a command, so the list may be a moment behind.
type pathField struct {
	in     textinput.Model
	folder folder
	at     int    // the chosen match; -1: none
	key    string // of its questions
}

// folder is what lies in one folder.
type folder struct {
	of      string   // the typed part of the path that leads to it
	names   []string // folders end in a slash and come first
	more    bool     // there are more than are listed
	problem string
}

// folderLimit keeps a folder of a hundred thousand files from being carried around; typing narrows nothing
// that was not read, so it is generous.
const folderLimit = 5000

func newPathField(key, path string) pathField {
	in := field(4096)
	in.SetValue(path)
	in.CursorEnd()
	return pathField{in: in, at: -1, key: key}
}

func (s pathField) start() []intent { return []intent{askFolder{s.key, s.in.Value()}} }

func (s pathField) value() string { return strings.TrimSpace(s.in.Value()) }

// typed takes a key or a paste. What leads to another folder asks for that folder.
func (s pathField) typed(msg tea.Msg) (pathField, []intent) {
	if k, ok := msg.(tea.KeyPressMsg); ok && (k.String() == "up" || k.String() == "down") {
		return s.moved(k.String() == "down"), nil
	}
	s.in = typedInto(s.in, msg)
	s.at = -1
	return s.asked()
}

// asked asks for the folder of the typed path unless it is the one at hand.
func (s pathField) asked() (pathField, []intent) {
	if dir, _ := filepath.Split(s.in.Value()); dir == s.folder.of {
		return s, nil
	}
	return s, s.start()
}

func (s pathField) moved(down bool) pathField {
	n := len(s.matches())
	switch {
	case n == 0:
		s.at = -1
	case down:
		s.at = min(s.at+1, n-1)
	default:
		s.at = max(s.at-1, -1)
	}
	return s
}

// completed takes the chosen match, or the part that all matches share.
func (s pathField) completed() (pathField, []intent) {
	matches := s.matches()
	if len(matches) == 0 {
		return s, nil
	}
	name := matches[0]
	if s.at >= 0 {
		name = matches[min(s.at, len(matches)-1)]
	} else {
		for _, m := range matches[1:] {
			name = commonStart(name, m)
		}
	}
	s.in.SetValue(s.folder.of + name)
	s.in.CursorEnd()
	s.at = -1
	return s.asked()
}

func commonStart(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return strings.ToValidUTF8(a[:n], "")
}

// matches are the names in the folder that begin as the path ends; hidden ones only if asked for by a dot.
func (s pathField) matches() []string {
	dir, base := filepath.Split(s.in.Value())
	if dir != s.folder.of {
		return nil
	}
	var hits []string
	for _, n := range s.folder.names {
		if strings.HasPrefix(n, base) && (!strings.HasPrefix(n, ".") || strings.HasPrefix(base, ".")) {
			hits = append(hits, n)
		}
	}
	return hits
}

// chosen reports the match that enter would take, "" = what is typed.
func (s pathField) chosen() string {
	if matches := s.matches(); s.at >= 0 && s.at < len(matches) {
		return matches[s.at]
	}
	return ""
}

func (s pathField) receive(a answer) pathField {
	if got, ok := a.value.(folder); ok && a.key == s.key {
		s.folder, s.at = got, -1
	}
	return s
}

// lines draw the field and as many matches as fit.
func (s pathField) lines(f frame) []string {
	t := f.theme
	lines := []string{fieldLine(s.in, f), ""}
	matches := s.matches()
	switch {
	case s.folder.problem != "":
		return append(lines, " "+t.faint.Render(s.folder.problem))
	case len(matches) == 0:
		return append(lines, " "+t.faint.Render("Nothing here begins like that."))
	}
	room := max(f.height-len(lines)-1, 1)
	win := windowOf(0, max(s.at, 0), len(matches), room)
	for i := win.from; i < win.to; i++ {
		row := "   " + safetext.Line(matches[i])
		if i == s.at {
			row = t.selected.Render(pad(" "+t.signs.pointer+" "+safetext.Line(matches[i])+" ", min(f.width, 76), t.signs.ellipsis))
		}
		lines = append(lines, row)
	}
	if win.to < len(matches) || s.folder.more {
		lines = append(lines, " "+t.faint.Render(t.signs.down+" more"))
	}
	return lines
}

// readFolder lists the folder that path is in. A folder that cannot be read is an answer like any other: the
// path may be typed all the same.
func readFolder(path string) (folder, error) {
	of, _ := filepath.Split(path)
	dir := of
	if rest, home := strings.CutPrefix(of, "~"+string(filepath.Separator)); home {
		if user, err := os.UserHomeDir(); err == nil {
			dir = filepath.Join(user, rest)
		}
	}
	if dir == "" {
		dir = "."
	}
	out := folder{of: of}
	open, err := os.Open(dir) //nolint:gosec // the operator names the folder
	if err != nil {
		out.problem = "This folder cannot be read."
		return out, nil
	}
	entries, err := open.ReadDir(folderLimit)
	out.more = err == nil && len(entries) == folderLimit
	_ = open.Close() // it was only read
	var files []string
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(dir, e.Name())) // through a link: a link to a folder is a folder to go into
		switch {
		case err == nil && info.IsDir():
			out.names = append(out.names, e.Name()+string(filepath.Separator))
		case err == nil:
			files = append(files, e.Name())
		}
	}
	slices.Sort(out.names)
	slices.Sort(files)
	out.names = append(out.names, files...)
	return out, nil
}
