package tui

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// seen is what a person reads on the screen, the line breaks of long sentences taken out.
func seen(m Model) string { return strings.Join(strings.Fields(ansi.Strip(m.View().Content)), " ") }

// RFC 8628 §3.3.1: code and address stand in text, also beside a QR that holds both.
func TestD8_CodeAndAddressStandInTextBesideTheQR(t *testing.T) {
	t.Parallel()
	for _, size := range []struct {
		width, height int
		qr            bool
	}{{80, 24, false}, {100, 30, true}, {140, 40, true}} {
		text := seen(signingIn(testModel(size.width, size.height, sampleData()), devicePrompt))
		if !strings.Contains(text, "W D J B - M J H T") || !strings.Contains(text, devicePrompt.VerificationURI+" ") {
			t.Errorf("%v: code or address is missing: %s", size, text)
		}
		if drawn := strings.Contains(text, "█▀▀"); drawn != size.qr {
			t.Errorf("%v: QR drawn %t, want %t", size, drawn, size.qr)
		}
	}
}

// RFC 8628 §5.3: a page that is on no site of the provider is marked, and a host that looks like another shows it.
func TestD13_APageOfAnotherHostIsMarked(t *testing.T) {
	t.Parallel()
	for page, p := range map[string]struct{ foreign, marked string }{
		"https://acme.example/device":      {},
		"https://acme.test.example/device": {"acme.test.example", "! This page is at acme.test.example, which is no site of Acme"},
		"https://асme.example/device":      {"xn--me-6kc2e.example", "! This page is at xn--me-6kc2e.example, which is no site of Acme"},
	} {
		m, marked := testModel(140, 40, sampleData()), p.marked
		prompt := devicePrompt
		prompt.VerificationURI, prompt.VerificationURIComplete, prompt.ForeignHost = page, "", p.foreign
		text := seen(signingIn(m, prompt))
		if marked == "" && strings.Contains(text, "This page is at") || !strings.Contains(text, marked) || strings.Contains(text, "асme") {
			t.Errorf("%s shows %s", page, text)
		}
	}
}

// RFC 8628 §5.4: whoever reads the screen can tell what the code is for, and one key drops it.
func TestD15_TheScreenSaysWhatTheCodeIsFor(t *testing.T) {
	t.Parallel()
	m := signingIn(testModel(140, 40, sampleData()), devicePrompt)
	for _, words := range []string{
		"ops@auto-1", "sales-ga", "Acme", "See and download your Analytics data", "Never type a code that somebody sent you.", "14:32 left",
	} {
		if !strings.Contains(seen(m), words) {
			t.Errorf("the screen does not say %q", words)
		}
	}
	_, intents := m.front().act(actAbandon, m.frame())
	dropped := slices.ContainsFunc(intents, func(in intent) bool { _, ok := in.(abandonFlow); return ok })
	i := slices.IndexFunc(actions, func(a action) bool { return a.id == actAbandon })
	if !dropped || len(actions[i].keys[0]) != 1 || !slices.Contains(m.front().scopes(), actions[i].scope) {
		t.Error("no single key drops the sign-in")
	}
}

// RFC 8628 §5.5: a code that is of no more use, or that nobody looks at, is not shown.
func TestD16_TheCodeIsWipedFromTheScreen(t *testing.T) {
	t.Parallel()
	m := testModel(140, 40, sampleData())
	for name, after := range map[string]Model{
		"checks": checking(m), "left": press(signingIn(m, devicePrompt), "esc"), "done": ended(m, accounts.EndAuthorized, ""),
		"partial": ended(m, accounts.EndPartial, "one permission is missing"), "failed": ended(m, accounts.EndFailed, "declined"),
	} {
		if text := seen(after); strings.Contains(text, "W D J B") || strings.Contains(text, devicePrompt.UserCode) || strings.Contains(text, "█▀▀") {
			t.Errorf("%s: the code is still shown: %s", name, text)
		}
	}
}

// A pasted redirect holds the code: it is as good as a password while it lasts, and is not shown.
func TestL21_WhatIsTypedIntoThePasteBoxIsNotShown(t *testing.T) {
	t.Parallel()
	m := press(signingIn(testModel(140, 40, sampleData()), browserPrompt), "p")
	m = write(m, "canary-code-1")
	if text := seen(m); strings.Contains(text, "canary") || !strings.Contains(text, "*************") {
		t.Errorf("the paste box shows %s", text)
	}
	if text := seen(press(m, "enter")); strings.Contains(text, "canary") {
		t.Errorf("after the paste: %s", text)
	}
}

// RFC 9700 §4.14: whether the provider rotates the refresh tokens of this account is among its facts.
func TestA6_TheDetailSaysWhetherRefreshTokensRotate(t *testing.T) {
	t.Parallel()
	for rotation, words := range map[provider.Rotation]string{
		provider.RotationNone: "kept, stays the same", provider.RotationReplace: "kept, replaced by each refresh", provider.RotationSingleUse: "kept, each one works once",
	} {
		d := sampleData()
		for i := range d.snapshot.Accounts {
			d.snapshot.Accounts[i].Rotation = rotation
		}
		if text := seen(press(testModel(140, 80, withFacts(d)), "enter")); !strings.Contains(text, "Refresh token "+words) {
			t.Errorf("%s: %q is not said", rotation, words)
		}
	}
}
