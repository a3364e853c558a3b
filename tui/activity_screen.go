package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts/store"
)

// activityScreen tells who did what when, the newest first. It is read anew when the book moves; the cursor
// stays on its event.
type activityScreen struct {
	base
	events  []store.Event
	loaded  bool
	problem string
	at      int64 // ID of the event under the cursor; 0 = the first
	former  int
}

// activityLimit is how many events are shown; `fettle log` has them all.
const activityLimit = 1000

const activityKey = "activity"

func (s activityScreen) start() []intent    { return []intent{askActivity{activityKey}} }
func (s activityScreen) title(frame) string { return "Activity" }
func (s activityScreen) scopes() []scope    { return []scope{inActivity, inScroll} }

// renewed keeps the former events on the screen until the new ones are there.
func (s activityScreen) renewed(frame) (screen, []intent) { return s, s.start() }

func (s activityScreen) receive(a answer, _ frame) (screen, []intent) {
	if a.key != activityKey {
		return s, nil
	}
	s.loaded, s.problem = true, ""
	if a.err != nil {
		s.problem = "The history cannot be read: " + oneLine(a.err)
		return s, nil
	}
	s.events, _ = a.value.([]store.Event)
	return s, nil
}

// row is the line of the event under the cursor; one that is too old to be listed gives way to the newest.
func (s activityScreen) row() int {
	return max(slices.IndexFunc(s.events, func(e store.Event) bool { return e.ID == s.at }), 0)
}

// situation has no account where the event's is gone: there is nothing to open.
func (s activityScreen) situation(f frame) situation {
	st := situation{}
	if len(s.events) > 0 {
		if a, ok := f.account(s.events[s.row()].AccountID); ok {
			st.account = &a
		}
	}
	return st
}

func (s activityScreen) act(id actionID, f frame) (screen, []intent) {
	switch id {
	case actBack:
		return s, []intent{back{}}
	case actOpen:
		return s, []intent{open{newDetail(s.events[s.row()].AccountID)}}
	}
	if len(s.events) > 0 {
		height := activityRows(f)
		row := moved(s.row(), len(s.events), height, id)
		s.former = windowOf(s.former, row, len(s.events), height).from
		s.at = s.events[row].ID
	}
	return s, nil
}

func (s activityScreen) typed(tea.Msg, frame) (screen, []intent) { return s, nil }

// activityRows leaves room for the whole of the event under the cursor.
func activityRows(f frame) int { return max(f.height-6, 1) }

func (s activityScreen) view(f frame) string {
	t, e := f.theme, f.theme.signs.ellipsis
	switch {
	case s.problem != "":
		return fill(append([]string{""}, paragraphAt(s.problem, f.width-2, " ", t.bad)...), f.width, f.height, e)
	case !s.loaded:
		return fill([]string{"", " Reading the history" + e}, f.width, f.height, e)
	case len(s.events) == 0:
		return fill([]string{"", " Nothing has happened yet."}, f.width, f.height, e)
	}
	what, who := 18, 16 // the longest of what happens, and a name
	if f.wide() {
		what, who = 22, 24
	}
	lines := []string{t.faint.Render(cut("    "+pad("WHEN", whenWidth, "")+" "+pad("WHAT", what, e)+" "+pad("ACCOUNT", who, e)+" WHAT CAME OF IT", f.width, ""))}
	at := s.row()
	win := windowOf(s.former, at, len(s.events), activityRows(f))
	for i := win.from; i < win.to; i++ {
		ev := s.events[i]
		sign, style := t.signs.ok, t.ok
		if !ev.OK {
			sign, style = t.signs.critical, t.bad
		}
		text := " " + pad(stamp(ev.At, f.now), whenWidth, "") + " " + pad(ev.Action, what, e) + " " + pad(ev.Subject, who, e) + " " + ev.Detail
		if i == at {
			lines = append(lines, t.selected.Render(pad(t.signs.pointer+" "+sign+text, f.width, e)))
			continue
		}
		lines = append(lines, cut("  "+style.Render(sign)+text, f.width, e))
	}
	// Below the list the whole of one event: its end is what a row has no room for.
	lines = append(lines, t.faint.Render(strings.Repeat(t.signs.rule, f.width)))
	ev := s.events[at]
	lines = append(lines, indent1(wrap(strings.TrimSpace(fmt.Sprintf("%s %s  %s", ev.Action, ev.Subject, ev.Detail)), f.width-2))...)
	lines = append(lines, " "+t.faint.Render("by "+ev.Actor))
	return fill(lines, f.width, f.height, e)
}
