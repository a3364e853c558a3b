package pwfile_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fettle/pwfile"
)

func TestManyCanvasesAreAddedTogetherOrNotAtAll(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	items := []pwfile.BulkItem{}
	for i := range 1000 {
		items = append(items, pwfile.BulkItem{Line: i + 2, NewCanvas: pwfile.NewCanvas{Name: fmt.Sprintf("c%d", i), Path: fmt.Sprintf("/srv/c%d.acc", i), AccountNames: []string{"a"}}})
	}
	broken := append([]pwfile.BulkItem{}, items...)
	broken[10].Name = "c9"                       // twice
	broken[20].AccountNames = []string{"nobody"} // unknown
	broken[30].Path = ""                         // missing
	broken[40].PasswordFile = "/srv/c39.pwfile.age"
	_, err := b.AddAll(t.Context(), broken)
	bulk, ok := errors.AsType[*pwfile.BulkError](err)
	if !ok || len(bulk.Problems) != 4 {
		t.Fatalf("error %v", err)
	}
	for i, want := range []string{"line 12 c9: ", `line 22 c20: `, "line 32 c30: ", `line 42 c40: /srv/c39.pwfile.age is where the password file of canvas "c39" lies`} {
		if !strings.HasPrefix(bulk.Lines()[i], want) {
			t.Errorf("%q, want %q", bulk.Lines()[i], want)
		}
	}
	if all, err := b.Canvases(t.Context()); err != nil || len(all) != 0 {
		t.Fatalf("%d canvases were added all the same, %v", len(all), err)
	}
	added, err := b.AddAll(t.Context(), items)
	if err != nil || len(added) != 1000 {
		t.Errorf("%d were added, %v", len(added), err)
	}
}

func TestAListOfCanvases(t *testing.T) {
	t.Parallel()
	items, err := pwfile.CSVItems(strings.NewReader("\ufeffName,file,Accounts,recipients,copies\n" +
		"a, /srv/a.acc ,x; y,ssh-ed25519 AAAA c;age1q,/b;sftp://h/c\n\"b,c\",\"/srv/\"\"q\"\"\",x,,\n"))
	want := `[{"Line":2,"Name":"a","Path":"/srv/a.acc","AccountNames":["x","y"],"PasswordFile":"","Copies":["/b","sftp://h/c"],"Recipients":["ssh-ed25519 AAAA c","age1q"],"Passphrase":false,"Group":""},` +
		`{"Line":3,"Name":"b,c","Path":"/srv/\"q\"","AccountNames":["x"],"PasswordFile":"","Copies":[],"Recipients":[],"Passphrase":false,"Group":""}]`
	if got := compactAny(t, items); err != nil || got != want {
		t.Errorf("%v\n%s\n%s", err, got, want)
	}
	for list, want := range map[string]string{
		"":                                    "no header",
		"name,file\n":                         `no column "accounts"`,
		"name,file,accounts,colour\n":         `a column "colour"`,
		"name,file,accounts\na,b\nc\n":        "line 2 a: it has 2 cells",
		"name,file,accounts\na,\"b,c\nd,e\n":  "line",
		"name,file,accounts\n\x1b[2J,b,c,d\n": "line 2",
	} {
		if _, err := pwfile.CSVItems(strings.NewReader(list)); err == nil || !strings.Contains(err.Error(), want) || strings.ContainsRune(err.Error(), 0x1b) {
			t.Errorf("%q: %v, want %q", list, err, want)
		}
	}
}

func TestACanvasThatMovedKeepsWhatItHad(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.book.add("a")
	custom := filepath.Join(b.home, "custom.age")
	b.canvas("usual", nil, "a")
	b.canvas("custom", func(n *pwfile.NewCanvas) { n.PasswordFile = custom }, "a")
	b.generate(pwfile.Selection{})
	target := filepath.Join(b.home, "deep", "er")
	if err := os.MkdirAll(target, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"usual": filepath.Join(target, "usual.pwfile.age"), "custom": custom} {
		path := filepath.Join(target, name+".acc")
		if err := os.Rename(filepath.Join(b.home, name+".acc"), path); err != nil {
			t.Fatal(err)
		}
		c := b.now(name)
		if codes(c) != "canvas_missing" {
			t.Errorf("%s: %q", name, codes(c))
		}
		found, err := b.FindMoved(t.Context(), c, b.home)
		if err != nil || len(found) != 1 || found[0] != path {
			t.Fatalf("found %v, %v", found, err)
		}
		edited, err := b.Relink(t.Context(), c, path)
		if err != nil || edited.Canvas.Path != path || edited.Canvas.Places[0].Target != want || strings.Contains(codes(edited.Canvas), "canvas_missing") {
			t.Errorf("%s: %+v, %v", name, edited, err)
		}
		if _, err := b.Relink(t.Context(), c, target); err == nil || !strings.Contains(err.Error(), "not a plain file") {
			t.Errorf("a folder was taken as a canvas: %v", err)
		}
	}
}

// A list that is cut off at the limit would add a part of it in silence.
func TestAListThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	row := "sales,/srv/" + strings.Repeat("x", 1<<20) + ",ana\n"
	_, err := pwfile.CSVItems(strings.NewReader("name,file,accounts\n" + strings.Repeat(row, 17)))
	if err == nil || !strings.Contains(err.Error(), "split it") {
		t.Errorf("error %v", err)
	}
}
