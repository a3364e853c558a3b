package tui

import (
	"maps"
	"slices"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/pwfile"
)

// accountsScreen is the first screen: every account, worst first. The cursor is an account ID, never a
// row: a refresh that moves rows does not move the finger.
type accountsScreen struct {
	base
	at        string // account under the cursor; "" = the first
	line      int    // where it was last
	marked    map[string]bool
	order     order
	filter    textinput.Model
	filtering bool // the filter has the keys
	former    int  // first row drawn when the cursor last moved

	// The rows are kept so that a key costs no search; they hold for one look, one filter and one order (see rows).
	shown []int // the rows, as worked out of one look
	taken int64 // that look
}

func newAccounts() accountsScreen {
	return accountsScreen{filter: searchField()}
}

func (s accountsScreen) title(frame) string { return "Accounts" }
func (s accountsScreen) typing() bool       { return s.filtering }

func (s accountsScreen) scopes() []scope {
	if s.filtering {
		return []scope{inText}
	}
	return []scope{inAccounts, inScroll}
}

// situation says no to esc only where it would undo nothing: on the first screen there is no way back.
func (s accountsScreen) situation(f frame) situation {
	st := situation{known: len(f.data.snapshot.Accounts), marked: len(s.marked), broken: len(f.data.problems) + f.data.files}
	if a, ok := s.current(f); ok {
		st.account, st.begun = a, unfinished(a.ID)
	}
	if !s.filtering && s.filter.Value() == "" && len(s.marked) == 0 {
		st.back = "this is the first screen; q quits"
	}
	return st
}

// rows are the accounts shown, in order.
// In the book's own order without a filter nothing is kept: the rows are all there are.
func (s accountsScreen) rows(f frame) rows {
	r := rows{all: f.data.snapshot.Accounts}
	switch {
	case s.order == byHealth && s.filter.Value() == "":
		r.every = true
	// A frame of a later look than the kept rows were worked out of comes before renewed does; positions of another
	// look would be other accounts.
	case s.taken == f.data.taken:
		r.shown = s.shown
	default:
		r.shown = chosen(s.filter.Value(), s.order, f.data)
	}
	return r
}

// arranged works the rows out anew.
func (s accountsScreen) arranged(f frame) accountsScreen {
	s.shown, s.taken = chosen(s.filter.Value(), s.order, f.data), f.data.taken
	return s
}

// renewed follows the book: rows, cursor and marks of accounts that are gone.
// What is gone loses its mark: a common action would otherwise be for accounts nobody sees.
func (s accountsScreen) renewed(f frame) (screen, []intent) {
	s = s.arranged(f)
	s.line = s.rows(f).find(s.at, s.line)
	if len(s.marked) > 0 {
		there := make(map[string]bool, len(s.marked))
		for i := range f.data.snapshot.Accounts {
			if id := f.data.snapshot.Accounts[i].ID; s.marked[id] {
				there[id] = true
			}
		}
		s.marked = there
	}
	return s, nil
}

// current is the account under the cursor.
func (s accountsScreen) current(f frame) (*accounts.Account, bool) {
	r := s.rows(f)
	if r.len() == 0 {
		return nil, false
	}
	return r.at(r.find(s.at, s.line)), true
}

func (s accountsScreen) act(id actionID, f frame) (screen, []intent) {
	switch id {
	case actUp, actDown, actPageUp, actPageDn, actTop, actBottom:
		return s.move(id, f), nil
	case actFilter:
		s.filtering = true
		s.filter.Focus()
		return s, nil
	case actNext:
		s.filtering = false
		s.filter.Blur()
		return s, nil
	case actBack:
		return s.cleared().arranged(f), nil
	case actSort:
		s.order = (s.order + 1) % orders
		return s.arranged(f), []intent{notify{"Sorted " + orderNames[s.order] + ".", accounts.SeverityOK}}
	case actMark:
		return s.mark(f), nil
	case actMarkAll:
		return s.markAll(f), nil
	}
	return s, s.want(id, f)
}

// cleared undoes one thing per esc: the filter, then the marks.
func (s accountsScreen) cleared() accountsScreen {
	if s.filtering || s.filter.Value() != "" {
		s.filtering = false
		s.filter.Blur()
		s.filter.Reset()
		return s
	}
	s.marked = nil
	return s
}

// move remembers the line beside the ID, so that finding the cursor again costs one look and not ten thousand.
func (s accountsScreen) move(id actionID, f frame) accountsScreen {
	r := s.rows(f)
	if r.len() == 0 {
		return s
	}
	height := listHeight(f)
	s.line = moved(r.find(s.at, s.line), r.len(), height, id)
	s.former = windowOf(s.former, s.line, r.len(), height).from
	s.at = r.at(s.line).ID
	return s
}

// mark marks the account under the cursor, or not, and goes on. A sign-in that is no account yet stays out.
func (s accountsScreen) mark(f frame) accountsScreen {
	a, ok := s.current(f)
	if !ok || unfinished(a.ID) {
		return s
	}
	s.marked = maps.Clone(s.marked)
	switch {
	case s.marked[a.ID]:
		delete(s.marked, a.ID)
	case s.marked == nil:
		s.marked = map[string]bool{a.ID: true}
	default:
		s.marked[a.ID] = true
	}
	return s.move(actDown, f)
}

// markAll marks what is shown, or nothing.
func (s accountsScreen) markAll(f frame) accountsScreen {
	if len(s.marked) > 0 {
		s.marked = nil
		return s
	}
	r := s.rows(f)
	s.marked = make(map[string]bool, r.len())
	for i := range r.len() {
		if id := r.at(i).ID; !unfinished(id) {
			s.marked[id] = true
		}
	}
	return s
}

// subjects are the accounts an action is for: the marked ones, worst first, else the one under the cursor.
// Marked ones count also where the filter hides them: the strip tells how many there are.
func (s accountsScreen) subjects(f frame) []string {
	var ids []string
	for i := range f.data.snapshot.Accounts {
		if id := f.data.snapshot.Accounts[i].ID; s.marked[id] {
			ids = append(ids, id)
		}
	}
	if a, ok := s.current(f); ok && len(ids) == 0 {
		ids = []string{a.ID}
	}
	return slices.Clip(ids)
}

// want says what an action on the list asks for.
func (s accountsScreen) want(id actionID, f frame) []intent {
	switch id {
	case actFix:
		return fixNext(f, "")
	case actAdd:
		return []intent{open{newAuthorize(f)}}
	case actExplain:
		return []intent{open{newDiagnose()}}
	case actClients:
		return []intent{open{clientsScreen{}}}
	case actCanvas:
		return []intent{open{newCanvases()}}
	case actPacks:
		return []intent{open{packagesScreen{}}}
	case actEvents:
		return []intent{open{activityScreen{}}}
	case actFiles:
		return []intent{open{newRegenerate(pwfile.Selection{Stale: true})}}
	case actRefresh:
		return []intent{refreshAccounts{ids: s.subjects(f)}}
	case actVerify:
		return s.verify(f)
	}
	a, ok := s.current(f)
	switch {
	case !ok:
	// A sign-in under way has no page of its own facts: enter goes on with it.
	case id == actUpdate || id == actOpen && unfinished(a.ID):
		return updating(*a, f)
	case id == actOpen:
		return []intent{open{newDetail(a.ID)}}
	case id == actRemove:
		return []intent{open{newRemove(*a)}}
	}
	return nil
}

// verify opens the checklist of one account; several are verified behind the list.
func (s accountsScreen) verify(f frame) []intent {
	ids := s.subjects(f)
	if len(ids) == 1 {
		if a, ok := f.account(ids[0]); ok {
			return verifying(a)
		}
	}
	return []intent{verifyAccounts{ids: ids}}
}

// typed narrows the list; the cursor stays on its account as long as that is among the hits.
func (s accountsScreen) typed(msg tea.Msg, f frame) (screen, []intent) {
	s.filter = typedInto(s.filter, msg)
	s.former = 0
	return s.arranged(f), nil
}

func (s accountsScreen) receive(answer, frame) (screen, []intent) { return s, nil }
