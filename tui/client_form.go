package tui

import (
	"cmp"
	"strings"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/internal/secret"
)

// ask shows the lines to type; what was typed before stays.
func (s clientWizard) ask(f frame) clientWizard {
	s.at, s.found, s.reading, s.plan = clientAtForm, nil, "", nil
	k, known := s.kind(f)
	public := known && !k.NeedsSecret()
	if s.former != nil {
		id := field(4096)
		id.SetValue(s.form.value(0))
		labels := []string{"New client ID (empty: it stays)", "New client secret"}
		if k.FileKey != "" {
			labels[0] = "Path of the new JSON file, or its text pasted, or the new client ID (empty: it stays)"
		}
		s.form = newForm(labels, id, secretField())
		return s
	}
	labels := []string{"Client ID", "Client secret", "What to call it here (may stay empty)"}
	if k.FileKey != "" {
		labels[0] = "Path of the JSON file, or its text pasted, or the client ID"
		labels[1] = "Client secret (not with a file)"
	}
	id := field(4096)
	if len(s.form.fields) > 0 {
		id.SetValue(s.form.value(0))
	}
	if public {
		s.form = newForm([]string{labels[0], labels[2]}, id, field(80))
		return s
	}
	s.form = newForm(labels, id, secretField(), field(80))
	return s
}

func (s clientWizard) typed(msg tea.Msg, f frame) (screen, []intent) {
	s.problem = ""
	if pasted, ok := msg.(tea.PasteMsg); ok && isJSON(pasted.Content) {
		return s.read([]byte(pasted.Content), f)
	}
	s.form = s.form.typed(msg)
	return s, nil
}

// isJSON tells the text of a client file from a client ID.
func isJSON(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), "{") }

// isPath tells a path from a client ID: no provider gives out IDs that look like one.
func isPath(text string) bool {
	for _, start := range []string{"/", "~/", "./", "../"} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return strings.HasSuffix(text, ".json")
}

// take goes on with what is typed: the next line, the file, or the client itself.
func (s clientWizard) take(f frame) (screen, []intent) {
	first := s.form.value(0)
	switch {
	case isPath(first):
		s.reading = first
		return s, []intent{askClientFile{s.key(), first}}
	case s.former != nil && !s.form.last():
		s.form = s.form.focused(1)
		return s, nil
	case s.former != nil:
		return s.replacement(f)
	case first == "":
		s.form = s.form.focused(0)
		s.problem = "The client ID is missing."
		return s, nil
	case !s.form.last():
		s.form = s.form.focused(s.form.focus + 1)
		return s, nil
	}
	return s.typedIn(f)
}

// replacement makes the change of the lines that were typed.
func (s clientWizard) replacement(f frame) (screen, []intent) {
	c := accounts.NewClient{Provider: s.former.Provider, OAuthID: cmp.Or(s.form.value(0), s.former.OAuthID), Label: s.former.Label, Secret: secret.New(s.form.value(1)), Auth: s.former.Auth, Kind: s.former.Kind}
	if c.Secret.Empty() && (c.OAuthID == s.former.OAuthID || s.former.HasSecret) {
		s.problem = "The new secret is empty."
		return s, nil
	}
	s.found = &c
	return s.look(f)
}

// typedIn makes a client of the lines that were typed.
func (s clientWizard) typedIn(f frame) (screen, []intent) {
	k, known := s.kind(f)
	c := accounts.NewClient{Provider: s.provider(f).ID, OAuthID: s.form.value(0), Kind: k.ID, Auth: k.Auth}
	if len(s.form.fields) > 2 {
		c.Secret = secret.New(s.form.value(1))
	}
	c.Label = s.form.value(len(s.form.fields) - 1)
	if known && k.NeedsSecret() && c.Secret.Empty() {
		s.form = s.form.focused(1)
		s.problem = "A client of the kind " + k.Name + " has a secret: without it the provider refuses every request."
		return s, nil
	}
	s.found = &c
	return s.look(f)
}
