package provider

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration reads "90d", "36h" or any time.ParseDuration text from TOML.
type Duration time.Duration

const (
	day    = 24 * time.Hour
	maxAge = 100 * 365 * day // a term beyond this is a slip of the pen, and would overflow
)

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	s := string(b)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n >= 0 && n <= int(maxAge/day) {
			*d = Duration(time.Duration(n) * day)
			return nil
		}
	}
	t, err := time.ParseDuration(s)
	if err != nil || t < 0 || t > maxAge {
		return fmt.Errorf("%q is not a duration such as 90d or 36h", s)
	}
	*d = Duration(t)
	return nil
}

// Date is a day in TOML, as text: "2027-01-31".
type Date time.Time

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Date) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return fmt.Errorf("%q is not a day such as 2027-01-31", b)
	}
	*d = Date(t)
	return nil
}
