package tui

import (
	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
)

// fieldWidth is how many cells of a typed text are shown.
const fieldWidth = 60

// field is a focused line of text to type. Its keys are our own: the default ones call programs for the
// clipboard. Pasting is the terminal's.
func field(limit int) textinput.Model {
	in := textinput.New()
	in.Prompt = "> "
	in.CharLimit = limit
	in.SetWidth(fieldWidth)
	on := func(keys ...string) key.Binding { return key.NewBinding(key.WithKeys(keys...)) }
	in.KeyMap = textinput.KeyMap{
		CharacterForward: on("right", "ctrl+f"), CharacterBackward: on("left", "ctrl+b"),
		WordForward: on("alt+right", "ctrl+right"), WordBackward: on("alt+left", "ctrl+left"),
		DeleteWordBackward: on("ctrl+w", "alt+backspace"), DeleteWordForward: on("alt+d"),
		DeleteAfterCursor: on("ctrl+k"), DeleteBeforeCursor: on("ctrl+u"),
		DeleteCharacterBackward: on("backspace", "ctrl+h"), DeleteCharacterForward: on("delete", "ctrl+d"),
		LineStart: on("home", "ctrl+a"), LineEnd: on("end", "ctrl+e"),
	}
	in.Focus()
	return in
}

// secretField shows a star for each character.
func secretField() textinput.Model {
	in := field(1024)
	in.EchoMode = textinput.EchoPassword
	return in
}
