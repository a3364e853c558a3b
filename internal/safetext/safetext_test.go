package safetext_test

import (
	"os"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"fettle/internal/safetext"
)

// forbidden names what a terminal would obey or a reader could not see; it is written from the standards, not from the
// implementation's tables. Joiners and direction marks have their own tests.
func forbidden(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7F && r < 0xA0, r == 0xAD, r == 0x200B, r >= 0x2028 && r <= 0x202E, r >= 0x2060 && r <= 0x206F,
		r == 0xFEFF, r >= 0xE000 && r <= 0xF8FF, r >= 0xFFF9 && r <= 0xFFFB, r >= 0xE0000 && r <= 0xE00FF, r >= 0xF0000:
		return true
	}
	return false
}

func checkSafe(t *testing.T, in, out string) {
	t.Helper()
	if !utf8.ValidString(out) || strings.ContainsFunc(out, forbidden) {
		t.Errorf("Line(%.200q) = %.200q, which is not safe", in, out)
	}
	if n := utf8.RuneCountInString(out); n > 4096 {
		t.Errorf("Line(%.200q) has %d characters", in, n)
	}
	if again := safetext.Line(out); again != out {
		t.Errorf("Line is not idempotent: %.200q, then %.200q", out, again)
	}
}

func TestNoPayloadReachesTheTerminal(t *testing.T) {
	t.Parallel()
	all := payloads()
	if len(all) < 5000 {
		t.Fatalf("only %d payloads", len(all))
	}
	for _, p := range all {
		in := "sales" + p.text + "ga"
		out := safetext.Line(in)
		checkSafe(t, in, out)
		if p.want != "" && out != p.want {
			t.Errorf("%s: Line(%.80q) = %.80q, want %q", p.class, in, out, p.want)
		}
		if !strings.HasPrefix(out, "sales") || !strings.HasSuffix(out, "ga") {
			t.Errorf("%s: Line(%.80q) = %.80q lost the text around it", p.class, in, out)
		}
		for _, mixed := range []string{p.text, "דנה" + p.text, p.text + "👩", strings.Repeat(p.text, 3) + "क"} {
			checkSafe(t, mixed, safetext.Line(mixed))
		}
	}
	t.Logf("%d payloads", len(all))
}

func TestMegabyteNames(t *testing.T) {
	t.Parallel()
	const size = 1 << 20
	for _, unit := range []string{"A", "א", "👩\u200d", "\u202e", "\u0301", "\x1b]", "\x1b[", "\x9d", "\u0090x", "\xff", "\u200b", "\x00", "x\x1b]0;t\a", "\U000E0041"} {
		in := strings.Repeat(unit, size/len(unit))
		out := safetext.Line(in)
		checkSafe(t, in, out)
		if strings.ContainsAny(unit, "Ax") && unit != "\u0090x" && (utf8.RuneCountInString(out) != 4096 || !strings.HasSuffix(out, "…")) {
			t.Errorf("1 MiB of %q: %d characters, ends %q", unit, utf8.RuneCountInString(out), out[max(0, len(out)-5):])
		}
		if cut := safetext.Cut(in, 20); utf8.RuneCountInString(cut) > 200 {
			t.Errorf("Cut of 1 MiB of %q has %d characters", unit, utf8.RuneCountInString(cut))
		}
	}
}

func TestEveryScriptPassesUnchanged(t *testing.T) {
	t.Parallel()
	corpus, err := os.ReadFile("testdata/unchanged.txt")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(corpus), "\n"), "\n")
	for _, line := range lines {
		if got := safetext.Line(line); got != line {
			t.Errorf("changed\n %+q\n %+q", line, got)
		}
	}
	if got := safetext.Lines(string(corpus), len(lines)); !slices.Equal(got, lines) {
		t.Errorf("Lines changed the corpus: %d lines of %d", len(got), len(lines))
	}
}

func TestInvisibleCharactersOnlyWhereTheyShow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"joiner between Latin letters", "pay\u200dpal", "paypal"},
		{"non-joiner between Latin letters", "pay\u200cpal", "paypal"},
		{"joiner at the end", "क्\u200d", "क्"},
		{"joiners in a row", "क्\u200d\u200d\u200dष", "क्\u200dष"},
		{"joiner between emoji and letter", "👩\u200da", "👩a"},
		{"direction mark without right-to-left text", "sales\u200f-ga\u200e", "sales-ga"},
		{"direction marks in a row", "דנה\u200f\u200f\u200e!", "דנה\u200f!"},
		{"variation selector after a letter", "a\ufe0fb", "ab"},
		{"variation selectors in a row", "❤\ufe0f\ufe0f\ufe0e", "❤\ufe0f"},
		{"ideographic selector after a letter", "a\U000E0100", "a"},
		{"override around Hebrew", "\u202eדנה\u202c", "דנה"},
		{"isolate left open", "דנה \u2067(abc", "דנה (abc"},
		{"flag spelled in tags", "🏴\U000E0067\U000E0062\U000E007F", "🏴"},
		{"mark with nothing before it", "\u0301\u20e3abc", "abc"},
		{"marks piled up", "a" + strings.Repeat("\u0301", 100) + "b", "a" + strings.Repeat("\u0301", 8) + "b"},
		{"fillers as a name", "\u3164\u115f\uffa0", ""},
		{"an endless emoji", strings.Repeat("👩\u200d", 12) + "👩", strings.Repeat("👩\u200d", 8) + "👩" + strings.Repeat("👩\u200d", 3) + "👩"},
		{"a character cut in the middle", "sales \xf0\x9f\x98 ga", "sales \uFFFD ga"},
		{"white space around and between", " \t a \r\n\t b\n", "  a  b"},
		{"Windows-1252 quotes", "it\x92s", "it\uFFFDs"},
	} {
		if got := safetext.Line(c.in); got != c.want {
			t.Errorf("%s: Line(%+q) = %+q, want %+q", c.name, c.in, got, c.want)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		limit int
		want  []string
	}{
		{"", 5, []string{}},
		{"one", 5, []string{"one"}},
		{"one\n", 5, []string{"one"}},
		{"a\r\nb\rc\vd\u2028e\u0085f", 9, []string{"a", "b", "c", "d", "e", "f"}},
		{"\n\na\n\nb", 9, []string{"", "", "a", "", "b"}},
		{"a\nb\nc", 3, []string{"a", "b", "c"}},
		{"a\nb\nc\nd", 3, []string{"a", "b", "…"}},
		{"a\nb", 1, []string{"…"}},
		{"a", 0, []string{}},
		{"\x1b]0;hidden\nseen\x07\n\x1b[31mred\x1b[0m", 9, []string{"", "seen", "red"}},
	} {
		if got := safetext.Lines(c.in, c.limit); !slices.Equal(got, c.want) {
			t.Errorf("Lines(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    string
		width int
		want  string
	}{
		{"sales-ga", 8, "sales-ga"},
		{"sales-ga", 7, "sales-…"},
		{"sales-ga", 1, "…"},
		{"sales-ga", 0, ""},
		{"sales-ga", -1, ""},
		{"销售账户", 8, "销售账户"},
		{"销售账户", 7, "销售账…"},
		{"销售账户", 6, "销售…"},
		{"👩‍👩‍👧 home", 4, "👩‍👩‍👧 …"},
		{"שָׁלוֹם עולם", 5, "שָׁלוֹם…"},
		{"می\u200cخواهم", 3, "می…"},
		{"\x1b[31mred\x1b[0m and more", 4, "red…"},
	} {
		if got := safetext.Cut(c.in, c.width); got != c.want {
			t.Errorf("Cut(%q, %d) = %+q, want %+q", c.in, c.width, got, c.want)
		}
	}
}

func FuzzLine(f *testing.F) {
	for i, p := range payloads() {
		if i%97 == 0 {
			f.Add("דנה" + p.text + "x")
		}
	}
	f.Fuzz(func(t *testing.T, in string) {
		checkSafe(t, in, safetext.Line(in))
		for _, line := range safetext.Lines(in, 50) {
			checkSafe(t, in, line)
		}
		checkSafe(t, in, safetext.Cut(in, 30))
		if first, _ := utf8.DecodeRuneInString(safetext.Line(in)); unicode.Is(unicode.M, first) {
			t.Errorf("Line(%q) begins with a combining mark", in)
		}
	})
}
