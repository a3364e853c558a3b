package tui

import (
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/pwfile"
)

// canvasesScreen lists the canvases, those whose password file is stale first.
type canvasesScreen struct {
	base
	focus     listCursor
	filter    textinput.Model
	filtering bool
}

func newCanvases() canvasesScreen {
	return canvasesScreen{filter: searchField()}
}

func (s canvasesScreen) title(frame) string { return "Canvases" }
func (s canvasesScreen) typing() bool       { return s.filtering }

func (s canvasesScreen) scopes() []scope {
	if s.filtering {
		return []scope{inText}
	}
	return []scope{inCanvases, inScroll}
}

// rows are the canvases shown: what needs writing first, then by name, as the filter leaves them.
// Worked out at each key: people make canvases one by one, so there are never ten thousand.
func (s canvasesScreen) rows(f frame) []pwfile.Canvas {
	q := strings.ToLower(strings.TrimSpace(s.filter.Value()))
	var stale, fresh []pwfile.Canvas
	for _, c := range f.data.canvases {
		switch {
		case q != "" && !strings.Contains(canvasSearch(c), q):
		case c.NeedsWriting():
			stale = append(stale, c)
		default:
			fresh = append(fresh, c)
		}
	}
	return append(stale, fresh...)
}

// canvasSearch is the text that the filter looks at.
func canvasSearch(c pwfile.Canvas) string {
	words := []string{c.Name, c.Path, canvasState(c)}
	for _, a := range c.Accounts {
		words = append(words, a.Name)
	}
	return strings.ToLower(strings.Join(words, " "))
}

// current is the canvas under the cursor; one that is gone leaves the cursor on its line.
func (s canvasesScreen) current(f frame) (pwfile.Canvas, int, bool) {
	list := s.rows(f)
	if len(list) == 0 {
		return pwfile.Canvas{}, 0, false
	}
	i := s.focus.row(len(list), func(i int) string { return list[i].ID })
	return list[i], i, true
}

// situation counts every stale file, filtered out or not: p regenerates them all.
func (s canvasesScreen) situation(f frame) situation {
	st := situation{broken: f.data.files, known: len(f.data.snapshot.Accounts)}
	if c, _, ok := s.current(f); ok {
		st.canvas = &c
	}
	return st
}

func (s canvasesScreen) act(id actionID, f frame) (screen, []intent) {
	switch id {
	case actBack:
		if s.filtering || s.filter.Value() != "" {
			s.filtering = false
			s.filter.Blur()
			s.filter.Reset()
			return s, nil
		}
		return s, []intent{back{}}
	case actFilter:
		s.filtering = true
		s.filter.Focus()
		return s, nil
	case actNext:
		s.filtering = false
		s.filter.Blur()
		return s, nil
	case actAdd:
		return s, []intent{open{newCanvasWizard(f)}}
	case actVerify: // all at once: one connection to a machine serves every place on it
		return s, []intent{lookAtPlaces{}}
	case actFiles:
		return s, []intent{open{newRegenerate(pwfile.Selection{Stale: true})}}
	}
	c, _, ok := s.current(f)
	if !ok {
		return s, nil
	}
	switch id {
	case actUp, actDown, actPageUp, actPageDn, actTop, actBottom:
		list := s.rows(f)
		s.focus = s.focus.moved(id, len(list), canvasRows(f), func(i int) string { return list[i].ID })
	case actOpen:
		return s, []intent{open{newCanvasEdit(c, f)}}
	case actRefresh:
		// Forced: whoever asks for this one file wants it, stale or not.
		return s, []intent{open{newRegenerate(pwfile.Selection{CanvasIDs: []string{c.ID}, Force: true})}}
	case actRemove:
		return s, []intent{ask{canvasRemoval(c)}}
	}
	return s, nil
}

// canvasRemoval asks before a canvas is forgotten.
func canvasRemoval(c pwfile.Canvas) question {
	body := []string{"The canvas file itself is not touched."}
	if c.Written != nil {
		body = append(body, "Its password file stays where it lies and still opens. To cut it off, update the credentials in it first.")
	}
	return question{heading: "Remove " + c.Name, asks: "Forget the canvas " + c.Name + "?", body: body, yes: []intent{removeCanvas{c.ID, c.Name}}}
}

func (s canvasesScreen) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.filter = typedInto(s.filter, msg)
	s.focus = listCursor{} // the best match is the first again
	return s, nil
}

func (s canvasesScreen) receive(answer, frame) (screen, []intent) { return s, nil }
