package tui

import (
	"fmt"
	"time"
)

// ago says how long before now t was, as span does; a moment ahead of a clock that was put back is "just now".
func ago(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	d := now.Sub(t)
	if d < time.Minute {
		return "just now"
	}
	return span(d) + " ago"
}

// span says a duration in one unit, rounded down: seconds, minutes, hours up to two days, then days.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d d", int(d.Hours()/24))
}

// countdown says the time left as minutes and seconds: 12:04.
func countdown(left time.Duration) string {
	left = max(left, 0)
	return fmt.Sprintf("%d:%02d", int(left.Minutes()), int(left.Seconds())%60)
}

// date says a day of this year, else a month and its year: either fits a column of diesWidth cells.
func date(t, now time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.In(now.Location())
	if t.Year() == now.Year() {
		return t.Format("2 Jan")
	}
	return t.Format("Jan '06")
}

// stamp says a moment to the minute.
func stamp(t, now time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.In(now.Location()).Format("2 Jan 2006 15:04")
}
