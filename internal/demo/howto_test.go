package demo_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/internal/demo"
	"fettle/oauthflow/provider"
)

// TestHowToLinesWork runs the lines of the file as they stand there, with curl.
func TestHowToLinesWork(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here")
	}
	w := build(t)
	book, _ := enter(t, w)
	lines := curlLines(t, w)
	account := func(name string) accounts.Account {
		t.Helper()
		a, err := book.Account(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	authorize := func(name string, kind provider.FlowKind, line string) accounts.FlowResult {
		t.Helper()
		flow, err := book.StartFlow(t.Context(), accounts.AuthorizeRequest{Name: name, Kind: kind})
		if err != nil {
			t.Fatal(err)
		}
		pasted := make(chan string, 1)
		result, err := book.DriveFlow(t.Context(), flow.FlowID, accounts.FlowIO{Pasted: pasted, Report: func(e accounts.FlowEvent) {
			if e.Kind == accounts.FlowPrompt {
				pasted <- sh(t, strings.NewReplacer("CODE", e.Prompt.UserCode, "ADDRESS", e.Prompt.AuthorizationURL).Replace(line))
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}

	device, browser := find(t, lines, "/device"), find(t, lines, "redirect_url")
	oneBox := strings.Replace(device, "allow=all", "allow=analytics.readonly", 1)
	if r := authorize("sales-ga", provider.Device, oneBox); r.End != accounts.EndPartial || len(r.Missing) != 1 {
		t.Errorf("with a box left out it ends %s, missing %v", r.End, r.Missing)
	}
	if r := authorize("sales-ga", provider.Device, device); r.End != accounts.EndAuthorized {
		t.Errorf("by device code it ends %s: %s", r.End, r.Why)
	}
	if r := authorize("finance-sheets", provider.Browser, browser); r.End != accounts.EndAuthorized {
		t.Errorf("by browser it ends %s: %s", r.End, r.Why)
	}

	sh(t, find(t, lines, "/revoke"))
	if _, err := book.Refresh(t.Context(), account("web-ga").ID, accounts.Now(true)); err == nil || account("web-ga").Health.State != accounts.NeedsSignIn {
		t.Errorf("after its revocation web-ga is %s, refresh says %v", account("web-ga").Health.State, err)
	}
	sh(t, find(t, lines, "/faults"))
	if _, err := book.Refresh(t.Context(), account("archive").ID, accounts.Now(true)); err != nil || account("archive").Health.State != accounts.Healthy {
		t.Errorf("after it came back archive is %s, refresh says %v", account("archive").Health.State, err)
	}
}

// curlLines are the command lines of the file.
func curlLines(t *testing.T, w *demo.World) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.Dir, demo.HowTo))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		if i := strings.Index(line, "curl -"); i >= 0 {
			lines = append(lines, strings.TrimSpace(line[i:]))
		}
	}
	return lines
}

// find is the first line with a mark in it.
func find(t *testing.T, lines []string, mark string) string {
	t.Helper()
	for _, line := range lines {
		if strings.Contains(line, mark) {
			return line
		}
	}
	t.Fatalf("no line with %s among %q", mark, lines)
	return ""
}

func sh(t *testing.T, line string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", line).Output()
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return strings.TrimSpace(string(out))
}
