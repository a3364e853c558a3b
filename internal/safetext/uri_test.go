package safetext_test

import (
	"net/url"
	"strings"
	"testing"

	"fettle/internal/safetext"
)

func TestHost(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://Login.Example.COM/device":    "login.example.com",
		" https://example.com:8443/a?b ":      "example.com:8443",
		"https://аpple.com/":                  "xn--pple-43d.com", // the first letter is Cyrillic
		"https://bücher.example/":             "xn--bcher-kva.example",
		"https://דוגמה.קום":                   "xn--6dbbec0c.xn--9dbq2a",
		"http://127.0.0.1:8085/cb":            "127.0.0.1:8085",
		"http://[::1]:8085/cb":                "[::1]:8085",
		"http://[0:0:0:0:0:0:0:1]/":           "[::1]",
		"https://google.com@evil.example/":    "evil.example",
		"https://my_host.internal/":           "my_host.internal",
		"https://[fe80::1%25eth0]/":           "",
		"https://a%20b/":                      "",
		"https://a\u202eb.example/":           "",
		"https://x:0/":                        "",
		"https://x:65536/":                    "",
		"https://" + strings.Repeat("a", 300): "",
		"not an address":                      "",
		"":                                    "",
		"\x1b]8;;https://x\a":                 "",
	} {
		if got := safetext.Host(in); got != want {
			t.Errorf("Host(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestURL(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://Example.com":                        "https://example.com",
		"HTTPS://example.com/a b?q=é \u202e#f\u009b": "https://example.com/a%20b?q=%C3%A9%20%E2%80%AE#f%C2%9B",
		"https://example.com/a%2Fb?x=%1b&y=a+b":      "https://example.com/a%2Fb?x=%1b&y=a+b",
		"https://example.com/?q=\"<>\\^`{|}":         "https://example.com/?q=%22%3C%3E%5C%5E%60%7B%7C%7D",
		"https://example.com/\x9b?\x9b":              "https://example.com/%9B?%9B",
		"https://пример.рф:443/":                     "https://xn--e1afmkfd.xn--p1ai:443/",
		"http://127.0.0.1:8085/callback":             "http://127.0.0.1:8085/callback",
		"http://127.9.9.9/":                          "http://127.9.9.9/",
		"http://[::1]:8085/?code=1":                  "http://[::1]:8085/?code=1",
		"\nhttps://example.com/device \n":            "https://example.com/device",
		"https://example.com/?":                      "https://example.com/?",

		"http://localhost:8085/":         "", // a name, which a hosts file or a resolver may send anywhere
		"http://example.com/":            "",
		"http://127.0.0.1.evil.example/": "",
		"http://[::1%25lo]/":             "",
		"https://user:pw@example.com/":   "",
		"https://@example.com/":          "",
		"https:example.com":              "",
		"https:///path":                  "",
		"//example.com/":                 "",
		"example.com":                    "",
		"javascript:alert(1)":            "",
		"data:text/html,x":               "",
		"file:///etc/passwd":             "",
		"ftp://example.com/":             "",
		"https://exa\x1bmple.com/":       "",
		"https://example.com/\n/":        "",
		"https://example.com:port/":      "",
		"":                               "",
	} {
		got, err := safetext.URL(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("URL(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzURL(f *testing.F) {
	for _, seed := range []string{"https://example.com/a?b#c", "http://[::1]:80/", "https://пример.рф/\u202e?\x9b", "https://x/%zz"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		out, err := safetext.URL(in)
		if err != nil {
			return
		}
		for _, c := range []byte(out) {
			if c <= ' ' || c > '~' {
				t.Fatalf("URL(%q) = %q is not printable ASCII", in, out)
			}
		}
		before, _ := url.Parse(strings.TrimSpace(in))
		after, err := url.Parse(out)
		if err != nil || after.User != nil || after.Path != before.Path || safetext.Host(in) != after.Host {
			t.Fatalf("URL(%q) = %q is another address (%v)", in, out, err)
		}
		if again, err := safetext.URL(out); err != nil || again != out {
			t.Fatalf("URL(%q) = %q, written again %q, %v", in, out, again, err)
		}
	})
}
