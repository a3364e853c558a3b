package accounts_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/accounts/store"
	"fettle/internal/sandbox"
	"fettle/oauthflow/provider"
)

// Whoever had state, verifier or device code could finish the sign-in elsewhere: no file of the data folder holds one in clear.
func TestWhatProtectsASignInIsSealed(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	browser := r.start(t, request("sales"))
	req := request("other")
	req.Kind = provider.Device
	r.start(t, req)
	shown, err := r.leaveAtThePrompt(t, browser.FlowID)
	if !errors.Is(err, context.Canceled) || len(shown) != 1 {
		t.Fatalf("events %+v, %v", shown, err)
	}

	secrets := []string{member(t, shown[0].Prompt.AuthorizationURL, "state")}
	for _, f := range r.flows(t) {
		plain, err := r.vault.Open("flows", f.ID, 1, f.Blob)
		if err != nil {
			t.Fatal(err)
		}
		sealed := map[string]string{}
		if err := json.Unmarshal(plain, &sealed); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"state", "verifier", "device_code"} {
			if sealed[name] != "" {
				secrets = append(secrets, sealed[name])
			}
		}
	}
	if len(secrets) != 4 || secrets[0] == "" || !slices.Contains(secrets[1:], secrets[0]) {
		t.Fatalf("%d secrets of two sign-ins", len(secrets))
	}
	if found := leaks(t, r.dir, secrets...); len(found) > 0 {
		t.Errorf("%d times in the open, first in %s", len(found), strings.SplitN(found[0], ":", 2)[0])
	}
}

// A browser sign-in that a former fettle began has its address, and the state in it, in clear: it ends, and says why.
func TestASignInOfAFormerFettleEnds(t *testing.T) {
	t.Parallel()
	r := newRig(t, sandbox.Options{})
	flow := r.start(t, request("sales"))
	record := r.flows(t)[0]
	public := strings.Replace(string(record.Public), `"flow":{`, `"flow":{"authorization_url":"`+r.server.URL()+`/authorize?state=STATE-in-clear",`, 1)
	blob, err := r.vault.Seal("flows", flow.FlowID, 1, []byte(`{"state":"STATE-in-clear","verifier":"v"}`))
	if err != nil {
		t.Fatal(err)
	}
	record.Public, record.Blob = []byte(public), blob
	if err := r.store.Update(t.Context(), func(w store.Writer) error { return w.PutFlow(&record) }); err != nil {
		t.Fatal(err)
	}
	events, err := r.leaveAtThePrompt(t, flow.FlowID)
	if !errors.Is(err, accounts.ErrFlowFormer) || !strings.Contains(err.Error(), `authorization of "sales" was started by a former fettle`) ||
		!slices.Equal(kinds(events), []accounts.FlowEventKind{accounts.FlowExpired}) {
		t.Errorf("%v, events %+v", err, events)
	}
	if left := r.flows(t); len(left) != 0 {
		t.Errorf("%d sign-ins are left", len(left))
	}
	r.authorized(t, "sales") // the name is free
}

// leaveAtThePrompt drives a flow until it shows its prompt, and leaves it there.
func (r *rig) leaveAtThePrompt(t testing.TB, flowID string) ([]accounts.FlowEvent, error) {
	t.Helper()
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	var events []accounts.FlowEvent
	_, err := r.DriveFlow(ctx, flowID, accounts.FlowIO{Report: func(e accounts.FlowEvent) {
		events = append(events, e)
		leave()
	}})
	return events, err
}

func (r *rig) flows(t testing.TB) (all []store.Flow) {
	t.Helper()
	if err := r.store.View(t.Context(), func(s store.Reader) (err error) { all, err = s.Flows(); return err }); err != nil {
		t.Fatal(err)
	}
	return all
}

// RFC 8628 §5.3: that the code is to be entered at a site that is not the provider's is known to whoever shows it.
func TestD13_AForeignHostComesWithThePrompt(t *testing.T) {
	t.Parallel()
	for page, foreign := range map[string]string{"https://evil.test/device": "evil.test", "": ""} {
		r := newRig(t, sandbox.Options{})
		if page != "" {
			device := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				_, _ = fmt.Fprintf(w, `{"device_code":"dc-12345678","user_code":"AB-12","verification_uri":%q,"expires_in":600}`, page)
			}))
			t.Cleanup(device.Close)
			r.configure(t, r.server.ProviderTOML("demo", `device_authorization_endpoint = "`+device.URL+`/start"`))
		}
		req := request("sales")
		req.Kind = provider.Device
		events, err := r.leaveAtThePrompt(t, r.start(t, req).FlowID)
		if !errors.Is(err, context.Canceled) || len(events) == 0 || events[0].Kind != accounts.FlowPrompt || events[0].Prompt.ForeignHost != foreign {
			t.Errorf("%q: %+v, %v", page, events, err)
		}
	}
}
