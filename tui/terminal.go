package tui

import (
	"bufio"
	"fmt"
	"io"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// terminal turns the intents that concern the terminal itself into commands.
func (r *runner) terminal(in intent) tea.Cmd {
	switch in := in.(type) {
	case copyText:
		// Nobody knows whether it arrived: OSC 52 is not answered, and many terminals refuse it. So it was "sent", not copied.
		said := func() tea.Msg {
			return noticeMsg{in.what + " was sent to your terminal's clipboard.", accounts.SeverityOK}
		}
		return tea.Batch(tea.SetClipboard(in.text), said)
	case printURL:
		// Printed past the renderer, which would cut it at the edge of the screen.
		return tea.Exec(&bareLine{url: in.url}, func(error) tea.Msg { return nil })
	case openBrowser:
		return func() tea.Msg {
			// The address on the screen works without one, so the sign-in goes on.
			if err := r.Browser.Open(in.url); err != nil {
				return noticeMsg{"No browser could be opened here: use the address.", accounts.SeverityWarning}
			}
			return nil
		}
	}
	return nil
}

// noticeMsg puts a line above the footer.
type noticeMsg notice

// bareLine leaves the screen and prints an address alone on one line, where a mouse can select it whole
// however long it is. Enter returns.
type bareLine struct {
	url string
	in  io.Reader
	out io.Writer
}

func (b *bareLine) SetStdin(in io.Reader)   { b.in = in }
func (b *bareLine) SetStdout(out io.Writer) { b.out = out }
func (b *bareLine) SetStderr(io.Writer)     {}

// Run prints the address and waits for a line.
func (b *bareLine) Run() error {
	if _, err := fmt.Fprintf(b.out, "\n%s\n\nPress enter to go back to fettle.\n", b.url); err != nil {
		return err
	}
	// A terminal that went away ends the wait as enter does.
	_, err := bufio.NewReader(b.in).ReadString('\n')
	return err
}
