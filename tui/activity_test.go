package tui

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"fettle/accounts/store"
)

// happened is the history of n events about sales-ga, the newest first, as the store lists them.
func happened(n int) []store.Event {
	events := make([]store.Event, n)
	for i := range events {
		id := int64(n - i)
		events[i] = store.Event{ID: id, At: noon, Action: "refresh", Subject: "sales-ga", AccountID: "id-sales-ga", OK: true, Detail: fmt.Sprintf("answer %d", id), Actor: "mira"}
	}
	return events
}

func atActivity(events []store.Event) Model {
	return feed(press(testModel(80, 24, sampleData()), "h"), answer{key: activityKey, value: events})
}

// TestTheActivityCursorStaysOnItsEvent when newer ones come on top; one that is no longer listed gives way to the newest.
func TestTheActivityCursorStaysOnItsEvent(t *testing.T) {
	t.Parallel()
	m := press(atActivity(happened(60)), "pgdown", "down")
	at := m.front().(activityScreen).at
	m = feed(m, answer{key: activityKey, value: happened(70)})
	s := m.front().(activityScreen)
	if got := s.events[s.row()].ID; got != at || at == 60 {
		t.Errorf("the cursor went from event %d to %d", at, got)
	}
	if want := fmt.Sprintf("answer %d", at); !strings.Contains(seen(m), want) {
		t.Errorf("%q is out of sight:\n%s", want, ansi.Strip(m.content()))
	}
	m = feed(m, answer{key: activityKey, value: happened(3)})
	s = m.front().(activityScreen)
	if got := s.events[s.row()].ID; got != 3 {
		t.Errorf("the cursor is on event %d", got)
	}
}

// TestTheActivityFollowsTheBook: each look at the book asks for the history again.
func TestTheActivityFollowsTheBook(t *testing.T) {
	t.Parallel()
	_, wants := activityScreen{}.renewed(frame{})
	if len(wants) != 1 || wants[0] != (askActivity{activityKey}) {
		t.Errorf("it asks for %v", wants)
	}
}

// TestAnEventLeadsToItsAccount, unless that is gone; a history that is empty or cannot be read says so.
func TestAnEventLeadsToItsAccount(t *testing.T) {
	t.Parallel()
	if s, ok := press(atActivity(happened(2)), "down", "enter").front().(detailScreen); !ok || s.id != "id-sales-ga" {
		t.Errorf("enter opens %T", press(atActivity(happened(2)), "down", "enter").front())
	}
	gone := happened(1)
	gone[0].AccountID = "gone"
	if m := press(atActivity(gone), "enter"); !strings.Contains(m.notice.text, "No account is selected") {
		t.Errorf("enter on an account that is gone says %q", m.notice.text)
	}
	if m := press(atActivity(nil), "down", "enter"); !strings.Contains(seen(m), "Nothing has happened yet.") {
		t.Errorf("without events it shows\n%s", ansi.Strip(m.content()))
	}
	m := feed(atActivity(happened(1)), answer{key: activityKey, err: errors.New("disk \x1b[2Jerror")})
	if text := seen(m); !strings.Contains(text, "The history cannot be read: disk error") {
		t.Errorf("it shows\n%s", ansi.Strip(m.content()))
	}
	if m = feed(m, answer{key: activityKey, value: happened(1)}); !strings.Contains(seen(m), "answer 1") {
		t.Error("a history that can be read again is not shown")
	}
}
