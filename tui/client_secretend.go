package tui

import (
	"time"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// secretEndQuestion asks for the day on which the secret of a client ends. Only the operator can know it: the provider
// shows it in its console, and says nothing to programs.
// It lies over the list of the clients, and noting the day changes nothing at the provider.
type secretEndQuestion struct {
	base
	client  accounts.ClientInfo
	day     form
	problem string
}

func newSecretEnd(c accounts.ClientInfo) secretEndQuestion {
	in := field(len(sampleDay))
	if !c.SecretExpiresAt.IsZero() {
		in.SetValue(c.SecretExpiresAt.UTC().Format(time.DateOnly))
		in.CursorEnd()
	}
	return secretEndQuestion{client: c, day: newForm([]string{"The day, such as " + sampleDay}, in)}
}

func (s secretEndQuestion) title(frame) string { return "End of the secret" }
func (s secretEndQuestion) typing() bool       { return true }
func (s secretEndQuestion) scopes() []scope    { return s.day.scopes() }

func (s secretEndQuestion) act(id actionID, _ frame) (screen, []intent) {
	switch id {
	case actBack:
		return s, []intent{back{}}
	// The other marks are given again as they are, for marks are written as a whole.
	case actNext:
		day, problem := dayOf(s.day.value(0))
		if problem != "" {
			s.problem = problem
			return s, nil
		}
		return s, []intent{back{}, markClient{s.client.ID, s.client.Label, accounts.ClientMarks{Kind: s.client.Kind, Testing: s.client.Testing, SecretExpiresAt: day}}}
	}
	return s, nil
}

func (s secretEndQuestion) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.problem = ""
	s.day, _ = s.day.typed(msg)
	return s, nil
}

func (s secretEndQuestion) receive(answer, frame) (screen, []intent) { return s, nil }

func (s secretEndQuestion) view(f frame) string {
	hint := "fettle warns before that day. Empty: it never ends, or nobody knows when."
	return steps{}.answer("When does the secret of "+s.client.Label+" end?", s.day.lines, s.problem, hint, f)
}
