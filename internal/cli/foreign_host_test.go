package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/accounts"
	"fettle/oauthflow/provider"
)

// RFC 8628 §5.3: who is asked to enter a code at a site that is not the provider's is told so before, and so is a script.
func TestD13_AForeignHostIsTold(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"", "evil.test"} {
		prompt := accounts.Prompt{Flow: accounts.PendingFlow{Name: "sales", Kind: provider.Device}, UserCode: "AB-12", ForeignHost: host}
		e := accounts.FlowEvent{Kind: accounts.FlowPrompt, Prompt: &prompt}

		path := filepath.Join(t.TempDir(), "stderr")
		stderr, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		(&prompter{app: &app{stderr: stderr}, provider: "Acme"}).report(e)
		if err := stderr.Close(); err != nil {
			t.Fatal(err)
		}
		said, err := os.ReadFile(path)
		const warning = "! evil.test is not a site of Acme: go on only if you know it."
		if err != nil || !strings.Contains(string(said), "AB-12") || strings.Contains(string(said), warning) != (host != "") || strings.Contains(string(said), "not a site") != (host != "") {
			t.Errorf("%q is told as %s, %v", host, said, err)
		}

		line, err := json.Marshal(wireEventOf(e))
		want := map[string]string{"": `"foreign_host":null`, "evil.test": `"foreign_host":"evil.test"`}[host]
		if err != nil || !strings.Contains(string(line), want) {
			t.Errorf("%q is the event %s, %v", host, line, err)
		}
	}
}
