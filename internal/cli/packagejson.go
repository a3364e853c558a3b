package cli

import (
	"fettle/accounts/store"
	"fettle/pwfile/packages"
)

// wirePackage is fettle.packages/1 and fettle.package_record/1. Field names, once released, stay.
type wirePackage struct {
	ID       string              `json:"id"`
	Name     string              `json:"name"`
	Target   string              `json:"target"`
	Layout   store.PackageLayout `json:"layout"`
	Canvases []wirePacked        `json:"canvases"`
	Files    []wirePackedFile    `json:"files"`
	Serial   int64               `json:"serial"`
	SyncedAt stamp               `json:"synced_at"`
	TriedAt  stamp               `json:"tried_at"`
	Problem  word                `json:"problem"`
	Behind   []string            `json:"behind"`
}

// wirePacked is a canvas of a package and the folder it is put in, null for the top.
type wirePacked struct {
	Name   string `json:"name"`
	Folder word   `json:"folder"`
}

// wirePackedFile is a further file: where it is here, and its path in the package.
type wirePackedFile struct {
	Source string `json:"source"`
	Path   string `json:"path"`
}

func wirePackageOf(p packages.Package) wirePackage {
	w := wirePackage{
		ID: p.ID, Name: p.Name, Target: p.Target, Layout: p.Layout, Canvases: []wirePacked{}, Files: []wirePackedFile{},
		Serial: p.Serial, TriedAt: stamp{p.TriedAt}, Problem: word(p.Problem), Behind: []string{},
	}
	for _, c := range p.Canvases {
		w.Canvases = append(w.Canvases, wirePacked{c.Name, word(c.Folder)})
	}
	for _, f := range p.Files {
		w.Files = append(w.Files, wirePackedFile(f))
	}
	if p.Synced != nil {
		w.SyncedAt = stamp{p.Synced.At}
	}
	for _, lag := range p.Behind {
		w.Behind = append(w.Behind, lag.Text)
	}
	return w
}

// tellPackage prints a package that was added or changed.
func (a *app) tellPackage(p packages.Package, words string) error {
	if a.json {
		return a.emit(struct {
			Format  string      `json:"format"`
			Package wirePackage `json:"package"`
		}{"fettle.package_record/1", wirePackageOf(p)})
	}
	a.printf("%s", words)
	return nil
}

// wireItem is one file of a plan.
type wireItem struct {
	Path   string         `json:"path"`
	Kind   packages.Kind  `json:"kind"`
	Canvas word           `json:"canvas"`
	Size   int64          `json:"size"`
	SHA256 string         `json:"sha256"`
	State  packages.State `json:"state"`
	Stale  []string       `json:"stale"`
}

// wireProblem keeps a sync from beginning.
type wireProblem struct {
	Path   word   `json:"path"`
	Canvas word   `json:"canvas"`
	Text   string `json:"text"`
	Remedy word   `json:"remedy"`
}

// wirePlan is fettle.package_plan/1; work: a sync would change something.
type wirePlan struct {
	Format   string        `json:"format"`
	Package  string        `json:"package"`
	Serial   int64         `json:"serial"`
	Work     bool          `json:"work"`
	Items    []wireItem    `json:"items"`
	Problems []wireProblem `json:"problems"`
}

func wirePlanOf(p packages.Plan) wirePlan {
	w := wirePlan{Format: "fettle.package_plan/1", Package: p.Package.Name, Serial: p.Serial, Work: p.Work(), Items: []wireItem{}, Problems: []wireProblem{}}
	for _, i := range p.Items {
		w.Items = append(w.Items, wireItem{i.Path, i.Kind, word(i.Canvas), i.Size, i.SHA256, i.State, list(i.Stale)})
	}
	for _, problem := range p.Problems {
		w.Problems = append(w.Problems, wireProblem{word(problem.Path), word(problem.Canvas), problem.Text, word(problem.Remedy)})
	}
	return w
}

// wireSync is fettle.package_sync/1, an entry for each package that was begun.
type wireSync struct {
	Format   string       `json:"format"`
	Packages []wireSynced `json:"packages"`
}

// wireSynced is how one sync went; counts are of files, bytes of what travelled.
type wireSynced struct {
	Package  string       `json:"package"`
	Serial   int64        `json:"serial"`
	Uploaded int          `json:"uploaded"`
	Present  int          `json:"present"`
	Removed  int          `json:"removed"`
	Bytes    int64        `json:"bytes"`
	Notes    []string     `json:"notes"`
	Error    *wireFailure `json:"error"`
}

func (a *app) wireSyncedOf(name string, r packages.Result, err error) wireSynced {
	w := wireSynced{Package: name, Serial: r.Serial, Uploaded: r.Uploaded, Present: r.Present, Removed: r.Removed, Bytes: r.Bytes, Notes: list(r.Notes)}
	if err != nil {
		w.Error = a.explain(err).wire()
	}
	return w
}

// wireFetched is fettle.package_fetch/1; writer_known is false where this fetch is the first to believe the writer.
type wireFetched struct {
	Format    string   `json:"format"`
	Package   string   `json:"package"`
	Book      string   `json:"book"`
	Writer    string   `json:"writer"`
	Known     bool     `json:"writer_known"`
	Serial    int64    `json:"serial"`
	CreatedAt stamp    `json:"created_at"`
	Changed   []string `json:"changed"`
	Unchanged int      `json:"unchanged"`
	Removed   []string `json:"removed"`
	Notes     []string `json:"notes"`
}

func wireFetchedOf(f packages.Fetched) wireFetched {
	return wireFetched{"fettle.package_fetch/1", f.Package, f.Book, f.Writer, f.Pinned, f.Serial, stamp{f.CreatedAt}, list(f.Changed), f.Unchanged, list(f.Removed), list(f.Notes)}
}
