package oauthflow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

func TestD9_TheDeviceCodeIsInNoError(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{answers: []func(http.ResponseWriter){oauthError(400, `{"error":"bad","error_description":"code dc-secret-123 unknown"}`)}}
		_, _, _, err := d.run(t.Context(), t)
		if strings.Contains(err.Error(), "dc-secret") || strings.Contains(fmt.Sprintf("%+v %#v", err, asError(t, err)), "dc-secret") {
			t.Errorf("got %v", err)
		}
	})
}

func TestD10_OddIntervalsAndExpiriesNeverPanic(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		interval, expires string
		wantInterval, ttl time.Duration
	}{
		{`"7"`, `"900"`, 7 * time.Second, 900 * time.Second},
		{`0`, `0`, 5 * time.Second, 600 * time.Second},
		{`-1`, `-5`, 5 * time.Second, 600 * time.Second},
		{`1e18`, `1e18`, 60 * time.Second, 24 * time.Hour},
		{`1e400`, `1e400`, 60 * time.Second, 24 * time.Hour},
		{`null`, `null`, 5 * time.Second, 600 * time.Second},
		{`2.5`, `12.5`, 2500 * time.Millisecond, 12500 * time.Millisecond},
		{`0.001`, `300`, time.Second, 300 * time.Second},
		{`"soon"`, `"later"`, 5 * time.Second, 600 * time.Second},
		{`"NaN"`, `"NaN"`, 5 * time.Second, 600 * time.Second},
		{`"-Inf"`, `"Inf"`, 5 * time.Second, 24 * time.Hour},
		{`[5]`, `{"s":1}`, 5 * time.Second, 600 * time.Second},
		{`true`, `""`, 5 * time.Second, 600 * time.Second},
	} {
		t.Run(tt.interval+" "+tt.expires, func(t *testing.T) {
			t.Parallel()
			p, s, c := acme(t)
			body := `{"device_code":"dc-12345","user_code":"A","verification_uri":"https://a.example/","interval":` + tt.interval + `,"expires_in":` + tt.expires + `}`
			f, err := oauthflow.StartDevice(t.Context(), answering(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, body) }), oauthflow.Request{Provider: p, Server: s, Client: c})
			if err != nil {
				t.Fatal(err)
			}
			if ttl := f.ExpiresAt.Sub(f.StartedAt).Round(100 * time.Millisecond); f.Interval != tt.wantInterval || ttl != tt.ttl {
				t.Errorf("interval %v, ttl %v; want %v, %v", f.Interval, ttl, tt.wantInterval, tt.ttl)
			}
		})
	}
}

// A clock that runs 40 % fast makes every wait too short for the server; it must be told off once at most.
func TestD11_AFastClockIsSlowedDownOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{}
		told, need, last := 0, 5*time.Second, time.Duration(0)
		d.answers = []func(http.ResponseWriter){func(w http.ResponseWriter) {
			now := time.Duration(float64(d.polls[len(d.polls)-1]) / 1.4) // the server's clock
			since := now - last
			last = now
			switch {
			case len(d.polls) > 20:
				granted(w)
			case since < need:
				told++
				need += 5 * time.Second
				writeJSON(w, 400, `{"error":"slow_down"}`)
			default:
				pending(w)
			}
		}}
		if _, _, _, err := d.run(t.Context(), t); err != nil {
			t.Fatal(err)
		}
		if told > 1 {
			t.Errorf("told to slow down %d times", told)
		}
	})
}

func TestD12_DuplicateMembersAreAnError(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t)
	body := `{"device_code":"dc-12345","user_code":"A","user_code":"B","verification_uri":"https://a.example/"}`
	_, err := oauthflow.StartDevice(t.Context(), answering(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, body) }), oauthflow.Request{Provider: p, Server: s, Client: c})
	if e := asError(t, err); e.Code != oauthflow.CodeInvalidResponse {
		t.Errorf("got %v", err)
	}
}

func TestD13_TheVerificationAddressMustBeHTTPS(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t)
	for uri, want := range map[string]string{
		"https://bücher.example/go": "https://xn--bcher-kva.example/go", "http://a.example/": "", "javascript:alert(1)": "", "https://u:p@a.example/": "", "file:///etc/passwd": "",
	} {
		body := fmt.Sprintf(`{"device_code":"dc-12345","user_code":"A\u001b[31mB","verification_url":%q,"verification_uri_complete":"http://evil.example/"}`, uri)
		f, err := oauthflow.StartDevice(t.Context(), answering(func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, 200, body) }), oauthflow.Request{Provider: p, Server: s, Client: c})
		switch {
		case want == "":
			if err == nil {
				t.Errorf("%s was accepted", uri)
			}
		case err != nil || f.VerificationURI != want || f.VerificationURIComplete != "" || strings.Contains(f.UserCode, "\x1b"):
			t.Errorf("%s: %+v, %v", uri, f, err)
		}
	}
}

func TestD13_AHostThatIsNotTheProvidersIsMarked(t *testing.T) {
	t.Parallel()
	built, err := provider.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	const acme = "https://login.acme.example"
	for _, tt := range []struct{ provider, issuer, extra, uri, complete, foreign string }{
		{"", acme, "", "https://login.acme.example/device", "", ""},
		{"", acme, "", "https://acme.example/device", "https://www.acme.example/device?c=A", ""},
		{"", acme, "", "https://ACME.example/device", "", ""},
		{"", acme, "", "https://login.acme.example.evil.test/device", "", "login.acme.example.evil.test"},
		{"", acme, "", "https://notacme.example/device", "", "notacme.example"},
		{"", acme, "", "https://аcme.example/device", "", "xn--cme-5cd.example"}, // a Cyrillic letter
		{"", acme, "", "https://acme.example/device", "https://evil.test/?c=A", "evil.test"},
		{"", acme, "", "http://127.0.0.1:8080/device", "", "127.0.0.1:8080"},
		{"", acme, `verification_hosts = ["acme.test"]`, "https://www.acme.test/go", "", ""},
		{"", acme, `verification_hosts = ["acme.test"]`, "https://acme.test.evil.test/go", "", "acme.test.evil.test"},
		{"", "https://a.github.io", "", "https://b.github.io/device", "", "b.github.io"}, // neighbours, not relatives
		{"", "https://a.acme.co.uk", "", "https://evil.co.uk/device", "", "evil.co.uk"},
		{"", "http://127.0.0.1:8080", "", "http://127.0.0.1:8080/device", "", ""},
		{"", "https://10.0.0.1", "", "https://10.9.0.1/device", "", "10.9.0.1"}, // no domain ends in 0.1
		{"", "https://sso", "", "https://sso/device", "", ""},
		{"google", "", "", "https://www.google.com/device", "", ""},
		{"google", "", "", "https://google.com.evil.test/device", "", "google.com.evil.test"},
		{"microsoft", "", "", "https://microsoft.com/devicelogin", "", ""},
		{"microsoft", "", "", "https://www.microsoft.com/link", "", ""},
		{"microsoft", "", "", "https://login.microsoftonline.com/common/oauth2/deviceauth", "", ""},
		{"microsoft", "", "", "https://rnicrosoft.com/devicelogin", "", "rnicrosoft.com"},
		{"github", "", "", "https://github.com/login/device", "", ""},
		{"github", "", "", "https://me.github.io/login/device", "", "me.github.io"},
	} {
		p, ok := built.Get(tt.provider)
		if !ok {
			p = entry(t, fmt.Sprintf("[providers.acme]\nissuer = %q\ntoken_endpoint = %q\ndevice_authorization_endpoint = %q\nflows = [\"device\"]\n%s\n",
				tt.issuer, tt.issuer+"/token", tt.issuer+"/start", tt.extra))
		}
		body := fmt.Sprintf(`{"device_code":"dc-12345","user_code":"AB","verification_uri":%q,"verification_uri_complete":%q}`, tt.uri, tt.complete)
		f, err := oauthflow.StartDevice(t.Context(), answering(answer(200, body)), oauthflow.Request{
			Provider: p, Server: oauthflow.Server{Issuer: p.Issuer, Endpoints: p.Endpoints}, Client: oauthflow.Client{ID: "client-1", Auth: provider.AuthNone},
		})
		if err != nil || f.ForeignHost != tt.foreign {
			t.Errorf("%s at %s: marked %+v, %v", tt.uri, tt.provider+tt.issuer, f, err)
		}
	}
}

func TestDeviceAnswersThatAreNone(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t)
	for _, tt := range []struct {
		name, contentType, body, code string
		status                        int
	}{
		{"html", "text/html", "<html>", oauthflow.CodeInvalidResponse, 200},
		{"empty", "application/json", "", oauthflow.CodeInvalidResponse, 200},
		{"no code", "application/json", `{"user_code":"A","verification_uri":"https://a.example"}`, oauthflow.CodeInvalidResponse, 200},
		{"list", "application/json", `[]`, oauthflow.CodeInvalidResponse, 200},
		{"refused", "application/json", `{"error":"invalid_scope"}`, "invalid_scope", 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := oauthflow.StartDevice(t.Context(), answering(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.contentType)
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(tt.body))
			}), oauthflow.Request{Provider: p, Server: s, Client: c})
			if e := asError(t, err); e.Code != tt.code || e.Place != oauthflow.PlaceDeviceAuthorization {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestDeviceClientAuthentication(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		auth          provider.AuthMethod
		extra         string
		secret, basic bool
	}{
		{provider.AuthNone, "", false, false}, {provider.AuthPost, "", true, false}, {provider.AuthBasic, "", false, true},
		{provider.AuthPost, "device_client_auth = false", false, false},
	} {
		p, s, c := acme(t, tt.extra)
		c.Auth, c.Secret = tt.auth, text("client-secret")
		_, err := oauthflow.StartDevice(t.Context(), answering(func(w http.ResponseWriter, r *http.Request) {
			_, _, basic := r.BasicAuth()
			if got := r.PostFormValue("client_secret") != ""; got != tt.secret || basic != tt.basic {
				t.Errorf("%s %s: secret %v basic %v", tt.auth, tt.extra, got, basic)
			}
			if !tt.basic && r.PostFormValue("client_id") != c.ID {
				t.Error("no client id")
			}
			writeJSON(w, 200, deviceAnswer)
		}), oauthflow.Request{Provider: p, Server: s, Client: c})
		if err != nil {
			t.Error(err)
		}
	}
}

func TestCancellingAWaitEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(12*time.Second, cancel)
		d := &deviceServer{answers: []func(http.ResponseWriter){pending}}
		_, _, _, err := d.run(ctx, t)
		if !errors.Is(err, context.Canceled) || time.Since(d.start) != 12*time.Second || !slices.Equal(d.polls, []time.Duration{5 * time.Second, 10 * time.Second}) {
			t.Errorf("got %v after %v, polls %s", err, time.Since(d.start), inSeconds(d.polls))
		}
	})
}

// The answer to a poll that is under way may be the token: it is waited for, but not for long.
func TestAPollUnderWayIsDrained(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		takes time.Duration
		ok    bool
	}{{"answered", 3 * time.Second, true}, {"hanging", 20 * time.Second, false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p, s, c := acme(t)
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(6*time.Second, cancel) // the poll is sent at 5 s
				hc := answering(func(w http.ResponseWriter, r *http.Request) {
					if r.URL.Path == "/device" {
						writeJSON(w, 200, deviceAnswer)
						return
					}
					select {
					case <-time.After(tt.takes):
					case <-r.Context().Done():
					}
					granted(w)
				})
				hc.Transport = honest{hc.Transport}
				f, err := oauthflow.StartDevice(ctx, hc, oauthflow.Request{Provider: p, Server: s, Client: c})
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				tok, err := oauthflow.Wait(ctx, f, oauthflow.WaitOptions{HTTP: hc, Provider: p, Client: c})
				if tt.ok != (tok != nil) || !tt.ok && !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, %v", tok, err)
				}
				if d := time.Since(began); d > 12*time.Second {
					t.Errorf("took %v", d)
				}
			})
		})
	}
}

// honest fails a request whose context has ended, as a real transport does.
type honest struct{ http.RoundTripper }

func (h honest) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := h.RoundTripper.RoundTrip(r)
	if r.Context().Err() != nil {
		return nil, r.Context().Err()
	}
	return resp, err
}
