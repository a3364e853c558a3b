package packages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"fettle/accounts/store"
)

// transfers is how many files travel at once.
const transfers = 4

// bring puts what is missing at the destination and reads it back. What lies there already, from a sync that was cut
// off, does not travel again; if it turns out to be something else when it is read back, it does.
func (s *session) bring(ctx context.Context, r *Result, t *teller) error {
	fresh := s.fresh()
	present, err := s.present(ctx, fresh) // by name and size: it costs a listing, no reading
	if err != nil {
		return err
	}
	missing := []part{}
	for _, one := range fresh {
		if !present[one.SHA256] {
			missing = append(missing, one)
		}
	}
	r.Present = len(fresh) - len(missing)
	if err := s.upload(ctx, missing, r, t); err != nil {
		return err
	}
	m := s.manifest()
	verify := fresh // also what was there already: nobody has read it back since the sync that was cut off
	if s.opts.Verify {
		verify = s.parts
	}
	err = s.verify(ctx, m, verify, t)
	var broken *brokenError
	if !errors.As(err, &broken) {
		return err
	}
	// Something of the same name was there and was not whole, or was changed at once: bring it once more.
	if err := s.upload(ctx, broken.parts, r, t); err != nil {
		return err
	}
	return s.verify(ctx, m, broken.parts, t)
}

// fresh are the parts whose content the manifest that lies there does not have yet, each content once.
func (s *session) fresh() []part {
	here := make(map[string]string, len(s.parts)) // path → SHA-256
	for _, one := range s.parts {
		here[one.Path] = one.SHA256
	}
	known := map[string]bool{}
	if s.ours {
		for _, e := range s.there.Entries {
			// The name of an object says what is in it; that of a plain file does not.
			known[s.there.where(e)] = s.there.Layout == store.LayoutObjects || here[e.Path] == e.SHA256
		}
	}
	fresh := []part{}
	m := s.manifest()
	for _, one := range s.parts {
		if at := m.where(one.Entry); !known[at] {
			known[at] = true
			fresh = append(fresh, one)
		}
	}
	return fresh
}

// present finds which contents lie at the destination already. Plain files say nothing by their names.
func (s *session) present(ctx context.Context, fresh []part) (map[string]bool, error) {
	there := map[string]bool{}
	if s.pkg.Layout == store.LayoutPlain || len(fresh) == 0 {
		return there, nil
	}
	sizes := map[string]int64{}
	for _, one := range fresh {
		sizes[objectsDir+"/"+one.SHA256] = one.Size
	}
	err := s.depot.list(ctx, objectsDir+"/", func(o object) error {
		if size, wanted := sizes[o.Name]; wanted && size == o.Size {
			there[o.Name[len(objectsDir)+1:]] = true
		}
		return nil
	})
	return there, err
}

// upload brings parts, a few at once. What it counts in r is what has arrived as a whole round.
func (s *session) upload(ctx context.Context, missing []part, r *Result, t *teller) error {
	var bytes int64
	for _, one := range missing {
		bytes += one.Size
	}
	t.begin(StepUpload, len(missing), bytes)
	m := s.manifest()
	err := inParallel(ctx, missing, func(ctx context.Context, one part) error {
		one.source.moved = t.moved
		if err := s.depot.put(ctx, m.where(one.Entry), one.source); err != nil {
			return err
		}
		t.ended(one.Path)
		return nil
	})
	if err == nil {
		r.Uploaded += len(missing)
		r.Bytes += bytes
	}
	return err
}

// brokenError names what was read back and is not what it should be.
type brokenError struct{ parts []part }

func (e *brokenError) Error() string { return fmt.Sprintf("%d files are not whole", len(e.parts)) }

// verify reads contents back and compares their hashes. All are read before it complains, so that bring can mend every
// broken one at once; *brokenError in the chain names them.
func (s *session) verify(ctx context.Context, m *Manifest, parts []part, t *teller) error {
	var bytes int64
	for _, one := range parts {
		bytes += one.Size
	}
	t.begin(StepVerify, len(parts), bytes)
	whole := make([]bool, len(parts))
	index := make([]int, len(parts))
	for i := range index {
		index[i] = i
	}
	err := inParallel(ctx, index, func(ctx context.Context, i int) error {
		good, err := s.readBack(ctx, m.where(parts[i].Entry), parts[i].Entry, t)
		if err != nil {
			return err
		}
		whole[i] = good
		t.ended(parts[i].Path)
		return nil
	})
	if err != nil {
		return err
	}
	broken := &brokenError{}
	for i, good := range whole {
		if !good {
			broken.parts = append(broken.parts, parts[i])
		}
	}
	if len(broken.parts) > 0 {
		return &Error{Code: Damaged, Target: s.target.name(m.where(broken.parts[0].Entry)), Text: "what was read back is not what was put there",
			Remedy: "look who else writes there, then sync with --verify", Err: broken}
	}
	return nil
}

// readBack reports whether a file at the destination is whole. A file that is missing is not, and no error.
func (s *session) readBack(ctx context.Context, name string, e Entry, t *teller) (bool, error) {
	w := newHashWriter(tellingWriter{io.Discard, t})
	err := retried(ctx, func() error {
		t.moved(-w.size) // of an answer that broke off
		w.sum.Reset()
		w.size = 0
		return s.depot.get(ctx, name, w)
	})
	if isCode(err, notThere) {
		return false, nil
	}
	return err == nil && w.hash() == e.SHA256 && w.size == e.Size, err
}

// tellingWriter reports what passes.
type tellingWriter struct {
	to io.Writer
	t  *teller
}

// Write implements io.Writer.
func (w tellingWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.t.moved(int64(n))
	return n, err
}

// inParallel does work for each, a few at once. The first error stops those that have not begun.
func inParallel[T any](ctx context.Context, all []T, work func(ctx context.Context, one T) error) error {
	g, within := errgroup.WithContext(ctx)
	g.SetLimit(transfers)
	for _, one := range all {
		if within.Err() != nil {
			break
		}
		g.Go(func() error { return work(within, one) })
	}
	return cmp.Or(g.Wait(), ctx.Err())
}
