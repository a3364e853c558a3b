package diagnose_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"fettle/oauthflow/diagnose"
)

// cases reads an archive. ␛ stands for the escape character, which editors like to lose.
func cases(t *testing.T, file string, least int) []txtar.File {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	files := txtar.Parse(content).Files
	if len(files) < least {
		t.Fatalf("%s: %d cases: some were lost", file, len(files))
	}
	for i := range files {
		files[i].Data = []byte(strings.ReplaceAll(string(files[i].Data), "␛", "\x1b"))
	}
	return files
}

func meanings(r diagnose.Reading) string {
	var all []string
	for _, d := range r.Diagnoses {
		all = append(all, meaning(d))
	}
	return strings.Join(all, " ; ")
}

func factsOf(f diagnose.Facts) string {
	words := append([]string{}, f.Providers...)
	for _, s := range f.Statuses {
		words = append(words, fmt.Sprint(s))
	}
	return strings.Join(words, " ")
}

func exclusions(r diagnose.Reading) string {
	var all []string
	for _, x := range r.RuledOut {
		all = append(all, string(x.What))
	}
	return strings.Join(all, " ")
}

func TestPastedLogs(t *testing.T) {
	t.Parallel()
	for _, c := range cases(t, "testdata/logs.txtar", 104) {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			head, text, ok := strings.Cut(string(c.Data), "\n\n")
			if !ok {
				t.Fatal("no text")
			}
			for name, pasted := range map[string]string{
				"as it is": text,
				"CRLF":     strings.ReplaceAll(text, "\n", "\r\n"),
				"UTF-16":   wide(text),
				"amid other lines": "2026-11-22 02:59:58 INFO starting\n2026-11-22 02:59:59 INFO 12 rows read in 4.1 s\n" + text +
					"\n2026-11-22 03:10:02 INFO the next job begins\n",
			} {
				r := diagnose.Text(pasted)
				for line := range strings.SplitSeq(head, "\n") {
					what, want, _ := strings.Cut(line, ": ")
					got := map[string]func() string{
						"want": func() string { return meanings(r) }, "out": func() string { return exclusions(r) }, "facts": func() string { return factsOf(r.Facts) },
					}[what]()
					if got != want {
						t.Errorf("%s: %s:\n got %s\nwant %s\n%+v", name, what, got, want, r.Diagnoses)
					}
				}
			}
		})
	}
}

// wide is a text in UTF-16, with its mark; one that is not ASCII stays as it is.
func wide(text string) string {
	for _, r := range text {
		if r > 0x7f {
			return text
		}
	}
	return "\xff\xfe" + strings.Join(strings.Split(text, ""), "\x00") + "\x00"
}

// The worst thing this package could do is to be sure of something wrong: an operator would sign in again, or take a
// client apart, because a disk was full.
func TestOtherTroubleIsNeverExplainedForSure(t *testing.T) {
	t.Parallel()
	unknown := 0
	for _, c := range cases(t, "testdata/hostile.txtar", 97) {
		grade, name, _ := strings.Cut(c.Name, ": ")
		if grade == "unknown" {
			unknown++
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := diagnose.Text(string(c.Data))
			if len(r.Diagnoses) == 0 {
				t.Fatal("nothing is said")
			}
			for _, d := range r.Diagnoses {
				if d.Confidence == diagnose.Certain || grade == "unknown" && d.Remedy != diagnose.Unknown {
					t.Errorf("%s\n got %s (%s: %s)", c.Data, meaning(d), d.Title, d.Evidence)
				}
			}
		})
	}
	if unknown < 76 {
		t.Errorf("%d texts that must stay unknown: some were lost", unknown)
	}
}
