package accounts_test

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"fettle/accounts"
	"fettle/internal/lookalike"
	"fettle/oauthflow/provider"
)

// errorTable is testdata/lives/PROVIDER.toml: what the provider answers somewhere, and what has to come of it.
type errorTable struct {
	Provider string
	Services []string
	Listing  bool // API answers are given at the listing's address instead of the probe's
	Redirect []errorRow
	Exchange []errorRow
	Refresh  []errorRow
	Poll     []errorRow
	API      []errorRow
}

// errorRow is an answer, written as it comes over the wire or in the short form of its provider.
type errorRow struct {
	HTTP   int
	Header map[string]string
	Body   *string
	Form   string // a body of that type

	Error, Text, Subtype string // RFC 6749 §5.2
	AADSTS               []int  // one answer for each number
	Graph                [][2]int
	Google               string // status of an error object
	Reason               string // in its details
	Legacy               string // reason of Google's older APIs
	Ads                  map[string]string
	Fault                []any // number and code of Microsoft Advertising

	Is string // "state cause remedy"; of a sign-in "cause remedy", "expired", or "rejected": it may be pasted again
}

// answers writes a row out; most rows are one answer.
func (r errorRow) answers() []lookalike.Answer {
	status := cmp.Or(r.HTTP, 400)
	say := func(format string, args ...any) []lookalike.Answer {
		return []lookalike.Answer{{Status: status, Header: r.Header, Body: fmt.Sprintf(format, args...)}}
	}
	var all []lookalike.Answer
	switch {
	case r.Form != "":
		all = say("%s", r.Form)
		all[0].Header = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	case r.Body != nil:
		return say("%s", *r.Body)
	case len(r.AADSTS) > 0:
		for _, number := range r.AADSTS {
			all = append(all, lookalike.AADSTS(status, cmp.Or(r.Error, "invalid_grant"), number, "What happened."))
		}
	case len(r.Graph) > 0:
		for _, g := range r.Graph {
			all = append(all, lookalike.Graph(status, g[0], g[1], "What happened."))
		}
	case r.Google != "":
		return say(`{"error":{"code":%d,"status":%q,"message":%q,"details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":%q}]}}`, status, r.Google, r.Text, r.Reason)
	case r.Legacy != "":
		return say(`{"error":{"code":%d,"message":"What happened.","errors":[{"message":"What happened.","domain":"global","reason":%q}]}}`, status, r.Legacy)
	case r.Ads != nil:
		for kind, code := range r.Ads {
			return say(`{"error":{"code":%d,"status":"UNAUTHENTICATED","message":"Request is not valid.","details":[{"@type":"type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure","errors":[{"errorCode":{%q:%q},"message":"What happened."}]}]}}`, status, kind, code)
		}
	case r.Fault != nil:
		return say(`{"TrackingId":"0d0d","Type":"AdApiFaultDetail","Errors":[{"Code":%d,"ErrorCode":%q,"Message":"What happened.","Detail":null}]}`, r.Fault[0], r.Fault[1])
	default:
		return say(`{"error":%q,"error_description":%q,"error_subtype":%q}`, r.Error, r.Text, r.Subtype)
	}
	return all
}

func readTable(t *testing.T, name string) errorTable {
	t.Helper()
	var table errorTable
	md, err := toml.DecodeFile(filepath.Join("testdata", "lives", name+".toml"), &table)
	if err != nil {
		t.Fatal(err)
	}
	if extra := md.Undecoded(); len(extra) > 0 {
		t.Fatalf("%s: unknown key %s", name, extra[0])
	}
	return table
}

// tables are the error tables of testdata/lives, with what their clients are.
var tables = map[string]lookalike.Options{
	"google": {}, "microsoft": {}, "meta": {}, "dropbox": {}, "salesforce": {},
	"advertising": {Vars: map[string]string{"developer_token": "made-up"}},
	"linkedin":    {Partner: true},
	"github":      {Expiring: true},
}

// told starts the life that a table is about.
func told(t *testing.T, name string) (errorTable, *life) {
	t.Helper()
	rows := readTable(t, name)
	return rows, newLife(t, cmp.Or(rows.Provider, name), tables[name], rows.Services...)
}

// TestEveryTableIsTold makes sure that no file of answers lies there untested.
func TestEveryTableIsTold(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(filepath.Join("testdata", "lives"))
	if err != nil || len(files) != len(tables) {
		t.Fatalf("%d files, %d tables, %v", len(files), len(tables), err)
	}
	rows := 0
	for name := range tables {
		table := readTable(t, name)
		for _, r := range slices.Concat(table.Redirect, table.Exchange, table.Refresh, table.Poll, table.API) {
			rows += len(r.answers())
		}
	}
	if rows < 200 {
		t.Errorf("%d answers, want all of them", rows)
	}
}

// TestWhatProvidersAnswerToARefresh: from the raw answer to the state of health, and back to healthy with the next good one.
func TestWhatProvidersAnswerToARefresh(t *testing.T) {
	t.Parallel()
	for name := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, l := told(t, name)
			a := l.account(t, "sales")
			for _, row := range rows.Refresh {
				for _, answer := range row.answers() {
					l.like.Next(l.like.Path(l.entry.Token), answer)
					if _, err := l.Refresh(t.Context(), a.ID, accounts.Now(true)); err == nil {
						t.Errorf("%s: refreshed all the same", answer.Body)
					}
					l.is(t, a.ID, answer, row.Is)
					l.must(t, a.ID, accounts.Now(true))
					l.is(t, a.ID, lookalike.Answer{Body: "recovered from " + answer.Body}, "healthy")
				}
			}
		})
	}
}

// TestWhatTheAPIsAnswer is the same for what a verification meets.
func TestWhatTheAPIsAnswer(t *testing.T) {
	t.Parallel()
	for name := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, l := told(t, name)
			a := l.account(t, "sales")
			svc := l.entry.Services[rows.Services[0]]
			at := svc.Probe.URL
			if rows.Listing {
				at = svc.Resources.URL
			}
			at = strings.Replace(at, "{instance_url}", l.like.URL(lookalike.SalesforceInstance), 1)
			for _, row := range rows.API {
				for _, answer := range row.answers() {
					l.like.Next(l.like.Path(at), answer, answer, answer, answer) // a 401 is asked about again with another token
					if _, err := l.Verify(t.Context(), a.ID, nil); err != nil {
						t.Fatal(err)
					}
					l.is(t, a.ID, answer, row.Is)
					if left := l.like.Forget(); left == 4 {
						t.Errorf("%s: nobody asked at %s", answer.Body, at)
					}
					l.clock.pass(time.Minute)
					if _, err := l.Verify(t.Context(), a.ID, nil); err != nil {
						t.Fatal(err)
					}
					l.must(t, a.ID, accounts.Now(true))
					l.is(t, a.ID, lookalike.Answer{Body: "recovered from " + answer.Body}, "healthy")
				}
			}
		})
	}
}

// is compares an account's health with "state cause remedy".
func (l *life) is(t *testing.T, id string, answer lookalike.Answer, want string) {
	t.Helper()
	h := l.look(t, id).Health
	got := fmt.Sprintf("%s %s %s", h.State, h.Cause, h.Remedy)
	if got = strings.TrimSpace(got); got != want {
		t.Errorf("HTTP %d %.160s\n\tis   %s (%s)\n\twant %s", answer.Status, answer.Body, got, h.Title, want)
	}
}

// TestWhatProvidersAnswerAtTheRedirect: the sign-in ends with its reason, and the account that was to be renewed stays as it was.
func TestWhatProvidersAnswerAtTheRedirect(t *testing.T) {
	t.Parallel()
	for name := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, l := told(t, name)
			a := l.account(t, "sales")
			for _, row := range rows.Redirect {
				params := url.Values{"error": {row.Error}}
				if row.Text != "" {
					params.Set("error_description", row.Text)
				}
				flow := l.start(t, l.request("sales", provider.Browser))
				_, _, err := l.drive(t, flow.FlowID, func(p *accounts.Prompt, paste chan<- string) {
					back, err := l.like.Refused(p.AuthorizationURL, params)
					if err != nil {
						t.Error(err)
					}
					paste <- back
				})
				diagnosed(t, params.Encode(), err, row.Is)
				if err := l.AbandonFlow(t.Context(), flow.FlowID); err != nil && !errors.Is(err, accounts.ErrNoPendingFlow) {
					t.Error(err)
				}
			}
			l.is(t, a.ID, lookalike.Answer{}, "healthy")
		})
	}
}

// TestWhatProvidersAnswerToACode: one that is no longer good can be replaced by another; the rest ends the sign-in.
func TestWhatProvidersAnswerToACode(t *testing.T) {
	t.Parallel()
	for name := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, l := told(t, name)
			for i, row := range rows.Exchange {
				flow := l.start(t, l.request(fmt.Sprintf("account-%d", i), provider.Browser))
				answer := row.answers()[0]
				rejected, err := l.pasteUntil(t, flow.FlowID, answer)
				switch {
				case row.Is == "rejected" && (err != nil || !rejected):
					t.Errorf("%s: rejected %t, then %v", answer.Body, rejected, err)
				case row.Is != "rejected":
					diagnosed(t, answer.Body, err, row.Is)
				}
			}
		})
	}
}

// pasteUntil pastes codes, of which the first is answered so, until one is accepted or the sign-in fails.
func (l *life) pasteUntil(t *testing.T, flowID string, answer lookalike.Answer) (rejected bool, err error) {
	paste, address := make(chan string, 2), ""
	again := func() {
		back, err := l.like.Approve(address, lookalike.Consent{})
		if err != nil {
			t.Error(err)
		}
		paste <- back
	}
	l.like.Next(l.like.Path(l.entry.Token), answer)
	result, err := l.DriveFlow(t.Context(), flowID, accounts.FlowIO{Pasted: paste, Report: func(e accounts.FlowEvent) {
		switch e.Kind {
		case accounts.FlowPrompt:
			address = e.Prompt.AuthorizationURL
			again()
		case accounts.FlowRejected:
			rejected = true
			again()
		}
	}})
	if err == nil && result.End != accounts.EndAuthorized {
		err = fmt.Errorf("ended as %s: %s", result.End, result.Why)
	}
	return rejected, err
}

// TestWhatProvidersAnswerToAPoll: all rows at once, because each waits a second for its turn.
func TestWhatProvidersAnswerToAPoll(t *testing.T) {
	t.Parallel()
	for name := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, l := told(t, name)
			if len(rows.Poll) == 0 {
				return // no device flow, so nothing is polled
			}
			if name == "google" {
				l.services = []string{"youtube"} // which the device flow carries
			}
			var all sync.WaitGroup
			for i, row := range rows.Poll {
				flow := l.start(t, l.request(fmt.Sprintf("account-%d", i), provider.Device))
				answer := row.answers()[0]
				all.Go(func() {
					_, _, err := l.drive(t, flow.FlowID, func(p *accounts.Prompt, _ chan<- string) {
						if err := l.like.AnswerDevice(p.UserCode, answer); err != nil {
							t.Error(err)
						}
					})
					diagnosed(t, answer.Body, err, row.Is)
				})
			}
			all.Wait()
		})
	}
}

// diagnosed compares why a sign-in failed with "cause remedy".
func diagnosed(t *testing.T, answer string, err error, want string) {
	t.Helper()
	if errors.Is(err, accounts.ErrFlowExpired) && want == "expired" {
		return
	}
	var failed *accounts.FlowFailedError
	if !errors.As(err, &failed) {
		t.Errorf("%s: ended with %v", answer, err)
		return
	}
	if got := fmt.Sprintf("%s %s", failed.Diagnosis.Cause, failed.Diagnosis.Remedy); got != want {
		t.Errorf("%.160s\n\tis   %s (%s)\n\twant %s", answer, got, failed.Diagnosis.Title, want)
	}
}
