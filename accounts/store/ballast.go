package store

import (
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// ballastSize is the reserve that is given up when the disk is full: room for the write that must not be lost.
const ballastSize = 256 << 10

// keepBallast makes the reserve if it is missing and there is plenty of room. It is a precaution: where it cannot
// be had the store works without.
func (s *SQLite) keepBallast() {
	path := filepath.Join(s.dir, ballastFile)
	info, err := os.Lstat(path)
	if err == nil && info.Size() == ballastSize {
		return
	}
	// Where space is short the reserve itself would be what is missing.
	if free, err := freeSpace(s.dir); err != nil || free < 4*ballastSize {
		return
	}
	if err == nil { // cut short by a crash
		_ = os.Remove(path)
	}
	if writeBallast(path) != nil {
		_ = os.Remove(path)
	}
}

// writeBallast writes noise, because a file system may store zeros in no space at all.
func writeBallast(path string) (err error) {
	noise := make([]byte, ballastSize)
	if _, err := rand.Read(noise); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Clean(path), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) { // another process makes it
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(noise); err != nil {
		return err
	}
	return f.Sync()
}

// makeRoom gives up the reserve and what the write-ahead log holds beyond need. Its failures are not told:
// the write that follows tells whether there is room.
func (s *SQLite) makeRoom(ctx context.Context) {
	_ = os.Remove(filepath.Join(s.dir, ballastFile))
	_ = syncDir(s.dir)
	_ = s.truncateLog(ctx)
}
