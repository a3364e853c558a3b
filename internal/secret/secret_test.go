package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"fettle/internal/secret"
)

func TestNoVerbRevealsASecret(t *testing.T) {
	t.Parallel()
	const canary = "canary-7c1f"
	value := struct {
		Token secret.Text
		Ptr   *secret.Text
	}{Token: secret.New(canary)}
	value.Ptr = &value.Token

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+" ", value)
		fmt.Fprintf(&out, verb+" ", value.Token)
		fmt.Fprintf(&out, verb+" ", value.Ptr)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(encoded)
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "token", value.Token, "all", value)

	for _, leak := range []string{canary, fmt.Sprintf("%x", canary), canary[:8]} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("the secret leaked as %q", leak)
		}
	}
	if !strings.Contains(out.String(), "[redacted]") {
		t.Error("a present secret should show as [redacted]")
	}
}

func TestASecretIsReadAndRevealed(t *testing.T) {
	t.Parallel()
	var got struct{ Token secret.Text }
	if err := json.Unmarshal([]byte(`{"Token":"abc"}`), &got); err != nil {
		t.Fatal(err)
	}
	if got.Token.Reveal() != "abc" || got.Token.Empty() {
		t.Errorf("Reveal() = %q", got.Token.Reveal())
	}
	if secret.New("abc").Hash() != got.Token.Hash() || secret.New("abd").Hash() == got.Token.Hash() {
		t.Error("Hash does not identify the secret")
	}
	if (secret.Text{}).Hash() != "" || (secret.Text{}).String() != "" {
		t.Error("the empty secret should be empty everywhere")
	}
}
