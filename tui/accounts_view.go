package tui

import (
	"fmt"
	"strings"
	"time"

	"fettle/accounts"
)

// listChrome are the lines of the Accounts screen that are not rows: the strip and the column heads.
const listChrome = 3

// listHeight is how many rows of accounts fit.
func listHeight(f frame) int {
	return max(f.height-listChrome-len(noticeOfHost(f)), 1)
}

// noticeOfHost is the line that stays on the screen, in as many lines as it takes where there is room for them.
// The demo's notice says how to approve a sign-in, so it is no line to be cut where it need not be.
func noticeOfHost(f frame) []string {
	text := f.host.Notice
	if f.low() {
		text = cut(text, f.width-2, f.theme.signs.ellipsis)
	}
	return paragraphAt(text, f.width-2, " ", f.theme.accent)
}

func (s accountsScreen) view(f frame) string {
	t := f.theme
	lines := []string{s.strip(f)}
	lines = append(append(lines, noticeOfHost(f)...), "")
	shown := s.rows(f)
	height := f.height - len(lines)
	switch {
	case !f.data.loaded && f.data.problem != "":
		lines = append(lines, " The book could not be read. fettle tries again every second.")
	case !f.data.loaded:
		lines = append(lines, " Reading the book"+t.signs.ellipsis)
	case len(f.data.snapshot.Accounts) == 0:
		lines = append(lines, emptyBook(f)...)
	case shown.len() == 0:
		lines = append(lines, " No account matches “"+s.filter.Value()+"”. esc shows all.")
	case f.wide():
		a := shown.at(shown.find(s.at, s.line))
		lines = append(lines, beside(f.inner(f.width, height), func(f frame) []string { return s.table(shown, f) },
			func(f frame) []string { return preview(*a, f) })...)
	default:
		lines = append(lines, s.table(shown, f.inner(f.width, height))...)
	}
	return fill(lines, f.width, f.height, t.signs.ellipsis)
}

// strip counts accounts by severity and the stale files, and shows the marks, the filter or the order. The counts are of the
// whole book, whatever the filter leaves: nobody shall take a narrow list for good news.
func (s accountsScreen) strip(f frame) string {
	t := f.theme
	n := f.data.severities
	part := func(sev accounts.Severity, word string) string {
		sign, style := t.severity(sev)
		if n[sev] == 0 {
			style = t.faint
		}
		return style.Render(fmt.Sprintf("%s %d %s", sign, n[sev], word))
	}
	files := t.faint.Render("0 stale files")
	if f.data.files > 0 {
		files = t.warn.Render(count(f.data.files, "stale file"))
	}
	parts := []string{part(accounts.SeverityCritical, "broken"), part(accounts.SeverityWarning, "need a look"), part(accounts.SeverityOK, "healthy"), files}
	if len(s.marked) > 0 {
		parts = append(parts, t.accent.Render(fmt.Sprintf("%s %d marked", t.signs.marked, len(s.marked))))
	}
	line := " " + strings.Join(parts, "   ")
	switch {
	case s.filtering:
		return withSearch(line, s.filter, f)
	case s.filter.Value() != "":
		line += "   " + t.accent.Render("/"+s.filter.Value())
	case s.order != byHealth:
		line += "   " + t.faint.Render(orderNames[s.order])
	}
	return line
}

// emptyBook greets who has no account yet.
func emptyBook(f frame) []string {
	return []string{
		" No account yet.", "",
		" Press " + f.theme.key.Render("a") + " to authorize the first one: choose a provider, sign in on",
		" your own machine, tick every permission. The jobs here can then use it.",
	}
}

// columnWidths are the natural widths of the columns, measured over the whole list once per look.
type columnWidths struct{ name, service, identity, state int }

// measure looks at every account and not only those in sight: columns must not jump while the list scrolls.
func measure(list []accounts.Account, now time.Time) columnWidths {
	w := columnWidths{name: 4, service: 7, identity: 8, state: 14}
	for _, a := range list {
		w.name = max(w.name, cells(a.Name))
		w.service = max(w.service, cells(serviceWords(a)))
		w.identity = max(w.identity, cells(identityWords(a)))
		w.state = max(w.state, cells(stateWords(a, now)))
	}
	return w
}

// fit takes cells from the widest column, again and again, until the row fits into width; the state keeps
// its words as long as it can.
func (w columnWidths) fit(width int) columnWidths {
	const fixed = 4 + 4 + diesWidth + 1 + 4 + 1 + 5 // marks, gaps, dies, jobs, stale
	for w.name+w.service+w.identity+w.state+fixed > width {
		widest := &w.identity
		if w.service > *widest {
			widest = &w.service
		}
		if w.name-nameFavour > *widest {
			widest = &w.name
		}
		// Narrower than that a column says nothing, so the state gives way next.
		if *widest <= 8 {
			widest = &w.state
		}
		// Nothing is left to take: the row is cut at the edge.
		if *widest <= 1 {
			break
		}
		*widest--
	}
	return w
}

// nameFavour is how many cells longer a name may stay than its neighbours: jobs are known by it.
const nameFavour = 6

// diesWidth holds a day and a month, or a month and a year.
const diesWidth = 7

// table draws the heads and the window of rows around the cursor.
func (s accountsScreen) table(shown rows, f frame) []string {
	t := f.theme
	w := f.data.widths.fit(f.width)
	e := t.signs.ellipsis
	head := "    " + pad("NAME", w.name, e) + " " + pad("SERVICE", w.service, e) + " " + pad("IDENTITY", w.identity, e) + " " +
		pad("STATE", w.state, e) + " " + pad("DIES ON", diesWidth, e) + " " + pad("JOBS", 4, e) + " STALE"
	lines := []string{t.faint.Render(cut(head, f.width, ""))}
	at := shown.find(s.at, s.line)
	win := windowOf(s.former, at, shown.len(), max(f.height-1, 1))
	for i := win.from; i < win.to; i++ {
		lines = append(lines, s.row(shown.at(i), i == at, w, f))
	}
	return lines
}

// row is one account. Sign and word say what the colour says; pointer and mark have columns of their own.
func (s accountsScreen) row(a *accounts.Account, here bool, w columnWidths, f frame) string {
	t, e := f.theme, f.theme.signs.ellipsis
	sign, style := t.severity(a.Health.Severity)
	if a.Pending != nil {
		sign, style = t.signs.waiting, t.accent
	}
	pointer, mark := " ", " "
	if here {
		pointer = t.signs.pointer
	}
	if s.marked[a.ID] {
		mark = t.signs.marked
	}
	state := pad(stateWords(*a, f.now), w.state, e)
	dies, jobs, stale := "–", "–", "–"
	if !a.Health.DiesAt.IsZero() {
		dies = date(a.Health.DiesAt, f.now)
	}
	if n := len(a.Canvases); n > 0 {
		jobs = fmt.Sprint(n)
	}
	if n := f.data.stale[a.ID]; n > 0 {
		stale = fmt.Sprint(n)
	}
	before := pointer + mark
	name := pad(a.Name, w.name, e)
	rest := pad(serviceWords(*a), w.service, e) + " " + pad(identityWords(*a), w.identity, e)
	tail := fmt.Sprintf("%s %4s %5s", pad(dies, diesWidth, e), jobs, stale)
	if here {
		// In one ink: the end of a colour inside would end the bar too.
		return t.selected.Render(pad(before+sign+" "+name+" "+rest+" "+state+" "+tail, f.width, e))
	}
	if stale != "–" {
		tail = fmt.Sprintf("%s %4s ", pad(dies, diesWidth, e), jobs) + t.warn.Render(fmt.Sprintf("%5s", stale))
	}
	return before + style.Render(sign) + " " + name + " " + t.faint.Render(rest) + " " + style.Render(state) + " " + tail
}
