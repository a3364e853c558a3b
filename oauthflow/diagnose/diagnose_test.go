package diagnose_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	const refresh, exchange = oauthflow.PlaceRefresh, oauthflow.PlaceExchange
	for _, tt := range []struct {
		name   string
		in     diagnose.Input
		cause  string
		remedy diagnose.Remedy
	}{
		{"Google revoked", diagnose.Input{Provider: "google", Place: refresh, Status: 400, Code: "invalid_grant", Text: "Token has been expired or revoked."}, "revoked", diagnose.Reauthorize},
		{"Google Testing", diagnose.Input{Provider: "google", Place: refresh, Status: 400, Code: "invalid_grant", Text: "Token has been expired or revoked.", Age: 7 * 24 * time.Hour}, "expired", diagnose.Reauthorize},
		{"Google old grant is not Testing", diagnose.Input{Provider: "google", Place: refresh, Status: 400, Code: "invalid_grant", Text: "Token has been expired or revoked.", Age: 30 * 24 * time.Hour}, "revoked", diagnose.Reauthorize},
		{"Google session control", diagnose.Input{Provider: "google", Place: refresh, Status: 400, Code: "invalid_grant", Subcode: "invalid_rapt"}, "session_policy", diagnose.ReauthorizeInteractively},
		{"Google session control by text", diagnose.Input{Provider: "google", Place: refresh, Status: 400, Code: "invalid_grant", Text: "reauth related error (invalid_rapt)"}, "session_policy", diagnose.ReauthorizeInteractively},
		{"Google user deleted", diagnose.Input{Provider: "google", Place: refresh, Status: 400, Code: "invalid_grant", Text: "Account has been deleted"}, "user_account", diagnose.FixUserAccount},
		{"Google admin", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAuthorize, Code: "admin_policy_enforced"}, "admin_policy", diagnose.AskAdministrator},
		{"Google org_internal", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAuthorize, Code: "org_internal"}, "client_invalid", diagnose.FixClient},
		{"Google deleted client", diagnose.Input{Provider: "google", Place: refresh, Status: 401, Code: "deleted_client"}, "client_invalid", diagnose.FixClient},
		{"Google cancelled", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAuthorize, Code: "access_denied"}, "declined", diagnose.GrantPermissions},
		{"Google admin at refresh", diagnose.Input{Provider: "google", Place: refresh, Status: 400, Code: "access_denied", Text: "Requested client not authorized"}, "admin_policy", diagnose.AskAdministrator},
		{"Google API disabled", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAPI, Status: 403, Code: "PERMISSION_DENIED", Codes: []string{"SERVICE_DISABLED"}}, "api_disabled", diagnose.FixClient},
		{"Google box unticked", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAPI, Status: 403, Code: "PERMISSION_DENIED", Codes: []string{"ACCESS_TOKEN_SCOPE_INSUFFICIENT"}}, "missing_permissions", diagnose.GrantPermissions},
		{"Google no access", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAPI, Status: 403, Code: "PERMISSION_DENIED"}, "user_account", diagnose.FixUserAccount},
		{"Google no Analytics", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAPI, Status: 403, Text: "User does not have any Google Analytics account."}, "no_resources", diagnose.FixUserAccount},
		{"Google quota", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAPI, Status: 403, Codes: []string{"quotaExceeded"}}, "rate_limited", diagnose.RetryLater},
		{"Google stale", diagnose.Input{Provider: "google", Place: oauthflow.PlaceAPI, Status: 401, Code: "UNAUTHENTICATED"}, "access_token_stale", diagnose.Refresh},
		{"Microsoft by number", diagnose.Input{Provider: "microsoft", Place: refresh, Status: 400, Code: "invalid_grant", Codes: []string{"700082"}}, "idle", diagnose.Reauthorize},
		{"Microsoft secret over", diagnose.Input{Provider: "microsoft", Place: refresh, Status: 401, Code: "invalid_client", Codes: []string{"7000222"}}, "client_secret", diagnose.FixClient},
		{"a variant of Google", diagnose.Input{Provider: "google-eu", Place: refresh, Status: 400, Code: "invalid_grant", Text: "Account has been deleted"}, "user_account", diagnose.FixUserAccount},
		{"no variant of Google", diagnose.Input{Provider: "googley", Place: refresh, Status: 400, Code: "invalid_grant", Text: "Account has been deleted"}, "revoked", diagnose.Reauthorize},
		{"any: refresh refused", diagnose.Input{Provider: "acme", Place: refresh, Status: 400, Code: "invalid_grant"}, "revoked", diagnose.Reauthorize},
		{"any: refresh expired", diagnose.Input{Provider: "acme", Place: refresh, Status: 400, Code: "invalid_grant", Text: "Token expired"}, "expired", diagnose.Reauthorize},
		{"any: rotated away", diagnose.Input{Provider: "acme", Place: refresh, Status: 400, Code: "invalid_request"}, "revoked", diagnose.Reauthorize},
		{"any: code used is not revoked", diagnose.Input{Provider: "acme", Place: exchange, Status: 400, Code: "invalid_grant"}, "code_used", diagnose.Reauthorize},
		{"any: bad request", diagnose.Input{Provider: "acme", Place: exchange, Status: 400, Code: "invalid_request"}, "client_invalid", diagnose.FixClient},
		{"any: client", diagnose.Input{Provider: "acme", Place: refresh, Status: 401, Code: "invalid_client"}, "client_invalid", diagnose.FixClient},
		{"any: declined", diagnose.Input{Provider: "acme", Place: oauthflow.PlaceDevicePoll, Code: "access_denied"}, "declined", diagnose.GrantPermissions},
		{"any: 401 of an API", diagnose.Input{Provider: "acme", Place: oauthflow.PlaceAPI, Status: 401}, "access_token_stale", diagnose.Refresh},
		{"any: 403 of an API", diagnose.Input{Provider: "acme", Place: oauthflow.PlaceAPI, Status: 403}, "missing_permissions", diagnose.GrantPermissions},
		{"a 500 decides nothing", diagnose.Input{Provider: "google", Place: refresh, Status: 500, Code: "invalid_grant", Text: "Token has been expired or revoked."}, "unreachable", diagnose.RetryLater},
		{"an odd 5xx", diagnose.Input{Place: refresh, Status: 529}, "unreachable", diagnose.RetryLater},
		{"429", diagnose.Input{Place: refresh, Status: 429, Code: "invalid_grant"}, "rate_limited", diagnose.RetryLater},
		{"captive portal", diagnose.Input{Place: refresh, Status: 302, Code: oauthflow.CodeRedirected}, "wrong_server", diagnose.FixMachine},
		{"nonsense", diagnose.Input{Provider: "acme", Place: refresh, Status: 418, Code: "teapot"}, "unknown", diagnose.Unknown},
		{"nothing", diagnose.Input{}, "unknown", diagnose.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d := diagnose.Explain(tt.in)
			if d.Cause != tt.cause || d.Remedy != tt.remedy {
				t.Errorf("got %s / %s (%s), want %s / %s", d.Cause, d.Remedy, d.Title, tt.cause, tt.remedy)
			}
			if d.Title == "" || d.Explanation == "" || d.Confidence == "" {
				t.Errorf("incomplete: %+v", d)
			}
		})
	}
}

func TestOfNetworkErrors(t *testing.T) {
	t.Parallel()
	wrap := func(err error) error {
		return fmt.Errorf("refresh: %w", &oauthflow.Error{Place: oauthflow.PlaceRefresh, Provider: "acme", Err: err})
	}
	for _, tt := range []struct {
		name, cause string
		err         error
	}{
		{"dns", "dns", &url.Error{Op: "Post", URL: "https://x", Err: &net.DNSError{Name: "x", IsNotFound: true}}},
		{"tls", "tls", &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}},
		{"clock", "clock_skew", &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}},
		{"proxy", "proxy", &net.OpError{Op: "proxyconnect", Err: errors.New("refused")}},
		{"timeout", "timeout", context.DeadlineExceeded},
		{"connection", "unreachable", &net.OpError{Op: "dial", Err: errors.New("refused")}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if d := diagnose.Of(wrap(tt.err), diagnose.Hints{}); d.Cause != tt.cause {
				t.Errorf("got %s, want %s", d.Cause, tt.cause)
			}
			if d := diagnose.Of(tt.err, diagnose.Hints{Provider: "acme"}); d.Cause != tt.cause {
				t.Errorf("bare: got %s, want %s", d.Cause, tt.cause)
			}
		})
	}
	if d := diagnose.Of(&oauthflow.NoRevocationError{Provider: "X", Page: "https://x.example"}, diagnose.Hints{}); d.Cause != "no_revocation" || !strings.Contains(d.Explanation, "https://x.example") {
		t.Errorf("no revocation: %+v", d)
	}
	if d := diagnose.Of(nil, diagnose.Hints{}); d.Remedy != diagnose.Unknown {
		t.Errorf("nil: %+v", d)
	}
}

// The six messages of Analytics Canvas's knowledge base.
func TestTextKnowsTheSixCanvasMessages(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, cause string
		remedy      diagnose.Remedy
	}{
		{"Unable to refresh tokens", "revoked", diagnose.Reauthorize},
		{"500 Internal Server Error: Cannot find any Google Analytics accounts", "missing_permissions", diagnose.GrantPermissions},
		{"OAuth Tokens not available Google docs access", "no_token", diagnose.Reauthorize},
		{"Unknown Error No authorization", "no_token", diagnose.Reauthorize},
		{"Management API V3.0 error:Unable to refresh token:The remote server returned an error: (400) Bad Request. Unable to retrieve Google Account information", "revoked", diagnose.Reauthorize},
		{"Google Docs api error - Google Sheets import: The remote server returned an error: (400) Bad Request", "revoked", diagnose.Reauthorize},
	} {
		for _, log := range []string{tt.text, "2026-11-22 03:00:01 ERROR " + tt.text + "\r\n", strings.ToUpper(tt.text), strings.Replace(tt.text, " ", "\n", 1)} {
			got := diagnose.Text(log).Diagnoses
			if len(got) != 1 || got[0].Cause != tt.cause || got[0].Remedy != tt.remedy {
				t.Errorf("%q: got %+v, want %s / %s", log, got, tt.cause, tt.remedy)
			}
		}
	}
}

func TestTextFindsCodesInLogs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, log string
		causes    []string
	}{
		{"python", `google.auth.exceptions.RefreshError: ('invalid_grant: Token has been expired or revoked.', {'error': 'invalid_grant'})`, []string{"revoked"}},
		{"rapt", `Reauthentication failed: invalid_grant: reauth related error (invalid_rapt)`, []string{"session_policy"}},
		{"microsoft", `AADSTS50173: The provided grant has expired due to it being revoked.`, []string{"password"}},
		{"bare code of RFC 6749", `token endpoint answered {"error":"invalid_grant"}`, []string{"revoked"}},
		{"two causes, each once", "x: invalid_client\nx: invalid_client\ndial tcp: lookup a.example: no such host", []string{"client_invalid", "dns"}},
		{"certificate", "x509: certificate signed by unknown authority", []string{"tls"}},
		{"status", "request failed with status code 503", []string{"unreachable"}},
		{"nothing known", "the cat sat on the mat", []string{"unknown"}},
		{"nothing", " \n ", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, d := range diagnose.Text(tt.log).Diagnoses {
				got = append(got, d.Cause)
			}
			if strings.Join(got, " ") != strings.Join(tt.causes, " ") {
				t.Errorf("got %v, want %v", got, tt.causes)
			}
		})
	}
}

func TestEvidenceHoldsNoSecretFromALog(t *testing.T) {
	t.Parallel()
	for _, log := range []string{
		"invalid_grant for refresh token 1//0abcdefSECRET", "no match but access_token=ya29.SECRET", "lookup SECRET: no such host",
	} {
		for _, d := range diagnose.Text(log).Diagnoses {
			if strings.Contains(d.Evidence+d.Explanation+d.Title, "SECRET") {
				t.Errorf("%q: %+v", log, d)
			}
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("AADSTS50173 invalid_grant (400)\x1b[31m")
	f.Add("HTTP/1.1 500")
	f.Add("<html><script>{\"error\":\"invalid_grant\"}=\r\n=3D%25%32%30error_description=a+b\\\"\nuser@host.example://")
	f.Fuzz(func(t *testing.T, log string) {
		r := diagnose.Text(log)
		for i, d := range r.Diagnoses {
			if d.Cause == "" || d.Remedy == "" || d.Title == "" || strings.ContainsAny(d.Evidence, "\x1b\n\r") || d.Line > strings.Count(log, "\n")+1 {
				t.Fatalf("%q: %+v", log, d)
			}
			if n := r.About(i); len(n.Diagnoses) != 1 || len(n.Facts.Emails) > len(r.Facts.Emails) {
				t.Fatalf("%q: near %+v", log, n)
			}
		}
		for _, text := range slices.Concat(r.Facts.Emails, r.Facts.Hosts, r.Facts.ClientIDs, r.Facts.Providers) {
			if text == "" || len(text) > 400 || strings.ContainsFunc(text, func(c rune) bool { return c <= ' ' || c > '~' }) {
				t.Fatalf("%q: fact %q", log, text)
			}
		}
	})
}
