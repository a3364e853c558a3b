package tui

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/accounts/vault"
	"fettle/internal/secret"
)

// TestALookThatFailsKeepsWhatWasKnown: a read error is never "no accounts".
func TestALookThatFailsKeepsWhatWasKnown(t *testing.T) {
	t.Parallel()
	m := testModel(80, 24, sampleData())
	m = feed(m, dataMsg{problem: "the book cannot be read: disk error"})
	if got := m.content(); !strings.Contains(got, "sales-ga") || !strings.Contains(got, "The book cannot be read: disk error") {
		t.Errorf("it shows\n%s", got)
	}
	m = feed(m, dataMsg{data: m.data})
	m = feed(testModel(80, 24, data{}), dataMsg{problem: "the book cannot be read"})
	if got := m.content(); strings.Contains(got, "No account yet") || !strings.Contains(got, "could not be read") {
		t.Errorf("an unread book shows\n%s", got)
	}
}

// TestALateLookIsDropped: answers come back in any order.
func TestALateLookIsDropped(t *testing.T) {
	t.Parallel()
	newer, older := sampleData(), crowd(3)
	newer.taken, older.taken = 9, 8
	m := feed(testModel(80, 24, data{}), dataMsg{data: newer}, dataMsg{data: older})
	if m.data.taken != 9 || len(m.data.snapshot.Accounts) != 7 {
		t.Errorf("the older look %d won", m.data.taken)
	}
}

// TestTheFingerStays: a look that moves rows, or takes the account away, moves neither cursor nor marks to another.
func TestTheFingerStays(t *testing.T) {
	t.Parallel()
	m := press(testModel(80, 24, sampleData()), "down", "down", "space", "up")
	before, _ := m.stack[0].(accountsScreen).current(m.frame())
	d := sampleData()
	d.snapshot.Accounts[0], d.snapshot.Accounts[6] = d.snapshot.Accounts[6], d.snapshot.Accounts[0]
	d.snapshot.Accounts[1], d.snapshot.Accounts[5] = d.snapshot.Accounts[5], d.snapshot.Accounts[1]
	d.taken = 1
	m = feed(m, dataMsg{data: withFacts(d)})
	after, _ := m.stack[0].(accountsScreen).current(m.frame())
	if before.ID != after.ID {
		t.Errorf("the cursor went from %s to %s", before.ID, after.ID)
	}
	d = sampleData()
	d.snapshot.Accounts = d.snapshot.Accounts[3:]
	d.taken = 2
	m = feed(m, dataMsg{data: withFacts(d)})
	if s := m.stack[0].(accountsScreen); len(s.marked) != 0 {
		t.Errorf("marks of accounts that are gone stay: %v", s.marked)
	}
}

// TestTheDetailFollowsTheBook: it asks again for history and resources at each look.
func TestTheDetailFollowsTheBook(t *testing.T) {
	t.Parallel()
	m := press(testModel(80, 24, sampleData()), "enter")
	_, wants := m.front().(renewer).renewed(m.frame())
	if !reflect.DeepEqual(wants, []intent{askHistory{"history id-sales-ga", "id-sales-ga"}, askResources{"resources id-sales-ga", "id-sales-ga"}}) {
		t.Errorf("it asks for %v", wants)
	}
	m = feed(m, answer{key: "history id-sales-ga", err: errors.New("disk \x1b[2Jerror")})
	if got := m.front().(detailScreen).problem; got != "disk error" {
		t.Errorf("the problem is %q", got)
	}
}

// TestSuspend: ctrl+z goes to the shell, also while a text is typed.
func TestSuspend(t *testing.T) {
	t.Parallel()
	for _, m := range []Model{testModel(80, 24, sampleData()), press(testModel(80, 24, sampleData()), "/")} {
		_, cmd := m.Update(keyPress("ctrl+z"))
		if cmd == nil {
			t.Fatal("ctrl+z does nothing")
		}
		if _, ok := cmd().(tea.SuspendMsg); !ok {
			t.Error("ctrl+z does not suspend")
		}
	}
}

// TestAHangupQuits without asking: there is nobody to ask.
func TestAHangupQuits(t *testing.T) {
	t.Parallel()
	m := scenes["authorize-device"](testModel(80, 24, sampleData()))
	_, cmd := m.Update(hangupMsg{})
	if _, ok := cmd().(tea.QuitMsg); !ok {
		t.Error("it does not quit")
	}
}

// TestQuittingIsConfirmedByAnotherKey: q twice is a slip of the finger; y, or ctrl+c again, is not.
func TestQuittingIsConfirmedByAnotherKey(t *testing.T) {
	t.Parallel()
	for first, sure := range map[string]map[string]bool{"q": {"q": false, "n": false, "y": true, "ctrl+c": true}, "ctrl+c": {"q": false, "y": true, "ctrl+c": true}} {
		for second, ends := range sure {
			m := press(testModel(80, 24, sampleData()), "r")
			m = press(m, first)
			if _, asked := m.front().(quitQuestion); !asked {
				t.Fatalf("%s asks nothing", first)
			}
			if quits := endsWith(m, second); quits != ends {
				t.Errorf("%s, then %s: quits is %v", first, second, quits)
			}
		}
	}
}

// endsWith reports whether a key ends the program.
func endsWith(m Model, key string) bool {
	_, cmd := m.Update(keyPress(key))
	if cmd == nil {
		return false
	}
	_, quits := cmd().(tea.QuitMsg)
	return quits
}

// TestJobsKeepTheirPlaces: two jobs under way do not change places in the line above the footer with each event.
func TestJobsKeepTheirPlaces(t *testing.T) {
	t.Parallel()
	m := press(testModel(140, 40, sampleData()), "r", "v")
	id := jobID{jobRefresh, subjects([]string{"id-sales-ga"})}
	j, _ := m.jobs.get(id)
	order := func(m Model) (kinds []string) {
		for _, j := range m.jobs {
			kinds = append(kinds, j.id.kind)
		}
		return kinds
	}
	before := order(m)
	m = feed(m, jobEvent{id: id, run: j.run, step: &step{1, 2}})
	if after := order(m); !slices.Equal(before, after) {
		t.Errorf("%v became %v", before, after)
	}
}

// TestWhatMetALockedVaultWaits: several acts wait for one passphrase, and leaving it unasked drops them.
func TestWhatMetALockedVaultWaits(t *testing.T) {
	t.Parallel()
	locked := &vault.LockedError{Holder: vault.HolderPassphrase, Reason: vault.NotOpened}
	meet := func(m Model, id jobID) Model {
		j, _ := m.jobs.get(id)
		return feed(m, jobEvent{id: id, run: j.run, ended: true, err: fmt.Errorf("refresh: %w", locked)})
	}
	m := press(testModel(80, 24, sampleData()), "r", "v")
	m = meet(m, jobID{jobRefresh, subjects([]string{"id-sales-ga"})})
	m = meet(m, jobID{jobVerify, subjects([]string{"id-sales-ga"})})
	if _, asking := m.front().(unlockScreen); !asking || len(m.held) != 2 {
		t.Fatalf("overlay %T, %d acts wait", m.front(), len(m.held))
	}
	if out := press(m, "esc"); len(out.held) != 0 || len(out.overlays) > 0 {
		t.Error("esc does not drop what waited")
	}
	kept := press(m, "ctrl+c", "n")
	if _, asking := kept.front().(unlockScreen); !asking {
		t.Error("a question about quitting loses the passphrase")
	}
	m = write(m, "secret")
	m = press(m, "enter")
	opening, _ := m.jobs.get(vaultJob)
	if !opening.running {
		t.Fatal("the vault is not being opened")
	}
	m = feed(m, jobEvent{id: vaultJob, run: opening.run, ended: true})
	again, _ := m.jobs.get(jobID{jobRefresh, subjects([]string{"id-sales-ga"})})
	if !again.running || len(m.overlays) > 0 || len(m.held) != 0 {
		t.Errorf("refresh running: %v, overlay %T, %d wait", again.running, m.front(), len(m.held))
	}
	if done, _ := m.jobs.get(vaultJob); done.want != nil {
		t.Error("the passphrase is kept in the registry")
	}
}

// TestPasteAndText: q and ? are text where text is typed, a paste reaches every field, and wide letters are whole.
func TestPasteAndText(t *testing.T) {
	t.Parallel()
	m := press(testModel(80, 24, sampleData()), "/")
	m = write(m, "q?")
	m = feed(m, tea.PasteMsg{Content: "メール\n\x1b[2Jשלום"})
	if got := m.stack[0].(accountsScreen).filter.Value(); got != "q?メール שלום" {
		t.Errorf("the filter holds %q", got)
	}
	m = press(m, "backspace", "left", "ctrl+u")
	m = press(testModel(80, 24, sampleData()), "a", "enter", "space", "enter")
	m = press(m, "ctrl+u")
	m = feed(m, tea.PasteMsg{Content: "new-name"})
	m = press(m, "enter")
	if got := m.front().(authorizeWizard).request.Name; got != "new-name" {
		t.Errorf("the name is %q", got)
	}
	m = feed(removingConfirm(), tea.PasteMsg{Content: "sales-ga"})
	if j, _ := press(m, "enter").jobs.get(jobID{jobRemove, "id-sales-ga"}); !j.running {
		t.Error("a pasted name does not confirm")
	}
	m = feed(testModel(80, 24, sampleData()), tea.PasteMsg{Content: "x"})
	if !strings.Contains(m.notice.text, "Nothing here takes") {
		t.Errorf("a paste into the list says %q", m.notice.text)
	}
	m = scenes["regenerate-phrase"](testModel(80, 24, sampleData()))
	m = press(feed(m, tea.PasteMsg{Content: "pw"}), "enter")
	m = press(feed(m, tea.PasteMsg{Content: "pw"}), "enter")
	if j, _ := m.jobs.get(jobID{jobGenerate, ""}); !j.running {
		t.Error("a pasted passphrase does not start the run")
	}
}

func removingConfirm() Model {
	return press(removing(testModel(80, 24, sampleData())), "down", "enter")
}

// TestNamesThatAreTaken are refused with the way to the account that has them.
func TestNamesThatAreTaken(t *testing.T) {
	t.Parallel()
	at := func(name string) Model {
		m := press(pendingAndCandidate(testModel(80, 24, sampleData())), "a", "enter", "space", "enter", "ctrl+u")
		return press(write(m, name), "enter")
	}
	for name, want := range map[string]string{
		"sales-ga": "exists already", "new-ga": "was begun and is not finished", "Q": "", "": "",
	} {
		w := at(name).front().(authorizeWizard)
		if w.station != atName || !strings.Contains(w.problem, want) || w.problem == "" {
			t.Errorf("%q: station %d, %q", name, w.station, w.problem)
		}
	}
	if got := nameLike("9 Search_Console!-"); got != "search-console--" {
		t.Errorf("nameLike gives %q", got)
	}
	if err := accounts.CheckName(nameLike("Search Console") + "-acme"); err != nil {
		t.Error(err)
	}
}

// TestResizing to almost nothing and back keeps every screen as it was.
func TestResizing(t *testing.T) {
	t.Parallel()
	for name, build := range scenes {
		m := build(testModel(80, 24, sampleData()))
		before := m.content()
		small := feed(m, tea.WindowSizeMsg{Width: 40, Height: 10})
		if got := small.content(); strings.Contains(got, "needs 40×10") {
			t.Errorf("%s does not draw at 40×10", name)
		}
		if got := feed(m, tea.WindowSizeMsg{Width: 39, Height: 10}).content(); !strings.Contains(got, "fettle needs 40×10") {
			t.Errorf("%s at 39×10 shows %q", name, got)
		}
		if after := feed(small, tea.WindowSizeMsg{Width: 1, Height: 1}, tea.WindowSizeMsg{Width: 80, Height: 24}).content(); after != before {
			t.Errorf("%s is another after resizing:\n%s\nbefore:\n%s", name, after, before)
		}
	}
}

// TestTheEndOfAWizardWaits: until the book was looked at, enter would choose what is about to move.
func TestTheEndOfAWizardWaits(t *testing.T) {
	t.Parallel()
	m := checking(testModel(80, 24, sampleData()))
	next, _ := m.Update(flowEnd(m, accounts.FlowResult{AccountID: "id-sales-ga", Name: "sales-ga", End: accounts.EndAuthorized}))
	m = press(next.(Model), "enter")
	if _, still := m.front().(authorizeWizard); !still || !strings.Contains(m.content(), "Looking at what follows") {
		t.Errorf("enter left an end that was not known yet:\n%s", m.content())
	}
	m = press(feed(m, dataMsg{same: true, after: jobID{jobFlow, "sales-ga"}}), "enter")
	if _, files := m.front().(regenerateWizard); !files {
		t.Errorf("enter leads to %T", m.front())
	}
}

// holding is a book with an answer that cannot be stored; its revision does not move.
type holding struct {
	Accounts
	answers []accounts.Unstored
}

func (h *holding) Revision(context.Context) (int64, error) { return 7, nil }
func (h *holding) Unstored() []accounts.Unstored           { return h.answers }

// TestAnAnswerThatCannotBeStoredIsTold says so above everything else until it is stored.
func TestAnAnswerThatCannotBeStoredIsTold(t *testing.T) {
	t.Parallel()
	book := &holding{answers: []accounts.Unstored{{AccountID: "id-sales-ga", Account: "sales-ga", Err: store.ErrNoSpace}, {AccountID: "id-press", Account: "press"}}}
	m := testModel(80, 24, sampleData())
	m.run = newRunner(t.Context(), Services{Accounts: book, Clock: func() time.Time { return noon }})
	m = feed(m, noticeMsg{"something else", accounts.SeverityOK}, m.run.look(7)())
	if want := "NOT STORED: the new token of sales-ga and 1 more. Free some disk space; keep fettle running."; !strings.Contains(seen(m), want) {
		t.Errorf("the screen does not say %q:\n%s", want, ansi.Strip(m.content()))
	}
	book.answers[0].Err = &vault.LockedError{}
	m = feed(m, m.run.look(7)())
	if want := "Open the vault again; keep fettle running."; !strings.Contains(seen(m), want) {
		t.Errorf("the screen does not say %q:\n%s", want, ansi.Strip(m.content()))
	}
	book.answers = nil
	m = feed(m, m.run.look(7)())
	if strings.Contains(m.content(), "NOT STORED") {
		t.Error("the screen still says it after the answer was stored")
	}
}

// TestHelpOverAQuestion leads back to it, and the key that opened it closes it.
func TestHelpOverAQuestion(t *testing.T) {
	t.Parallel()
	m := press(withClients(testModel(80, 24, sampleData())), "i", "end", "x", "?")
	if !strings.Contains(seen(m), "Show every key of this screen") {
		t.Fatalf("? shows\n%s", m.content())
	}
	if m = press(m, "?"); !strings.Contains(seen(m), "Forget the client shop of Nord?") {
		t.Errorf("? again shows\n%s", m.content())
	}
}

// TestAQuestionCoversAnother: a locked vault asks while ssh asks, and neither question is lost.
func TestAQuestionCoversAnother(t *testing.T) {
	t.Parallel()
	m := press(testModel(80, 24, sampleData()), "r")
	m.run.asks = []secretAsk{{ctx: t.Context(), answers: make(chan *secret.Text, 1)}}
	m = feed(m, askedMsg{0, "runner-2: passphrase of id_ed25519"})
	id := jobID{jobRefresh, subjects([]string{"id-sales-ga"})}
	j, _ := m.jobs.get(id)
	m = feed(m, jobEvent{id: id, run: j.run, ended: true, err: &vault.LockedError{Holder: vault.HolderPassphrase, Reason: vault.NotOpened}})
	if !strings.Contains(seen(m), "The vault is locked") {
		t.Fatalf("it shows\n%s", m.content())
	}
	m = press(write(m, "open sesame"), "enter")
	opening, _ := m.jobs.get(vaultJob)
	m = feed(m, jobEvent{id: vaultJob, run: opening.run, ended: true})
	if !strings.Contains(seen(m), "passphrase of id_ed25519") {
		t.Fatalf("once the vault is open it shows\n%s", m.content())
	}
	m = feed(m, withdrawnMsg{0})
	if _, asking := m.front().(secretScreen); asking {
		t.Errorf("what nobody waits for stays: %T", m.front())
	}
}

// TestNothingIsAnsweredUnseen: on a screen too small to show a question, yes is no answer; ctrl+c still leaves.
func TestNothingIsAnsweredUnseen(t *testing.T) {
	t.Parallel()
	m := press(withClients(testModel(80, 24, sampleData())), "i", "end", "x")
	small := feed(m, tea.WindowSizeMsg{Width: 39, Height: 24})
	if small = press(small, "y"); len(small.jobs) != 0 {
		t.Error("a client was forgotten that nobody could see")
	}
	again := press(feed(small, tea.WindowSizeMsg{Width: 80, Height: 24}), "y")
	if _, begun := again.jobs.get(jobID{jobClientGone, "c2"}); !begun {
		t.Error("the question is gone once there is room again")
	}
	if _, cmd := small.Update(keyPress("ctrl+c")); cmd == nil {
		t.Error("ctrl+c does nothing")
	}
}

// TestALongNoticeIsReadToItsEnd: it goes away with the next key, so nothing of it may be cut off before.
func TestALongNoticeIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	m := testModel(80, 24, sampleData())
	long := "Acme sales cannot be refreshed: the provider at https://login.acme.example refuses this client since its secret has ended; give it a new one on the screen of the clients."
	m = feed(m, noticeMsg{long, accounts.SeverityCritical})
	if !strings.Contains(seen(m), long) {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	if n := strings.Count(m.content(), "\n"); n != 23 {
		t.Errorf("the screen has %d lines", n+1)
	}
	m.host.Notice = "Approve with curl -d user_code=CODE -d allow=all URL; the whole story is in /tmp/fettle-demo/HOW-TO-APPROVE.txt"
	if !strings.Contains(seen(m), m.host.Notice) {
		t.Errorf("the notice of the host is cut:\n%s", ansi.Strip(m.content()))
	}
}
