package diagnose_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fettle/internal/secret"
	"fettle/oauthflow"
	"fettle/oauthflow/diagnose"
)

// row is one answer of a provider with what it means: to fettle, which got it itself, and to somebody who pastes it.
type row struct {
	source   string // file:line
	provider string
	place    oauthflow.Place
	status   int // 0: a redirect
	header   string
	body     string
	age      time.Duration
	want     string // "CAUSE REMEDY CONFIDENCE"
	text     string // of the pasted form; empty: the same cause and remedy, at most as sure
}

const leastRows = 335

// readRows reads testdata/answers. The syntax stands at the top of google.txt.
func readRows(t *testing.T) []row {
	t.Helper()
	files, err := filepath.Glob("testdata/answers/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	var rows []row
	for _, f := range files {
		content, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for i, line := range strings.Split(string(content), "\n") {
			if line == "" || strings.HasPrefix(line, "#") {
				continue
			}
			r, err := parseRow(line)
			if err != nil {
				t.Fatalf("%s:%d: %v", f, i+1, err)
			}
			r.source = fmt.Sprintf("%s:%d", filepath.Base(f), i+1)
			rows = append(rows, r)
		}
	}
	return rows
}

func parseRow(line string) (row, error) {
	left, want, ok := strings.Cut(line, " => ")
	parts := strings.SplitN(left, " ", 4)
	if !ok || len(parts) != 4 {
		return row{}, errors.New("not a row")
	}
	r := row{provider: parts[0], place: oauthflow.Place(parts[1]), body: parts[3]}
	if parts[2] != "-" {
		n, err := strconv.Atoi(parts[2])
		if err != nil {
			return r, err
		}
		r.status = n
	}
	if strings.HasPrefix(r.body, "[") && !strings.HasPrefix(r.body, "[{") {
		r.header, r.body, _ = strings.Cut(r.body[1:], "] ")
	}
	if before, age, ok := strings.Cut(r.body, " age "); ok {
		days, err := strconv.Atoi(strings.TrimSuffix(age, "d"))
		if err != nil {
			return r, err
		}
		r.body, r.age = before, time.Duration(days)*24*time.Hour
	}
	if n, code, ok := strings.Cut(strings.TrimPrefix(r.body, "AADSTS"), " "); ok && strings.HasPrefix(r.body, "AADSTS") {
		r.body = fmt.Sprintf(`{"error":%q,"error_description":"AADSTS%s: Some words that change. Trace ID: 3f2a0000-0000-0000-0000-000000000000 Timestamp: 2026-11-22 03:00:00Z","error_codes":[%s],"timestamp":"2026-11-22 03:00:00Z","trace_id":"3f2a0000-0000-0000-0000-000000000000","error_uri":"https://login.microsoftonline.com/error?code=%s"}`, code, n, n, n)
	}
	if code, sub, ok := strings.Cut(strings.TrimPrefix(r.body, "Meta:"), "/"); ok && strings.HasPrefix(r.body, "Meta:") {
		subcode := ""
		if sub != "0" {
			subcode = `,"error_subcode":` + sub
		}
		r.body = fmt.Sprintf(`{"error":{"message":"Some words that change.","type":"OAuthException","code":%s%s,"fbtrace_id":"AbCdEf"}}`, code, subcode)
	}
	r.want, r.text, _ = strings.Cut(want, " ; text ")
	switch words := strings.Fields(r.want); {
	case len(words) != 3:
		return r, fmt.Errorf("%q is no meaning", r.want)
	case r.text == "unknown":
		r.text = "unknown unknown unknown"
	}
	return r, nil
}

// err brings the row in as fettle meets it: a redirect through the reader of redirects, an answer as raw HTTP.
func (r row) err(t *testing.T) error {
	t.Helper()
	if r.status == 0 {
		f := &oauthflow.Flow{Provider: r.provider, RedirectURI: "http://127.0.0.1:8085/callback", Secrets: oauthflow.FlowSecrets{State: secret.New("the-state")}}
		_, err := oauthflow.ParsePaste(f, f.RedirectURI+"?"+r.body+"&state=the-state")
		return err
	}
	kind := "application/json; charset=utf-8"
	if strings.HasPrefix(r.body, "<") {
		kind = "text/html"
	}
	raw := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n", r.status, http.StatusText(r.status), kind, len(r.body))
	if r.header != "" {
		raw += r.header + "\r\n"
	}
	resp, err := http.ReadResponse(bufio.NewReader(strings.NewReader(raw+"\r\n"+r.body)), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return oauthflow.ParseError(r.place, r.provider, resp.StatusCode, resp.Header, bytes.TrimSpace(body))
}

var hostsOf = map[string]string{
	"google": "oauth2.googleapis.com", "microsoft": "login.microsoftonline.com", "meta": "graph.facebook.com", "linkedin": "www.linkedin.com",
	"salesforce": "login.salesforce.com", "dropbox": "api.dropboxapi.com", "github": "github.com", "snowflake": "xy.snowflakecomputing.com", "acme": "as.acme.example",
}

var placesInLogs = map[oauthflow.Place]string{
	oauthflow.PlaceRefresh: "refreshing the token", oauthflow.PlaceExchange: "authorization code", oauthflow.PlaceDevicePoll: "device code",
	oauthflow.PlaceDeviceAuthorization: "device code", oauthflow.PlaceAPI: "GET /v1/things",
}

// pasted is the row as a line of a job's log.
func (r row) pasted() string {
	if r.status == 0 {
		return "2026-11-22 03:00:01 INFO " + hostsOf[r.provider] + " sent the browser to http://127.0.0.1:8085/callback?" + r.body + "&state=abc"
	}
	return fmt.Sprintf("2026-11-22 03:00:01 ERROR job 7, %s: https://%s answered HTTP %d: %s %s", placesInLogs[r.place], hostsOf[r.provider], r.status, r.header, r.body)
}

func meaning(d diagnose.Diagnosis) string {
	return d.Cause + " " + string(d.Remedy) + " " + string(d.Confidence)
}

func TestEveryDocumentedAnswerHasItsCause(t *testing.T) {
	t.Parallel()
	rows := readRows(t)
	if len(rows) < leastRows {
		t.Fatalf("%d rows: some were lost", len(rows))
	}
	for _, r := range rows {
		t.Run(r.source, func(t *testing.T) {
			t.Parallel()
			err := r.err(t)
			d := diagnose.Of(err, diagnose.Hints{Provider: r.provider, Age: r.age})
			if got := meaning(d); got != r.want {
				t.Errorf("%s %s %d %s\n%v\n got %s (%s)\nwant %s", r.provider, r.place, r.status, r.body, err, got, d.Title, r.want)
			}
			if len(d.Explanation) < 30 || d.Title == "" {
				t.Errorf("nothing an operator could act on: %+v", d)
			}
		})
	}
}

func TestEveryDocumentedAnswerIsKnownInALog(t *testing.T) {
	t.Parallel()
	for _, r := range readRows(t) {
		if r.age > 0 {
			continue // no log says how old a grant is
		}
		t.Run(r.source, func(t *testing.T) {
			t.Parallel()
			d := diagnose.Text(r.pasted()).Best()
			got := meaning(d)
			same := got == r.text
			if r.text == "" {
				same = got == r.want || got == strings.Replace(r.want, " certain", " likely", 1)
			}
			if !same {
				t.Errorf("%s\n got %s (%s)\nwant %s; text %s", r.pasted(), got, d.Title, r.want, r.text)
			}
		})
	}
}
