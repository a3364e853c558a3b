package oauthflow_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"fettle/internal/sandbox"
	"fettle/oauthflow"
)

// browser starts a browser flow at acme, whose token endpoint is a real server here.
type browserFlow struct {
	f     *oauthflow.Flow
	o     oauthflow.WaitOptions
	ev    *events
	mu    sync.Mutex
	taken []string
}

// codes are those that reached the token endpoint.
func (b *browserFlow) codes() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.taken)
}

func startBrowser(t *testing.T, extra ...string) *browserFlow {
	t.Helper()
	b := &browserFlow{ev: newEvents()}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		b.taken = append(b.taken, r.PostFormValue("code"))
		b.mu.Unlock()
		if r.PostFormValue("code") == "wrong" {
			writeJSON(w, 400, `{"error":"invalid_grant"}`)
			return
		}
		granted(w)
	}))
	t.Cleanup(srv.Close)
	p, s, c := acme(t, extra...)
	s.Token = srv.URL + "/token"
	f, l, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c, Scopes: []string{"a"}})
	if err != nil {
		t.Fatal(err)
	}
	if l != nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	b.f = f
	b.o = oauthflow.WaitOptions{Provider: p, Client: c, Listener: l, Report: b.ev.report}
	return b
}

// back is the redirect a browser would follow, with some parameters changed; "-" removes one.
func (b *browserFlow) back(change ...string) string {
	q := url.Values{"code": {"code-123"}, "state": {b.f.Secrets.State.Reveal()}}
	for pair := range slices.Chunk(change, 2) {
		q.Del(pair[0])
		if v := pair[len(pair)-1]; v != "-" {
			q.Set(pair[0], v)
		}
	}
	return b.f.RedirectURI + "?" + q.Encode()
}

func TestL1_S256AlwaysAndNeverPlain(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	q := queryOf(t, b.f.AuthorizationURL)
	sum := sha256.Sum256([]byte(b.f.Secrets.Verifier.Reveal()))
	if q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("challenge %q by %q", q.Get("code_challenge"), q.Get("code_challenge_method"))
	}
	if strings.Contains(b.f.AuthorizationURL, b.f.Secrets.Verifier.Reveal()) {
		t.Error("the verifier is in the address")
	}
	if q := queryOf(t, startBrowser(t, "pkce = false").f.AuthorizationURL); q.Has("code_challenge") || q.Get("state") == "" {
		t.Error("pkce = false was not heeded, or state went with it")
	}
}

func queryOf(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestL2_L9_VerifierAndStateAreFreshAndLong(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t, `redirects = ["https://a.example/done"]`)
	seen := map[string]bool{}
	for range 10_000 {
		f, _, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c})
		if err != nil {
			t.Fatal(err)
		}
		v, st := f.Secrets.Verifier.Reveal(), f.Secrets.State.Reveal()
		if len(v) < 43 || len(v) > 128 || len(st) < 22 || seen[v] || seen[st] || seen[f.ID] {
			t.Fatalf("lengths %d %d, or a repeat", len(v), len(st))
		}
		seen[v], seen[st], seen[f.ID] = true, true, true
	}
}

func TestL3_StateAndPKCEAreBothSentWhateverTheServerOffers(t *testing.T) {
	t.Parallel()
	q := queryOf(t, startBrowser(t).f.AuthorizationURL)
	if q.Get("state") == "" || q.Get("code_challenge") == "" {
		t.Error("state or challenge is missing")
	}
}

func TestL4_BindsLoopbackLiteralsOnly(t *testing.T) {
	t.Parallel()
	for _, redirect := range []string{"http://127.0.0.1:0/cb", "http://localhost:0/cb"} {
		b := startBrowser(t, `redirects = ["`+redirect+`"]`)
		port := fmt.Sprintf(":%04X", b.o.Listener.Port())
		found := 0
		for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
			table, err := os.Open(file)
			if err != nil {
				t.Skip("no /proc/net")
			}
			lines := bufio.NewScanner(table)
			for lines.Scan() {
				fields := strings.Fields(lines.Text())
				if len(fields) < 4 || fields[3] != "0A" || !strings.HasSuffix(fields[1], port) { // 0A: listening
					continue
				}
				found++
				if a := strings.TrimSuffix(fields[1], port); a != "0100007F" && a != "00000000000000000000000001000000" {
					t.Errorf("%s is bound to %s", redirect, a)
				}
			}
			_ = table.Close()
		}
		if found == 0 {
			t.Errorf("%s: nothing listens on %s", redirect, port)
		}
	}
}

func TestL5_IPv4IPv6AndBothSucceed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		redirect string
		hosts    []string
	}{
		{"http://127.0.0.1:0/cb", []string{"127.0.0.1"}},
		{"http://[::1]:0/cb", []string{"::1"}},
		{"http://localhost:0/cb", []string{"127.0.0.1", "::1"}},
	} {
		if _, err := net.Listen("tcp", "[::1]:0"); err != nil && slices.Contains(tt.hosts, "::1") {
			t.Skip("no IPv6 here")
		}
		for _, host := range tt.hosts {
			b := startBrowser(t, `redirects = ["`+tt.redirect+`"]`)
			if b.o.Listener == nil {
				t.Fatalf("%s: not bound", tt.redirect)
			}
			done := waitInBackground(t.Context(), b.f, b.o)
			u, _ := url.Parse(b.back())
			expect := u.Host
			u.Host = net.JoinHostPort(host, strconv.Itoa(b.o.Listener.Port()))
			get(t, u.String(), func(r *http.Request) { r.Host = expect })
			if got := <-done; got.err != nil {
				t.Errorf("%s by %s: %v", tt.redirect, host, got.err)
			}
		}
	}
}

func TestL6_ThePortClosesWithinASecond(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, b *browserFlow, cancel context.CancelFunc){
		"success": func(t *testing.T, b *browserFlow, _ context.CancelFunc) { get(t, b.back()) },
		"cancel":  func(_ *testing.T, _ *browserFlow, cancel context.CancelFunc) { cancel() },
		"denied": func(t *testing.T, b *browserFlow, _ context.CancelFunc) {
			get(t, b.back("code", "-", "error", "access_denied"))
		},
		"timeout": func(*testing.T, *browserFlow, context.CancelFunc) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBrowser(t)
			if name == "timeout" {
				b.f.ExpiresAt = time.Now().Add(50 * time.Millisecond)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(b.o.Listener.Port()))
			idle, err := net.Dial("tcp", addr) // a browser's idle preconnect must not hold it open
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = idle.Close() }()
			done := waitInBackground(ctx, b.f, b.o)
			end(t, b, cancel)
			<-done
			ended := time.Now()
			if c, err := net.Dial("tcp", addr); err == nil {
				_ = c.Close()
				t.Error("the port is still open")
			}
			if d := time.Since(ended); d > time.Second {
				t.Errorf("took %v", d)
			}
		})
	}
}

func TestL7_OnlyTheExactRedirectIsAnswered(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	done := waitInBackground(t.Context(), b.f, b.o)
	base := strings.TrimSuffix(b.f.RedirectURI, "/callback")
	query := strings.TrimPrefix(b.back(), b.f.RedirectURI)
	for _, path := range []string{"/", "/callback/", "/Callback", "/callback/x", "/favicon.ico", "//callback"} {
		if p := get(t, base+path+query); p.status != 404 {
			t.Errorf("%s was answered", path)
		}
	}
	get(t, b.back())
	if got := <-done; got.err != nil || len(b.codes()) != 1 {
		t.Errorf("%v, codes %v", got.err, b.codes())
	}
}

// Each flow has a redirect of its own: the port is fresh, and the catalogue may set a path.
func TestL8_DistinctRedirects(t *testing.T) {
	t.Parallel()
	a, b := startBrowser(t, `redirects = ["http://127.0.0.1:0/acme"]`), startBrowser(t)
	if a.f.RedirectURI == b.f.RedirectURI || !strings.HasSuffix(a.f.RedirectURI, "/acme") {
		t.Errorf("%s and %s", a.f.RedirectURI, b.f.RedirectURI)
	}
	_, err := oauthflow.ParsePaste(a.f, b.back("state", a.f.Secrets.State.Reveal()))
	if mistake(err) != oauthflow.MistakeOtherRedirect {
		t.Errorf("got %v", err)
	}
}

func mistake(err error) string {
	var p *oauthflow.PasteError
	if errors.As(err, &p) {
		return p.Mistake
	}
	return ""
}

func TestL9_OnlyTheRightStateIsTaken(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	done := waitInBackground(t.Context(), b.f, b.o)
	state := b.f.Secrets.State.Reveal()
	for _, s := range []string{"-", "", "x", state + "x", state[:len(state)-1], strings.ToUpper(state)} {
		if p := get(t, b.back("state", s)); p.status != 400 {
			t.Errorf("state %q was answered as good", s)
		}
		if ev := b.ev.await(t, oauthflow.Rejected); ev.Reason != oauthflow.MistakeWrongState {
			t.Errorf("reason %s", ev.Reason)
		}
	}
	get(t, b.back()+"&state=second")
	if ev := b.ev.await(t, oauthflow.Rejected); ev.Reason != oauthflow.MistakeDuplicate {
		t.Errorf("reason %s", ev.Reason)
	}
	get(t, b.back())
	if got := <-done; got.err != nil || len(b.codes()) != 1 {
		t.Errorf("%v, codes %v", got.err, b.codes())
	}
}

func TestL10_AMismatchedIssuerAbortsAndNothingIsRedeemed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][]string{
		"code":           {"iss", "https://evil.example"},
		"error":          {"iss", "https://evil.example", "code", "-", "error", "access_denied"},
		"slash":          {"iss", "https://login.acme.example/"},
		"capitals":       {"iss", "https://LOGIN.acme.example"},
		"not even a URL": {"iss", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := startBrowser(t)
			done := waitInBackground(t.Context(), b.f, b.o)
			get(t, b.back(change...))
			got := <-done
			if e := asError(t, got.err); e.Code != oauthflow.CodeIssuerMismatch || errors.Is(got.err, oauthflow.ErrDenied) || len(b.codes()) != 0 {
				t.Errorf("got %v, codes %v", got.err, b.codes())
			}
			if _, err := oauthflow.ParsePaste(b.f, b.back(change...)); asError(t, err).Code != oauthflow.CodeIssuerMismatch {
				t.Errorf("pasted: %v", err)
			}
		})
	}
}

func TestL11_AnAnnouncedIssuerMustBeThere(t *testing.T) {
	t.Parallel()
	b := startBrowser(t, "iss_parameter = true")
	done := waitInBackground(t.Context(), b.f, b.o)
	get(t, b.back())
	if ev := b.ev.await(t, oauthflow.Rejected); ev.Reason != oauthflow.MistakeMissingIssuer {
		t.Errorf("reason %s", ev.Reason)
	}
	get(t, b.back("code", "-", "error", "access_denied"))
	if ev := b.ev.await(t, oauthflow.Rejected); ev.Reason != oauthflow.MistakeMissingIssuer {
		t.Errorf("reason %s", ev.Reason)
	}
	get(t, b.back("iss", "https://login.acme.example"))
	if got := <-done; got.err != nil || len(b.codes()) != 1 {
		t.Errorf("%v, codes %v", got.err, b.codes())
	}
}

// Where no issuer is known, iss must at least be of the server that was asked; one that is known is compared.
func TestL13_AnUnannouncedIssuerIsDiscardedUnlessItIsTheServers(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.f.Server.Issuer = ""
	if _, err := oauthflow.ParsePaste(b.f, b.back("iss", "https://evil.example")); mistake(err) != oauthflow.MistakeForeignIssuer {
		t.Errorf("got %v", err)
	}
	if _, err := oauthflow.ParsePaste(b.f, b.back("iss", "https://login.acme.example/oauth")); err != nil {
		t.Error(err)
	}
	b.f.Server.Issuer = "https://login.example/{tenantid}/v2.0"
	for iss, ok := range map[string]bool{"https://login.example/abc/v2.0": true, "https://login.example//v2.0": false, "https://login.example/a/b/v2.0": false, "https://evil.example/abc/v2.0": false} {
		if _, err := oauthflow.ParsePaste(b.f, b.back("iss", iss)); (err == nil) != ok {
			t.Errorf("%s: %v", iss, err)
		}
	}
}

// Whatever a config says by then, the code goes to the endpoint the flow began with.
func TestL14_TheCodeGoesToTheServerTheFlowBeganWith(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.o.Provider.Token = "https://elsewhere.example/token"
	b.o.Provider.Issuer = "https://elsewhere.example"
	b.o.Listener, b.o.Pasted = nil, pasted(b.back())
	if _, err := oauthflow.Wait(t.Context(), b.f, b.o); err != nil || len(b.codes()) != 1 {
		t.Errorf("%v, codes %v", err, b.codes())
	}
}

func TestL15_L18_TheCallbackIsHardened(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	done := waitInBackground(t.Context(), b.f, b.o)
	set := func(k, v string) func(*http.Request) {
		return func(r *http.Request) {
			if k == "Host" {
				r.Host = v
				return
			}
			r.Header.Set(k, v)
		}
	}
	method := func(m string) func(*http.Request) { return func(r *http.Request) { r.Method = m } }
	for name, tt := range map[string]struct {
		change func(*http.Request)
		status int
	}{
		"post":           {method("POST"), 405},
		"head":           {method("HEAD"), 405},
		"options":        {method("OPTIONS"), 405},
		"other host":     {set("Host", "evil.example"), 421},
		"localhost name": {set("Host", fmt.Sprintf("localhost:%d", b.o.Listener.Port())), 421},
		"no port":        {set("Host", "127.0.0.1"), 421},
		"image":          {set("Sec-Fetch-Dest", "image"), 403},
		"iframe":         {set("Sec-Fetch-Dest", "iframe"), 403},
		"script fetch":   {set("Sec-Fetch-Dest", "empty"), 403},
	} {
		if p := get(t, b.back(), tt.change); p.status != tt.status || p.body != "" {
			t.Errorf("%s: %+v", name, p)
		}
	}
	p := get(t, b.back("state", "<script>alert(1)</script>", "next", "https://evil.example"))
	if p.status != 400 || strings.Contains(p.body, "alert") || strings.Contains(p.body, "evil") || p.header.Get("Location") != "" {
		t.Errorf("rejected page: %+v", p)
	}
	p = get(t, b.back(), set("Sec-Fetch-Dest", "document"), set("Origin", "https://evil.example"))
	if p.status != 200 || strings.Contains(p.body, "code-123") || strings.Contains(p.body, b.f.Secrets.State.Reveal()) {
		t.Errorf("received page: %+v", p)
	}
	for k, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		"Access-Control-Allow-Origin": "", "Location": "",
	} {
		if got := p.header.Get(k); got != want {
			t.Errorf("%s: %q", k, got)
		}
	}
	if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || !strings.Contains(csp, "frame-ancestors 'none'") {
		t.Errorf("CSP %q", csp)
	}
	if got := <-done; got.err != nil {
		t.Error(got.err)
	}
}

func TestL19_WrongCallbackDoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	done := waitInBackground(t.Context(), b.f, b.o)
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(b.o.Listener.Port()))
	for _, raw := range []string{"", "\r\n\r\n", "GET / HTTP/1.1\r\n", "\x16\x03\x01\x02\x00", "GET /callback?state=%zz HTTP/1.1\r\nHost: " + addr + "\r\n\r\n",
		"GET /callback?" + strings.Repeat("a", 40<<10) + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n"} {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Write([]byte(raw)) // the other end may have closed: that is the point
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // RST
		}
		_ = c.Close()
	}
	for _, u := range []string{b.back("state", "forged"), b.back("code", "-"), b.back("code", "-", "state", "forged", "error", "access_denied"),
		b.back("code", "-", "state", "-", "error", "access_denied"), b.back("code", ""), strings.Replace(b.back(), "/callback", "/favicon.ico", 1)} {
		get(t, u)
	}
	for range 300 { // a flood that nobody reads must block nothing
		get(t, b.back("state", "forged"))
	}
	get(t, b.back())
	if got := <-done; got.err != nil || !slices.Equal(b.codes(), []string{"code-123"}) {
		t.Errorf("%v, codes %v", got.err, b.codes())
	}
}

func TestL19_WrongPasteDoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.o.Listener = nil
	b.o.Pasted = pasted("", b.f.AuthorizationURL, "https://evil.example/?code=1", b.back("state", "x"), b.back("code", "wrong"), "wrong", b.back())
	tok, err := oauthflow.Wait(t.Context(), b.f, b.o)
	if err != nil || tok.Access.Reveal() != "at-1" {
		t.Fatal(err)
	}
	var reasons []string
	for _, ev := range b.ev.list {
		if ev.Kind == oauthflow.Rejected {
			reasons = append(reasons, ev.Reason)
			if ev.Hint == "" {
				t.Errorf("%s has no hint", ev.Reason)
			}
		}
	}
	want := []string{oauthflow.MistakeEmpty, oauthflow.MistakeAuthorizationURL, oauthflow.MistakeOtherRedirect, oauthflow.MistakeWrongState, oauthflow.MistakeRefusedCode, oauthflow.MistakeRefusedCode}
	if !slices.Equal(reasons, want) {
		t.Errorf("rejected %v, want %v", reasons, want)
	}
}

func TestTheCallbackWinsWhileThePasteBoxIsOpen(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	box := make(chan string)
	b.o.Pasted = box
	done := waitInBackground(t.Context(), b.f, b.o)
	box <- "not it"
	get(t, b.back())
	if got := <-done; got.err != nil {
		t.Error(got.err)
	}
}

func TestTheEndOfThePasteBoxDoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	b := startBrowser(t)
	b.o.Pasted = pasted()
	done := waitInBackground(t.Context(), b.f, b.o)
	get(t, b.back())
	if got := <-done; got.err != nil {
		t.Error(got.err)
	}
}

func TestABrowserFlowExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, s, c := acme(t, `redirects = [""]`)
		began := time.Now()
		f, l, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c})
		if err != nil || l != nil {
			t.Fatalf("listener %v, %v", l, err)
		}
		_, err = oauthflow.Wait(t.Context(), f, oauthflow.WaitOptions{HTTP: answering(nil), Provider: p, Client: c})
		if !errors.Is(err, oauthflow.ErrExpired) || time.Since(began) != time.Hour {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestAnExchangeUnderWayIsDrained(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	f, l, err := oauthflow.StartBrowser(t.Context(), w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.srv.Approve(f.AuthorizationURL, sandbox.Consent{All: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o := w.options()
	o.Listener, o.Pasted = l, pasted(back)
	o.Report = func(e oauthflow.Event) {
		if e.Kind == oauthflow.Received {
			cancel()
		}
	}
	if tok, err := oauthflow.Wait(ctx, f, o); err != nil || tok.Access.Empty() {
		t.Errorf("the token was lost: %v", err)
	}
}

func TestATransientExchangeFailureAfterAPasteAsksForItAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, sandbox.Options{}, sandbox.PublicClient)
	if err := w.srv.Faults.Add(sandbox.Fault{Kind: sandbox.FaultDrop, On: sandbox.TargetToken, Times: 1}); err != nil {
		t.Fatal(err)
	}
	f, l, err := oauthflow.StartBrowser(t.Context(), w.request(t))
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.srv.Approve(f.AuthorizationURL, sandbox.Consent{All: true})
	if err != nil {
		t.Fatal(err)
	}
	o, ev := w.options(), newEvents()
	o.Listener, o.Pasted, o.Report = l, pasted(back, back), ev.report
	if _, err := oauthflow.Wait(t.Context(), f, o); err != nil {
		t.Fatal(err)
	}
	if e := ev.await(t, oauthflow.Rejected); e.Reason != oauthflow.MistakeUnreachable {
		t.Errorf("reason %s", e.Reason)
	}
}

func TestRedirectsAreTriedInOrder(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	busy := fmt.Sprintf("http://%s/cb", taken.Addr())
	for _, tt := range []struct {
		name, list, want string
		listens          bool
	}{
		{"the next if one is taken", `"` + busy + `", "http://127.0.0.1:0/next"`, "/next", true},
		{"a page of its own needs no port", `"https://a.example/done", "http://127.0.0.1:0/x"`, "https://a.example/done", false},
		{"a taken port is pasted from", `"` + busy + `"`, busy, false},
		{"a code shown by the provider", `""`, "", false},
	} {
		b := startBrowser(t, "redirects = ["+tt.list+"]")
		if !strings.HasSuffix(b.f.RedirectURI, tt.want) || (b.o.Listener != nil) != tt.listens {
			t.Errorf("%s: %s, listener %v", tt.name, b.f.RedirectURI, b.o.Listener != nil)
		}
		if q := queryOf(t, b.f.AuthorizationURL); q.Get("redirect_uri") != b.f.RedirectURI || q.Has("redirect_uri") != (tt.want != "") {
			t.Errorf("%s: the address says %q", tt.name, q.Get("redirect_uri"))
		}
	}
}

func TestTheAuthorizationURLCarriesTheCataloguesParameters(t *testing.T) {
	t.Parallel()
	p, s, c := acme(t, `scope_separator = ","`, `authorize_params = { access_type = "offline" }`, `consent_params = { prompt = "consent" }`, `login_hint = "login"`)
	s.Authorization += "?tenant=1"
	start := func(consent bool) url.Values {
		f, l, err := oauthflow.StartBrowser(t.Context(), oauthflow.Request{Provider: p, Server: s, Client: c, Scopes: []string{"a", "b"}, LoginHint: "me@example.org", Consent: consent})
		if err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
		return queryOf(t, f.AuthorizationURL)
	}
	q := start(true)
	for k, want := range map[string]string{"tenant": "1", "scope": "a,b", "access_type": "offline", "prompt": "consent", "login": "me@example.org", "client_id": "client-1", "response_type": "code"} {
		if q.Get(k) != want {
			t.Errorf("%s = %q, want %q", k, q.Get(k), want)
		}
	}
	if start(false).Has("prompt") {
		t.Error("consent was forced")
	}
}
