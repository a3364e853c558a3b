package tui

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
	"fettle/pwfile"
)

// press sends keys to the model, as the terminal would; commands are not run.
func press(m Model, keys ...string) Model {
	for _, k := range keys {
		m = feed(m, keyPress(k))
	}
	return m
}

// write types text, rune by rune.
func write(m Model, text string) Model {
	for _, r := range text {
		m = feed(m, tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	return m
}

// feed sends messages to the model.
func feed(m Model, msgs ...tea.Msg) Model {
	for _, msg := range msgs {
		next, _ := m.Update(msg)
		m = next.(Model)
		if e, ok := msg.(jobEvent); ok && e.ended { // the look that follows each end
			m = feed(m, dataMsg{same: true, after: e.id})
		}
	}
	return m
}

func keyPress(k string) tea.KeyPressMsg {
	special := map[string]tea.KeyPressMsg{
		"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
		"pgdown": {Code: tea.KeyPgDown}, "pgup": {Code: tea.KeyPgUp}, "home": {Code: tea.KeyHome}, "end": {Code: tea.KeyEnd},
		"space": {Code: tea.KeySpace, Text: " "}, "tab": {Code: tea.KeyTab}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight},
		"backspace": {Code: tea.KeyBackspace},
	}
	if msg, ok := special[k]; ok {
		return msg
	}
	if letter, ok := strings.CutPrefix(k, "ctrl+"); ok {
		return tea.KeyPressMsg{Code: []rune(letter)[0], Mod: tea.ModCtrl}
	}
	return tea.KeyPressMsg{Code: []rune(k)[0], Text: k}
}

// flowNews is an event of the job that authorizes name.
func flowNews(m Model, name string, e accounts.FlowEvent) jobEvent {
	id := jobID{jobFlow, name}
	j, _ := m.jobs.get(id)
	return jobEvent{id: id, run: j.run, flow: &e}
}

// flowEnd ends that job.
func flowEnd(m Model, r accounts.FlowResult) jobEvent {
	id := jobID{jobFlow, r.Name}
	j, _ := m.jobs.get(id)
	return jobEvent{id: id, run: j.run, ended: true, result: r}
}

var pendingSales = accounts.PendingFlow{FlowID: "f1", Name: "sales-ga", Provider: "acme", Services: []string{"analytics"}, Kind: provider.Device, StartedAt: noon, ExpiresAt: noon.Add(1800e9)}

var devicePrompt = accounts.Prompt{Flow: pendingSales, VerificationURI: "https://acme.example/device", VerificationURIComplete: "https://acme.example/device?user_code=WDJB-MJHT",
	UserCode: "WDJB-MJHT", ExpiresAt: noon.Add(14*60e9 + 32e9)}

var browserPrompt = accounts.Prompt{Flow: pendingSales, AuthorizationURL: "https://acme.example/authorize?client_id=fettle&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&redirect_uri=http%3A%2F%2F127.0.0.1%3A41235%2Fcallback&response_type=code&scope=analytics.readonly&state=af0ifjsldkj",
	RedirectURI: "http://127.0.0.1:41235/callback", ListenPort: 41235, ExpiresAt: noon.Add(600e9)}

var ways = []accounts.FlowChoice{{Kind: provider.Device, Preferred: true, Why: "No browser is needed on this machine."}, {Kind: provider.Browser, Why: "The address is opened on your own machine and the last page's address is pasted back."}}

var passed = []accounts.Check{{ID: accounts.CheckRefreshToken, Title: "A refresh token came", State: accounts.CheckOK}, {ID: accounts.CheckPermissions, Title: "Every permission is granted", State: accounts.CheckOK},
	{ID: accounts.CheckIdentity, Title: "The same person as before", State: accounts.CheckOK, Detail: "ops@acme.example"}, {ID: accounts.CheckProbe, Service: "analytics", Title: "Acme Analytics answers", State: accounts.CheckRunning}}

// signingIn is the wizard with a sign-in that waits.
func signingIn(m Model, p accounts.Prompt) Model {
	m = press(m, "u")
	m = feed(m, answer{key: "how sales-ga", value: ways})
	m = press(m, "enter")
	return feed(m, flowNews(m, "sales-ga", accounts.FlowEvent{Kind: accounts.FlowPrompt, Prompt: &p}))
}

func checking(m Model) Model {
	m = signingIn(m, devicePrompt)
	for _, c := range passed {
		m = feed(m, flowNews(m, "sales-ga", accounts.FlowEvent{Kind: accounts.FlowChecking, Check: &c}))
	}
	return m
}

func ended(m Model, end accounts.FlowEnd, why string, missing ...provider.Permission) Model {
	m = checking(m)
	return feed(m, flowEnd(m, accounts.FlowResult{AccountID: "id-sales-ga", Name: "sales-ga", End: end, Why: why, Missing: missing, Reauthorized: true}))
}

func planned(m Model) Model { return plannedWith(m, false) }

func plannedWith(m Model, passphrase bool) Model {
	c := m.data.canvases[0]
	c.Passphrase = passphrase
	plan := pwfile.Plan{Items: []pwfile.PlanItem{
		{Canvas: c, Replaces: []pwfile.Replaced{{PlaceID: "p1", Target: c.Places[0].Target, Exists: true, Ours: true, Text: "the file of 2 Nov 2026"}}},
		{Canvas: pwfile.Canvas{Canvas: store.Canvas{ID: "c2", Name: "weekly-report"}}, Refused: &pwfile.Refusal{Kind: pwfile.RefusedDead, AccountID: "id-finance-sheets", Account: "finance-sheets", Why: "one permission is missing", Remedy: "repair it first"}},
	}}
	plan.Items[0].Canvas.Accounts = []pwfile.AccountRef{{ID: "id-sales-ga", Name: "sales-ga", Generation: 3}}
	m = press(m, "p")
	return feed(m, answer{key: newRegenerate(pwfile.Selection{Stale: true}).key(), value: plan})
}

func written(m Model, state store.LineState, cause string) Model {
	m = press(planned(m), "enter", "enter")
	id := jobID{jobGenerate, ""}
	j, _ := m.jobs.get(id)
	line := store.RunLine{Canvas: "daily-sales", Target: "/srv/canvas/daily-sales.pwfile.age", State: state, Cause: cause}
	return feed(m, jobEvent{id: id, run: j.run, ended: true, result: store.Run{Lines: []store.RunLine{line}}})
}

// scenes are the screens that goldens and properties look at.
var scenes = map[string]func(m Model) Model{
	"accounts":          func(m Model) Model { return m },
	"accounts-filtered": func(m Model) Model { return press(write(press(m, "/"), "sheets"), "enter") },
	"accounts-marked":   func(m Model) Model { return press(m, "space", "space") },
	"accounts-empty":    func(m Model) Model { m.data = withFacts(data{vault: m.data.vault}); return m },
	"accounts-unread": func(m Model) Model {
		m.data = data{problem: "the book cannot be read: disk error"}
		return m
	},
	"accounts-unstored": func(m Model) Model {
		return feed(m, dataMsg{same: true, routine: true, held: []accounts.Unstored{{AccountID: "id-sales-ga", Account: "sales-ga", Err: store.ErrNoSpace}}})
	},
	"detail-revoked":     func(m Model) Model { return press(m, "enter") },
	"detail-missing":     func(m Model) Model { return press(m, "down", "enter") },
	"detail-expiring":    func(m Model) Model { return press(m, "down", "down", "enter") },
	"authorize-provider": func(m Model) Model { return press(m, "a") },
	"authorize-services": func(m Model) Model { return press(m, "a", "enter", "space") },
	"authorize-name":     func(m Model) Model { return press(m, "a", "enter", "space", "enter") },
	"authorize-how":      func(m Model) Model { return feed(press(m, "u"), answer{key: "how sales-ga", value: ways}) },
	"authorize-device":   func(m Model) Model { return signingIn(m, devicePrompt) },
	"authorize-browser":  func(m Model) Model { return signingIn(m, browserPrompt) },
	"authorize-rejected": func(m Model) Model {
		m = signingIn(m, browserPrompt)
		return feed(m, flowNews(m, "sales-ga", accounts.FlowEvent{Kind: accounts.FlowRejected, Reason: "authorization_url", Hint: "this is the address to open in a browser; sign in there and paste the address you end on"}))
	},
	"authorize-checks": checking,
	"authorize-done":   func(m Model) Model { return ended(m, accounts.EndAuthorized, "") },
	"authorize-partial": func(m Model) Model {
		return ended(m, accounts.EndPartial, "one permission is missing", provider.Permission{Scope: "analytics.readonly", Words: "See and download your Analytics data"})
	},
	"authorize-decision": func(m Model) Model {
		return ended(m, accounts.EndWaitingDecision, "It covers fewer permissions than the one in use.")
	},
	"authorize-elsewhere": func(m Model) Model { return flowFailed(m, accounts.ErrFlowDriven) },
	"authorize-expired":   func(m Model) Model { return flowFailed(m, accounts.ErrFlowExpired) },
	"authorize-paused":    func(m Model) Model { return flowFailed(m, context.Canceled) },
	"authorize-failed": func(m Model) Model {
		return flowFailed(m, &accounts.FlowFailedError{Name: "sales-ga", Diagnosis: diagnose.Diagnosis{Cause: "client_invalid", Remedy: diagnose.FixClient,
			Title: "the provider does not know this client", Explanation: "The client id or its secret is wrong, or the client was deleted."}})
	},
	"authorize-no-client": func(m Model) Model {
		bare := acme
		bare.ID, bare.Name, bare.Client = "bolt", "Bolt", provider.ClientConfig{}
		m.providers = append(m.providers, bare)
		return press(m, "a", "down")
	},
	"accounts-filtering": func(m Model) Model { return write(press(m, "/"), "sheets q?") },
	"accounts-pending":   pendingAndCandidate,
	"decision":           func(m Model) Model { return press(pendingAndCandidate(m), "down", "down", "u") },
	"decision-kept":      func(m Model) Model { return settled(press(pendingAndCandidate(m), "down", "down", "u", "enter"), nil) },
	"decision-failed": func(m Model) Model {
		return settled(press(pendingAndCandidate(m), "down", "down", "u", "enter"), errors.New("disk full"))
	},
	"detail-verified":      func(m Model) Model { return press(verified(m), "esc") },
	"regenerate-phrase":    func(m Model) Model { return press(plannedWith(m, true), "enter", "enter") },
	"first-run-passphrase": func(m Model) Model { m.stack = []screen{newFirstRun()}; return write(press(m, "enter"), "q?pw") },
	"remove-to-revoke":     removed,
	"regenerate-which":     planned,
	"regenerate-what":      func(m Model) Model { return press(planned(m), "enter") },
	"regenerate-done":      func(m Model) Model { return written(m, store.LineDone, "") },
	"regenerate-failed":    func(m Model) Model { return written(m, store.LineFailed, "the folder is read-only") },
	"remove-how":           removing,
	"remove-confirm":       func(m Model) Model { return press(removing(m), "down", "enter") },
	"first-run":            func(m Model) Model { m.stack = []screen{newFirstRun()}; return m },
	"unlock":               func(m Model) Model { return m.covered(newUnlock("refreshing sales-ga")) },
	"help":                 func(m Model) Model { return press(m, "?") },
	"quit":                 func(m Model) Model { return press(signingIn(m, devicePrompt), "q") },
}

func init() {
	maps.Copy(scenes, canvasScenes)
	maps.Copy(scenes, packageScenes)
}

func removing(m Model) Model {
	m = press(m, "x")
	return feed(m, answer{key: "removal id-sales-ga", value: accounts.RemovalPlan{AccountID: "id-sales-ga", Name: "sales-ga", Canvases: []string{"daily-sales", "weekly-report"}, Siblings: []string{"web-ga"}, CanRevoke: true, Reach: "project",
		Effects: []string{"Revoking ends every client of this project for ops@acme.example."}}})
}

func TestScenesAreWhatTheyClaim(t *testing.T) {
	t.Parallel()
	for name, build := range scenes {
		if m := build(testModel(80, 24, sampleData())); m.content() == "" {
			t.Errorf("%s shows nothing", name)
		}
	}
}

// flowFailed is the wizard after a sign-in that ended with an error.
func flowFailed(m Model, err error) Model {
	m = signingIn(m, devicePrompt)
	e := flowEnd(m, accounts.FlowResult{Name: "sales-ga"})
	e.result, e.err = accounts.FlowResult{}, err
	return feed(m, e)
}

// pendingAndCandidate has a sign-in that made no account yet, and a new credential that waits beside one in use.
func pendingAndCandidate(m Model) Model {
	d := m.data
	fresh := pendingSales
	fresh.Name = "new-ga"
	list := append(pendingRows([]accounts.PendingFlow{fresh}), d.snapshot.Accounts...)
	list[2].Candidate = &accounts.CandidateFact{Identity: "ben@acme.example", WrittenAt: noon, WhyWaiting: "signed in as ben@acme.example, but this account belongs to ops@acme.example"}
	d.snapshot.Accounts = list
	m.data = withFacts(d)
	return m
}

func settled(m Model, err error) Model {
	id := jobID{jobChecks, "id-finance-sheets"}
	j, _ := m.jobs.get(id)
	m = feed(m, jobEvent{id: id, run: j.run, ended: true, err: err, result: accounts.DecideKeep})
	if err == nil {
		d := m.data
		d.snapshot.Accounts = slices.Clone(d.snapshot.Accounts)
		d.snapshot.Accounts[2].Candidate = nil
		m = feed(m, dataMsg{data: withFacts(d)})
	}
	return m
}

func verified(m Model) Model {
	m = press(m, "enter", "v")
	id := jobID{jobVerify, subjects([]string{"id-sales-ga"})}
	j, _ := m.jobs.get(id)
	for _, c := range passed {
		m = feed(m, jobEvent{id: id, run: j.run, check: &c})
	}
	d := diagnose.Diagnosis{Title: "the service answered 403", Explanation: "The user has no access to any property.", Remedy: diagnose.FixUserAccount}
	m = feed(m, jobEvent{id: id, run: j.run, check: &accounts.Check{ID: accounts.CheckProbe, Service: "analytics", Title: "Acme Analytics answers", State: accounts.CheckFailed, Detail: "HTTP 403", Diagnosis: &d}})
	return feed(m, jobEvent{id: id, run: j.run, ended: true, summary: "1 verified"})
}

func removed(m Model) Model {
	m = press(write(press(removing(m), "down", "enter"), "sales-ga"), "enter")
	id := jobID{jobRemove, "id-sales-ga"}
	j, _ := m.jobs.get(id)
	return feed(m, jobEvent{id: id, run: j.run, ended: true, result: accounts.RemoveResult{Name: "sales-ga", ToRevoke: true, ByHand: "https://acme.example/permissions",
		Text: "sales-ga is removed here, but Acme could not be told: it is still valid there.", Diagnosis: &diagnose.Diagnosis{Title: "the provider does not answer"}}})
}
