package tui

import (
	"path/filepath"
	"slices"
	"strings"

	"fettle/pwfile"
)

// newCanvasEdit is the wizard filled with what a canvas is.
// Left as it is and taken to the end, it changes nothing.
func newCanvasEdit(c pwfile.Canvas, f frame) canvasWizard {
	s := newCanvasWizard(f)
	s.id, s.former, s.revision, s.named = c.ID, c.Name, c.Revision, true
	s.file = newPathField("canvas file", c.Path)
	s.name.SetValue(c.Name)
	for _, id := range c.AccountIDs { // one that is gone could not be unticked
		if slices.ContainsFunc(s.users.options, func(o option) bool { return o.id == id }) {
			s.users.ticked = append(s.users.ticked, id)
		}
	}
	s.users.options = sortedOptions(s.users.options, s.users.ticked)
	var copies []string
	// The first place is the password file's own, the others are copies.
	for i, p := range c.Places {
		if i == 0 {
			s.places.fields[fieldMain].SetValue(p.Target)
			continue
		}
		copies = append(copies, p.Target)
	}
	s.places.fields[fieldCopies].SetValue(pathsText(copies))
	s.places.fields[fieldGroup].SetValue(c.Group)
	s.keys.fields[0].SetValue(strings.Join(c.Recipients, ", "))
	switch {
	case c.Passphrase:
		s.readers.at = readsPassphrase
	case len(c.Recipients) > 0:
		s.readers.at = readsKeys
	}
	return s
}

// sortedOptions puts what is ticked first, each part by name.
// Of a thousand accounts the few that are ticked have to be found.
func sortedOptions(options []option, ticked []string) []option {
	slices.SortFunc(options, func(a, b option) int {
		if was, is := slices.Contains(ticked, a.id), slices.Contains(ticked, b.id); was != is {
			if was {
				return -1
			}
			return 1
		}
		return strings.Compare(a.label, b.label)
	})
	return options
}

// wanted is the intent that keeps what was answered.
func (s canvasWizard) wanted(f frame) intent {
	o, _ := s.readers.chosen()
	n := pwfile.NewCanvas{
		Name: strings.TrimSpace(s.name.Value()), Path: s.file.value(), PasswordFile: s.places.value(fieldMain),
		Copies: pathsOf(s.places.value(fieldCopies)), Group: s.places.value(fieldGroup), Passphrase: o.id == readsPassphrase,
	}
	for _, id := range s.users.ticked {
		if a, ok := f.account(id); ok {
			n.AccountNames = append(n.AccountNames, a.Name)
		}
	}
	if o.id == readsKeys {
		// Commas, because an SSH key has blanks in it.
		for _, k := range strings.Split(s.keys.value(0), ",") {
			if k = strings.TrimSpace(k); k != "" {
				n.Recipients = append(n.Recipients, k)
			}
		}
	}
	if s.id == "" {
		return addCanvas{n}
	}
	// Every answer is sent, the unchanged ones too: what was emptied has to be told from what was not asked.
	return editCanvas{id: s.id, name: s.former, change: pwfile.Change{
		Revision: s.revision, Name: &n.Name, Path: &n.Path, AccountNames: &n.AccountNames, PasswordFile: &n.PasswordFile,
		Copies: &n.Copies, Recipients: &n.Recipients, Passphrase: &n.Passphrase, Group: &n.Group,
	}}
}

// nameOf makes a reference name of a file's name.
func nameOf(path string) string {
	base := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '-'
	}, base)
	return strings.Trim(name, "-")
}
