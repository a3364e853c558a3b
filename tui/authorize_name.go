package tui

import (
	"fmt"
	"strings"
)

// suggestName is a free reference name made of the service and the provider.
func (s authorizeWizard) suggestName(f frame) string {
	stem := s.request.Provider
	if len(s.services.ticked) > 0 {
		stem = s.services.ticked[0] + "-" + stem
	}
	stem = nameLike(stem)
	name := stem
	for i := 2; s.taken(name, f) != ""; i++ {
		name = fmt.Sprintf("%s-%d", stem, i)
	}
	return name
}

// taken says who has a name already.
// The book decides again when it reserves the name; here it is said before a question further on is answered.
func (s authorizeWizard) taken(name string, f frame) string {
	switch a, ok := f.data.snapshot.ByName(name); {
	case !ok:
		return ""
	case unfinished(a.ID):
		return "A sign-in for " + name + " was begun and is not finished: enter on its row opens it."
	}
	return name + " exists already: u on its row updates it. Choose another name for a new account."
}

// nameLike makes a text a reference name, as far as it can.
func nameLike(s string) string {
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, strings.ToLower(s))
	name = strings.TrimLeft(name, "-0123456789")
	// Shorter than a name may be, so that a number fits behind it.
	return name[:min(len(name), 50)]
}
