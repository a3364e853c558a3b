package pwfile_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"fettle/internal/sandbox"
	"fettle/internal/sshconn"
	"fettle/pwfile"
)

// site is a machine with jobs and nothing else: no book, no vault; a password file, this server's identity, and a
// provider on loopback that knows the credential in the file.
type site struct {
	*desk
	server *sandbox.Server
	clock  *clock
	later  map[string]any // what the next file says of its account beside the usual
}

func newSite(t testing.TB, opts sandbox.Options) *site {
	t.Helper()
	s := &site{desk: newDesk(t), clock: &clock{now: time.Now().UTC().Truncate(time.Second)}}
	if opts.Clock == nil {
		opts.Clock = s.clock.Now
	}
	var err error
	if s.server, err = sandbox.Start(opts); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.server.Close)
	return s
}

// deliver writes the password file with a credential that a person has just consented to.
func (s *site) deliver(serial, generation int64) {
	s.Helper()
	s.send(serial, generation, s.consent().RefreshToken)
}

// send writes the password file with that refresh token.
func (s *site) send(serial, generation int64, refresh string) {
	s.Helper()
	s.put(map[string]any{"serial": serial, "accounts": []any{s.credential("sales-ga", generation, refresh)}})
}

func (s *site) credential(name string, generation int64, refresh string) map[string]any {
	return map[string]any{
		"name": name, "provider": "acme", "identity": map[string]any{}, "client": map[string]any{"id": sandbox.PublicClient},
		"token_endpoint": s.server.URL() + "/oauth/token", "auth": "none", "scopes": []string{"reports.read"},
		"refresh_token": refresh, "generation": generation, "rotation": s.rotation(),
	}
}

func (s *site) rotation() string {
	if s.later["rotation"] == nil {
		return "none"
	}
	return s.later["rotation"].(string)
}

// rotating is newSite with a provider that has that habit.
func rotating(t testing.TB, rotation sandbox.Rotation) *site {
	t.Helper()
	s := newSite(t, sandbox.Options{Rotation: rotation})
	s.later = map[string]any{"rotation": string(rotation)}
	return s
}

// consent is Ana going through the authorization code flow.
func (s *site) consent() *oauth2.Token {
	s.Helper()
	config := oauth2.Config{
		ClientID: sandbox.PublicClient, RedirectURL: sandbox.PasteRedirect, Scopes: []string{"openid", "offline_access", "reports.read"},
		Endpoint: oauth2.Endpoint{AuthURL: s.server.URL() + "/authorize", TokenURL: s.server.URL() + "/oauth/token", AuthStyle: oauth2.AuthStyleInParams},
	}
	verifier := oauth2.GenerateVerifier()
	back, err := s.server.Approve(config.AuthCodeURL("state", oauth2.S256ChallengeOption(verifier)), sandbox.Consent{All: true})
	if err != nil {
		s.Fatal(err)
	}
	u, err := url.Parse(back)
	if err != nil {
		s.Fatal(err)
	}
	token, err := config.Exchange(s.Context(), u.Query().Get("code"), oauth2.VerifierOption(verifier))
	if err != nil {
		s.Fatal(err)
	}
	return token
}

func (s *site) options() pwfile.ReaderOptions {
	return pwfile.ReaderOptions{Dir: s.dir, Now: s.clock.Now}
}

// ask is a job: it opens the file and wants a token.
func (s *site) ask() (*oauth2.Token, error) {
	f, err := pwfile.Open(s.Context(), s.path, s.options())
	if err != nil {
		return nil, err
	}
	return f.Token(s.Context(), "sales-ga")
}

// token is ask where nothing may go wrong.
func (s *site) token() *oauth2.Token {
	s.Helper()
	t, err := s.ask()
	if err != nil {
		s.Fatal(err)
	}
	return t
}

// calls reports whether the provider's API takes the token.
func (s *site) calls(t *oauth2.Token) bool {
	s.Helper()
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.server.URL()+"/v1/reports", nil)
	if err != nil {
		s.Fatal(err)
	}
	t.SetAuthHeader(req)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode == http.StatusOK
}

// refreshes is how many refresh requests reached the provider.
func (s *site) refreshes() int { return s.server.Stats().Tokens["refresh_token"] }

// memory is the path of what this server remembers of the file.
func (s *site) memory() string { return filepath.Join(s.dir, "pwstate", "file-1.age") }

// The test binary, run again with these in its environment, is another job on the same machine.
const (
	jobDir  = "FETTLE_TEST_JOB_DIR"
	jobFile = "FETTLE_TEST_JOB_FILE"
)

// TestMain lets the test binary play a job's process, and ssh's askpass, as the program itself does.
func TestMain(m *testing.M) {
	if code, was := sshconn.Askpass(os.Args[1:]); was {
		os.Exit(code)
	}
	switch {
	case os.Getenv(jobFile) != "":
		os.Exit(job())
	case os.Getenv(killAt) != "":
		os.Exit(generateMortally())
	}
	os.Exit(m.Run())
}

func job() int {
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return 1
	}
	f, err := pwfile.Open(context.Background(), os.Getenv(jobFile), pwfile.ReaderOptions{Dir: os.Getenv(jobDir)})
	if err == nil {
		_, err = f.Token(context.Background(), "sales-ga")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// spawn starts such a process; begin lets it ask for its token.
func (s *site) spawn() (p *exec.Cmd, begin func()) {
	s.Helper()
	p = exec.CommandContext(s.Context(), os.Args[0]) //nolint:gosec // this test binary itself
	p.Env = append(os.Environ(), jobDir+"="+s.dir, jobFile+"="+s.path)
	p.Stderr = os.Stderr
	stdin, err := p.StdinPipe()
	if err != nil {
		s.Fatal(err)
	}
	stdout, err := p.StdoutPipe()
	if err != nil {
		s.Fatal(err)
	}
	if err := p.Start(); err != nil {
		s.Fatal(err)
	}
	if said, err := bufio.NewReader(stdout).ReadString('\n'); err != nil || said != "ready\n" {
		s.Fatalf("the job said %q, %v", said, err)
	}
	return p, func() {
		if _, err := stdin.Write([]byte("go\n")); err != nil {
			s.Fatal(err)
		}
	}
}
