package docscheck_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the repository.
const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// testsIn are the names of the test and fuzz functions of a package folder.
func testsIn(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && len(f.Type.Params.List) == 1 {
				found[f.Name.Name] = true
			}
		}
	}
	return found
}

var (
	testName  = regexp.MustCompile(`(?:Test|Fuzz)[A-Z]\w*`)
	reference = regexp.MustCompile("`([a-z][a-z/]*)\\.((?:Test|Fuzz)[A-Z]\\w*)(?:/([a-z_]+))?`")
)

// Every test that docs/security.md names exists in the package it names.
func TestEveryTestNamedExists(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/security.md")
	known := map[string]map[string]bool{}
	references := reference.FindAllStringSubmatch(text, -1)
	for _, r := range references {
		folder, name, script := r[1], r[2], r[3]
		if known[folder] == nil {
			known[folder] = testsIn(t, folder)
		}
		if !known[folder][name] {
			t.Errorf("%s has no %s", folder, name)
		}
		if script != "" {
			if _, err := os.Stat(filepath.Join(root, folder, "testdata", "script", script+".txtar")); err != nil {
				t.Errorf("%s: %v", r[0], err)
			}
		}
	}
	rest := strings.Replace(reference.ReplaceAllString(text, ""), "-run TestFullDisk", "", 1) // the example at the top
	if loose := testName.FindString(rest); loose != "" {
		t.Errorf("%s is named without its package", loose)
	}
	if len(references) < 80 {
		t.Errorf("only %d tests are named: the search misses something", len(references))
	}
}

// row is a line of one of the tables: | id | requirement | *verdict*: why | tests |.
var row = regexp.MustCompile(`(?m)^\| ([A-Z])(\d+) \| (.+) \| \*(tested|reduced|not promised)\*(:.+)? \| (.+) \|$`)

// Each case and promise has one verdict; what is not held in full says why, what is held names its tests; the counts are right.
func TestEveryCaseHasAVerdict(t *testing.T) {
	t.Parallel()
	text := read(t, "docs/security.md")
	got, counts := map[string]int{}, map[string]int{}
	for _, r := range row.FindAllStringSubmatch(text, -1) {
		id, verdict, why, tests := r[1]+r[2], r[4], r[5], r[6]
		got[id]++
		kind := "case"
		if r[1] == "P" {
			kind = "promise"
		}
		counts[kind+" "+verdict]++
		if (verdict == "tested") != (why == "") {
			t.Errorf("%s is %s and says why: %q", id, verdict, why)
		}
		if named := reference.MatchString(tests); named == (verdict == "not promised") {
			t.Errorf("%s is %s and names tests: %t", id, verdict, named)
		}
	}
	for series, last := range map[string]int{"L": 21, "D": 16, "T": 6, "R": 6, "A": 7, "P": 20} {
		for n := 1; n <= last; n++ {
			if id := fmt.Sprint(series, n); got[id] != 1 {
				t.Errorf("%s has %d rows", id, got[id])
			}
			delete(got, fmt.Sprint(series, n))
		}
	}
	for id := range got {
		t.Errorf("%s is not known", id)
	}
	for kind, total := range map[string]int{"case": 56, "promise": 20} {
		want := fmt.Sprintf("Of %d %ss %d are tested, %d reduced, %d not promised.", total, kind,
			counts[kind+" tested"], counts[kind+" reduced"], counts[kind+" not promised"])
		if !strings.Contains(text, want) {
			t.Errorf("docs/security.md does not say: %s", want)
		}
	}
}
