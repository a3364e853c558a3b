package tui

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

func (s authorizeWizard) view(f frame) string {
	at, j := s.where(f)
	line := steps{names: stationNames, at: int(at)}
	if s.again {
		line = steps{names: stationNames[atHow:], at: int(at - atHow)}
	}
	inner := f.inner(f.width, f.height-6)
	switch at {
	case atProvider:
		return line.page("Where does the account belong?", s.providers.lines(inner), f)
	case atServices:
		body := append(s.services.lines(inner), "", " "+f.theme.faint.Render("One service a sign-in avoids unticked boxes; several save sign-ins."))
		return line.page("What shall the jobs do with it?", body, f)
	case atName:
		return line.page("Which name shall jobs use for it?", append([]string{" " + s.name.View(), "",
			" " + f.theme.faint.Render("Small letters, digits and dashes. The name stays when the credential changes.")}, s.problemLines(f)...), f)
	case atHow:
		return line.page("How do you want to sign in to "+f.provider(s.request.Provider).Name+"?", append(s.howLines(inner), s.problemLines(f)...), f)
	case atSignIn:
		return line.page(s.signInQuestion(j, f), append(s.signInLines(j, f), s.problemLines(f)...), f)
	case atChecks:
		return line.page("Checking the new credential", checkLines(j.checks, f), f)
	}
	question, body := s.endLines(j, f)
	return line.page(question, body, f)
}

func (s authorizeWizard) problemLines(f frame) []string {
	if s.problem == "" {
		return nil
	}
	return append([]string{""}, indent1(paragraph(f.theme.signs.critical+" "+s.problem, f.width-2, f.theme.bad))...)
}

func (s authorizeWizard) howLines(f frame) []string {
	if len(s.how.options) == 0 && s.problem == "" {
		return []string{" " + f.theme.faint.Render("Looking at what the provider allows"+f.theme.signs.ellipsis)}
	}
	return s.how.lines(f)
}

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
	if s.pasting {
		lines = append(lines, "", " Paste the address or the code, then enter:", " "+s.paste.View())
	}
	if j.rejected != nil {
		lines = append(lines, "")
		lines = append(lines, indent1(paragraph(t.signs.warning+" "+rejection(*j.rejected), f.width-2, t.warn))...)
	} else if s.pasted > 0 {
		lines = append(lines, "", " "+t.faint.Render(fmt.Sprintf("Pasted %d characters.", s.pasted)))
	}
	return append(lines, "", " "+t.faint.Render(waitWords(j, f)))
}

// rejection says what was wrong with a callback or a paste, as a sentence.
func rejection(e accounts.FlowEvent) string {
	if e.Hint == "" {
		return "That was not the answer to this sign-in."
	}
	return upperFirst(strings.TrimSuffix(e.Hint, ".")) + "."
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
	left := []string{
		" " + link(p.VerificationURI, p.VerificationURI, t), "",
		" Code:  " + t.title.Render(spaced(p.UserCode)), "",
		" " + t.faint.Render("Never type a code that somebody sent you."),
	}
	left = append(left, tickLines(p.Flow, f)...)
	code := qrLines(p.VerificationURIComplete)
	if len(code) == 0 || len(code) > f.height-8 || f.width < 100 {
		return left
	}
	room := 4
	for _, l := range left {
		room = max(room, lipgloss.Width(l)+4)
	}
	lines := make([]string, max(len(left), len(code)))
	for i := range lines {
		if i < len(left) {
			lines[i] = left[i]
		}
		if i < len(code) {
			lines[i] = pad(lines[i], room, t.signs.ellipsis) + code[i]
		}
	}
	return lines
}

// browserLines show the address and what happens after it.
func (s authorizeWizard) browserLines(p accounts.Prompt, f frame) []string {
	t := f.theme
	lines := []string{
		" " + link("open the sign-in page", p.AuthorizationURL, t) + t.faint.Render("   c copies the address, b prints it alone"),
		"   " + t.faint.Render(cut(p.AuthorizationURL, f.width-6, t.signs.ellipsis)),
	}
	lines = append(lines, tickLines(p.Flow, f)...)
	lines = append(lines, "")
	switch {
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

// link is a short label that terminals which know OSC 8 make clickable.
func link(label, url string, t theme) string {
	return t.accent.Underline(true).Hyperlink(url).Render(label)
}

// spaced puts air between the characters of a code.
func spaced(code string) string { return strings.Join(strings.Split(code, ""), " ") }

// endLines say what came of the sign-in and what is best done next.
func (s authorizeWizard) endLines(j job, f frame) (question string, body []string) {
	t := f.theme
	next := func(lines []string) []string {
		return append(append(lines, "", " "+t.title.Render("Next"), ""), s.nexts(j, f).lines(f.inner(f.width, 8))...)
	}
	if j.flow == nil {
		why := "The sign-in ended before a credential came."
		if j.err != nil {
			why = j.err.Error()
		}
		return s.request.Name + " was not authorized", next(indent1(wrap(why, f.width-2)))
	}
	lines := checkLines(j.checks, f)
	switch j.flow.End {
	case accounts.EndAuthorized:
		return j.flow.Name + " is authorized, with every permission", next(lines)
	case accounts.EndPartial:
		missing := []string{" " + t.bad.Render("Not granted, in the words of the page:")}
		for _, p := range j.flow.Missing {
			missing = append(missing, "   "+t.bad.Render(t.signs.box+" "+p.Words))
		}
		return j.flow.Name + " is stored, but " + missingWords(j.flow.Missing), next(missing)
	case accounts.EndWaitingDecision:
		return "A new credential of " + j.flow.Name + " is stored beside the one in use", next(indent1(wrap(j.flow.Why, f.width-2)))
	}
	return j.flow.Name + " was not authorized", next(append(lines, indent1(wrap(j.flow.Why, f.width-2))...))
}

func missingWords(missing []provider.Permission) string {
	if len(missing) == 1 {
		return "one permission is missing"
	}
	return fmt.Sprintf("%d permissions are missing", len(missing))
}
