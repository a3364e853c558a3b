package cli

import (
	"bufio"
	"cmp"
	"context"
	"os"
	"runtime"
	"strings"

	"golang.org/x/term"

	"fettle/accounts"
	"fettle/internal/safetext"
	"fettle/oauthflow/provider"
)

// prompter tells what happens during an authorization: to a person on stderr, or as events on stdout.
type prompter struct {
	app      *app
	provider string // its name
	browser  bool   // may open one
	ended    bool   // an event that ends the flow was told
	// the last reason for waiting, told once
	slow string
}

// The events of `fettle authorize --json`, one a line. Field names, once released, stay.

// wirePrompt says where the person has to go; of code and address one kind is null.
type wirePrompt struct {
	Event                   accounts.FlowEventKind `json:"event"`
	Flow                    provider.FlowKind      `json:"flow"`
	VerificationURI         word                   `json:"verification_uri"`
	VerificationURIComplete word                   `json:"verification_uri_complete"`
	UserCode                word                   `json:"user_code"`
	AuthorizationURL        word                   `json:"authorization_url"`
	RedirectURI             word                   `json:"redirect_uri"`
	ExpiresAt               stamp                  `json:"expires_at"`
	PasteOnly               bool                   `json:"paste_only"`
	Name                    string                 `json:"name"`
	ForeignHost             word                   `json:"foreign_host"` // where the code is entered, if that is no site of the provider
}

// wireWaiting tells of a poll that was slowed down or could not be made (RFC 8628 §3.5).
type wireWaiting struct {
	Event      accounts.FlowEventKind `json:"event"`
	NextPollAt stamp                  `json:"next_poll_at"`
	Reason     word                   `json:"reason"`
}

// wireRejected is a paste or callback that was not the right one; the wait goes on.
type wireRejected struct {
	Event  accounts.FlowEventKind `json:"event"`
	Reason word                   `json:"reason"`
	Hint   word                   `json:"hint"`
}

// wireChecking is one check of the new grant, once it has ended.
type wireChecking struct {
	Event accounts.FlowEventKind `json:"event"`
	wireCheck
}

// wireEnd is the last event, for each of the four ends.
type wireEnd struct {
	Event         accounts.FlowEventKind `json:"event"`
	Account       *wireRef               `json:"account"`
	Reauthorized  bool                   `json:"reauthorized"`
	Reason        word                   `json:"reason"`
	Hint          word                   `json:"hint"`
	Cause         word                   `json:"cause"`
	Remedy        word                   `json:"remedy"`
	MissingScopes []string               `json:"missing_scopes"`
	Missing       []wirePermission       `json:"missing_permissions"`
	Waiting       bool                   `json:"waiting_decision"`
}

// wireRef names an account: the ID stays when the name changes.
type wireRef struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// report tells one event.
func (p *prompter) report(e accounts.FlowEvent) {
	switch e.Kind {
	case accounts.FlowAuthorized, accounts.FlowPartial, accounts.FlowFailed, accounts.FlowExpired:
		p.ended = true
	case accounts.FlowPrompt, accounts.FlowWaiting, accounts.FlowRejected, accounts.FlowChecking:
	}
	if p.app.json {
		if e.Kind != accounts.FlowChecking || e.Check.State != accounts.CheckRunning {
			_ = p.app.emit(wireEventOf(e)) // looked at once, at the end
		}
		return
	}
	p.tell(e)
}

// wireEventOf gives each kind of event its own members, rather than one object of mostly nulls.
func wireEventOf(e accounts.FlowEvent) any {
	switch e.Kind {
	case accounts.FlowPrompt:
		return wirePrompt{
			e.Kind, e.Prompt.Flow.Kind, word(e.Prompt.VerificationURI), word(e.Prompt.VerificationURIComplete), word(e.Prompt.UserCode),
			word(e.Prompt.AuthorizationURL), word(e.Prompt.RedirectURI), stamp{e.Prompt.ExpiresAt}, e.PasteOnly, e.Prompt.Flow.Name,
			word(e.Prompt.ForeignHost),
		}
	case accounts.FlowWaiting:
		return wireWaiting{e.Kind, stamp{e.NextPollAt}, word(e.Reason)}
	case accounts.FlowRejected:
		return wireRejected{e.Kind, word(e.Reason), word(e.Hint)}
	case accounts.FlowChecking:
		return wireChecking{e.Kind, wireCheckOf(*e.Check)}
	case accounts.FlowAuthorized, accounts.FlowPartial, accounts.FlowFailed, accounts.FlowExpired:
	}
	return wireEndOf(e)
}

func wireEndOf(e accounts.FlowEvent) wireEnd {
	end := wireEnd{Event: e.Kind, Reason: word(e.Reason), Hint: word(e.Hint), MissingScopes: []string{}, Missing: []wirePermission{}}
	if e.Kind == accounts.FlowExpired {
		end.Cause, end.Remedy = "expired", "reauthorize"
	}
	if e.Diagnosis != nil {
		end.Cause, end.Remedy = word(e.Diagnosis.Cause), word(e.Diagnosis.Remedy)
	}
	r := e.Result
	if r == nil {
		return end
	}
	end.Account, end.Reauthorized = &wireRef{r.AccountID, r.Name}, r.Reauthorized
	end.Waiting = r.End == accounts.EndWaitingDecision
	end.Missing = permissions(r.Missing)
	for _, m := range r.Missing {
		end.MissingScopes = append(end.MissingScopes, m.Scope)
	}
	return end
}

// tell tells an event to a person.
func (p *prompter) tell(e accounts.FlowEvent) {
	a := p.app
	switch e.Kind {
	case accounts.FlowPrompt:
		p.prompt(*e.Prompt, e.PasteOnly)
	case accounts.FlowWaiting:
		// A poll every 5 s with the same news would fill the screen.
		if e.Reason != "" && e.Reason != p.slow {
			a.progress("… %s", e.Reason)
		}
		p.slow = e.Reason
	case accounts.FlowRejected:
		// The hint is a sentence that ends in what to do; the reason is a word for programs.
		what, remedy := split(e.Hint)
		a.progress("✗ not taken: %s", cmp.Or(what, e.Reason))
		if remedy != "" {
			a.progress("  → %s", remedy)
		}
	case accounts.FlowChecking:
		if e.Check.State != accounts.CheckRunning {
			a.progress("%s", checkLine(*e.Check))
		}
	case accounts.FlowAuthorized:
		a.printf("✓ %s is authorized", e.Result.Name)
	case accounts.FlowPartial:
		a.printf("! %s: %s", e.Result.Name, e.Reason)
		for _, m := range e.Result.Missing {
			a.printf("  → sign in again and tick the box “%s”", shown(m.Words, 120))
		}
	case accounts.FlowFailed, accounts.FlowExpired: // the error says it
	}
}

// prompt says what the person has to do, where.
func (p *prompter) prompt(prompt accounts.Prompt, pasteOnly bool) {
	a := p.app
	if prompt.Flow.Kind == provider.Device {
		a.progress("To authorize %s, open this address on any device:\n\n  %s\n\nand enter the code:  %s\n", prompt.Flow.Name, prompt.VerificationURI, prompt.UserCode)
		if prompt.ForeignHost != "" {
			a.progress("! %s is not a site of %s: go on only if you know it.", prompt.ForeignHost, p.provider)
		}
		a.progress("Never enter a code that somebody else sent you. It is good until %s.", moment(prompt.ExpiresAt))
		return
	}
	a.progress("To authorize %s, open this address in a browser:\n\n%s\n", prompt.Flow.Name, prompt.AuthorizationURL)
	switch {
	// Nothing here listens for the redirect: it is a page elsewhere, or its port is taken.
	case pasteOnly:
		a.progress("The page you end on may fail to load; that is expected. Paste its address here.")
	case overSSH():
		a.progress("The page you end on fails to load; that is expected. Paste its address here,\nor run this on your own machine first:  ssh -L %d:127.0.0.1:%d %s@%s",
			prompt.ListenPort, prompt.ListenPort, userName(), hostName())
	case p.browser && hasDisplay() && a.hasTerminal():
		if openBrowser(prompt.AuthorizationURL) == nil {
			a.progress("A browser was opened. If the page you end on fails to load, paste its address here.")
		}
	default:
		a.progress("If the page you end on fails to load, paste its address here.")
	}
	a.progress("The address is good until %s.", moment(prompt.ExpiresAt))
}

// pasted yields the lines that come on stdin. What is typed at a terminal is not shown: it is as good as a password.
func (a *app) pasted(ctx context.Context, ending <-chan struct{}) <-chan string {
	lines := make(chan string)
	send := func(line string) bool {
		if line = strings.TrimSpace(line); line == "" {
			return true
		}
		select {
		case lines <- line:
			return true
		case <-ctx.Done():
		case <-ending:
		}
		return false
	}
	if isTerminal(a.stdin) {
		fd := int(a.stdin.Fd())
		if before, err := term.GetState(fd); err == nil && echoOff(fd) == nil {
			go func() {
				for {
					line, err := term.ReadPassword(fd)
					if err != nil || !send(string(line)) {
						return
					}
				}
			}()
			go func() { // the echo comes back even while a line is being waited for
				select {
				case <-ctx.Done():
				case <-ending:
				}
				_ = term.Restore(fd, before) // the terminal may be gone
			}()
		}
		return lines
	}
	go func() {
		scanner := bufio.NewScanner(a.stdin)
		// An address with its code has 2 KiB at most; what is longer is no paste.
		scanner.Buffer(nil, 64<<10)
		for scanner.Scan() && send(scanner.Text()) {
		}
	}()
	return lines
}

// hostName is for the ssh -L line, where it may be replaced by an alias of the person's own.
func hostName() string {
	name, err := os.Hostname()
	if err != nil {
		return "HOST"
	}
	return safetext.Cut(name, 80)
}

// hasDisplay reports whether this machine can show a browser to whoever sits at it.
func hasDisplay() bool {
	return !overSSH() && (runtime.GOOS == "darwin" || os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "")
}
