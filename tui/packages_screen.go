package tui

import (
	tea "charm.land/bubbletea/v2"

	"fettle/pwfile/packages"
)

// packagesScreen lists the packages and what each is behind in.
// Opened by o; enter leads to the sync, which shows its plan first.
type packagesScreen struct {
	base
	focus listCursor
}

func (s packagesScreen) title(frame) string { return "Packages" }
func (s packagesScreen) scopes() []scope    { return []scope{inPackages, inScroll} }

// current is the package under the cursor.
func (s packagesScreen) current(f frame) (packages.Package, int, bool) {
	list := f.data.packages
	if len(list) == 0 {
		return packages.Package{}, 0, false
	}
	i := s.focus.row(len(list), func(i int) string { return list[i].ID })
	return list[i], i, true
}

func (s packagesScreen) situation(f frame) situation {
	st := situation{}
	if p, _, ok := s.current(f); ok {
		st.pack = &p
	}
	return st
}

func (s packagesScreen) act(id actionID, f frame) (screen, []intent) {
	switch id {
	case actBack:
		return s, []intent{back{}}
	case actAdd:
		return s, []intent{open{newPackageWizard(f)}}
	case actUp, actDown, actPageUp, actPageDn, actTop, actBottom:
		list := f.data.packages
		s.focus = s.focus.moved(id, len(list), listRows(f, 0), func(i int) string { return list[i].ID })
		return s, nil
	}
	p, _, ok := s.current(f)
	if !ok {
		return s, nil
	}
	switch id {
	case actSync:
		return s, []intent{open{newSync(p)}}
	case actRemove:
		return s, []intent{ask{packageRemoval(p)}}
	}
	return s, nil
}

// packageRemoval asks before a package is forgotten.
func packageRemoval(p packages.Package) question {
	return question{heading: "Remove " + p.Name, asks: "Forget the package " + p.Name + "?",
		body: []string{"What lies at " + p.Target + " stays there, for those who fetch it, and no longer follows."},
		yes:  []intent{removePackage{p.ID, p.Name}}}
}

func (s packagesScreen) typed(tea.Msg, frame) (screen, []intent)  { return s, nil }
func (s packagesScreen) receive(answer, frame) (screen, []intent) { return s, nil }
