package accounts_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/accounts"
	"fettle/internal/lookalike"
	"fettle/oauthflow/provider"
)

// last is the newest request for HOST/PATH.
func (l *life) last(t *testing.T, hostPath string) lookalike.Request {
	t.Helper()
	seen := l.like.Seen(hostPath)
	if len(seen) == 0 {
		t.Fatalf("nobody asked at %s", hostPath)
	}
	return seen[len(seen)-1]
}

// TestGoogleIsNeverShownATokenInAnAddress, where proxies and logs would keep it.
func TestGoogleIsNeverShownATokenInAnAddress(t *testing.T) {
	t.Parallel()
	l := newLife(t, "google", lookalike.Options{}, "analytics")
	a := l.account(t, "sales")
	if _, err := l.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true}); err != nil {
		t.Fatal(err)
	}
	for _, at := range []string{"tokeninfo", "token", "revoke"} {
		r := l.last(t, "oauth2.googleapis.com/"+at)
		if len(r.Query) > 0 || r.Method != "POST" {
			t.Errorf("%s was asked by %s with %v in the address", at, r.Method, r.Query)
		}
	}
}

// TestGoogleEndsTheWholeProject: one account revoked is all of that person's revoked, and the plan says so before.
func TestGoogleEndsTheWholeProject(t *testing.T) {
	t.Parallel()
	l := newLife(t, "google", lookalike.Options{}, "analytics")
	a, sibling := l.account(t, "sales"), l.account(t, "leads")
	plan, err := l.RemovalPlan(t.Context(), a.ID)
	if err != nil || !slices.Equal(plan.Siblings, []string{"leads"}) || plan.Reach != "project" {
		t.Errorf("planned %+v, %v", plan, err)
	}
	if _, err := l.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Refresh(t.Context(), sibling.ID, accounts.Now(true)); err == nil {
		t.Error("the sibling was refreshed")
	}
	l.is(t, sibling.ID, lookalike.Answer{}, "needs_sign_in revoked reauthorize")
}

// TestGooglesDeviceClientShowsItsSecretToThePollAlone: the device request takes client_id and scope, nothing else.
func TestGooglesDeviceClientShowsItsSecretToThePollAlone(t *testing.T) {
	t.Parallel()
	l := newLife(t, "google", lookalike.Options{}, "youtube")
	l.signIn(t, "video", provider.Device, lookalike.Consent{})
	if begun := l.last(t, "oauth2.googleapis.com/device/code").Form; begun.Has("client_secret") || len(begun) != 2 {
		t.Errorf("the device request holds %v", keysOf(begun))
	}
	if polled := l.last(t, "oauth2.googleapis.com/token").Form; !polled.Has("client_secret") {
		t.Errorf("the poll holds %v", keysOf(polled))
	}
}

func keysOf(form map[string][]string) []string {
	var keys []string
	for key := range form {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// TestGooglesTestingEndsAfterAWeek: what the token endpoint says is the same as for any dead grant; its age tells.
func TestGooglesTestingEndsAfterAWeek(t *testing.T) {
	t.Parallel()
	l := newLife(t, "google", lookalike.Options{}, "analytics")
	a := l.account(t, "sales")
	l.clock.pass(7*24*time.Hour + time.Hour)
	l.like.Revoke()
	if _, err := l.Refresh(t.Context(), a.ID, accounts.Now(true)); err == nil {
		t.Fatal("refreshed")
	}
	if h := l.look(t, a.ID).Health; h.State != accounts.NeedsSignIn || !strings.Contains(h.Title+h.Detail, "Testing") {
		t.Errorf("is %s: %s. %s", h.State, h.Title, h.Detail)
	}
}

// TestMicrosoftSecrets: a public client that sends one is refused, a web client that does not as well.
func TestMicrosoftSecrets(t *testing.T) {
	t.Parallel()
	const token = "login.microsoftonline.com/common/oauth2/v2.0/token"
	for _, confidential := range []bool{false, true} {
		l := newLife(t, "microsoft", lookalike.Options{Confidential: confidential}, "onedrive")
		a := l.account(t, "files")
		l.must(t, a.ID, accounts.Now(true))
		if form := l.last(t, token).Form; form.Has("client_secret") != confidential {
			t.Errorf("confidential %t: the refresh holds %v", confidential, keysOf(form))
		}
		wrong := strings.Replace(l.like.Config(), "[providers.microsoft.client]", "[providers.microsoft.client]\n# another", 1) + "secret = \"made-up\"\nauth = \"post\"\n"
		if confidential {
			wrong = l.like.Hosts() + "\n[providers.microsoft.client]\nid = " + strings.Split(strings.Split(l.like.Config(), "id = ")[1], "\n")[0] + "\n"
		}
		l.configure(t, wrong)
		if _, err := l.Refresh(t.Context(), a.ID, accounts.Now(true)); err == nil {
			t.Errorf("confidential %t: refreshed by the other kind of client", confidential)
		}
		l.is(t, a.ID, lookalike.Answer{}, "blocked client_invalid fix_client")
	}
}

// TestMicrosoftsTokensAreForOneResource: a person's two accounts refresh side by side, each with its own scopes.
func TestMicrosoftsTokensAreForOneResource(t *testing.T) {
	t.Parallel()
	l := newLife(t, "microsoft", lookalike.Options{Vars: map[string]string{"developer_token": "made-up"}}, "onedrive")
	files := l.account(t, "files")
	l.services = []string{"advertising"}
	ads := l.account(t, "ads")
	for id, want := range map[string]string{files.ID: "Files.ReadWrite", ads.ID: "https://ads.microsoft.com/msads.manage"} {
		l.must(t, id, accounts.Now(true))
		scopes := strings.Fields(l.last(t, "login.microsoftonline.com/common/oauth2/v2.0/token").Form.Get("scope"))
		if !slices.Contains(scopes, want) || !slices.Contains(scopes, "offline_access") || slices.Contains(scopes, "Files.ReadWrite") == slices.Contains(scopes, "https://ads.microsoft.com/msads.manage") {
			t.Errorf("refreshed with %q, want one resource's with %s", scopes, want)
		}
	}
	req := l.request("both", provider.Browser)
	req.Services = []string{"advertising", "onedrive"}
	if _, err := l.StartFlow(t.Context(), req); err == nil || !strings.Contains(err.Error(), "one account for each") {
		t.Errorf("both at once: %v", err)
	}
}

// TestMicrosoftsIdentityOutlivesItsIDToken: the issuer is a template, and only the id token tells who it is across clients.
func TestMicrosoftsIdentityOutlivesItsIDToken(t *testing.T) {
	t.Parallel()
	l := newLife(t, "microsoft", lookalike.Options{}, "onedrive")
	a := l.account(t, "files")
	if id := a.Identity; id.Subject != "oid-1001" || id.Tenant == "" || !strings.Contains(id.Issuer, id.Tenant) || id.Email != "ana@example.org" {
		t.Errorf("belongs to %+v", id)
	}
	result := l.signIn(t, "files", provider.Browser, lookalike.Consent{As: "ben@example.org"})
	if result.End != accounts.EndWaitingDecision {
		t.Errorf("another person signed in, and it ended as %s", result.End)
	}
	if after := l.look(t, a.ID); after.Identity.Subject != "oid-1001" {
		t.Errorf("now belongs to %+v", after.Identity)
	}
}

// TestMetasTokenIsExchangedInTime: at once for one of sixty days, by a scheduled run before those are over, and never after.
func TestMetasTokenIsExchangedInTime(t *testing.T) {
	t.Parallel()
	l := newLife(t, "meta", lookalike.Options{}, "ads")
	a := l.account(t, "ads")
	if term := a.AccessExpiresAt.Sub(l.clock.now()); term < 59*24*time.Hour {
		t.Errorf("after the sign-in the token lasts %s", term)
	}
	due := func() bool {
		all, err := l.Due(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return len(all) == 1
	}
	if l.clock.pass(30 * 24 * time.Hour); due() {
		t.Error("due after 30 days")
	}
	if l.clock.pass(15 * 24 * time.Hour); !due() {
		t.Error("not due after 45 days")
	}
	l.must(t, a.ID, accounts.Now(false))
	if h := l.look(t, a.ID).Health; h.DiesAt.IsZero() || h.DiesAt.Sub(l.clock.now()) > 16*24*time.Hour {
		t.Errorf("dies %s, though nobody promises that an exchange prolongs it", h.DiesAt)
	}
	l.clock.pass(16 * 24 * time.Hour)
	if _, err := l.Refresh(t.Context(), a.ID, accounts.Now(true)); err == nil {
		t.Error("an expired token was exchanged")
	}
	l.is(t, a.ID, lookalike.Answer{}, "needs_sign_in expired reauthorize")
}

// TestLinkedInsYearIsCountedFromTheConsent: a refresh brings the token again, with what is left of its time.
func TestLinkedInsYearIsCountedFromTheConsent(t *testing.T) {
	t.Parallel()
	l := newLife(t, "linkedin", lookalike.Options{Partner: true}, "ads")
	a := l.account(t, "ads")
	ends := l.clock.now().Add(365 * 24 * time.Hour)
	for range 6 {
		l.clock.pass(58 * 24 * time.Hour)
		l.must(t, a.ID, accounts.Now(true))
	}
	h := l.look(t, a.ID).Health
	if gap := h.DiesAt.Sub(ends).Abs(); gap > time.Minute || h.DiesBecause == "" {
		t.Errorf("dies %s (%s), want %s", h.DiesAt, h.DiesBecause, ends)
	}
	if version := l.last(t, "api.linkedin.com/rest/adAccounts").Header.Get("Linkedin-Version"); version == "" {
		t.Error("the API was asked without a version")
	}
}

// TestDropboxShowsACode: no redirect is sent to either endpoint, and what is pasted is the code alone.
func TestDropboxShowsACode(t *testing.T) {
	t.Parallel()
	l := newLife(t, "dropbox", lookalike.Options{}, "files")
	l.account(t, "files")
	if r := l.last(t, "www.dropbox.com/oauth2/authorize"); r.Query.Has("redirect_uri") || r.Query.Get("token_access_type") != "offline" {
		t.Errorf("the page was asked with %v", keysOf(r.Query))
	}
	if r := l.last(t, "api.dropboxapi.com/oauth2/token"); r.Form.Has("redirect_uri") || r.Form.Has("client_secret") {
		t.Errorf("the code was exchanged with %v", keysOf(r.Form))
	}
}

// TestSalesforcesInstance is where the API is asked, and nowhere else: an answer cannot send the token to a stranger.
func TestSalesforcesInstance(t *testing.T) {
	t.Parallel()
	l := newLife(t, "salesforce", lookalike.Options{}, "data")
	a := l.account(t, "crm")
	asked := func() int { return len(l.like.Seen(lookalike.SalesforceInstance + "/services/data/v66.0/limits")) }
	before := asked()
	stranger, err := json.Marshal(map[string]string{"access_token": "x", "refresh_token": "y", "token_type": "Bearer", "scope": "api refresh_token openid", "instance_url": "https://stranger.example"})
	if err != nil {
		t.Fatal(err)
	}
	l.like.Next("login.salesforce.com/services/oauth2/token", lookalike.Answer{Body: string(stranger)})
	l.must(t, a.ID, accounts.Now(true))
	report, err := l.Verify(t.Context(), a.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c := check(t, report.Checks, accounts.CheckProbe); c.State == accounts.CheckOK || asked() != before {
		t.Errorf("the probe: %s", states(report.Checks))
	}
	l.is(t, a.ID, lookalike.Answer{}, "blocked wrong_server fix_machine")
}

// TestSalesforceTakesARefreshTokenOnce: a copy that is used elsewhere ends the account, and it is said why.
func TestSalesforceTakesARefreshTokenOnce(t *testing.T) {
	t.Parallel()
	l := newLife(t, "salesforce", lookalike.Options{}, "data")
	a := l.account(t, "crm")
	old, _ := l.secrets(t, a.ID)
	l.must(t, a.ID, accounts.Now(true))
	l.like.Use(old.Refresh.Reveal())
	if _, err := l.Refresh(t.Context(), a.ID, accounts.Now(true)); err == nil {
		t.Error("refreshed after a reuse")
	}
	l.is(t, a.ID, lookalike.Answer{}, "needs_sign_in revoked reauthorize")
}

// TestGitHubIsAskedForJSON, since it answers in a form otherwise, and revoked by the client's own credentials.
func TestGitHubIsAskedForJSON(t *testing.T) {
	t.Parallel()
	l := newLife(t, "github", lookalike.Options{}, "repositories")
	a := l.account(t, "code")
	for _, at := range []string{"github.com/login/oauth/access_token"} {
		if accept := l.last(t, at).Header.Get("Accept"); !strings.Contains(accept, "application/json") {
			t.Errorf("%s was asked for %q", at, accept)
		}
	}
	if _, err := l.Remove(t.Context(), a.ID, accounts.RemoveOptions{Revoke: true}); err != nil {
		t.Fatal(err)
	}
	r := l.last(t, "api.github.com/applications/Iv1.lookalike/token")
	if auth := r.Header.Get("Authorization"); r.Method != "DELETE" || !strings.HasPrefix(auth, "Basic ") {
		t.Errorf("revoked by %s as %.6s", r.Method, auth)
	}
}

// TestGitHubWithoutASecretIsRevokedByHand: the device flow needs none, the revocation does.
func TestGitHubWithoutASecretIsRevokedByHand(t *testing.T) {
	t.Parallel()
	l := newLife(t, "github", lookalike.Options{}, "repositories")
	l.configure(t, l.like.Hosts()+"\n[providers.github.client]\nid = \"Iv1.lookalike\"\n")
	result := l.signIn(t, "code", provider.Device, lookalike.Consent{})
	if result.End != accounts.EndAuthorized {
		t.Fatalf("ended as %s: %s", result.End, result.Why)
	}
	removed, err := l.Remove(t.Context(), result.AccountID, accounts.RemoveOptions{Revoke: true})
	if err != nil || removed.Revoked || !strings.Contains(removed.ByHand, "github.com/settings") {
		t.Errorf("removed: %+v, %v", removed, err)
	}
}
