package tui

import (
	"path/filepath"
	"strings"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
)

// canvasWizard adds a canvas, or changes one: where it lies, its name, the accounts it uses, where its
// password file has to lie, who opens it.
// Opened from the canvases. Until the last step it stores nothing; what was answered stays through a refusal, to be changed.
type canvasWizard struct {
	base
	id, former string // of the canvas that is changed; "" = a new one
	revision   int64  // as it was opened: the book refuses the change if somebody else made one meanwhile

	at      int
	file    pathField
	name    textinput.Model
	named   bool // the name was typed; else it follows the file
	users   choice
	places  form
	readers choice
	asking  bool // for the recipients
	keys    form
	problem string
	after   choice
}

var canvasSteps = []string{"File", "Name", "Accounts", "Places", "Readers", "Done"}

// Steps of the canvas wizard; at the last one the job decides.
const (
	canvasFile = iota
	canvasName
	canvasUsers
	canvasPlaces
	canvasReaders
	canvasDone
)

// Who opens a password file.
const (
	readsServer     = "server"
	readsKeys       = "keys"
	readsPassphrase = "passphrase"
)

// Fields of the step Places.
const (
	fieldMain = iota
	fieldCopies
	fieldGroup
)

// newCanvasWizard asks for everything. A sign-in under way is no account yet, so it cannot be ticked.
func newCanvasWizard(f frame) canvasWizard {
	name := field(63)
	main, copies, group, keys := field(4096), field(8192), field(64), field(8192)
	// What an empty field stands for.
	main.Placeholder = "beside the canvas file"
	copies.Placeholder = "paths or sftp://user@host/path, with blanks between them"
	group.Placeholder = "nobody else"
	keys.Placeholder = "age1… or ssh-ed25519 …, with commas between them"
	s := canvasWizard{
		file: newPathField("canvas file", ""), name: name,
		users: choice{several: true},
		places: newForm([]string{"Where the password file lies", "Further places that need a copy (\"in quotes\" if a path has blanks)", "A group that may read it (0640)"},
			main, copies, group).withPath(fieldMain, "password file"),
		readers: choice{options: []option{
			{id: readsServer, label: "This server", note: "Its own identity: jobs of this user on this machine."},
			{id: readsKeys, label: "Other servers", note: "Their recipients, as `fettle server init` printed them there."},
			{id: readsPassphrase, label: "Whoever knows a passphrase", note: "It is asked for at each regeneration, so none can happen unattended."},
		}},
		keys: newForm([]string{"Recipients"}, keys),
	}
	for _, a := range f.data.snapshot.Accounts {
		if !unfinished(a.ID) {
			s.users.options = append(s.users.options, option{id: a.ID, label: a.Name, note: strings.TrimSpace(serviceWords(a) + "  " + identityWords(a))})
		}
	}
	s.users.options = sortedOptions(s.users.options, nil)
	return s
}

func (s canvasWizard) start() []intent { return s.file.start() }

func (s canvasWizard) title(frame) string {
	if s.id == "" {
		return "Add a canvas"
	}
	return "Change " + s.former
}

// jobID is the work this wizard ends with.
// The name is trimmed as wanted trims it: the page looks for the job that wanted begins.
func (s canvasWizard) jobID() jobID {
	if s.id == "" {
		return jobID{jobCanvas, strings.TrimSpace(s.name.Value())}
	}
	return jobID{jobCanvas, s.former}
}

func (s canvasWizard) typing() bool {
	return s.at == canvasFile || s.at == canvasName || s.at == canvasPlaces || s.asking
}

func (s canvasWizard) scopes() []scope {
	switch s.at {
	case canvasFile:
		return []scope{inPath, inWizard}
	case canvasUsers:
		return []scope{inChoice, inWizard, inScroll}
	case canvasPlaces:
		return s.places.scopes()
	}
	return []scope{inWizard, inScroll}
}

// situation holds enter back until the step is answered; whether the answer is good the book says at the end.
func (s canvasWizard) situation(f frame) situation {
	st := situation{firm: true}
	j, begun := f.jobs.get(s.jobID())
	switch {
	case s.at == canvasFile && s.file.value() == "" && s.file.chosen() == "":
		st.next = "name the canvas file"
	case s.at == canvasName && strings.TrimSpace(s.name.Value()) == "":
		st.next = "give it a name"
	case s.at == canvasUsers && len(s.users.ticked) == 0:
		st.next = "tick at least one account"
	case s.at == canvasDone && begun && (j.running || j.settling):
		st.next = settlingWords
	}
	if s.at == canvasDone && begun {
		st.job = &j
	}
	return st
}

func (s canvasWizard) receive(a answer, _ frame) (screen, []intent) {
	s.file, s.places = s.file.receive(a), s.places.receive(a)
	return s, nil
}

func (s canvasWizard) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.problem = ""
	var wants []intent
	switch {
	case s.at == canvasFile:
		s.file, wants = s.file.typed(msg)
	case s.at == canvasName:
		s.name = typedInto(s.name, msg)
		s.named = true
	case s.at == canvasPlaces:
		s.places, wants = s.places.typed(msg)
	case s.asking:
		s.keys, _ = s.keys.typed(msg)
	}
	return s, wants
}

func (s canvasWizard) act(id actionID, f frame) (screen, []intent) {
	if s.at == canvasDone {
		return s.ended(id, f)
	}
	switch id {
	case actBack:
		return s.backward()
	case actNext:
		return s.forward(f)
	case actPath:
		var wants []intent
		if s.at == canvasPlaces {
			s.places, wants = s.places.completed()
		} else {
			s.file, wants = s.file.completed()
		}
		return s, wants
	case actField, actFieldUp:
		s.places = s.places.stepped(id)
		return s, nil
	}
	switch s.at {
	case canvasUsers:
		s.users, _ = s.users.act(id, f.height)
	case canvasReaders:
		s.readers, _ = s.readers.act(id, f.height)
	}
	return s, nil
}

// backward is esc: one step back, nothing answered is lost.
func (s canvasWizard) backward() (screen, []intent) {
	s.problem = ""
	switch {
	case s.at == canvasFile:
		return s, []intent{back{}}
	case s.asking:
		s.asking = false
	default:
		s.at--
	}
	return s, nil
}

// forward takes the answer of a step. The last one keeps the canvas.
func (s canvasWizard) forward(f frame) (screen, []intent) {
	switch s.at {
	case canvasFile:
		// Enter takes the chosen name; a folder is gone into, a file is the answer.
		if s.file.chosen() != "" {
			var wants []intent
			s.file, wants = s.file.completed()
			if strings.HasSuffix(s.file.value(), string(filepath.Separator)) {
				return s, wants // into the folder
			}
		}
		// Made of the file's name until somebody typed another.
		if !s.named {
			s.name.SetValue(nameOf(s.file.value()))
			s.name.CursorEnd()
		}
	case canvasPlaces:
		// Here a path is one answer of three, so enter takes the name and stays.
		if s.places.chosen() != "" {
			var wants []intent
			s.places, wants = s.places.completed()
			return s, wants
		}
		if !s.places.last() {
			s.places = s.places.focused(s.places.focus + 1)
			return s, nil
		}
		// So that whoever comes back stands on the first line.
		s.places = s.places.focused(0)
	case canvasReaders:
		o, _ := s.readers.chosen()
		if o.id == readsKeys && !s.asking {
			s.asking = true
			return s, nil
		}
		if o.id == readsKeys && s.keys.value(0) == "" {
			s.problem = "Give at least one recipient, or go back and choose another reader."
			return s, nil
		}
		s.at, s.asking = canvasDone, false
		return s, []intent{s.wanted(f)}
	}
	s.at++
	return s, nil
}
