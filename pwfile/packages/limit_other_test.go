//go:build !unix

package packages_test

import "errors"

func limitFiles(int) error { return errors.ErrUnsupported }
