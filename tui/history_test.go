package tui

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts/store"
	"fettle/pwfile"
)

// TestTheHistoryDoesNotBlameWhoAsked: what the provider did and who ran the refresh are two things.
func TestTheHistoryDoesNotBlameWhoAsked(t *testing.T) {
	t.Parallel()
	m := feed(press(testModel(80, 60, sampleData()), "enter"), answer{key: "history id-sales-ga", value: []store.Event{
		{ID: 2, At: noon, Action: "refresh", Detail: "The grant was revoked", Actor: "mira"}, {ID: 1, At: daysAgo(1), Action: "verify", OK: true, Actor: "ops"}}})
	if text := seen(m); strings.Contains(text, "revoked by mira") || !strings.Contains(text, "The grant was revoked · by mira") || !strings.Contains(text, "verify by ops") {
		t.Errorf("it shows %s", text)
	}
}

// TestAPlanThatIsLongerThanTheScreenSaysSo and can be read to its end, also its long paths.
func TestAPlanThatIsLongerThanTheScreenSaysSo(t *testing.T) {
	t.Parallel()
	var plan pwfile.Plan
	for i := range 12 {
		name := fmt.Sprintf("job-%02d", i)
		target := "/srv/" + strings.Repeat("a-long-folder/", 6) + name + ".pwfile.age"
		plan.Items = append(plan.Items, pwfile.PlanItem{Canvas: pwfile.Canvas{Canvas: store.Canvas{ID: name, Name: name}}, Replaces: []pwfile.Replaced{{Target: target, Text: "no file yet"}}})
	}
	m := feed(press(testModel(80, 24, sampleData()), "p"), answer{key: newRegenerate(pwfile.Selection{Stale: true}).key(), value: plan})
	m = press(m, "enter")
	if text := seen(m); !strings.Contains(text, "↓ more") || !strings.Contains(text, "job-00.pwfile.age") {
		t.Errorf("it begins with\n%s", ansi.Strip(m.content()))
	}
	if text := seen(press(m, "end")); strings.Contains(text, "↓ more") || !strings.Contains(text, "enter writes them.") || !strings.Contains(text, "job-11.pwfile.age") {
		t.Errorf("it ends with\n%s", ansi.Strip(press(m, "end").content()))
	}
}
