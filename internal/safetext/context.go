package safetext

import (
	"strings"
	"unicode"
)

const (
	maxMarks  = 8 // combining marks on one character; the most crowded real text needs about six
	maxJoined = 8 // joins in one emoji; a longer chain counts as two cells and is drawn as hundreds
)

// emojiBases are the characters outside the pictograph ranges that a variation selector turns into an emoji.
const emojiBases = "#*0123456789©®‼⁉™ℹⓂ〰〽㊗㊙"

// joining are the scripts in which a joiner or non-joiner changes what is seen.
var joining = []*unicode.RangeTable{
	unicode.Adlam, unicode.Arabic, unicode.Balinese, unicode.Bengali, unicode.Chakma, unicode.Devanagari,
	unicode.Grantha, unicode.Gujarati, unicode.Gurmukhi, unicode.Hanifi_Rohingya, unicode.Javanese, unicode.Kannada,
	unicode.Khmer, unicode.Malayalam, unicode.Mandaic, unicode.Mongolian, unicode.Myanmar, unicode.Nko, unicode.Oriya,
	unicode.Phags_Pa, unicode.Sinhala, unicode.Syriac, unicode.Tamil, unicode.Telugu, unicode.Tibetan,
}

// rightToLeft are the scripts whose text may carry direction marks.
var rightToLeft = []*unicode.RangeTable{
	unicode.Adlam, unicode.Arabic, unicode.Hanifi_Rohingya, unicode.Hebrew, unicode.Mandaic, unicode.Nko,
	unicode.Samaritan, unicode.Syriac, unicode.Thaana,
}

// variants are the scripts and signs with standardised variants other than emoji.
var variants = []*unicode.RangeTable{unicode.Han, unicode.Mongolian, unicode.Myanmar, unicode.Phags_Pa, unicode.Sm}

// settle keeps invisible characters and marks only where they change what is seen, so that two names that look alike
// are alike and nothing combines with the text in front of it.
func settle(in []rune) []rune {
	out := make([]rune, 0, len(in))
	marked := hasRightToLeft(in)
	base, last, marks, joins := rune(dropped), rune(dropped), 0, 0
	for i, r := range in {
		keep := true
		switch {
		case isDirectionMark(r):
			keep = marked && !isDirectionMark(last)
		case isJoiner(r):
			keep = i+1 < len(in) && joins < maxJoined && joinable(r, base, in[i+1], marks)
		case unicode.Is(unicode.Variation_Selector, r):
			keep = last == base && selects(r, base)
		case unicode.Is(unicode.M, r):
			keep = base != dropped && marks < maxMarks
			marks++
		default:
			base, marks = r, 0
			if !isJoiner(last) {
				joins = 0
			}
		}
		if keep {
			if isJoiner(r) {
				joins++
			}
			out = append(out, r)
			last = r
		}
	}
	return out
}

// hasRightToLeft reports whether there is a letter of a right-to-left script.
func hasRightToLeft(in []rune) bool {
	for _, r := range in {
		if r >= 0x0590 && unicode.IsLetter(r) && unicode.In(r, rightToLeft...) {
			return true
		}
	}
	return false
}

// joinable reports whether the joiner j has an effect between base, which carries that many marks, and next.
func joinable(j, base, next rune, marks int) bool {
	if j == joiner && isPictograph(base) && isPictograph(next) {
		return true
	}
	if unicode.Is(unicode.M, next) && marks >= maxMarks {
		return false // next will go, and then nothing is joined
	}
	return !isJoiner(next) && unicode.In(base, joining...) && unicode.In(next, joining...)
}

// selects reports whether the variation selector v can change how base looks.
func selects(v, base rune) bool {
	switch {
	case base == dropped:
		return false
	case v == 0xFE0E || v == 0xFE0F:
		return isPictograph(base) || strings.ContainsRune(emojiBases, base)
	case v >= 0xE0100:
		return unicode.Is(unicode.Han, base)
	}
	return unicode.In(base, variants...)
}
