package packages

import "context"

// ErrStalled says that nothing moved for a while.
var ErrStalled = errStalled

// Watched runs work under the limit that transfers have.
func Watched(ctx context.Context, work func(ctx context.Context, alive func(int64)) error) error {
	return watched(ctx, stallLimit, work)
}

// ManifestPaths reads a manifest and returns the paths it names.
func ManifestPaths(file []byte) ([]string, error) {
	m, err := decodeManifest(file)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, e := range m.Entries {
		paths = append(paths, e.Path)
	}
	return paths, nil
}

// CheckPaths says whether all paths can be in one package.
func CheckPaths(paths []string) error {
	seen := newClashes()
	for _, p := range paths {
		if err := checkPath(p); err != nil {
			return err
		}
		if with, ok := seen.add(p); !ok {
			return badTarget(p+" clashes with "+with, "")
		}
	}
	return nil
}

// FolderError explains what a file system says.
func FolderError(at string, err error) error { return folderError(at, err) }
