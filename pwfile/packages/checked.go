package packages

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
)

// errContent says that what was read is not what was announced.
var errContent = errors.New("the content is not what it was when it was planned")

// checkedReader reads exactly the announced content or fails. It withholds the last piece until the hash is right: a
// file that changes while it is uploaded breaks the upload off instead of filling an object with something else.
// A seek to the beginning starts anew: uploads that are tried again do that.
type checkedReader struct {
	from   io.ReadSeeker
	size   int64
	want   string
	moved  func(int64)
	pos    int64
	sum    hash.Hash
	broken bool // a seek went to the middle: the hash would mean nothing
}

func newCheckedReader(from io.ReadSeeker, s source) *checkedReader {
	return &checkedReader{from: from, size: s.size, want: s.sha256, moved: s.moved, sum: sha256.New()}
}

// Read implements io.Reader.
func (r *checkedReader) Read(p []byte) (int, error) {
	left := r.size - r.pos
	if left <= 0 {
		if r.size == 0 && hex.EncodeToString(r.sum.Sum(nil)) != r.want {
			return 0, errContent
		}
		return 0, io.EOF
	}
	if int64(len(p)) > left {
		p = p[:left]
	}
	n, err := io.ReadFull(r.from, p)
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return 0, errContent // it became shorter
	}
	if err != nil {
		return 0, err
	}
	_, _ = r.sum.Write(p[:n]) // a hash never fails
	r.pos += int64(n)
	if r.pos == r.size && (r.broken || hex.EncodeToString(r.sum.Sum(nil)) != r.want) {
		return 0, errContent
	}
	if r.moved != nil {
		r.moved(int64(n))
	}
	return n, nil
}

// Seek implements io.Seeker.
func (r *checkedReader) Seek(offset int64, whence int) (int64, error) {
	switch whence { // the size is what was announced, whatever became of the file
	case io.SeekCurrent:
		offset += r.pos
	case io.SeekEnd:
		offset += r.size
	}
	if _, err := r.from.Seek(offset, io.SeekStart); err != nil {
		return 0, err
	}
	if offset == r.pos {
		return offset, nil
	}
	if r.moved != nil {
		r.moved(offset - r.pos)
	}
	r.pos, r.broken = offset, offset != 0
	if offset == 0 {
		r.sum.Reset()
	}
	return offset, nil
}

// takeBack uncounts what was read: the upload failed, and if it is tried again all of it is counted once more.
func (r *checkedReader) takeBack() {
	if r.moved != nil {
		r.moved(-r.pos)
	}
}

// hashWriter hashes what passes on its way to w.
type hashWriter struct {
	to   io.Writer
	sum  hash.Hash
	size int64
}

func newHashWriter(to io.Writer) *hashWriter { return &hashWriter{to: to, sum: sha256.New()} }

// Write implements io.Writer.
func (w *hashWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	_, _ = w.sum.Write(p[:n]) // a hash never fails
	w.size += int64(n)
	return n, err
}

func (w *hashWriter) hash() string { return hex.EncodeToString(w.sum.Sum(nil)) }
