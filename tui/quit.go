package tui

import (
	tea "charm.land/bubbletea/v2"
)

// quitQuestion asks before work under way is ended.
// It is no question, because ctrl+c has to mean yes here (see Model.key). What it counts is as of the asking.
type quitQuestion struct {
	base
	work, flows int
}

func (q quitQuestion) title(frame) string { return "Quit?" }
func (q quitQuestion) scopes() []scope    { return []scope{inConfirm} }

func (q quitQuestion) act(id actionID, _ frame) (screen, []intent) {
	if id == actYes {
		return q, []intent{quit{sure: true}}
	}
	return q, []intent{back{}}
}

func (q quitQuestion) typed(tea.Msg, frame) (screen, []intent)  { return q, nil }
func (q quitQuestion) receive(answer, frame) (screen, []intent) { return q, nil }

func (q quitQuestion) view(f frame) string {
	lines := []string{"", " " + f.theme.title.Render("Quit while work is under way?"), ""}
	if q.work > 0 {
		lines = append(lines, indent1(wrap(count(q.work, "task")+" will finish what it is in the middle of first, which can take up to 35 seconds; what has not begun is left out.", f.width-2))...)
	}
	if q.flows > 0 {
		lines = append(lines, indent1(wrap(count(q.flows, "sign-in")+" will wait: start fettle again to go on with it, nothing is lost.", f.width-2))...)
	}
	lines = append(lines, "", " "+f.theme.key.Render("y")+" quit   "+f.theme.key.Render("n")+" stay")
	return fill(lines, f.width, f.height, f.theme.signs.ellipsis)
}
