package packages

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
