package tui

import (
	"fmt"
	"strings"

	"fettle/accounts"
)

func (s resourcesScreen) view(f frame) string {
	t := f.theme
	lines := s.head(f)
	height := max(f.height-len(lines), 1)
	switch at, ok := s.current(); {
	case !s.loaded && s.problem == "":
		lines = append(lines, " "+t.faint.Render("Reading the last listing"+t.signs.ellipsis))
	case !ok && len(s.rows) > 0:
		lines = append(lines, " Nothing matches “"+s.words()+"”. esc shows all.")
	case ok:
		win := windowOf(s.former, at, len(s.shown), height)
		for i := win.from; i < win.to; i++ {
			lines = append(lines, s.drawn(i, i == at, f))
		}
	}
	return fill(lines, f.width, f.height, t.signs.ellipsis)
}

// height is how many rows fit under the head.
func (s resourcesScreen) height(f frame) int { return max(f.height-len(s.head(f)), 1) }

// head says how old the listing is, what is new or gone, and which services have nothing and why.
// An empty tree has many reasons; which one it is stands above it, with whom the account belongs to.
func (s resourcesScreen) head(f frame) []string {
	t := f.theme
	lines := []string{s.strip(f)}
	if s.problem != "" {
		lines = append(lines, paragraphAt(t.signs.critical+" "+upperFirst(s.problem), f.width-2, " ", t.bad)...)
	}
	if j, ok := f.jobs.get(s.listing()); ok && j.failed() {
		lines = append(lines, failureLines(j.err, f)...)
	}
	if why := s.list.Unlistable(); why != "" {
		return append(append(lines, paragraphAt(sentence(why), f.width-2, " ", t.faint)...), "")
	}
	a, known := f.account(s.id)
	for _, svc := range s.list.Services {
		if why := s.nothing(svc, a); why != "" && known {
			lines = append(lines, paragraphAt(t.signs.warning+" "+why, f.width-2, " ", t.warn)...)
		}
	}
	const most = 8 // above a list that has to stay usable
	if len(lines) > most {
		lines = append(lines[:most-1], " "+t.faint.Render(t.signs.ellipsis))
	}
	return append(lines, "")
}

// strip counts, dates and holds the search.
func (s resourcesScreen) strip(f frame) string {
	t := f.theme
	n := s.counts
	head := " " + t.title.Render(count(n.here, "resource"))
	if s.searching {
		head = withSearch(head, s.filter, f)
	}
	parts := []string{head}
	if !s.searching && s.words() != "" {
		parts = append(parts, t.accent.Render("/"+s.words()))
	}
	if n.fresh > 0 {
		parts = append(parts, t.ok.Render(fmt.Sprintf("+ %d new", n.fresh)))
	}
	if n.gone > 0 {
		parts = append(parts, t.warn.Render(fmt.Sprintf("- %d gone", n.gone)))
	}
	switch j, ok := f.jobs.get(s.listing()); {
	case ok && j.stopping:
		parts = append(parts, t.accent.Render(t.signs.busy+" stopping"))
	case ok && j.running:
		parts = append(parts, t.accent.Render(t.signs.busy+" listing again"))
	case s.list.Unlistable() != "": // the lines below say why
	case s.list.At.IsZero() && s.loaded:
		parts = append(parts, t.faint.Render("never listed; r asks the provider"))
	case s.loaded:
		parts = append(parts, t.faint.Render("listed "+ago(s.list.At, f.now)+" ("+stamp(s.list.At, f.now)+")"))
	}
	return strings.Join(parts, "   ")
}

// nothing says why a service shows nothing: what is missing, or who signed in and has nothing there.
func (s resourcesScreen) nothing(svc accounts.ServiceResources, a accounts.Account) string {
	for _, p := range a.Missing {
		if p.Service == svc.Service {
			return svc.Name + " was not asked: its permission is missing, “" + p.Words + "”. u signs in again; tick every box."
		}
	}
	if svc.Empty == "" || len(svc.Items) > 0 {
		return ""
	}
	if svc.At.IsZero() { // not asked at all
		return sentence(svc.Empty)
	}
	return "No " + svc.Name + " accounts found for " + identityWords(a) + ". " + sentence(svc.Empty) + " u signs in again."
}

// drawn draws the row under the cursor in one piece, the others with their colours.
func (s resourcesScreen) drawn(i int, here bool, f frame) string {
	r, last := s.row(i), s.shown[i].last
	if !here {
		return resourceLine(r, last, f)
	}
	joint, label, id, mark := resourceParts(r, last, f)
	return f.theme.selected.Render(pad(f.theme.signs.pointer+joint+label+id+mark, f.width, f.theme.signs.ellipsis))
}

// resourceLine is one row: its place in the tree, its name, its ID, whether it is new or gone.
func resourceLine(r resourceRow, last bool, f frame) string {
	t := f.theme
	joint, label, id, mark := resourceParts(r, last, f)
	style, marked := t.text, t.warn
	switch {
	case r.depth == 0:
		style = t.title
	case r.gone:
		style = t.faint
	case r.fresh:
		marked = t.ok
	}
	return " " + t.faint.Render(joint) + style.Render(label) + t.faint.Render(id) + marked.Render(mark)
}

// resourceParts are the pieces of a row; the name gives way before the ID's beginning and the mark do.
// An ID gets a third of the room at most: it can be copied whole.
func resourceParts(r resourceRow, last bool, f frame) (joint, label, id, mark string) {
	t := f.theme
	if r.depth > 0 {
		joint = "  "
	}
	if r.depth > 1 {
		joint += strings.Repeat("  ", min(r.depth, 8)-2) + t.signs.branch
		if last {
			joint = strings.TrimSuffix(joint, t.signs.branch) + t.signs.last
		}
	}
	switch {
	case r.fresh:
		mark = "  + new"
	case r.gone:
		mark = "  - gone"
	}
	room := max(f.width-cells(joint)-cells(mark)-2, 4)
	if r.id != "" && r.id != r.label {
		id = " " + cut(r.id, max(room/3, 3), t.signs.ellipsis)
	}
	return joint, cut(r.label, max(room-cells(id), 1), t.signs.ellipsis), id, mark
}
