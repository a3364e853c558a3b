package packages_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

// What object storage says becomes a cause and what to do. No answer is quoted: it may repeat the request.
func TestWhatStorageSaysBecomesACause(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]struct {
		status int
		code   packages.Code
		words  string
	}{
		"NoSuchBucket":                 {404, packages.NoTarget, "there is no such bucket"},
		"AccessDenied":                 {403, packages.Denied, "s3:ListBucket"},
		"InvalidAccessKeyId":           {403, packages.Denied, "AWS_ACCESS_KEY_ID"},
		"SignatureDoesNotMatch":        {403, packages.Denied, "AWS_SECRET_ACCESS_KEY"},
		"ExpiredToken":                 {400, packages.Denied, "session"},
		"RequestTimeTooSkewed":         {403, packages.ClockSkew, "timedatectl"},
		"AuthorizationHeaderMalformed": {400, packages.WrongRegion, "region="},
		"PermanentRedirect":            {301, packages.WrongRegion, "region="},
		"SomethingNew\x1b[31m":         {403, packages.Denied, "policy"},
		"MethodNotAllowed":             {405, packages.WrongServer, "endpoint"},
	} {
		t.Run(strings.ToValidUTF8(code[:6], ""), func(t *testing.T) {
			t.Parallel()
			b, s := newBench(t), newStorage(t)
			b.canvas("sales")
			p := b.pack(s.target("p"), nil, "sales")
			s.on(func(w http.ResponseWriter, _ *http.Request) bool { return s.says(w, want.status, code) })
			_, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil)
			wantCode(t, err, want.code, want.words, "s3://bucket/p")
			if strings.ContainsRune(err.Error(), 0x1b) {
				t.Errorf("%q reaches the terminal", err)
			}
		})
	}
}

func TestAServerThatIsNoStorage(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.canvas("sales")
	at := func(endpoint string) error {
		p := b.pack("s3://bucket/p?endpoint="+endpoint, func(n *packages.NewPackage) { n.Name = "p" + strings.Trim(endpoint[len(endpoint)-5:], "/:") }, "sales")
		_, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil)
		return err
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte("<html>canary-secret: not here</html>"))
	}))
	t.Cleanup(web.Close)
	wantCode(t, at(web.URL), packages.WrongServer, "does not speak like S3")

	untrusted := httptest.NewUnstartedServer(http.NotFoundHandler())
	untrusted.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	untrusted.Config.ErrorLog = quiet()
	untrusted.StartTLS()
	t.Cleanup(untrusted.Close)
	wantCode(t, at(untrusted.URL), packages.WrongServer, "certificate")
}

func TestAServerThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.canvas("sales")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	address := l.Addr().String()
	must(t, l.Close())
	p := b.pack("s3://bucket/p?endpoint=http://"+address, nil, "sales")
	_, err = b.Plan(t.Context(), p.ID, packages.Options{})
	wantCode(t, err, packages.Unreachable, "nothing answers at that address")
}

// A server that fails for a while, and a connection that breaks in the middle of an answer, cost a repetition only.
func TestWhatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	b, s := newBench(t), newStorage(t)
	p := b.five(s.target("p"), store.LayoutObjects)
	var failing, breaking atomic.Int64
	s.on(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPut && failing.Add(1) <= 2 {
			return s.says(w, http.StatusServiceUnavailable, "SlowDown")
		}
		if kind(r) == "GET object" && breaking.Add(1) == 1 {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte("edi"))
			panic(http.ErrAbortHandler)
		}
		return false
	})
	b.sync(p)
	s.on(nil)
	b.fetch(s.target("p"), t.TempDir())
}

func TestDestinations(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.canvas("sales")
	for i, bad := range []string{
		"", "ftp://host/x", "s3://", "s3:///prefix", "s3://key:canary-secret@bucket/p", "s3://bucket/p?secret=canary-secret", "s3://bucket/p?endpoint=http://s3.example.com",
		"s3://bucket?endpoint=s3.example.com", "s3://bucket?endpoint=https://u:canary-secret@s3.example.com", "sftp://host", "sftp://u:canary-secret@host/p", "sftp://-oProxyCommand=x/p", "/", "a\nb",
	} {
		_, err := b.Add(t.Context(), packages.NewPackage{Name: "p", Canvases: []packages.Member{{Name: "sales"}}, Target: bad})
		if err == nil {
			t.Errorf("%d: %q was taken", i, bad)
			continue
		}
		wantCode(t, err, packages.BadTarget)
	}
	for text, want := range map[string]string{
		"s3://bucket":                          "s3://bucket",
		"s3://bucket//a/../b/":                 "s3://bucket/b",
		"s3://b/p?region=x&endpoint=https://e": "s3://b/p?endpoint=https://e&region=x",
		"sftp://u@h:22/srv/x/":                 "sftp://u@h:22/srv/x",
	} {
		p, err := b.Add(t.Context(), packages.NewPackage{Name: "p", Canvases: []packages.Member{{Name: "sales"}}, Target: text})
		if err != nil || p.Target != want {
			t.Errorf("%s: %q, %v, want %q", text, p.Target, err, want)
			continue
		}
		if q, err := b.Edit(t.Context(), p.ID, packages.Change{Target: &p.Target}); err != nil || q.Target != want {
			t.Errorf("%s is not stable: %q, %v", want, q.Target, err)
		}
		must(t, b.Remove(t.Context(), p.ID))
	}
}

func TestAnSFTPFolderThatIsNotThere(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, b *bench, to string) {
		if strings.HasPrefix(to, "s3://") {
			return // any prefix is there
		}
		b.canvas("sales")
		p := b.pack(to+"/deeper/than/one", nil, "sales")
		_, err := b.Sync(t.Context(), p.ID, packages.Options{}, nil)
		wantCode(t, err, packages.NoTarget, "make it")
		_, err = packages.Fetch(t.Context(), packages.FetchOptions{From: to, To: filepath.Join(t.TempDir(), "x"), Connection: packages.Connection{SSHConfig: b.ssh}}, nil)
		wantCode(t, err, packages.NoTarget)
	})
}
