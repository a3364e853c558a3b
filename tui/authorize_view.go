package tui

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"fettle/accounts"
	"fettle/internal/safetext"
)

func (s authorizeWizard) view(f frame) string {
	at, j := s.where(f)
	line := steps{names: stationNames, at: int(at)}
	// An update has no steps before how: account, services and name are given.
	if s.again {
		line = steps{names: stationNames[atHow:], at: int(at - atHow)}
	}
	switch at {
	case atProvider:
		question := "Where does the account belong?"
		return line.page(question, s.providerLines(line.body(question, f)), f)
	case atServices:
		if s.dividing {
			question := "One sign-in for all of them, or one each?"
			return line.page(question, s.division.lines(line.body(question, f)), f)
		}
		question := "What shall the jobs do with it?"
		inner := line.body(question, f)
		return line.page(question, withHint(s.services.lines(inner), "One service a sign-in means fewer boxes to tick; several mean fewer sign-ins.", inner), f)
	case atName:
		hint := "Small letters, digits and dashes. The name stays when the credential changes."
		return line.answer("Which name shall jobs use for it?", lineInput(s.name), s.problem, hint, f)
	case atHow:
		question := "How do you want to sign in to " + f.provider(s.request.Provider).Name + "?"
		return line.page(question, withProblem(s.howLines(line.body(question, f)), s.problem, f), f)
	case atSignIn:
		return line.page(s.signInQuestion(j, f), withProblem(s.signInLines(j, f), s.problem, f), f)
	case atChecks:
		return line.page("Checking the new credential", checkLines(j.checks, f), f)
	}
	switch endingOf(j) {
	case endAuthorized, endPartial, endDecision:
	default:
		// Nobody signed in, so sign-in and checks get no tick.
		line.left = int(atEnd - atSignIn)
	}
	question, body := s.endLines(j, f)
	return line.page(question, withNext(body, s.nexts(j, f), line.body(question, f)), f)
}

// providerLines are the clients to choose from.
func (s authorizeWizard) providerLines(f frame) []string {
	if len(s.providers.options) == 0 {
		return []string{" The catalogue has no provider: config.toml took them all away."}
	}
	return s.providers.lines(f)
}

// howLines wait for the book's answer: offering a way that is not possible here would cost a sign-in.
func (s authorizeWizard) howLines(f frame) []string {
	if len(s.how.options) == 0 && s.problem == "" {
		return []string{" " + f.theme.faint.Render("Looking at what the provider allows"+f.theme.signs.ellipsis)}
	}
	return s.how.lines(f)
}

// signInQuestion names account and provider, so that a code is never typed for another one (RFC 8628 §5.4).
func (s authorizeWizard) signInQuestion(j job, f frame) string {
	who := "Sign in for " + s.request.Name + " at " + f.provider(s.request.Provider).Name
	if j.prompt == nil {
		return who
	}
	if j.prompt.UserCode != "" {
		return who + ": open the address on any device and type the code"
	}
	return who + ": open the address in a browser"
}

// signInLines show what the person needs, and how the wait goes.
func (s authorizeWizard) signInLines(j job, f frame) []string {
	t := f.theme
	if j.prompt == nil {
		return []string{" " + t.faint.Render("Asking the provider"+t.signs.ellipsis)}
	}
	var lines []string
	if j.prompt.UserCode != "" {
		lines = deviceLines(*j.prompt, f)
	} else {
		lines = s.browserLines(*j.prompt, f)
	}
	if f.low() { // what is being done with the answer is seen before how to get one
		lines = append(s.pasteLines(j, f), lines...)
	} else {
		lines = append(lines, s.pasteLines(j, f)...)
	}
	return append(append(lines, ""), paragraphAt(waitWords(j, f), f.width-2, " ", t.faint)...)
}

// pasteLines are the box to paste into, or what became of the last paste.
func (s authorizeWizard) pasteLines(j job, f frame) []string {
	t := f.theme
	var lines []string
	if s.pasting {
		lines = append(lines, "", " Paste the address or the code, then enter:", fieldLine(s.paste, f))
	}
	if j.rejected != nil {
		lines = append(lines, "")
		lines = append(lines, paragraphAt(t.signs.warning+" "+rejection(*j.rejected), f.width-2, " ", t.warn)...)
	} else if s.pasted.run == j.run && s.pasted.characters > 0 {
		lines = append(lines, "", " "+t.faint.Render(fmt.Sprintf("Pasted %d characters.", s.pasted.characters)))
	}
	return lines
}

// rejection says what was wrong with a callback or a paste, as a sentence.
func rejection(e accounts.FlowEvent) string {
	if e.Hint == "" {
		return "That was not the answer to this sign-in."
	}
	return sentence(e.Hint)
}

// waitWords tell how long the sign-in stays open and what fettle does meanwhile.
func waitWords(j job, f frame) string {
	parts := []string{"Waiting for you"}
	if p := j.prompt; !p.ExpiresAt.IsZero() {
		parts = append(parts, countdown(p.ExpiresAt.Sub(f.now))+" left")
	}
	if left := j.waiting.NextPollAt.Sub(f.now); left > 0 {
		parts = append(parts, fmt.Sprintf("next look in %d s", int(left.Seconds())))
	}
	if j.waiting.Reason != "" {
		parts = append(parts, j.waiting.Reason)
	}
	return strings.Join(parts, " · ") + ". esc goes back; the sign-in stays open."
}

// deviceLines show address, code and, where there is room, a QR of both (RFC 8628 §3.3.1).
func deviceLines(p accounts.Prompt, f frame) []string {
	t := f.theme
	// The complete address has the code in it, so scanning it saves the typing.
	code := qrLines(p.VerificationURIComplete)
	// A QR that is cut cannot be read, so it is drawn whole or not at all.
	withQR := len(code) > 0 && !t.ascii && len(code) <= f.height-8 && f.width >= 100
	room := f.width - 2
	if withQR {
		room -= cells(code[0]) + 4
	}
	left := []string{" " + link(shownURL(p.VerificationURI), p.VerificationURI, t)}
	left = append(left, paragraphAt(otherHost(p, f), room, " ", t.warn)...)
	left = append(left, "", " Code:  "+t.title.Render(spaced(p.UserCode)), "",
		" "+t.faint.Render("Never type a code that somebody sent you."))
	left = append(left, tickLines(p.Flow, f)...)
	if !withQR {
		return left
	}
	// The QR stands beside the widest line of the text.
	room = 4
	for _, l := range left {
		room = max(room, lipgloss.Width(l)+4)
	}
	lines := make([]string, max(len(left), len(code)))
	for i := range lines {
		if i < len(left) {
			lines[i] = left[i]
		}
		if i < len(code) {
			lines[i] = pad(lines[i], room, t.signs.ellipsis) + t.qr.Render(code[i])
		}
	}
	return lines
}

// otherHost marks a page that is on no site of the provider: whoever answered the request for a code chose it
// (RFC 8628 §5.3), so the person has to judge.
func otherHost(p accounts.Prompt, f frame) string {
	if p.ForeignHost == "" {
		return ""
	}
	return f.theme.signs.warning + " This page is at " + p.ForeignHost + ", which is no site of " + f.provider(p.Flow.Provider).Name + ": go on only if you know it."
}

// shownURL is an address as it is shown: its host in ASCII, so that look-alike letters do not pass.
func shownURL(url string) string {
	if clean, err := safetext.URL(url); err == nil {
		return clean
	}
	return url
}

// browserLines show the address and what happens after it.
// The address is on one line, cut where it must be: a terminal that wraps it makes it useless to a mouse. The link, c and b
// carry the whole.
func (s authorizeWizard) browserLines(p accounts.Prompt, f frame) []string {
	t := f.theme
	lines := []string{
		" " + link("open the sign-in page", p.AuthorizationURL, t) + t.faint.Render("   c copies the address, b prints it alone"),
		"   " + t.faint.Render(cut(p.AuthorizationURL, f.width-6, t.signs.ellipsis)),
	}
	lines = append(lines, tickLines(p.Flow, f)...)
	lines = append(lines, "")
	switch {
	// The page fails because 127.0.0.1 is the browser's machine there and not this one; the code is in its address all the same.
	case f.host.SSH && p.ListenPort > 0:
		lines = append(lines, indent1(wrap(fmt.Sprintf("Open it on your own machine. At the end the browser shows a page of 127.0.0.1:%d that fails to load: that is expected. Copy that page's address and paste it here.", p.ListenPort), f.width-2))...)
		lines = append(lines, "", " Or run this on your machine first, and nothing needs pasting:",
			"   "+t.accent.Render(fmt.Sprintf("ssh -L %d:127.0.0.1:%d %s@%s", p.ListenPort, p.ListenPort, f.host.User, f.host.Name)))
	case p.ListenPort > 0:
		lines = append(lines, indent1(wrap("fettle hears of it by itself. If the browser runs on another machine, the last page fails to load: paste its address here.", f.width-2))...)
	default:
		lines = append(lines, indent1(wrap("At the end, copy the address of the last page, or the code it shows, and paste it here.", f.width-2))...)
	}
	return lines
}

// tickLines name the boxes on the consent page.
// Said before the page is opened: a box that was left out is noticed only after the sign-in.
func tickLines(p accounts.PendingFlow, f frame) []string {
	t := f.theme
	lines := []string{"", " Tick every box on the page:"}
	entry := f.provider(p.Provider)
	for _, id := range p.Services {
		svc := entry.Services[id]
		for _, scope := range svc.Scopes {
			words := svc.Permissions[scope]
			if words == "" {
				words = scope
			}
			lines = append(lines, "   "+t.signs.ticked+" "+words)
		}
	}
	return lines
}

// link is a label that terminals which know OSC 8 make clickable, if the address is one to open at all.
func link(label, url string, t theme) string {
	style := t.accent.style.Underline(true)
	if address, err := safetext.URL(url); err == nil {
		style = style.Hyperlink(address)
	}
	return style.Render(label)
}

// spaced puts air between the characters of a code.
func spaced(code string) string { return strings.Join(strings.Split(code, ""), " ") }
