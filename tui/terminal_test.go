package tui_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/vt"

	"fettle/tui"
)

// patience only ends a test that would hang: under the race detector a passphrase takes many seconds.
const patience = 4 * time.Minute

// terminal is a real terminal emulator that the whole program runs in.
type terminal struct {
	t       *testing.T
	mu      sync.Mutex
	emu     *vt.Emulator
	changed chan struct{}
	raw     bytes.Buffer // everything the program wrote
	pressed int
	told    chan string // what is said after the screen is gone
	keys    *io.PipeWriter
	cancel  context.CancelFunc
	done    chan error    // how it ended
	over    chan struct{} // closed once it has
	clip    chan string   // what the program sent to the clipboard (OSC 52)
}

// openTerminal runs the program over w in a terminal of that size.
func openTerminal(t *testing.T, w *world, width, height int) *terminal {
	t.Helper()
	in, keys := io.Pipe()
	term := &terminal{t: t, emu: vt.NewEmulator(width, height), changed: make(chan struct{}, 1), keys: keys, done: make(chan error, 1), over: make(chan struct{}), clip: make(chan string, 8), told: make(chan string, 1)}
	term.emu.RegisterOscHandler(52, term.clipboard)
	_, _ = term.emu.WriteString("\x1b[20h") // a pipe is no tty: bare line feeds have to return the carriage
	go func() { _, _ = io.Copy(io.Discard, term.emu) }()
	ctx, cancel := context.WithCancel(t.Context())
	term.cancel = cancel
	opts := tui.Options{Tell: func(line string) { term.told <- line }, Host: tui.Host{User: "ops", Name: "auto-1", SSH: true}, Providers: w.entries, Program: []tea.ProgramOption{
		tea.WithInput(in), tea.WithOutput(term), tea.WithWindowSize(width, height),
		tea.WithEnvironment([]string{"TERM=xterm-256color", "SSH_TTY=/dev/pts/0"}), tea.WithoutSignalHandler(),
	}}
	go func() {
		defer close(term.over)
		term.done <- tui.Run(ctx, w.services(), opts)
	}()
	t.Cleanup(func() {
		cancel()
		_ = keys.Close()
		<-term.over
		if in, ok := term.emu.InputPipe().(io.Closer); ok { // Close of the emulator would race with its Read
			_ = in.Close()
		}
	})
	return term
}

// Write is the terminal's side of the program's output.
func (x *terminal) Write(p []byte) (int, error) {
	x.mu.Lock()
	x.raw.Write(p)
	n, err := x.emu.Write(p)
	x.mu.Unlock()
	select {
	case x.changed <- struct{}{}:
	default:
	}
	return n, err
}

// screen is the text that is shown.
func (x *terminal) screen() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.emu.String()
}

// press sends keys one by one.
func (x *terminal) press(keys ...string) {
	x.t.Helper()
	codes := map[string]string{"enter": "\r", "esc": "\x1b", "down": "\x1b[B", "up": "\x1b[A", "space": " ", "ctrl+c": "\x03", "tab": "\t", "ctrl+x": "\x18"}
	for _, k := range keys {
		text, ok := codes[k]
		if !ok {
			text = k
		}
		x.pressed++
		if _, err := io.WriteString(x.keys, text); err != nil {
			x.t.Fatalf("the program takes no keys any more: %v", err)
		}
	}
}

// written is everything the program sent to the terminal.
func (x *terminal) written() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.raw.String()
}

// paste sends text as a bracketed paste.
func (x *terminal) paste(text string) { x.press("\x1b[200~" + text + "\x1b[201~") }

// sees waits until every text is shown. The deadline only ends a test that would hang.
func (x *terminal) sees(texts ...string) string {
	x.t.Helper()
	return x.until("shows "+strings.Join(texts, " and "), func(screen string) bool {
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				return false
			}
		}
		return true
	})
}

// seesNo waits until a text is gone.
func (x *terminal) seesNo(text string) string {
	x.t.Helper()
	return x.until("no longer shows "+text, func(screen string) bool { return !strings.Contains(screen, text) })
}

func (x *terminal) until(what string, ok func(string) bool) string {
	x.t.Helper()
	deadline := time.After(patience)
	for {
		screen := x.screen()
		if ok(screen) {
			return screen
		}
		select {
		case <-x.changed:
		case <-deadline:
			x.t.Fatalf("the screen never %s:\n%s", what, screen)
		case err := <-x.done:
			x.t.Fatalf("the program ended (%v) before the screen %s:\n%s", err, what, screen)
		}
	}
}

// ends waits for the program's end.
func (x *terminal) ends() {
	x.t.Helper()
	select {
	case err := <-x.done:
		if err != nil {
			x.t.Errorf("the program ended with %v", err)
		}
		x.restored()
	case <-time.After(patience):
		x.t.Fatalf("the program does not end:\n%s", x.screen())
	}
}

// restored reports that the last thing done to the terminal was to give it back: main screen, cursor shown.
func (x *terminal) restored() {
	x.t.Helper()
	out := x.written()
	for on, off := range map[string]string{"\x1b[?1049h": "\x1b[?1049l", "\x1b[?25l": "\x1b[?25h", "\x1b[?2004h": "\x1b[?2004l"} {
		if strings.LastIndex(out, on) > strings.LastIndex(out, off) {
			x.t.Errorf("the terminal is left with %q", on)
		}
	}
}

// clipboard takes what the program sends to the terminal's clipboard: "52;c;BASE64".
func (x *terminal) clipboard(data []byte) bool {
	parts := strings.SplitN(string(data), ";", 3)
	text, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil {
		return false
	}
	x.clip <- string(text)
	return true
}

// copied is what was sent to the clipboard last.
func (x *terminal) copied() string {
	x.t.Helper()
	select {
	case text := <-x.clip:
		return text
	case <-time.After(patience):
		x.t.Fatal("nothing was sent to the clipboard")
		return ""
	}
}
