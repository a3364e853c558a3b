package accounts_test

import (
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/lookalike"
	"fettle/oauthflow/diagnose"
	"fettle/oauthflow/provider"
)

// TestAPermissionTakenBackLaterIsNoticed by a refresh where the token answer tells the scopes, else by a verification.
func TestAPermissionTakenBackLaterIsNoticed(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		a := l.account(t, "sales")
		l.like.Lose(b.without)
		switch b.notices {
		case "refresh":
			l.must(t, a.ID, accounts.Now(true))
		default:
			if _, err := l.Verify(t.Context(), a.ID, nil); err != nil {
				t.Fatal(err)
			}
		}
		if b.notices == "the API" { // which cannot say what else may be wrong
			l.is(t, a.ID, lookalike.Answer{}, b.loss)
			return
		}
		h := l.look(t, a.ID).Health
		if h.State != accounts.MissingPermissions || h.Remedy != diagnose.GrantPermissions || !strings.Contains(h.Title, b.words) {
			t.Errorf("is %s, %s: %s", h.State, h.Remedy, h.Title)
		}
		if l.account(t, "sales").ID != a.ID {
			t.Error("repaired as another account")
		}
	})
}

// TestADeadGrantIsNamedKeptAndRepaired: nothing is deleted because a provider said no, and the name survives the repair.
func TestADeadGrantIsNamedKeptAndRepaired(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		a := l.account(t, "sales")
		before, seq := l.secrets(t, a.ID)
		l.like.Revoke()
		report, err := l.Verify(t.Context(), a.ID, nil)
		if err != nil || report.OK {
			t.Fatalf("verified a dead grant: %v, %v", states(report.Checks), err)
		}
		h := l.look(t, a.ID).Health
		if h.State != accounts.NeedsSignIn || h.Remedy != diagnose.Reauthorize || h.Cause == "unknown" {
			t.Errorf("is %s, %s, %s: %s; %s", h.State, h.Cause, h.Remedy, h.Title, states(report.Checks))
		}
		after, now := l.secrets(t, a.ID)
		if after.Refresh.Hash() != before.Refresh.Hash() || after.Access.Hash() != before.Access.Hash() || now != seq {
			t.Error("the stored credential was changed")
		}
		if l.account(t, "sales").ID != a.ID {
			t.Error("repaired as another account")
		}
	})
}

// TestTheEndOfAnAccount is a removal with revocation: done, or said plainly that it has to be done by hand.
func TestTheEndOfAnAccount(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		a := l.account(t, "sales")
		l.clock.pass(b.after) // some want a live access token for it
		result, err := l.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true})
		if err != nil {
			t.Fatal(err)
		}
		if b.byHand == "" {
			if !result.Revoked || !result.Forgotten || l.live(t, b) {
				t.Errorf("removed: %+v", result)
			}
			return
		}
		if result.Revoked || !result.ToRevoke || !strings.Contains(result.ByHand, b.byHand) || !strings.Contains(result.Text, "by hand") {
			t.Errorf("removed: %+v", result)
		}
		if state := l.look(t, a.ID).Health.State; state != accounts.ToRevoke {
			t.Errorf("is %s", state)
		}
		if result, err = l.Remove(t.Context(), a.ID, accounts.RemoveOptions{}); err != nil || !result.Forgotten {
			t.Errorf("forgotten: %+v, %v", result, err)
		}
	})
}

// live reports whether the provider still accepts anything of what was granted. GitHub ends tokens, not grants.
func (l *life) live(t *testing.T, b biography) bool {
	t.Helper()
	if strings.HasPrefix(b.name, "GitHub") {
		return l.like.Tokens() > 0
	}
	return l.like.Grants() > 0
}

// TestRevokingWhatIsDeadAlreadyIsDone: the account shall be gone, and is.
func TestRevokingWhatIsDeadAlreadyIsDone(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		if b.byHand != "" {
			return // this provider revokes nothing for programs
		}
		fresh, over := l.account(t, "sales"), l.account(t, "leads")
		l.like.Revoke()
		for _, a := range []accounts.Account{fresh, over} {
			result, err := l.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true})
			if err != nil || !result.Forgotten || !strings.Contains(result.Text, "not valid any more") {
				t.Errorf("removed %s: %+v, %v", a.Name, result, err)
			}
			l.clock.pass(b.after) // of the second one, the access token has ended by itself
		}
	})
}

// TestADeclinedSignInChangesNothing: it is told as what it is, and leaves an account that was there as it was.
func TestADeclinedSignInChangesNothing(t *testing.T) {
	each(t, func(t *testing.T, b biography, l *life) {
		a := l.account(t, "sales")
		if l.entry.Redirects[0] == "" {
			return // a person who cancels there is shown no code to paste
		}
		flow := l.start(t, l.request("sales", provider.Browser))
		_, _, err := l.drive(t, flow.FlowID, func(p *accounts.Prompt, paste chan<- string) {
			back, err := l.like.Approve(p.AuthorizationURL, lookalike.Consent{Deny: true})
			if err != nil {
				t.Error(err)
			}
			paste <- back
		})
		diagnosed(t, "cancelled", err, "declined grant_permissions")
		l.is(t, a.ID, lookalike.Answer{}, "healthy")
	})
}
