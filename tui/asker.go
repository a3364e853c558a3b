package tui

import (
	"context"
	"errors"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"

	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
)

// Asker lets work in the background ask the person at the screen for a secret, such as the passphrase of an
// SSH key. One question is shown at a time; the others wait.
// What asks is a goroutine in the middle of a connection; it waits in Ask, which no screen sees.
type Asker struct{ asks chan secretAsk }

// NewAsker returns an asker; it answers while screens run with it.
func NewAsker() *Asker { return &Asker{asks: make(chan secretAsk)} }

// ErrNotAnswered says that the person left a question for a secret unanswered.
var ErrNotAnswered = errors.New("the question for the secret was left unanswered")

// secretAsk is a question under way. Whoever answers sends once; a nil answer is a refusal.
type secretAsk struct {
	ctx     context.Context // the asking work's: at its end the question is taken away
	prompt  string
	answers chan *secret.Text // room for one, so that answering never waits
}

// Ask shows prompt and returns what was typed, ErrNotAnswered, or the context's error.
func (a *Asker) Ask(ctx context.Context, prompt string) (secret.Text, error) {
	// A prompt of ssh may hold words of the other machine.
	q := secretAsk{ctx: ctx, prompt: safetext.Line(prompt), answers: make(chan *secret.Text, 1)}
	select {
	case a.asks <- q:
	case <-ctx.Done():
		return secret.Text{}, context.Cause(ctx)
	}
	select {
	case typed := <-q.answers:
		if typed == nil {
			return secret.Text{}, ErrNotAnswered
		}
		return *typed, nil
	case <-ctx.Done():
		return secret.Text{}, context.Cause(ctx)
	}
}

// askedMsg brings a question to the screen; withdrawnMsg takes it away because what asked has ended.
type (
	askedMsg struct {
		id     int
		prompt string
	}
	withdrawnMsg struct{ id int }
)

// giveSecret answers a question; nil refuses.
type giveSecret struct {
	id    int
	typed *secret.Text
}

func (giveSecret) isIntent() {}

// nextAsk waits for the next question.
// It is asked for again only once the last question is answered or withdrawn: so there is one at a time. IDs are places
// in a list that only grows, so a late answer never meets another question.
func (r *runner) nextAsk() tea.Cmd {
	if r.Asker == nil {
		return nil
	}
	return func() tea.Msg {
		select {
		case q := <-r.Asker.asks:
			r.mu.Lock()
			defer r.mu.Unlock()
			r.asks = append(r.asks, q)
			return askedMsg{len(r.asks) - 1, q.prompt}
		case <-r.closed:
			return nil
		}
	}
}

// asked is the question of an ID.
func (r *runner) asked(id int) secretAsk {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.asks[id]
}

// withdrawn waits for the end of what asked.
// Of a question that was answered this comes too, when its work ends; nothing is there to take away then.
func (r *runner) withdrawn(id int) tea.Cmd {
	return func() tea.Msg {
		select {
		case <-r.asked(id).ctx.Done():
			return withdrawnMsg{id}
		case <-r.closed:
			return nil
		}
	}
}

// give hands the answer over and waits for the next question.
func (r *runner) give(in giveSecret) tea.Cmd {
	next := r.nextAsk()
	return func() tea.Msg {
		r.asked(in.id).answers <- in.typed // buffered, and answered once
		return next()
	}
}

// secretScreen asks for a secret over whatever is shown.
type secretScreen struct {
	base
	ask   askedMsg
	field textinput.Model
}

func (s secretScreen) title(frame) string { return "A secret is asked for" }
func (s secretScreen) typing() bool       { return true }
func (s secretScreen) scopes() []scope    { return []scope{inWizard} }

func (s secretScreen) act(id actionID, _ frame) (screen, []intent) {
	switch id {
	// The question goes first: the answer may bring the next one at once.
	case actBack:
		return s, []intent{back{}, giveSecret{id: s.ask.id}}
	case actNext:
		typed := secret.New(s.field.Value())
		return s, []intent{back{}, giveSecret{id: s.ask.id, typed: &typed}}
	}
	return s, nil
}

func (s secretScreen) typed(msg tea.Msg, _ frame) (screen, []intent) {
	s.field = typedInto(s.field, msg)
	return s, nil
}

func (s secretScreen) receive(answer, frame) (screen, []intent) { return s, nil }

func (s secretScreen) view(f frame) string {
	lines := []string{""}
	lines = append(lines, indent1(paragraph(s.ask.prompt, f.width-2, f.theme.title))...)
	lines = append(lines, "", fieldLine(s.field, f), "")
	lines = append(lines, paragraphAt("It is used for this connection and kept nowhere. esc leaves it unanswered: what asked goes on without.", f.width-2, " ", f.theme.faint)...)
	return fill(lines, f.width, f.height, f.theme.signs.ellipsis)
}

// asked shows a question over what is there.
func (m Model) asked(msg askedMsg) (tea.Model, tea.Cmd) {
	return m.covered(secretScreen{ask: msg, field: secretField()}), m.run.withdrawn(msg.id)
}

// askGone takes a question away that nobody waits for any more.
func (m Model) askGone(msg withdrawnMsg) (tea.Model, tea.Cmd) {
	m, there := m.without(func(s screen) bool { over, ok := s.(secretScreen); return ok && over.ask.id == msg.id })
	if !there { // answered: whoever gave the answer waits for the next question already
		return m, nil
	}
	return m, m.run.nextAsk()
}

// unlockKey asks for what ssh wants to know; nil where nobody can be asked.
func (r *runner) unlockKey() func(context.Context, sshconn.Question) (secret.Text, error) {
	if r.Asker == nil {
		return nil
	}
	return r.Asker.Key
}

// Key asks what ssh wants to know to open a key.
func (a *Asker) Key(ctx context.Context, q sshconn.Question) (secret.Text, error) {
	prompt := q.Host.String() + ": " + q.Prompt
	if q.Again {
		prompt = "That was not it. " + prompt
	}
	return a.Ask(ctx, prompt)
}
