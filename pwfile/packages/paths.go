package packages

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"fettle/internal/safetext"
)

// Names at the top of a package that are not for its files.
const (
	manifestName = "manifest.json"
	objectsDir   = "objects"
	readerDir    = ".fettle" // the reader's own folder in the folder it fetches to
)

// The longest path in a package and its longest part: what S3 and the usual file systems take.
const (
	longestPath = 900
	longestPart = 240
)

// checkPath refuses a path that could lead out of the folder a package is fetched to, or that some file system would
// read differently: a manifest comes from outside, and its paths are written on somebody's server.
func checkPath(p string) error {
	strange := func(r rune) bool { return unicode.IsControl(r) || r == '\\' || r == utf8.RuneError }
	switch {
	case p == "" || len(p) > longestPath || !utf8.ValidString(p):
		return fmt.Errorf("a path in a package is empty, too long or not UTF-8")
	case strings.HasPrefix(p, "/") || path.Clean(p) != p || p == "." || p == ".." || strings.HasPrefix(p, "../"):
		return fmt.Errorf("%s is no plain path inside a package: write it like folder/name", safetext.Line(p))
	case strings.ContainsFunc(p, strange):
		return fmt.Errorf("%s has a character that a path in a package must not have", safetext.Line(p))
	}
	first, _, _ := strings.Cut(folded(p), "/")
	if first == manifestName || first == readerDir || strings.HasPrefix(first, tempPrefix) {
		return fmt.Errorf("%s is a name that fettle keeps for itself: choose another", safetext.Line(p))
	}
	for part := range strings.SplitSeq(p, "/") {
		// Windows drops dots and spaces at the end, and takes a colon for a stream.
		if len(part) > longestPart || strings.TrimRight(part, ". ") != part || strings.Contains(part, ":") {
			return fmt.Errorf("%s has a part that not every file system can hold", safetext.Line(p))
		}
	}
	return nil
}

// folded makes two paths equal that some file system takes for one: macOS composes accents and ignores case.
func folded(p string) string { return norm.NFC.String(strings.ToLower(norm.NFC.String(p))) }

// clashes finds paths that cannot lie beside each other: the same one twice, two that differ in case alone, a file where
// another path has a folder.
type clashes struct {
	files   map[string]string // folded → as written
	folders map[string]string // folded folder → a path in it
}

func newClashes() *clashes { return &clashes{files: map[string]string{}, folders: map[string]string{}} }

// add takes a path in, or returns the one it clashes with.
func (c *clashes) add(p string) (with string, ok bool) {
	key := folded(p)
	if with, taken := c.files[key]; taken {
		return with, false
	}
	if with, taken := c.folders[key]; taken {
		return with, false
	}
	for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
		if with, taken := c.files[dir]; taken {
			return with, false
		}
	}
	c.files[key] = p
	for dir := path.Dir(key); dir != "."; dir = path.Dir(dir) {
		c.folders[dir] = p
	}
	return "", true
}
