package accounts_test

import (
	"errors"
	"sync"
	"testing"

	"fettle/accounts"
	"fettle/internal/lookalike"
	"fettle/oauthflow/provider"
)

// TestDevicesWaitForThePerson at each provider that lets them: until the person has decided, and to either end.
// All wait at the same time, because a poll comes a second after the other at the earliest.
func TestDevicesWaitForThePerson(t *testing.T) {
	t.Parallel()
	var waiting sync.WaitGroup
	for _, b := range biographies() {
		if !b.device {
			continue
		}
		l := newLife(t, b.provider, b.options, b.services...)
		agrees := l.start(t, l.request("agrees", provider.Device))
		cancels := l.start(t, l.request("cancels", provider.Device))
		waiting.Go(func() {
			end, err := l.decide(t, agrees.FlowID, lookalike.Consent{})
			if err != nil || end != accounts.EndAuthorized {
				t.Errorf("%s: ended as %s, %v", b.name, end, err)
			}
		})
		waiting.Go(func() {
			_, err := l.decide(t, cancels.FlowID, lookalike.Consent{Deny: true})
			diagnosed(t, b.name, err, "declined grant_permissions")
		})
	}
	waiting.Wait()
}

// verification is where each provider sends the person, with the code to type: none gives a complete address.
var verification = map[string]string{
	"google": "https://www.google.com/device", "microsoft": "https://microsoft.com/devicelogin", "github": "https://github.com/login/device",
}

// decide drives a device flow whose person decides after the first poll.
func (l *life) decide(t *testing.T, flowID string, c lookalike.Consent) (accounts.FlowEnd, error) {
	code, waits := "", 0
	result, err := l.DriveFlow(t.Context(), flowID, accounts.FlowIO{Report: func(e accounts.FlowEvent) {
		switch e.Kind {
		case accounts.FlowPrompt:
			code = e.Prompt.UserCode
			if want := verification[l.entry.ID]; e.Prompt.VerificationURI != want || e.Prompt.VerificationURIComplete != "" {
				t.Errorf("%s: to be opened is %q, %q, want %q alone", l.entry.ID, e.Prompt.VerificationURI, e.Prompt.VerificationURIComplete, want)
			}
		case accounts.FlowWaiting:
			if waits++; waits == 2 { // the first poll has been told to wait
				if err := l.like.ApproveDevice(code, c); err != nil {
					t.Error(err)
				}
			}
		}
	}})
	return result.End, err
}

// TestDeviceFlowsThatTheProviderLacksAreNotOffered, with the reason.
func TestDeviceFlowsThatTheProviderLacksAreNotOffered(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		if b.device {
			return // it has one
		}
		var no *accounts.FlowUnavailableError
		if _, err := l.StartFlow(t.Context(), l.request("sales", provider.Device)); !errors.As(err, &no) || no.Why == "" {
			t.Errorf("the device flow: %v", err)
		}
	})
}
