package tui

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"fettle/accounts"
)

// troubled is a book of n accounts in every state.
func troubled(n int) data {
	samples := sampleData().snapshot.Accounts
	d := data{}
	for i := range n {
		a := samples[i%len(samples)]
		a.ID, a.Name = fmt.Sprintf("id-%05d", i), fmt.Sprintf("account-%05d", i)
		d.snapshot.Accounts = append(d.snapshot.Accounts, a)
	}
	slices.SortStableFunc(d.snapshot.Accounts, func(a, b accounts.Account) int { return len(b.Health.Severity) - len(a.Health.Severity) })
	return withFacts(d)
}

// BenchmarkKeyPress is Update and View of one key with 10,000 accounts; the 99th percentile is to stay under 4 ms.
func BenchmarkKeyPress(b *testing.B) {
	keys := []string{"down", "pgdown", "space", "end", "up", "pgup", "home", "s", "/", "a", "0", "1", "enter", "down", "esc", "*", "esc", "enter", "down", "esc"}
	for _, size := range [][2]int{{80, 24}, {140, 40}} {
		b.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(b *testing.B) {
			m := testModel(size[0], size[1], troubled(10_000))
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				began := time.Now()
				m = press(m, keys[i%len(keys)])
				_ = m.View()
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "max-ms")
		})
	}
}

// BenchmarkLook is what a look at 10,000 accounts costs beside reading them: cleaning, counting, sorting.
func BenchmarkLook(b *testing.B) {
	d := troubled(10_000)
	for b.Loop() {
		d = d.counted(noon)
	}
}

// BenchmarkFirstFrame compares the first frame over 1,000 accounts with that of a bare Bubble Tea program.
func BenchmarkFirstFrame(b *testing.B) {
	d := troubled(1000)
	b.Run("fettle", func(b *testing.B) {
		firstFrame(b, func() tea.Model { return quitter{testModel(120, 40, d)} })
	})
	b.Run("bare", func(b *testing.B) { firstFrame(b, func() tea.Model { return quitter{bare{"hello"}} }) })
	full := testModel(120, 40, d).content()
	b.Run("bare with the same text", func(b *testing.B) { firstFrame(b, func() tea.Model { return quitter{bare{full}} }) })
}

// firstFrame runs programs until each has drawn once.
func firstFrame(b *testing.B, build func() tea.Model) {
	for b.Loop() {
		var out bytes.Buffer
		p := tea.NewProgram(build(), tea.WithInput(nil), tea.WithOutput(&out), tea.WithWindowSize(120, 40), tea.WithoutSignalHandler(),
			tea.WithEnvironment([]string{"TERM=xterm-256color"}))
		if _, err := p.Run(); err != nil {
			b.Fatal(err)
		}
		if out.Len() == 0 {
			b.Fatal("nothing was drawn")
		}
	}
}

// quitter ends a program once its size is known and it has been drawn with it.
type quitter struct{ tea.Model }

func (q quitter) Init() tea.Cmd { return nil }

func (q quitter) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	if _, sized := msg.(tea.WindowSizeMsg); sized {
		q.Model, _ = q.Model.Update(msg)
		return q, tea.Quit
	}
	return q, nil
}

type bare struct{ text string }

func (m bare) Init() tea.Cmd                       { return nil }
func (m bare) Update(tea.Msg) (tea.Model, tea.Cmd) { return m, nil }
func (m bare) View() tea.View {
	v := tea.NewView(m.text)
	v.AltScreen = true
	return v
}
