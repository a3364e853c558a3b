package tui

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/internal/secret"
)

// ask shows the lines to type; what was typed before stays.
// A text is carried over only into a field of the same sort, so that a secret never lands in one that shows it.
func (s clientWizard) ask(f frame) clientWizard {
	// The client that was looked at is dropped: what is typed next may be another.
	s.at, s.found, s.reading, s.plan = clientAtForm, nil, "", nil
	k, known := s.kind(f)
	labels := []string{"Client ID", "Client secret", "Day on which the secret ends, such as " + sampleDay + " (empty: never, or not known)", "What to call it here (may stay empty)"}
	fields := []textinput.Model{field(4096), secretField(), field(len(sampleDay)), field(80)}
	if k.FileKey != "" {
		labels[clientID] = "Path of the JSON file, or its text pasted, or the client ID"
		labels[clientSecret] = "Client secret (not with a file)"
	}
	switch {
	case s.former != nil:
		labels, fields = labels[:clientLabel], fields[:clientLabel]
		labels[clientID] = "New client ID (empty: it stays)"
		labels[clientSecret] = "New client secret"
		if k.FileKey != "" {
			labels[clientID] = "Path of the new JSON file, or its text pasted, or the new client ID (empty: it stays)"
		}
	// A public client: neither a secret nor its end is asked for.
	case known && !k.NeedsSecret():
		labels, fields = slices.Delete(labels, clientSecret, clientLabel), slices.Delete(fields, clientSecret, clientLabel)
	}
	typed := s.form
	s.form = newForm(labels, fields...).withPath(clientID, "client folder")
	s.form.list.folder, s.form.list.known = typed.list.folder, typed.list.known
	for i, in := range typed.fields {
		// The name is the last line, whatever stands between; the others are at their places.
		at := i
		if s.former == nil && i == len(typed.fields)-1 {
			at = len(fields) - 1
		}
		if at < len(fields) && fields[at].EchoMode == in.EchoMode && fields[at].CharLimit == in.CharLimit {
			s.form.fields[at].SetValue(in.Value())
			s.form.fields[at].CursorEnd()
		}
	}
	return s
}

// Lines of the form. A public client has no secret, and its name in the second; a replacement keeps the name.
const (
	clientID = iota
	clientSecret
	clientSecretEnd
	clientLabel
)

// hasSecret reports whether the form asks for a secret.
func (s clientWizard) hasSecret() bool { return len(s.form.fields) > clientSecretEnd }

// sampleDay shows how a day is typed.
const sampleDay = "2027-01-31"

// dayOf reads a day as sampleDay is one; nothing typed is no day.
func dayOf(text string) (day time.Time, problem string) {
	if text == "" {
		return time.Time{}, ""
	}
	day, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return time.Time{}, text + " is no day such as " + sampleDay + "."
	}
	return day, ""
}

// secretEnd is the day that was typed. One that is none puts the keys there and says so.
func (s clientWizard) secretEnd() (clientWizard, time.Time, bool) {
	if !s.hasSecret() {
		return s, time.Time{}, true
	}
	day, problem := dayOf(s.form.value(clientSecretEnd))
	if problem != "" {
		s.form, s.problem = s.form.focused(clientSecretEnd), problem
	}
	return s, day, problem == ""
}

func (s clientWizard) typed(msg tea.Msg, f frame) (screen, []intent) {
	s.problem = ""
	if pasted, ok := msg.(tea.PasteMsg); ok && isJSON(pasted.Content) {
		return s.read([]byte(pasted.Content), f)
	}
	var wants []intent
	s.form, wants = s.form.typed(msg)
	return s, wants
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
// enter on a line with a chosen name takes the name first.
func (s clientWizard) take(f frame) (screen, []intent) {
	if s.form.chosen() != "" {
		var wants []intent
		s.form, wants = s.form.completed()
		if strings.HasSuffix(s.form.value(clientID), string(filepath.Separator)) {
			return s, wants // into the folder
		}
	}
	first := s.form.value(clientID)
	switch {
	// Read by a command and looked at first: the other lines may not be needed.
	case isPath(first):
		s.reading = first
		return s, []intent{askClientFile{s.key(), first}}
	case s.former == nil && first == "":
		s.form = s.form.focused(clientID)
		s.problem = "The client ID is missing."
		return s, nil
	case s.hasSecret() && s.form.focus >= clientSecret && s.secretMissing(f) != "":
		s.problem = s.secretMissing(f)
		s.form = s.form.focused(clientSecret)
		return s, nil
	case !s.form.last():
		s.form = s.form.focused(s.form.focus + 1)
		return s, nil
	case s.former != nil:
		return s.replacement(f)
	}
	return s.typedIn(f)
}

// secretMissing says why an empty secret will not do. A public client that gets another ID goes on without one.
func (s clientWizard) secretMissing(f frame) string {
	k, known := s.kind(f)
	id := s.form.value(clientID)
	switch {
	case s.form.value(clientSecret) != "":
	case s.former != nil && (id == "" || id == s.former.OAuthID || s.former.HasSecret):
		return "The new secret is empty."
	case s.former == nil && known && k.NeedsSecret():
		return "A client of the kind " + k.Name + " has a secret: without it the provider refuses every request."
	}
	return ""
}

// replacement makes the change of the lines that were typed.
func (s clientWizard) replacement(f frame) (screen, []intent) {
	c := accounts.NewClient{Provider: s.former.Provider, OAuthID: cmp.Or(s.form.value(clientID), s.former.OAuthID), Label: s.former.Label, Secret: secret.New(s.form.value(clientSecret)), Auth: s.former.Auth, Kind: s.former.Kind}
	s, ends, ok := s.secretEnd()
	if !ok {
		return s, nil
	}
	c.SecretExpiresAt = ends
	s.found = &c
	return s.look(f)
}

// typedIn makes a client of the lines that were typed.
func (s clientWizard) typedIn(f frame) (screen, []intent) {
	k, _ := s.kind(f)
	c := accounts.NewClient{Provider: s.provider(f).ID, OAuthID: s.form.value(clientID), Kind: k.ID, Auth: k.Auth}
	if s.hasSecret() {
		c.Secret = secret.New(s.form.value(clientSecret))
	}
	c.Label = s.form.value(len(s.form.fields) - 1)
	s, ends, ok := s.secretEnd()
	if !ok {
		return s, nil
	}
	if !c.Secret.Empty() {
		c.SecretExpiresAt = ends
	}
	s.found = &c
	return s.look(f)
}
