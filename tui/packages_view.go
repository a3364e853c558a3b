package tui

import (
	"fmt"
	"strings"

	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

func (s packagesScreen) view(f frame) string {
	t := f.theme
	p, at, ok := s.current(f)
	var lines []string
	switch {
	case !f.data.loaded:
		lines = []string{"", " Reading the book" + t.signs.ellipsis}
	case !ok:
		lines = append([]string{"", " No package yet.", ""}, indent1(wrap("A package is a cloud automation: canvases, their password files and the files they need, "+
			"synced together to a folder, an SFTP server or S3-compatible storage, where `fettle package fetch` takes them. Press a to add one.", f.width-2))...)
	default:
		lines = listAndDetail(f, func(f frame) []string { return s.table(at, f, listRows(f, 0)) },
			func(f frame) []string { return onePackage(p, f) })
	}
	return fill(lines, f.width, f.height, t.signs.ellipsis)
}

// table draws the heads and the window of rows around the cursor.
func (s packagesScreen) table(at int, f frame, height int) []string {
	t, e := f.theme, f.theme.signs.ellipsis
	list := f.data.packages
	const names, jobs = 20, 9
	state := max(f.width-names-jobs-6, 8)
	lines := []string{t.faint.Render(cut("    "+pad("PACKAGE", names, e)+" "+pad("CANVASES", jobs, e)+" "+pad("STATE", state, e), f.width, ""))}
	win := windowOf(s.focus.former, at, len(list), height)
	for i := win.from; i < win.to; i++ {
		p := list[i]
		sign, style := t.signs.ok, t.ok
		switch {
		case p.Problem != "":
			sign, style = t.signs.critical, t.bad
		case len(p.Behind) > 0:
			sign, style = t.signs.warning, t.warn
		}
		text := " " + pad(p.Name, names, e) + " " + fmt.Sprintf("%*d ", jobs-1, len(p.Canvases)) + " " + pad(packageState(p, f), state, e)
		if i == at {
			lines = append(lines, t.selected.Render(pad(t.signs.pointer+" "+sign+text, f.width, e)))
			continue
		}
		lines = append(lines, "  "+style.Render(sign)+text)
	}
	return lines
}

// packageState is the worst thing about a package, in few words.
// A sync that failed hides that files are behind: it is why they are.
func packageState(p packages.Package, f frame) string {
	switch {
	case p.Problem != "":
		return "failed: " + p.Problem
	case len(p.Behind) > 0:
		return p.Behind[0].Text
	case p.Synced == nil:
		return "never synced"
	}
	return "in sync since " + ago(p.Synced.At, f.now)
}

// onePackage says everything about a package that is known without a look at its destination.
// Destinations may be far and need keys, so nobody asks them while a list is drawn.
func onePackage(p packages.Package, f frame) []string {
	t := f.theme
	lines := []string{" " + t.title.Render(p.Name)}
	add := func(name, value string) { lines = append(lines, fact(name, value, f)...) }
	add("Destination", p.Target)
	names := make([]string, len(p.Canvases))
	for i, c := range p.Canvases {
		names[i] = c.Name
	}
	add("Canvases", strings.Join(names, ", "))
	if len(p.Files) > 0 {
		files := make([]string, len(p.Files))
		for i, file := range p.Files {
			files[i] = file.Path
		}
		add("Further files", strings.Join(files, ", "))
	}
	if p.Layout == store.LayoutPlain {
		add("Layout", "plain files: a reader can meet a mixture while a sync goes on")
	}
	if p.Synced != nil {
		add("Last sync", fmt.Sprintf("%s, number %d, %s", ago(p.Synced.At, f.now), p.Synced.Serial, count(p.Synced.Files, "file")))
	}
	if p.Problem != "" {
		lines = append(lines, paragraphAt("The sync of "+ago(p.TriedAt, f.now)+" failed: "+p.Problem, f.width-2, " ", t.bad)...)
	}
	for _, lag := range p.Behind {
		lines = append(lines, paragraphAt("behind: "+lag.Text, f.width-2, " ", t.warn)...)
	}
	return lines
}
