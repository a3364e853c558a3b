package safetext_test

import (
	"fmt"
	"strings"
)

// payload is hostile text and what must be left of "sales" + text + "ga".
type payload struct{ class, text, want string }

const (
	nothing = "salesga"
	space   = "sales ga"
)

// payloads generates the whole set: every control in every encoding, every kind of escape sequence in its 7-bit,
// UTF-8 and raw 8-bit form, invisible characters, and invalid UTF-8.
func payloads() []payload {
	var all []payload
	for _, group := range [][]payload{
		controls(), controlSequences(), shortEscapes(), controlStrings(), unfinished(), invisible(), undecodable(),
	} {
		all = append(all, group...)
	}
	return all
}

func controls() []payload {
	var out []payload
	for c := range rune(0xA0) {
		if c >= ' ' && c <= '~' {
			continue
		}
		want := nothing
		switch {
		case c >= '\t' && c <= '\r' || c == 0x85:
			want = space
		case c == 0x1B, c == 0x90, c == 0x98, c >= 0x9B:
			continue // they begin sequences, below; 0x9C is among the terminators there
		}
		for n := 1; n <= 3; n++ {
			out = append(out, payload{"control", strings.Repeat(string(c), n), want})
		}
	}
	return append(out, payload{"control", "\u2028", space}, payload{"control", "\u2029", space},
		payload{"control", "\u009c", nothing}, payload{"control", "\r\n\t\r\n", space})
}

func controlSequences() []payload {
	var out []payload
	params := []string{"", "0", "31", "1;31", "38;2;255;0;0", "38:2::1:2:3", "?25", "?1049", ">4;2", "2 ", "!", "999999999999", "<0;1;1"}
	for _, intro := range []string{"\x1b[", "\u009b", "\x9b"} {
		for _, p := range params {
			for final := '@'; final <= '~'; final++ {
				out = append(out, payload{"CSI", intro + p + string(final), nothing})
			}
		}
	}
	return out
}

func shortEscapes() []payload {
	var out []payload
	for final := '0'; final <= '~'; final++ {
		if !strings.ContainsRune("[]PX^_", final) {
			out = append(out, payload{"ESC", "\x1b" + string(final), nothing})
		}
		for _, intermediate := range []string{" ", "#", "%", "(", ")", "*", "+", "-", ".", "/", "$(", "%/"} {
			out = append(out, payload{"ESC", "\x1b" + intermediate + string(final), nothing})
		}
	}
	return append(out, payload{"ESC", "\x1b\x1b\x1bc", nothing})
}

// introducers are the strings that take everything up to their end, each in three forms.
var introducers = map[string][]string{
	"OSC": {"\x1b]", "\u009d", "\x9d"},
	"DCS": {"\x1bP", "\u0090", "\x90"},
	"APC": {"\x1b_", "\u009f", "\x9f"},
	"PM":  {"\x1b^", "\u009e", "\x9e"},
	"SOS": {"\x1bX", "\u0098", "\x98"},
}

func controlStrings() []payload {
	bodies := []string{
		"", "0;pwned", "2;pwned", "8;;https://evil.example/", "52;c;cm0gLXJmIH4K", "52;c;?", "4;1;?", "10;?", "11;?", "104",
		"133;A", "777;notify;a;b", "1337;File=inline=1:AAAA", "9;4;1;50", "$q\"p", "+q544e", "Gf=100,a=T;AAAA", "1000p",
		"q#0;2;0;0;0", "שלום ל", "tmux;x", "\x00\x01", strings.Repeat("A", 5000),
	}
	var out []payload
	for class, forms := range introducers {
		for _, intro := range forms {
			for _, end := range []string{"\x07", "\x1b\\", "\u009c", "\x9c", "\x18", "\x1a"} {
				for _, body := range bodies {
					out = append(out, payload{class, intro + body + end, nothing})
				}
			}
			// tmux hands the inner sequence on to the outer terminal
			out = append(out, payload{class, intro + "tmux;\x1b\x1b]52;c;AAAA\x07\x1b\\", nothing})
		}
	}
	return out
}

// unfinished sequences end with their line; what follows on the next line is text again.
func unfinished() []payload {
	var out []payload
	for class, forms := range introducers {
		for _, intro := range forms {
			out = append(out, payload{class + " unfinished", intro + "hidden\n", space}, payload{class + " unfinished", intro + "hidden\u2028", space})
		}
	}
	for _, intro := range []string{"\x1b[", "\u009b", "\x9b"} {
		out = append(out, payload{"CSI unfinished", intro + "3\n", space}, payload{"CSI unfinished", intro + "3\x1b[m", nothing})
	}
	return append(out, payload{"ESC unfinished", "\x1b\n", space}, payload{"ESC unfinished", "\x1b\x7f", nothing})
}

func invisible() []payload {
	ranges := [][2]rune{
		{0x00AD, 0x00AD}, {0x034F, 0x034F}, {0x061C, 0x061C}, {0x115F, 0x1160}, {0x17B4, 0x17B5}, {0x180B, 0x180F},
		{0x200B, 0x200F}, {0x202A, 0x202E}, {0x2060, 0x206F}, {0x3164, 0x3164}, {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF},
		{0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0x13430, 0x13438}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
	}
	var out []payload
	for _, span := range ranges {
		for r := span[0]; r <= span[1]; r++ {
			out = append(out, payload{fmt.Sprintf("invisible %U", r), string(r), nothing})
		}
	}
	for _, override := range "\u202a\u202b\u202d\u202e\u2066\u2067\u2068" {
		for _, end := range []string{"", "\u202c", "\u2069", "\u202c\u2069\u202c"} {
			out = append(out, payload{"bidi", string(override) + end, nothing})
		}
	}
	return out
}

func undecodable() []payload {
	var out []payload
	bad := []string{"\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\xfe", "\xff"}
	for c := 0xA0; c <= 0xFF; c++ {
		bad = append(bad, string([]byte{byte(c)}))
	}
	for _, text := range bad {
		out = append(out, payload{"invalid UTF-8", text, ""})
	}
	for _, r := range []rune{0xE000, 0xF8FF, 0xF0000, 0x10FFFD, 0x0378, 0xFDD0, 0xFFFF, 0x1FFFE, 0x10FFFF, 0x3FFFF} {
		out = append(out, payload{"private or unassigned", string(r), "sales\uFFFDga"})
	}
	return out
}
