package oauthflow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fettle/oauthflow"
)

// deviceServer plays the token endpoint's answers one by one, the last one for ever.
type deviceServer struct {
	start   time.Time
	polls   []time.Duration // when they came, since the start
	answers []func(http.ResponseWriter)
	fail    map[int]error // by number of the poll
	started int
	body    string // of the device answer
}

const deviceAnswer = `{"device_code":"dc-secret-123","user_code":"ABCD-EFGH","verification_uri":"https://login.acme.example/go","expires_in":600,"interval":5}`

func oauthError(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) { writeJSON(w, status, body) }
}

var (
	pending = oauthError(400, `{"error":"authorization_pending"}`)
	granted = oauthError(200, `{"access_token":"at-1","refresh_token":"rt-1","token_type":"bearer","expires_in":3600}`)
)

func (d *deviceServer) client() *http.Client {
	return &http.Client{Transport: inMemory{
		fail: func(r *http.Request) error {
			if r.URL.Path != "/token" {
				return nil
			}
			d.polls = append(d.polls, time.Since(d.start))
			return d.fail[len(d.polls)]
		},
		handler: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/device" {
				d.started++
				writeJSON(w, 200, d.body)
				return
			}
			d.answers[min(len(d.polls), len(d.answers))-1](w)
		},
	}}
}

// run starts a device flow and waits for its end, inside a synctest bubble.
func (d *deviceServer) run(ctx context.Context, t *testing.T, extra ...string) (*oauthflow.Token, *oauthflow.Flow, *events, error) {
	t.Helper()
	p, s, c := acme(t, extra...)
	if d.body == "" {
		d.body = deviceAnswer
	}
	d.start = time.Now()
	f, err := oauthflow.StartDevice(ctx, d.client(), oauthflow.Request{Provider: p, Server: s, Client: c, Scopes: []string{"a", "b"}})
	if err != nil {
		return nil, nil, nil, err
	}
	ev := newEvents()
	tok, err := oauthflow.Wait(ctx, f, oauthflow.WaitOptions{HTTP: d.client(), Provider: p, Client: c, Report: ev.report})
	return tok, f, ev, err
}

func inSeconds(d []time.Duration) string {
	var s []string
	for _, x := range d {
		s = append(s, fmt.Sprint(x.Seconds()))
	}
	return strings.Join(s, " ")
}

func TestD2_ADeviceFlowMakesExactlyOneDeviceRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{answers: []func(http.ResponseWriter){oauthError(400, `{"error":"expired_token"}`)}}
		if _, _, _, err := d.run(t.Context(), t); !errors.Is(err, oauthflow.ErrExpired) {
			t.Errorf("got %v", err)
		}
		if d.started != 1 {
			t.Errorf("%d device requests", d.started)
		}
	})
}

func TestD3_WaitsTheIntervalBeforeEveryPollTheFirstIncluded(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, want string }{
		{"given", deviceAnswer, "5 10 15"},
		{"absent", strings.Replace(deviceAnswer, `,"interval":5`, "", 1), "5 10 15"},
		{"other", strings.Replace(deviceAnswer, `"interval":5`, `"interval":7`, 1), "7 14 21"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &deviceServer{body: tt.body, answers: []func(http.ResponseWriter){pending, pending, granted}}
				tok, _, ev, err := d.run(t.Context(), t)
				if err != nil || tok.Access.Reveal() != "at-1" {
					t.Fatalf("got %v, %v", tok, err)
				}
				if got := inSeconds(d.polls); got != tt.want {
					t.Errorf("polled at %s, want %s", got, tt.want)
				}
				if ev.count(oauthflow.Waiting) != 3 || ev.list[1].Attempt != 2 {
					t.Errorf("events %+v", ev.list)
				}
			})
		})
	}
}

func TestD4_SlowDownAddsFiveSecondsForGood(t *testing.T) {
	t.Parallel()
	slow := oauthError(403, `{"error":"slow_down"}`)
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{answers: []func(http.ResponseWriter){slow, pending, pending, granted}}
		_, f, ev, err := d.run(t.Context(), t)
		if err != nil {
			t.Fatal(err)
		}
		if f.Interval != 10*time.Second || ev.count(oauthflow.SlowedDown) != 1 {
			t.Errorf("interval %v, events %v", f.Interval, ev.kinds())
		}
		for i := 1; i < len(d.polls); i++ {
			if gap := d.polls[i] - d.polls[i-1]; gap < 10*time.Second {
				t.Errorf("polls %s: only %v apart", inSeconds(d.polls), gap)
			}
		}
	})
}

func TestD4_SlowDownHonoursALargerInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{answers: []func(http.ResponseWriter){oauthError(200, `{"error":"slow_down","interval":30}`), granted}}
		_, f, _, err := d.run(t.Context(), t)
		if err != nil || f.Interval != 30*time.Second {
			t.Errorf("interval %v, %v", f.Interval, err)
		}
	})
}

func TestD5_LostConnectionsSlowPollingAndTheFlowGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lost := errors.New("connection reset by peer")
		d := &deviceServer{answers: []func(http.ResponseWriter){pending, pending, pending, pending, granted}, fail: map[int]error{2: lost, 3: lost}}
		_, _, ev, err := d.run(t.Context(), t)
		if err != nil {
			t.Fatal(err)
		}
		// 5, lost at 10, twice as long (20), lost, twice as long (40), answered, back to the interval
		if got := inSeconds(d.polls); got != "5 10 20 40 45" {
			t.Errorf("polled at %s", got)
		}
		if ev.count(oauthflow.ConnectionLost) != 2 {
			t.Errorf("events %v", ev.kinds())
		}
	})
}

func TestD5_ServerErrorsAreLostConnectionsWhateverTheySay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{answers: []func(http.ResponseWriter){
			oauthError(500, `{"error":"access_denied"}`),
			func(w http.ResponseWriter) { w.Header().Set("Retry-After", "40"); writeJSON(w, 429, `{}`) },
			func(w http.ResponseWriter) { w.Header().Set("Content-Type", "text/html"); w.WriteHeader(502) },
			granted,
		}}
		_, _, ev, err := d.run(t.Context(), t)
		if err != nil || ev.count(oauthflow.ConnectionLost) != 3 {
			t.Fatalf("%v, events %v", err, ev.kinds())
		}
		if got := inSeconds(d.polls); got != "5 15 55 115" {
			t.Errorf("polled at %s", got)
		}
	})
}

func TestD5_TheFlowEndsWhenTheCodeExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{answers: []func(http.ResponseWriter){oauthError(503, "")}}
		_, _, _, err := d.run(t.Context(), t)
		if !errors.Is(err, oauthflow.ErrExpired) || asError(t, err).Transient() {
			t.Errorf("got %v", err)
		}
		if since := time.Since(d.start); since != 600*time.Second {
			t.Errorf("ended after %v", since)
		}
	})
}

func TestD6_AnyOtherErrorStopsPollingAtOnce(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"invalid_grant", "invalid_client", "unsupported_grant_type", "org_internal", "whatever"} {
		t.Run(code, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				d := &deviceServer{answers: []func(http.ResponseWriter){oauthError(400, `{"error":"`+code+`"}`)}}
				_, _, _, err := d.run(t.Context(), t)
				if e := asError(t, err); e.Code != code || e.Place != oauthflow.PlaceDevicePoll || len(d.polls) != 1 {
					t.Errorf("got %v after %d polls", err, len(d.polls))
				}
			})
		})
	}
}

func TestD7_ExpiredTokenStopsAndSaysSo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{answers: []func(http.ResponseWriter){oauthError(400, `{"error":"too_old"}`)}}
		_, _, _, err := d.run(t.Context(), t, `device_codes = { expired = ["too_old"] }`)
		if !errors.Is(err, oauthflow.ErrExpired) || d.started != 1 {
			t.Errorf("got %v, %d device requests", err, d.started)
		}
	})
}

func TestProvidersOwnDeviceCodes(t *testing.T) {
	t.Parallel()
	const codes = `device_codes = { pending = ["1349174"], slow_down = ["1349172"], declined = ["authorization_declined"] }`
	synctest.Test(t, func(t *testing.T) {
		d := &deviceServer{answers: []func(http.ResponseWriter){
			oauthError(400, `{"error":{"code":31,"error_subcode":1349174,"message":"pending"}}`),
			oauthError(400, `{"error":{"code":17,"error_subcode":1349172}}`),
			oauthError(400, `{"error":"authorization_declined"}`),
		}}
		_, _, ev, err := d.run(t.Context(), t, codes)
		if e := asError(t, err); !errors.Is(err, oauthflow.ErrDenied) || e.Code != "access_denied" || e.Subcode != "authorization_declined" {
			t.Errorf("got %v", err)
		}
		if ev.count(oauthflow.SlowedDown) != 1 {
			t.Errorf("events %v", ev.kinds())
		}
	})
}
