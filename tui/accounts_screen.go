package tui

import (
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/pwfile"
)

// accountsScreen is the first screen: every account, worst first. The cursor is an account ID, never a
// row: a refresh that moves rows does not move the finger.
type accountsScreen struct {
	base
	at     string   // account under the cursor; "" = the first
	marked []string // account IDs
	order  order
	filter textinput.Model
	typed_ bool // the filter has the keys
	former int  // first row drawn when the cursor last moved
}

// order is how the list is sorted.
type order int

const (
	byHealth order = iota
	byName
	byDeath
	byStale
	orders
)

var orderNames = [orders]string{"worst first", "by name", "by date of death", "by stale files"}

func newAccounts() accountsScreen {
	in := textinput.New()
	in.Prompt = "/ "
	in.CharLimit = 100
	return accountsScreen{filter: in}
}

func (s accountsScreen) title(frame) string { return "Accounts" }
func (s accountsScreen) typing() bool       { return s.typed_ }

func (s accountsScreen) scopes() []scope {
	if s.typed_ {
		return []scope{inText}
	}
	return []scope{inAccounts, inScroll}
}

func (s accountsScreen) situation(f frame) situation {
	st := situation{known: len(f.data.snapshot.Accounts), marked: len(s.marked), broken: len(f.data.problems) + f.data.files}
	if a, ok := s.current(f); ok {
		st.account = &a
	}
	if !s.typed_ && s.filter.Value() == "" && len(s.marked) == 0 {
		st.back = "this is the first screen; q quits"
	}
	return st
}

// rows are the accounts shown, in order.
func (s accountsScreen) rows(f frame) []accounts.Account {
	rows := f.data.snapshot.Accounts
	if q := strings.ToLower(strings.TrimSpace(s.filter.Value())); q != "" {
		var hits []accounts.Account
		for i, text := range f.data.searchable {
			if strings.Contains(text, q) {
				hits = append(hits, rows[i])
			}
		}
		rows = hits
	}
	if s.order == byHealth {
		return rows
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b accounts.Account) int { return s.order.compare(a, b, f.data.stale) })
	return rows
}

// searchable is the text that the filter looks at.
func searchable(a accounts.Account, now time.Time) string {
	return strings.ToLower(strings.Join([]string{a.Name, serviceWords(a), a.ProviderName, identityWords(a), stateWords(a, now), strings.Join(a.Canvases, " ")}, " "))
}

func (o order) compare(a, b accounts.Account, stale map[string]int) int {
	switch o {
	case byDeath:
		switch da, db := a.Health.DiesAt, b.Health.DiesAt; {
		case da.IsZero() != db.IsZero():
			if da.IsZero() {
				return 1
			}
			return -1
		default:
			return da.Compare(db)
		}
	case byStale:
		return stale[b.ID] - stale[a.ID]
	}
	return strings.Compare(a.Name, b.Name)
}

// position is the row of the cursor among rows.
func (s accountsScreen) position(rows []accounts.Account) int {
	for i := range rows {
		if rows[i].ID == s.at {
			return i
		}
	}
	return 0
}

// current is the account under the cursor.
func (s accountsScreen) current(f frame) (accounts.Account, bool) {
	rows := s.rows(f)
	if len(rows) == 0 {
		return accounts.Account{}, false
	}
	return rows[s.position(rows)], true
}

func (s accountsScreen) act(id actionID, f frame) (screen, []intent) {
	switch id {
	case actUp, actDown, actPageUp, actPageDn, actTop, actBottom:
		return s.move(id, f), nil
	case actFilter:
		s.typed_ = true
		s.filter.Focus()
		return s, nil
	case actNext:
		s.typed_ = false
		s.filter.Blur()
		return s, nil
	case actBack:
		return s.cleared(), nil
	case actSort:
		s.order = (s.order + 1) % orders
		return s, []intent{notify{"Sorted " + orderNames[s.order] + ".", accounts.SeverityOK}}
	case actMark, actMarkAll:
		return s.mark(id, f), nil
	}
	return s, s.want(id, f)
}

// cleared undoes one thing per esc: the filter, then the marks.
func (s accountsScreen) cleared() accountsScreen {
	if s.typed_ || s.filter.Value() != "" {
		s.typed_ = false
		s.filter.Blur()
		s.filter.Reset()
		return s
	}
	s.marked = nil
	return s
}

func (s accountsScreen) move(id actionID, f frame) accountsScreen {
	rows := s.rows(f)
	if len(rows) == 0 {
		return s
	}
	height := listHeight(f)
	at := moved(s.position(rows), len(rows), height, id)
	s.former = windowOf(s.former, at, len(rows), height).from
	s.at = rows[at].ID
	return s
}

func (s accountsScreen) mark(id actionID, f frame) accountsScreen {
	if id == actMarkAll {
		if len(s.marked) > 0 {
			s.marked = nil
			return s
		}
		for _, a := range s.rows(f) {
			s.marked = append(slices.Clone(s.marked), a.ID)
		}
		return s
	}
	a, ok := s.current(f)
	if !ok {
		return s
	}
	if i := slices.Index(s.marked, a.ID); i >= 0 {
		s.marked = slices.Delete(slices.Clone(s.marked), i, i+1)
	} else {
		s.marked = append(slices.Clone(s.marked), a.ID)
	}
	return s.move(actDown, f)
}

// subjects are the accounts an action is for: the marked ones, else the one under the cursor.
func (s accountsScreen) subjects(f frame) []string {
	if len(s.marked) > 0 {
		return s.marked
	}
	if a, ok := s.current(f); ok {
		return []string{a.ID}
	}
	return nil
}

// want says what an action on the list asks for.
func (s accountsScreen) want(id actionID, f frame) []intent {
	a, _ := s.current(f)
	switch id {
	case actFix:
		return fixNext(f)
	case actOpen, actUpdate, actRemove:
		if strings.HasPrefix(a.ID, pendingID) {
			return []intent{takeOver{*a.Pending}}
		}
	}
	switch id {
	case actOpen:
		return []intent{open{newDetail(a.ID)}}
	case actRefresh:
		return []intent{refreshAccounts{ids: s.subjects(f)}}
	case actVerify:
		return []intent{verifyAccounts{ids: s.subjects(f)}}
	case actUpdate:
		return []intent{open{newUpdate(a, f)}}
	case actAdd:
		return []intent{open{newAuthorize(f)}}
	case actRemove:
		return []intent{open{newRemove(a)}}
	case actFiles:
		return []intent{open{newRegenerate(pwfile.Selection{Stale: true})}}
	}
	return nil
}

func (s accountsScreen) typed(msg tea.Msg, f frame) (screen, []intent) {
	s.filter, _ = s.filter.Update(msg)
	s.former = 0
	return s, nil
}

func (s accountsScreen) receive(answer, frame) (screen, []intent) { return s, nil }
