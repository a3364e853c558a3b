package diagnose_test

import (
	"fmt"
	"strings"
	"testing"

	"fettle/oauthflow/diagnose"
)

const wholeLog = 256 << 10

// BenchmarkText reads logs of 256 KiB, the most that is read: an ordinary one, one that is nothing but errors, one
// line without any break, and one made to cost as much as possible.
func BenchmarkText(b *testing.B) {
	fill := func(line func(i int) string) string {
		var s strings.Builder
		for i := 0; s.Len() < wholeLog; i++ {
			s.WriteString(line(i))
		}
		return s.String()[:wholeLog]
	}
	failure := "2026-11-22 03:00:01 ERROR oauth2.googleapis.com answered HTTP 400: {\"error\":\"invalid_grant\",\"error_description\":\"Token has been expired or revoked.\"}\n"
	for name, log := range map[string]string{
		"ordinary": fill(func(i int) string {
			if i%500 == 499 {
				return failure
			}
			return fmt.Sprintf("2026-11-22 03:00:01 INFO job=%d wrote 120 rows to /srv/out/report-%d.csv in 0.3 s\n", i, i)
		}),
		"errors only": fill(func(int) string { return failure }),
		"one line": fill(func(int) string {
			return "access_denied google refresh token 403 Forbidden ops@acme.example https://x.example/ "
		}),
		"worst": fill(func(i int) string {
			return fmt.Sprintf("error=access_denied&error_description=%%41+x HTTP 500 Unable to refresh tokens client_id=a%d%d <b>@ \\\"\n", i, i)
		}),
		"empty lines":  strings.Repeat("\n", wholeLog),
		"only braces":  strings.Repeat("{\n", wholeLog/2),
		"at signs":     strings.Repeat("@", wholeLog),
		"client words": strings.Repeat("client_id ", wholeLog/10),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(log)))
			for b.Loop() {
				diagnose.Text(log)
			}
		})
	}
}
