package accounts

import (
	"cmp"
	"slices"
	"strings"

	"fettle/accounts/store"
)

// unknownAccount names the accounts that the person may have meant.
func unknownAccount(r store.Reader, name string) error {
	all, err := r.Accounts()
	if err != nil {
		return err
	}
	names := make([]string, len(all))
	for i, a := range all {
		names[i] = a.Name
	}
	return &UnknownAccountError{Name: name, Nearest: Nearest(name, names)}
}

// Nearest returns up to three names that begin with, contain or are a few slips away from name, best first.
func Nearest(name string, names []string) []string {
	type near struct {
		name string
		far  int
	}
	var found []near
	name = strings.ToLower(name)
	for _, n := range names {
		far := distance(name, n)
		switch {
		case name == "":
			continue
		case strings.HasPrefix(n, name):
			far = 0
		case strings.Contains(n, name):
			far = 1
		// One slip in three letters: "sale" may be "sales", but never "mail".
		case far > (len(name)+2)/3:
			continue
		}
		found = append(found, near{n, far})
	}
	slices.SortFunc(found, func(a, b near) int { return cmp.Or(cmp.Compare(a.far, b.far), cmp.Compare(a.name, b.name)) })
	out := make([]string, 0, 3)
	for _, f := range found[:min(3, len(found))] {
		out = append(out, f.name)
	}
	return out
}

// Reference names are short and ASCII, so bytes do for characters and one row for the table.
// distance is Levenshtein's: how many characters to add, drop or change.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		// row holds the distances of the former prefix of a; diagonal is the one that is about to be overwritten.
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
