package tui

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/safetext"
)

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

// pathList is what lies where a typed path leads: up and down choose, tab takes the choice, and in a folder goes
// on. The folder is read by a command, so the list may be a moment behind. It holds no text: each method is
// given the path as it is typed.
type pathList struct {
	folder folder
	known  bool   // some folder was read; else nothing can be said of it
	at     int    // the chosen match; -1: none
	key    string // of its questions
}

func newPathList(key string) pathList { return pathList{at: -1, key: key} }

// ask asks for the folder of the typed path.
func (s pathList) ask(text string) []intent { return []intent{askFolder{s.key, text}} }

// follow asks for it unless it is the one at hand.
func (s pathList) follow(text string) []intent {
	if dir, _ := filepath.Split(text); s.known && dir == s.folder.of {
		return nil
	}
	return s.ask(text)
}

// receive keeps the later answer of two; matches sees whether it is the folder of the path.
func (s pathList) receive(a answer) pathList {
	if got, ok := a.value.(folder); ok && a.key == s.key {
		s.folder, s.known, s.at = got, true, -1
	}
	return s
}

// matches are the names in the folder that begin as the path ends; hidden ones only if asked for by a dot.
func (s pathList) matches(text string) []string {
	dir, base := filepath.Split(text)
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

// moved chooses another match; up from the first one leads back to what is typed.
func (s pathList) moved(text string, down bool) pathList {
	n := len(s.matches(text))
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

// chosen is the match that enter would take, "" = what is typed.
func (s pathList) chosen(text string) string {
	if matches := s.matches(text); s.at >= 0 && s.at < len(matches) {
		return matches[s.at]
	}
	return ""
}

// completed is the path with the chosen match, or with the part that all matches share.
func (s pathList) completed(text string) string {
	matches := s.matches(text)
	if len(matches) == 0 {
		return text
	}
	name := s.chosen(text)
	if name == "" {
		name = matches[0]
		for _, m := range matches[1:] {
			name = commonStart(name, m)
		}
	}
	return s.folder.of + name
}

// commonStart is what two names begin with alike, cut at a whole letter.
func commonStart(a, b string) string {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return strings.ToValidUTF8(a[:n], "")
}

// lines draw as many matches as fit.
// File names are anybody's text: washed where they are drawn, and taken as they are.
func (s pathList) lines(text string, f frame) []string {
	t := f.theme
	matches := s.matches(text)
	switch {
	case !s.known:
		return nil
	case s.folder.problem != "":
		return []string{" " + t.faint.Render(s.folder.problem)}
	case len(matches) == 0:
		return []string{" " + t.faint.Render("Nothing here begins like that.")}
	}
	win := windowOf(0, max(s.at, 0), len(matches), max(f.height-1, 1))
	var lines []string
	for i := win.from; i < win.to; i++ {
		row := "   " + safetext.Line(matches[i])
		if i == s.at {
			row = t.selected.Render(pad(" "+t.signs.pointer+" "+safetext.Line(matches[i])+" ", min(f.width, optionWidth), t.signs.ellipsis))
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
	// As it was typed, so that matches can compare it.
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
