package tui

import (
	"errors"

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
	if words := remedyWords[d.Remedy]; words != "" {
		lines = append(lines, indent1(wrap("What to do: "+words, f.width-2))...)
	}
	return lines
}

// diagnosisOf finds the cause and the remedy that an error carries.
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

// remedyWords say what each remedy asks of the operator.
var remedyWords = map[diagnose.Remedy]string{
	diagnose.RetryLater:               "try again in a while; nothing is wrong with the account.",
	diagnose.Refresh:                  "refresh the account.",
	diagnose.Reauthorize:              "sign in again.",
	diagnose.ReauthorizeInteractively: "sign in again, with the second factor if the provider asks for it.",
	diagnose.GrantPermissions:         "sign in again and tick every box.",
	diagnose.AskAdministrator:         "ask the administrator of the organisation to allow it.",
	diagnose.FixClient:                "correct the client registration (fettle client list), then sign in again.",
	diagnose.FixUserAccount:           "put the user's account right at the provider, then sign in again.",
	diagnose.FixMachine:               "put this machine right: its clock, name lookup, proxy or configuration.",
}
