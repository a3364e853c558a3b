package oauthflow_test

import (
	"errors"
	"strings"
	"testing"

	"fettle/oauthflow"
)

// pasteFlow is a browser flow as a paste meets it.
func pasteFlow() *oauthflow.Flow {
	return &oauthflow.Flow{
		Kind: "browser", Provider: "acme", ClientID: "client-1",
		Server:           oauthflow.Server{Issuer: "https://login.acme.example"},
		RedirectURI:      "http://127.0.0.1:8912/callback",
		AuthorizationURL: "https://login.acme.example/authorize?response_type=code&client_id=client-1&state=STATE-0123456789",
		Secrets:          oauthflow.FlowSecrets{State: text("STATE-0123456789")},
	}
}

func TestL21_PasteAcceptsWhatPeopleCopy(t *testing.T) {
	t.Parallel()
	const full = "http://127.0.0.1:8912/callback?state=STATE-0123456789&code=4%2F0Ab_cD-e.f&scope=a%20b"
	const code = "4/0Ab_cD-e.f"
	for name, tt := range map[string]struct{ in, want string }{
		"full address":              {full, code},
		"with spaces around":        {"  \t" + full + " \r\n", code},
		"in quotes":                 {`"` + full + `"`, code},
		"in angle brackets":         {"<" + full + ">", code},
		"broken into lines":         {full[:40] + "\r\n  " + full[40:60] + "\n" + full[60:], code},
		"without the scheme":        {strings.TrimPrefix(full, "http://"), code},
		"query with question mark":  {full[strings.Index(full, "?"):], code},
		"query alone":               {full[strings.Index(full, "?")+1:], code},
		"only up to the code":       {"http://127.0.0.1:8912/callback?code=4%2F0Ab_cD-e.f", code},
		"code=":                     {"code=4%2F0Ab_cD-e.f", code},
		"bare code, escaped":        {"4%2F0Ab_cD-e.f", code},
		"bare code":                 {code, code},
		"bare code, broken":         {"4/0Ab\n_cD-e.f\n", code},
		"bare code with plus":       {"ab+cd/ef==", "ab+cd/ef=="},
		"bare code, per cent":       {"100%abc", "100%abc"},
		"address with bare plus":    {"http://127.0.0.1:8912/callback?code=ab+cd", "ab+cd"},
		"address with escaped plus": {"http://127.0.0.1:8912/callback?code=ab%2Bcd", "ab+cd"},
		"code that ends in =":       {"aPrxZZ%3D%3D", "aPrxZZ=="},
		"zero-width spaces":         {"\ufeff" + code + "\u200b", code},
		"with a fragment":           {full + "#_=_", code},
		"in the fragment":           {"http://127.0.0.1:8912/callback#code=abcd&state=STATE-0123456789", "abcd"},
		"capital host":              {"HTTP://127.0.0.1:8912/callback?code=abcd", "abcd"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := oauthflow.ParsePaste(pasteFlow(), tt.in)
			if err != nil || got != tt.want {
				t.Errorf("got %q, %v; want %q", got, err, tt.want)
			}
		})
	}
}

func TestL21_PasteNamesTheMistake(t *testing.T) {
	t.Parallel()
	const back = "http://127.0.0.1:8912/callback"
	for name, tt := range map[string]struct{ in, want string }{
		"nothing":                    {" \n ", oauthflow.MistakeEmpty},
		"quotes alone":               {`""`, oauthflow.MistakeEmpty},
		"the address to open":        {pasteFlow().AuthorizationURL, oauthflow.MistakeAuthorizationURL},
		"another provider's address": {"https://other.example/auth?response_type=code&client_id=x", oauthflow.MistakeAuthorizationURL},
		"another port":               {"http://127.0.0.1:8913/callback?code=abcd", oauthflow.MistakeOtherRedirect},
		"another path":               {"http://127.0.0.1:8912/other?code=abcd", oauthflow.MistakeOtherRedirect},
		"another scheme":             {"https://127.0.0.1:8912/callback?code=abcd", oauthflow.MistakeOtherRedirect},
		"another site":               {"https://evil.example/?code=abcd", oauthflow.MistakeOtherRedirect},
		"another sign-in's":          {back + "?code=abcd&state=OTHER", oauthflow.MistakeWrongState},
		"no code":                    {back + "?state=STATE-0123456789", oauthflow.MistakeMissingCode},
		"no query":                   {back, oauthflow.MistakeMissingCode},
		"two codes":                  {back + "?code=abcd&code=efgh", oauthflow.MistakeDuplicate},
		"an error without state":     {back + "?error=access_denied", oauthflow.MistakeProviderError},
		"a sentence":                 {"it does not work", oauthflow.MistakeNotACode},
		"too short":                  {"y", oauthflow.MistakeNotACode},
		"not ASCII":                  {"código-de-acceso", oauthflow.MistakeNotACode},
		"an escape sequence":         {"abcd\x1b[31m", oauthflow.MistakeNotACode},
		"damaged":                    {back + "?code=%zz", oauthflow.MistakeNotACode},
		"a book":                     {strings.Repeat("a", 20<<10), oauthflow.MistakeTooLong},
		"a long code":                {strings.Repeat("a", 5000), oauthflow.MistakeTooLong},
		"a long code in the address": {back + "?code=" + strings.Repeat("a", 5000), oauthflow.MistakeTooLong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := oauthflow.ParsePaste(pasteFlow(), tt.in)
			var p *oauthflow.PasteError
			if !errors.As(err, &p) || p.Mistake != tt.want || p.Hint == "" {
				t.Errorf("got %v, want %s", err, tt.want)
			}
			if err != nil && strings.Contains(err.Error(), "abcd") {
				t.Errorf("the hint repeats the code: %v", err)
			}
		})
	}
}

func TestPasteOfTheProvidersOwnRefusal(t *testing.T) {
	t.Parallel()
	_, err := oauthflow.ParsePaste(pasteFlow(), "http://127.0.0.1:8912/callback?error=access_denied&error_description=No%1b%5b31m&state=STATE-0123456789")
	if e := asError(t, err); !errors.Is(err, oauthflow.ErrDenied) || e.Place != oauthflow.PlaceAuthorize || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("got %v", err)
	}
	_, err = oauthflow.ParsePaste(pasteFlow(), "?error=admin_policy_enforced&state=STATE-0123456789")
	if e := asError(t, err); e.Code != "admin_policy_enforced" || errors.Is(err, oauthflow.ErrDenied) {
		t.Errorf("got %v", err)
	}
}

func TestPasteWhereTheProviderShowsACode(t *testing.T) {
	t.Parallel()
	f := pasteFlow()
	f.RedirectURI = ""
	if code, err := oauthflow.ParsePaste(f, "AbCd-1234\n"); err != nil || code != "AbCd-1234" {
		t.Errorf("got %q, %v", code, err)
	}
	if _, err := oauthflow.ParsePaste(f, "https://www.acme.example/show?x=1"); mistake(err) != oauthflow.MistakeOtherRedirect {
		t.Errorf("got %v", err)
	}
}

func FuzzParsePaste(f *testing.F) {
	f.Add("http://127.0.0.1:8912/callback?state=STATE-0123456789&code=4%2F0Ab", "http://127.0.0.1:8912/callback")
	f.Add("%", "")
	f.Add("127.0.0.1:8912/callback?%00", "http://127.0.0.1:8912/callback")
	f.Add("?code=a+b#", "https://a.example/done")
	f.Fuzz(func(t *testing.T, in, redirect string) {
		flow := pasteFlow()
		flow.RedirectURI = redirect
		code, err := oauthflow.ParsePaste(flow, in)
		if (code == "") == (err == nil) || len(code) > 4096 {
			t.Fatalf("%q: %q, %v", in, code, err)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\x1b\n\r\x00") {
			t.Fatalf("%q: %q", in, err)
		}
	})
}
