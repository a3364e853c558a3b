package tui

import (
	"errors"
	"strings"

	"fettle/accounts"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
)

// failureLines explain an error on a page of its own: what happened, why, what to do.
func failureLines(err error, f frame) []string {
	d, ok := diagnosisOf(err)
	if !ok {
		return indent1(paragraph(upperFirst(whole(err)), f.width-2, f.theme.bad))
	}
	lines := indent1(paragraph(sentence(d.Title), f.width-2, f.theme.bad))
	return append(lines, diagnosisLines(d, f)...)
}

// diagnosisLines are the explanation and the remedy of a diagnosis, under its title.
func diagnosisLines(d diagnose.Diagnosis, f frame) []string {
	var lines []string
	if d.Explanation != "" {
		lines = append(lines, indent1(wrap(d.Explanation, f.width-2))...)
	}
	return append(lines, indent1(wrap(remedyWords(d), f.width-2))...)
}

// diagnosisOf finds the cause and the remedy that an error carries.
// The more particular errors first: they know which account and which way of signing in it was.
func diagnosisOf(err error) (diagnose.Diagnosis, bool) {
	var flow *accounts.FlowFailedError
	var refresh *accounts.RefreshError
	var refused *oauthflow.Error
	switch {
	case errors.As(err, &flow):
		return washed(flow.Diagnosis), true
	case errors.As(err, &refresh):
		return washed(refresh.Diagnosis), true
	case errors.As(err, &refused):
		return washed(diagnose.Of(err, diagnose.Hints{})), true
	}
	return diagnose.Diagnosis{}, false
}

// remedyWords say what a diagnosis asks of the operator. Where the cause is not known there is nothing to ask: the
// error itself stands above.
func remedyWords(d diagnose.Diagnosis) string {
	if d.Remedy == "" || d.Remedy == diagnose.Unknown {
		return ""
	}
	words := d.Next("", "").Words // each begins with a verb
	return "What to do: " + strings.ToLower(words[:1]) + words[1:]
}
