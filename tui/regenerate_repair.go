package tui

import (
	"slices"
	"strings"

	"fettle/accounts"
	"fettle/pwfile"
)

// refusal is what keeps the canvas under the cursor from being written, where signing in would help.
// It is what u acts on, so it is looked up at each key rather than remembered.
func (s regenerateWizard) refusal() (pwfile.Refusal, bool) {
	o, ok := s.which.chosen()
	if s.plan == nil || !ok || s.at != regenWhich {
		return pwfile.Refusal{}, false
	}
	for _, item := range s.plan.Items {
		if r := item.Refused; item.Canvas.ID == o.id && r != nil && slices.Contains(signInHelps, r.Kind) {
			return *r, true
		}
	}
	return pwfile.Refusal{}, false
}

// refusalWords say what stands in the way of a canvas and what to press; a command is named only where no key helps.
func refusalWords(r pwfile.Refusal) string {
	words := strings.TrimSuffix(r.Why, ".") + "." // a name keeps its small letter
	switch {
	case r.Account == "":
		words = sentence(r.Why)
	case !strings.HasPrefix(r.Why, r.Account):
		words = r.Account + ": " + words
	}
	switch r.Kind {
	case pwfile.RefusedDead:
		return words + " Press u to repair it."
	case pwfile.RefusedNeedsDedicated:
		return words + " Press u to sign in for it."
	}
	return words + " " + sentence(r.Remedy)
}

// signInHelps are the refusals that u mends; the others name a command.
var signInHelps = []pwfile.RefusalKind{pwfile.RefusedDead, pwfile.RefusedNeedsDedicated}

// repair opens what makes the canvas under the cursor writable: the repair of its account, or the sign-in for a
// credential that is the file's own.
func (s regenerateWizard) repair(f frame) []intent {
	r, ok := s.refusal()
	if !ok {
		return nil
	}
	a, known := f.account(r.AccountID)
	switch {
	case !known:
		return nil
	case r.Kind != pwfile.RefusedNeedsDedicated:
		return updating(a, f)
	}
	// Asked, because it takes a sign-in now and another one for each later writing.
	return []intent{ask{question{
		heading: r.Dedicated, asks: "Sign in for a credential of this file's own?",
		body: []string{
			a.ProviderName + " accepts each refresh token once: whoever uses it takes it from everybody else, so a file and this book cannot share one. The file needs a sign-in of its own, " + r.Dedicated + ", for the same services as " + a.Name + ".",
			"Once the file is written and read back it is the only holder: fettle erases its copy and says so on " + r.Dedicated + ". The job still calls it " + a.Name + ". To write the file again later means to sign in again.",
			"Jobs on this machine need none of this: fettle exec --canvas uses the book.",
		},
		yes: []intent{open{newDedicated(a, r.Dedicated, f)}},
	}}}
}

// newDedicated signs in for the credential that one password file will hold.
func newDedicated(model accounts.Account, name string, f frame) authorizeWizard {
	// An account of that name is there from the last time: it keeps its generation and its history.
	if own, ok := f.data.snapshot.ByName(name); ok && !unfinished(own.ID) {
		return newUpdate(own, f)
	}
	model.Name = name
	return newUpdate(model, f)
}
