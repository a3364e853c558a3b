package safetext

import "unicode/utf8"

// Control characters that begin or end sequences (ECMA-48), in their 7-bit and 8-bit forms.
const (
	escape    = 0x1B
	bell      = 0x07
	cancel    = 0x18
	subst     = 0x1A
	delete7   = 0x7F
	nextLine  = 0x85
	dcs8      = 0x90
	sos8      = 0x98
	csi8      = 0x9B
	st8       = 0x9C
	osc8      = 0x9D
	pm8       = 0x9E
	apc8      = 0x9F
	firstC1   = 0x80
	lastC1    = 0x9F
	firstLead = 0xC0
	lineSep   = 0x2028
	paraSep   = 0x2029
)

// sequence returns how many bytes at the start of s belong to an escape sequence; 0 if none begins there.
// Each byte is looked at once, so a megabyte of unfinished sequences costs no more than a megabyte of text.
func sequence(s string) int {
	if s[0] == escape {
		return escapeSequence(s)
	}
	r, size := decode(s)
	switch r {
	case csi8:
		return size + controlSequence(s[size:])
	case dcs8, sos8, osc8, pm8, apc8:
		return size + controlString(s[size:])
	}
	return 0
}

// decode reads one character. An 8-bit control in a byte of its own, which is invalid UTF-8 but which an 8-bit
// terminal obeys, reads as that control; what is left of a character cut in the middle is one U+FFFD, lest its last
// bytes be taken for controls.
func decode(s string) (rune, int) {
	r, size := utf8.DecodeRuneInString(s)
	if r != utf8.RuneError || size != 1 {
		return r, size
	}
	if s[0] >= firstC1 && s[0] <= lastC1 {
		return rune(s[0]), 1
	}
	if s[0] >= firstLead {
		for size < len(s) && size < utf8.UTFMax && s[size] >= firstC1 && s[size] < firstLead {
			size++
		}
	}
	return utf8.RuneError, size
}

// escapeSequence measures a sequence that begins with ESC.
func escapeSequence(s string) int {
	if len(s) == 1 {
		return 1
	}
	switch s[1] {
	case '[':
		return 2 + controlSequence(s[2:])
	case ']', 'P', 'X', '^', '_':
		return 2 + controlString(s[2:])
	}
	// ESC, intermediates, one final: character sets, resets, keypad modes.
	n := 1
	for n < len(s) && s[n] >= ' ' && s[n] <= '/' {
		n++
	}
	if n < len(s) && s[n] >= '0' && s[n] < delete7 {
		n++
	}
	return n
}

// controlSequence measures what follows a CSI: parameters, intermediates and one final byte, as far as they are there.
func controlSequence(s string) int {
	n := 0
	for n < len(s) && s[n] >= ' ' && s[n] <= '?' {
		n++
	}
	if n < len(s) && s[n] >= '@' && s[n] < delete7 {
		n++
	}
	return n
}

// controlString measures what follows OSC, DCS, APC, PM or SOS, with its end. A new ESC ends it, as in a terminal,
// and so does a line break, so that an unfinished one hides no more than its own line.
func controlString(s string) int {
	for n := 0; n < len(s); {
		r, size := decode(s[n:])
		switch {
		case r == escape && n+1 < len(s) && s[n+1] == '\\':
			return n + 2
		case r == escape || isLineBreak(r):
			return n
		case r == bell || r == cancel || r == subst || r == st8:
			return n + size
		}
		n += size
	}
	return len(s)
}

// isLineBreak reports whether r starts a new line in some program that shows text.
func isLineBreak(r rune) bool {
	switch r {
	case '\n', '\v', '\f', '\r', nextLine, lineSep, paraSep:
		return true
	}
	return false
}
