package safetext

import (
	"unicode"
	"unicode/utf8"
)

// Invisible characters that some scripts need; context.go decides where.
const (
	nonJoiner  = 0x200C
	joiner     = 0x200D
	leftMark   = 0x200E
	rightMark  = 0x200F
	arabicMark = 0x061C
)

// dropped is admitted's answer for a character that leaves no trace.
const dropped = -1

// visible are the general categories that show something. Marks are among them: without them no Hindi and no niqqud.
var visible = []*unicode.RangeTable{unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Zs}

// admit removes escape sequences and every character that is never allowed. It returns at most limit characters,
// the last of them "…" if there were more.
func admit(s string, limit int) []rune {
	out := make([]rune, 0, min(len(s), limit+1))
	gap := false
	for i := 0; i < len(s); {
		if n := sequence(s[i:]); n > 0 {
			i += n
			continue
		}
		r, size := decode(s[i:])
		i += size
		switch {
		case size == 1 && r >= firstC1:
			r = utf8.RuneError // a byte that is no character, such as a Windows-1252 quotation mark
		case r == '\t' || isLineBreak(r):
			gap = true
			continue
		}
		if r = admitted(r); r == dropped {
			continue
		}
		if gap && r != ' ' && len(out) > 0 && out[len(out)-1] != ' ' {
			out = append(out, ' ')
		}
		gap = false
		out = append(out, r)
		if len(out) > limit {
			return append(out[:limit-1], '…')
		}
	}
	return out
}

// admitted returns r if it may be shown in some context, U+FFFD if it stands for something nobody can read, and
// dropped otherwise.
func admitted(r rune) rune {
	switch {
	case isJoiner(r) || isDirectionMark(r) || unicode.Is(unicode.Prepended_Concatenation_Mark, r):
		return r
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
		return dropped
	case unicode.In(r, visible...) || isPictograph(r):
		return r
	}
	return utf8.RuneError
}

func isJoiner(r rune) bool { return r == joiner || r == nonJoiner }

func isDirectionMark(r rune) bool { return r == leftMark || r == rightMark || r == arabicMark }

// isPictograph reports whether r can be part of an emoji. The last range includes what Unicode keeps free for coming
// emoji, so that those of next year show too.
func isPictograph(r rune) bool {
	switch {
	case r >= 0x2190 && r <= 0x21FF, r >= 0x2300 && r <= 0x23FF, r >= 0x25A0 && r <= 0x27BF,
		r >= 0x2900 && r <= 0x297F, r >= 0x2B00 && r <= 0x2BFF, r >= 0x1F000 && r <= 0x1FAFF:
		return true
	}
	return false
}
