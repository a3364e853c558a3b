package tui

import (
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/pwfile"
)

// detailScreen shows everything about one account: what is wrong and what to do first.
// Opened by enter. It holds no account but an ID: what is shown is of the last look, whatever happened since it was opened.
type detailScreen struct {
	base
	id        string
	top       int // first line shown
	history   []store.Event
	resources accounts.ResourceList
	rows      []resourceRow // the tree of them
	shown     []shownRow
	problem   string // why history or resources could not be read
}

func newDetail(id string) detailScreen { return detailScreen{id: id} }

func (s detailScreen) start() []intent {
	return []intent{askHistory{"history " + s.id, s.id}, askResources{"resources " + s.id, s.id}}
}

// renewed asks again for what is shown beside the account: something happened in the book.
func (s detailScreen) renewed(frame) (screen, []intent) { return s, s.start() }

func (s detailScreen) scopes() []scope { return []scope{inDetail, inScroll} }

func (s detailScreen) title(f frame) string {
	if a, ok := f.account(s.id); ok {
		return a.Name
	}
	return "gone"
}

// situation leaves the account out once it is gone from the book, which switches every act on it off.
func (s detailScreen) situation(f frame) situation {
	st := situation{broken: len(f.data.problems) + f.data.files}
	if a, ok := f.account(s.id); ok {
		st.account = &a
	}
	return st
}

func (s detailScreen) act(id actionID, f frame) (screen, []intent) {
	a, ok := f.account(s.id)
	if id == actBack || !ok {
		return s, []intent{back{}}
	}
	switch id {
	case actUp, actDown, actPageUp, actPageDn, actTop, actBottom:
		// Rows here are the tops a page may have.
		s.top = moved(s.top, max(len(s.lines(f))-f.height, 0)+1, f.height, id)
	case actUpdate:
		return s, updating(a, f)
	// Home first: a chain of repairs must not pile up screens that esc then walks back through.
	case actFix:
		return s, append([]intent{home{}}, fixNext(f, s.id)...)
	case actRefresh:
		return s, []intent{refreshAccounts{ids: []string{s.id}}}
	case actVerify:
		return s, verifying(a)
	case actList:
		return s, []intent{open{newResources(s.id)}}
	case actFiles:
		return s, []intent{open{newRegenerate(pwfile.Selection{AccountID: s.id})}}
	case actRemove:
		return s, []intent{open{newRemove(a)}}
	}
	return s, nil
}

func (s detailScreen) typed(msg tea.Msg, _ frame) (screen, []intent) { return s, nil }

// receive takes history and resources, in whatever order they come.
func (s detailScreen) receive(a answer, _ frame) (screen, []intent) {
	switch {
	case a.key != "history "+s.id && a.key != "resources "+s.id:
	case a.err != nil:
		s.problem = oneLine(a.err)
	default:
		s.problem = ""
		if history, ok := a.value.([]store.Event); ok {
			s.history = history
		}
		if list, ok := a.value.(accounts.ResourceList); ok {
			s.resources, s.rows = list, resourceTree(list)
			s.shown = search(s.rows, "")
		}
	}
	return s, nil
}
