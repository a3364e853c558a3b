package tui

import (
	"encoding/csv"
	"strings"

	"charm.land/bubbles/v2/key"
	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/internal/safetext"
)

// fieldWidth is how many cells of a typed text are shown where there is room.
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
// It must be given no suggestions: the library shows the last letter of one in clear.
func secretField() textinput.Model {
	in := field(1024)
	in.EchoMode = textinput.EchoPassword
	return in
}

// searchField is the filter of a list; it gets the keys when it is asked for.
func searchField() textinput.Model {
	in := field(100)
	in.Prompt = "/ "
	in.SetWidth(20)
	in.Blur()
	return in
}

// typedInto hands a key or a paste to a field. The field makes a blank of the line break that a copied text ends
// with, and a passphrase with a blank is another passphrase: it is cut off. A secret stays as it is otherwise, for
// it may hold anything; what is shown is made safe to print.
func typedInto(in textinput.Model, msg tea.Msg) textinput.Model {
	if pasted, ok := msg.(tea.PasteMsg); ok {
		text := strings.TrimRight(pasted.Content, "\r\n")
		if in.EchoMode == textinput.EchoNormal {
			text = strings.TrimSpace(safetext.Line(pasted.Content))
		}
		msg = tea.PasteMsg{Content: text}
	}
	in, _ = in.Update(msg)
	return in
}

// fieldLine draws a field as wide as there is room.
func fieldLine(in textinput.Model, f frame) string { return " " + fitted(in, f.width-1).View() }

// fitted is a field that takes at most room cells with its prompt and the cursor behind its text, the cursor in sight.
func fitted(in textinput.Model, room int) textinput.Model {
	if width := max(room-cells(in.Prompt)-1, 1); width < in.Width() {
		at := in.Position()
		in.SetWidth(width)
		in.CursorEnd() // the field takes another width only where the cursor leaves what was shown
		in.SetCursor(at)
	}
	return in
}

// withSearch puts a search behind the words of a strip, or in their place where the screen has no room for both:
// what is typed has to be seen.
func withSearch(strip string, in textinput.Model, f frame) string {
	const gap, least = 3, 12
	if room := f.width - cells(strip) - gap; room >= least {
		return strip + strings.Repeat(" ", gap) + fitted(in, room).View()
	}
	return fieldLine(in, f)
}

// pathsOf reads paths that stand with blanks between them; one that has a blank itself stands in double quotes.
func pathsOf(text string) []string {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes = ' ', true
	fields, err := r.Read()
	if err != nil { // nothing is typed; a line of text has no other fault
		return nil
	}
	var paths []string
	for _, p := range fields {
		if p != "" {
			paths = append(paths, p)
		}
	}
	return paths
}

// pathsText is the text that pathsOf reads as these paths.
func pathsText(paths []string) string {
	if len(paths) == 0 {
		return ""
	}
	var b strings.Builder
	w := csv.NewWriter(&b)
	w.Comma = ' '
	_ = w.Write(paths) // a strings.Builder takes everything
	w.Flush()
	return strings.TrimSuffix(b.String(), "\n")
}
