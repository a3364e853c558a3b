package tui

import (
	"fmt"
	"strings"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/pwfile"
)

// canvasRows is how many canvases fit under the strip.
func canvasRows(f frame) int { return listRows(f, 1) }

func (s canvasesScreen) view(f frame) string {
	t := f.theme
	lines := []string{s.strip(f)}
	c, at, ok := s.current(f)
	switch {
	case !f.data.loaded:
		lines = append(lines, "", " Reading the book"+t.signs.ellipsis)
	case len(f.data.canvases) == 0:
		lines = append(lines, "")
		lines = append(lines, indent1(wrap("No canvas yet. A canvas is an automated workflow: a file, and the accounts it uses. "+
			"Press a to add one; fettle then knows which jobs an account carries, and writes the password file that lets it run unattended.", f.width-2))...)
	case !ok:
		lines = append(lines, "", " No canvas matches “"+s.filter.Value()+"”. esc shows all.")
	default:
		rows := canvasRows(f)
		lines = append(lines, listAndDetail(f.inner(f.width, f.height-len(lines)), func(f frame) []string { return s.table(at, f, rows) },
			func(f frame) []string { return oneCanvas(c, f) })...)
	}
	return fill(lines, f.width, f.height, t.signs.ellipsis)
}

// strip counts the canvases and what is stale, and shows the filter.
func (s canvasesScreen) strip(f frame) string {
	t := f.theme
	words := fmt.Sprintf(" %d canvases", len(f.data.canvases))
	if len(f.data.canvases) == 1 {
		words = " 1 canvas"
	}
	if f.data.files > 0 {
		words += "   " + t.warn.Render(t.signs.warning+" "+count(f.data.files, "stale file"))
	}
	if s.filtering || s.filter.Value() != "" {
		return withSearch(words, s.filter, f)
	}
	return words
}

// table draws the heads and the window of rows around the cursor.
func (s canvasesScreen) table(at int, f frame, height int) []string {
	t, e := f.theme, f.theme.signs.ellipsis
	list := s.rows(f)
	names, users := 18, 18
	if f.width >= 84 {
		names, users = 24, 22
	}
	state := max(f.width-names-users-6, 8)
	head := "    " + pad("CANVAS", names, e) + " " + pad("ACCOUNTS", users, e) + " " + pad("PASSWORD FILE", state, e)
	lines := []string{t.faint.Render(cut(head, f.width, ""))}
	win := windowOf(s.focus.former, at, len(list), height)
	for i := win.from; i < win.to; i++ {
		c := list[i]
		sign, style := t.signs.ok, t.ok
		if c.NeedsWriting() {
			sign, style = t.signs.warning, t.warn
		}
		text := " " + pad(c.Name, names, e) + " " + pad(accountNames(c), users, e) + " " + pad(canvasState(c), state, e)
		if i == at {
			lines = append(lines, t.selected.Render(pad(t.signs.pointer+" "+sign+text, f.width, e)))
			continue
		}
		lines = append(lines, "  "+style.Render(sign)+text)
	}
	return lines
}

// accountNames keeps the place of an account that was removed, so that the gap is seen.
func accountNames(c pwfile.Canvas) string {
	names := make([]string, len(c.Accounts))
	for i, a := range c.Accounts {
		if names[i] = a.Name; a.Name == "" {
			names[i] = "(removed)"
		}
	}
	return strings.Join(names, ", ")
}

// canvasState is the worst thing about a canvas's password file, in few words.
// What writing the file again would not mend is named only where nothing else is wrong.
func canvasState(c pwfile.Canvas) string {
	for _, r := range c.Stale {
		if !r.Code.Information() {
			return shortReason(r)
		}
	}
	if len(c.Stale) > 0 {
		return shortReason(c.Stale[0])
	}
	return "up to date"
}

// shortReason leaves out paths, which fill a line by themselves.
func shortReason(r pwfile.Reason) string {
	switch r.Code {
	case pwfile.StaleMissing:
		return "its file is missing"
	case pwfile.StaleChanged:
		return "changed by someone else"
	case pwfile.StalePlaceDiffers:
		return "another place differs"
	}
	return r.Text
}

// oneCanvas says everything about a canvas: its file, the accounts it uses, where its password file lies and
// who can open it.
func oneCanvas(c pwfile.Canvas, f frame) []string {
	t := f.theme
	lines := []string{" " + t.title.Render(c.Name)}
	lines = append(lines, fact("Canvas file", c.Path, f)...)
	for i, a := range c.Accounts {
		label := ""
		if i == 0 {
			label = "Accounts"
		}
		lines = append(lines, fact(label, refWords(a, f), f)...)
	}
	for i, p := range c.Places {
		label := ""
		if i == 0 {
			label = "Password file"
		}
		lines = append(lines, fact(label, p.Target, f)...)
		if words := placeWords(p, f); words != "" {
			lines = append(lines, fact("", words, f)...)
		}
	}
	if len(c.Packages) > 0 {
		lines = append(lines, fact("Packages", strings.Join(c.Packages, ", "), f)...)
	}
	lines = append(lines, fact("Opens with", readersOf(c), f)...)
	if c.Written != nil {
		lines = append(lines, fact("Written", ago(c.Written.At, f.now), f)...)
	}
	for _, r := range c.Stale {
		style, word := t.warn, "stale: "
		if r.Code.Information() {
			style, word = t.faint, "note: "
		}
		lines = append(lines, paragraphAt(word+r.Text, f.width-2, " ", style)...)
	}
	return lines
}

// refWords name an account of a canvas with its health.
func refWords(a pwfile.AccountRef, f frame) string {
	switch {
	case a.Name == "":
		return "one that was removed"
	case a.State == accounts.Healthy:
		return a.Name + " " + f.theme.signs.ok
	}
	return a.Name + ": " + a.Title
}

// placeWords say what was last seen at a place.
// Places on other machines are looked at on demand only, so their age belongs to what is said.
func placeWords(p store.Place, f frame) string {
	switch {
	case p.Problem != "":
		return p.Problem
	case p.CheckedAt.IsZero():
		return "not looked at yet"
	case p.SHA256 == "":
		return "no file there, looked " + ago(p.CheckedAt, f.now)
	}
	return "looked at " + ago(p.CheckedAt, f.now)
}

// readersOf says who opens a password file; without recipients of its own it is this server.
func readersOf(c pwfile.Canvas) string {
	switch {
	case c.Passphrase:
		return "a passphrase"
	case len(c.Recipients) == 0:
		return "this server's identity"
	}
	return strings.Join(c.Recipients, ", ")
}
