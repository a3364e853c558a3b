package tui

import (
	"fmt"
	"slices"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// resourcesScreen shows what an account reaches as a tree that can be searched. Listing again touches the
// resources only, never the credential. The cursor is a resource, not a row.
// Opened from the detail. rows, shown and counts are worked out of list when it comes; at is the key of a row, line where it was last.
type resourcesScreen struct {
	base
	id        string
	list      accounts.ResourceList
	rows      []resourceRow
	shown     []shownRow
	counts    resourceCounts
	loaded    bool
	problem   string // why the book's listing could not be read
	at        string
	line      int
	former    int
	filter    textinput.Model
	searching bool // the search has the keys
}

func newResources(id string) resourcesScreen {
	return resourcesScreen{id: id, filter: searchField()}
}

func (s resourcesScreen) key() string           { return "resource tree " + s.id }
func (s resourcesScreen) start() []intent       { return []intent{askResources{s.key(), s.id}} }
func (s resourcesScreen) title(frame) string    { return "Resources" }
func (s resourcesScreen) typing() bool          { return s.searching }
func (s resourcesScreen) listing() jobID        { return jobID{jobResources, s.id} }
func (s resourcesScreen) words() string         { return s.filter.Value() }
func (s resourcesScreen) row(i int) resourceRow { return s.rows[s.shown[i].row] }

// renewed reads the listing again: something happened in the book.
func (s resourcesScreen) renewed(frame) (screen, []intent) { return s, s.start() }

func (s resourcesScreen) scopes() []scope {
	if s.searching {
		return []scope{inText}
	}
	return []scope{inResources, inScroll}
}

func (s resourcesScreen) situation(f frame) situation {
	st := situation{unlisted: s.list.Unlistable()}
	if a, ok := f.account(s.id); ok {
		st.account = &a
	}
	if j, ok := f.jobs.get(s.listing()); ok {
		st.job = &j
	}
	if i, ok := s.current(); ok {
		st.entry = s.row(i).id
	}
	return st
}

// current is the row under the cursor; a resource that is gone leaves the cursor on its line.
func (s resourcesScreen) current() (int, bool) {
	if len(s.shown) == 0 {
		return 0, false
	}
	i := slices.IndexFunc(s.shown, func(r shownRow) bool { return s.rows[r.row].key == s.at })
	if i < 0 {
		i = min(s.line, len(s.shown)-1)
	}
	return i, true
}

// receive keeps the former listing on the screen where the book's cannot be read, under what went wrong.
func (s resourcesScreen) receive(a answer, _ frame) (screen, []intent) {
	if a.key != s.key() {
		return s, nil
	}
	if a.err != nil {
		s.problem = oneLine(a.err)
		return s, nil
	}
	list, _ := a.value.(accounts.ResourceList)
	s.list, s.loaded, s.problem = list, true, ""
	s.rows = resourceTree(list)
	s.counts = countResources(s.rows)
	return s.searched(), nil
}

// searched works out anew which rows are shown; the cursor stays with its resource.
func (s resourcesScreen) searched() resourcesScreen {
	s.shown = search(s.rows, s.words())
	if i, ok := s.current(); ok {
		s.line = i
	}
	return s
}

func (s resourcesScreen) act(id actionID, f frame) (screen, []intent) {
	a, known := f.account(s.id)
	switch id {
	case actUp, actDown, actPageUp, actPageDn, actTop, actBottom:
		return s.move(id, f), nil
	case actFilter:
		s.searching = true
		s.filter.Focus()
		return s, nil
	case actNext:
		s.searching = false
		s.filter.Blur()
		return s, nil
	case actBack:
		// One esc undoes one thing: the search first.
		if !s.searching && s.words() == "" {
			return s, []intent{back{}}
		}
		s.searching = false
		s.filter.Blur()
		s.filter.Reset()
		return s.searched(), nil
	case actList:
		return s, []intent{listResources{s.id}}
	case actStop:
		return s, []intent{stop{s.listing()}}
	case actCopyID:
		if i, ok := s.current(); ok {
			return s, []intent{copyText{fmt.Sprintf("The ID %s", s.row(i).id), s.row(i).id}}
		}
	case actUpdate:
		if known {
			return s, updating(a, f)
		}
	}
	return s, nil
}

// move walks the rows that the search left.
func (s resourcesScreen) move(id actionID, f frame) resourcesScreen {
	i, ok := s.current()
	if !ok {
		return s
	}
	height := s.height(f)
	s.line = moved(i, len(s.shown), height, id)
	s.former = windowOf(s.former, s.line, len(s.shown), height).from
	s.at = s.row(s.line).key
	return s
}

func (s resourcesScreen) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.filter = typedInto(s.filter, msg)
	s.former = 0
	return s.searched(), nil
}
