package oauthflow_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// sample is one answer of a provider: documented ones from testdata/answers.txt, and what mutate makes of them.
type sample struct {
	place, name string
	status      int
	contentType string
	headers     [][2]string
	body        []byte
}

// samples reads testdata/answers.txt.
func samples(t testing.TB) []sample {
	t.Helper()
	text, err := os.ReadFile("testdata/answers.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []sample
	for _, part := range strings.Split("\n"+string(text), "\n== ")[1:] {
		head, rest, _ := strings.Cut(part, "\n")
		f := strings.SplitN(head, " ", 4)
		if len(f) < 4 {
			t.Fatalf("%q", head)
		}
		s := sample{place: f[0], name: f[1], contentType: f[3]}
		if s.status, err = strconv.Atoi(f[2]); err != nil {
			t.Fatal(err)
		}
		for strings.HasPrefix(rest, "> ") {
			var line string
			line, rest, _ = strings.Cut(rest[2:], "\n")
			name, value, _ := strings.Cut(line, ": ")
			s.headers = append(s.headers, [2]string{name, value})
		}
		s.body = []byte(strings.TrimRight(rest, "\n"))
		all = append(all, s)
	}
	return all
}

// What stands in the place of a value, a member or a header, sooner or later.
var (
	hostileValues = []string{`null`, `true`, `[]`, `{}`, `""`, `-1`, `0`, `1e999`, `-1e999`, `1.5`, `99999999999999999999999`, `"-9223372036854775809"`, `"\u0000"`, `"\ud800"`,
		`"\u202e\u001b]0;x\u0007"`, `[null]`, `[[]]`, `{"":{}}`, `["a",1,null,{}]`, `"https://evil.example/"`, `"//x"`, `"javascript:alert(1)"`, `"http://127.0.0.1:1/"`, `"%zz"`, `"\\"`}
	hostileTypes   = []string{"", "text/html", "application/x-www-form-urlencoded", "text/plain; charset=\xff", "application/json; charset=utf-16", "multipart/form-data; boundary=x", ";;;"}
	hostileHeaders = [][2]string{{"Retry-After", "-1"}, {"Retry-After", "1e999"}, {"Retry-After", "Mon, 99 Foo"}, {"Date", "yesterday"}, {"Location", "https://evil.example/"},
		{"Link", "<https://api.acme.example/v1/things>; rel=\"next\""}, {"Link", "<<<>>>;rel=next,,,"}, {"WWW-Authenticate", "Bearer error=\"\x1b\", error="}, {"X-OAuth-Scopes", ",,, \t,"},
		{"Content-Encoding", "gzip"}, {"Set-Cookie", "a=b"}, {"Content-Length", "7"}}
	statuses = []int{200, 200, 200, 201, 204, 206, 301, 307, 400, 401, 403, 404, 418, 422, 426, 428, 429, 500, 502, 503, 599}
)

// mutate changes an answer one to four times. The same random source makes the same answers.
func mutate(r *rand.Rand, s sample) sample {
	s.body = bytes.Clone(s.body)
	s.headers = append([][2]string(nil), s.headers...)
	for range 1 + r.IntN(4) {
		switch r.IntN(11) {
		case 0:
			s.status = statuses[r.IntN(len(statuses))]
		case 1:
			s.contentType = hostileTypes[r.IntN(len(hostileTypes))]
		case 2:
			s.headers = append(s.headers, hostileHeaders[r.IntN(len(hostileHeaders))])
		case 3, 4, 5:
			s.body = swapValue(r, s.body)
		case 6:
			s.body = s.body[:r.IntN(len(s.body)+1)] // the connection ended
		case 7:
			if len(s.body) > 0 {
				s.body[r.IntN(len(s.body))] = byte(r.IntN(256))
			}
		case 8:
			s.body = repeatMember(r, s.body)
		case 9:
			s.body = bytes.Join([][]byte{s.body, s.body}, []byte{" \n,\x00\xef\xbb\xbf"[r.IntN(7)]})
		case 10:
			at := r.IntN(len(s.body) + 1)
			s.body = append(s.body[:at:at], append([]byte(hostileValues[r.IntN(len(hostileValues))]), s.body[at:]...)...)
		}
	}
	return s
}

// swapValue puts something else in the place of one value of a JSON text.
func swapValue(r *rand.Rand, body []byte) []byte {
	var colons []int
	for i, c := range body {
		if c == ':' || c == '[' {
			colons = append(colons, i+1)
		}
	}
	if len(colons) == 0 {
		return body
	}
	start := colons[r.IntN(len(colons))]
	end := start + bytes.IndexAny(append(bytes.Clone(body[start:]), '}'), ",}]")
	return append(body[:start:start], append([]byte(hostileValues[r.IntN(len(hostileValues))]), body[min(end, len(body)):]...)...)
}

// repeatMember writes a member twice: two parsers could read two answers out of it.
func repeatMember(r *rand.Rand, body []byte) []byte {
	parts := bytes.Split(body, []byte(","))
	at := r.IntN(len(parts))
	parts = append(parts[:at+1:at+1], parts[at:]...)
	return bytes.Join(parts, []byte(","))
}
