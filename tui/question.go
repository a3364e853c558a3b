package tui

import (
	tea "charm.land/bubbletea/v2"
)

// question asks before something that cannot be taken back. No is the default, and yes is another key than
// the one that asked.
// Enter means no, for a hand that presses it once too often; the table of keys has y for yes, and starts nothing with it.
type question struct {
	base
	heading, asks string
	body          []string // paragraphs
	yes           []intent // what is done after a yes, once the question is gone
}

func (q question) title(frame) string { return q.heading }
func (q question) scopes() []scope    { return []scope{inConfirm} }

func (q question) act(id actionID, _ frame) (screen, []intent) {
	if id == actYes {
		return q, append([]intent{back{}}, q.yes...)
	}
	return q, []intent{back{}}
}

func (q question) typed(tea.Msg, frame) (screen, []intent)  { return q, nil }
func (q question) receive(answer, frame) (screen, []intent) { return q, nil }

func (q question) view(f frame) string {
	t := f.theme
	lines := append([]string{""}, indent1(paragraph(q.asks, f.width-2, t.title))...)
	lines = append(lines, "")
	for _, text := range q.body {
		lines = append(lines, indent1(wrap(text, f.width-2))...)
	}
	lines = append(lines, "", " "+t.key.Render("y")+" yes   "+t.key.Render("n")+" no")
	return fill(lines, f.width, f.height, t.signs.ellipsis)
}
