package oauthflow_test

import (
	"net/http"
	"strings"
	"testing"

	"fettle/oauthflow"
	"fettle/oauthflow/provider"
)

// respond answers with any status, content type and body.
func respond(status int, contentType, body string) *http.Client {
	return answering(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(200 + (status&0x7fffffff)%400)
		_, _ = w.Write([]byte(body))
	})
}

func fuzzServer() oauthflow.Server {
	return oauthflow.Server{Endpoints: provider.Endpoints{Token: "https://a.example/t", Device: "https://a.example/d"}}
}

// checkError is what holds of every error, whatever a server sends.
func checkError(t *testing.T, err error) {
	t.Helper()
	if s := asError(t, err).Error(); strings.ContainsAny(s, "\x1b\n\r\x00\u202e") || len([]rune(s)) > 1000 {
		t.Fatalf("%q", s)
	}
}

func FuzzTokenAnswer(f *testing.F) {
	f.Add(0, "application/json", `{"access_token":"a","expires_in":1e18,"scope":["x",1]}`)
	f.Add(200, "text/plain", `error=x&error_description=%1b`)
	f.Add(201, "application/json", `{"error":{"errors":[{"errors":[{"errorCode":{"a":"b"}}]}],"details":[null]},"error_codes":[[],1]}`)
	f.Add(200, "application/json", `[{"errorCode":"X"}]`)
	f.Add(200, "application/json", `{"Errors":[null],"OperationErrors":[{}]}`)
	f.Fuzz(func(t *testing.T, status int, contentType, body string) {
		r := oauthflow.RefreshRequest{Provider: provider.Provider{ID: "acme", Keep: []string{"x"}}, Server: fuzzServer(), Client: oauthflow.Client{ID: "c"}, Refresh: text("rt-secret")}
		tok, err := oauthflow.Refresh(t.Context(), respond(status, contentType, body), r)
		if err != nil {
			checkError(t, err)
			return
		}
		if tok.Access.Empty() || tok.AccessExpiresAt.Year() > 2100 {
			t.Fatalf("%q: %+v", body, tok)
		}
	})
}

func FuzzDeviceAnswer(f *testing.F) {
	f.Add(0, deviceAnswer)
	f.Add(0, `{"device_code":1,"user_code":2,"verification_url":"https://[::1","interval":-1e999}`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		p := provider.Provider{ID: "acme", Flows: []provider.FlowKind{provider.Device}}
		fl, err := oauthflow.StartDevice(t.Context(), respond(status, "application/json", body), oauthflow.Request{Provider: p, Server: fuzzServer(), Client: oauthflow.Client{ID: "c"}})
		if err != nil {
			checkError(t, err)
			return
		}
		if ttl := fl.ExpiresAt.Sub(fl.StartedAt).Hours(); fl.Interval < 1e9 || fl.Interval > 60e9 || ttl <= 0 || ttl > 25 {
			t.Fatalf("%q: %+v", body, fl)
		}
	})
}
