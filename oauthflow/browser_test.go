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
	"time"

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
