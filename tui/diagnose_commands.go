package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"fettle/oauthflow/diagnose"
)

// askDiagnosis is answered with what a pasted text means and whom it is about. The text may hold secrets: it
// goes no further than the reading.
type askDiagnosis struct{ key, text string }

func (askDiagnosis) isIntent() {}

// diagnosis turns the question into a command; nil for every other intent.
func (r *runner) diagnosis(in intent, _ int) tea.Cmd {
	asked, ok := in.(askDiagnosis)
	if !ok {
		return nil
	}
	return r.answer(asked.key, func(ctx context.Context) (any, error) {
		reading := diagnose.Text(asked.text)
		suspects, err := r.Accounts.Suspects(ctx, reading)
		return diagnosed{washed(reading.Diagnoses), washed(reading.RuledOut), reading.Shortened, washed(suspects)}, err
	})
}
