package pwfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"fettle/internal/atomicfile"
	"fettle/internal/sshconn"
)

// delivery brings password files to one kind of place.
type delivery interface {
	// put replaces the file at the target, whole or not at all, and reads it back. Errors name the target and what to do.
	put(ctx context.Context, d dispatch) error
	// seen returns what lies at target, as far as a password file can be long; found is false if nothing does.
	seen(ctx context.Context, target, group string) (s sighting, found bool, err error)
}

// dispatch is one file on its way to one place.
type dispatch struct {
	Target  string
	Content []byte
	Group   string // non-empty: mode 0640 with this group
	First   bool   // nothing was ever delivered there
	Tag     string // names the place in what an attempt may leave behind on another machine
}

// sighting is a file seen at a place.
type sighting struct {
	Content []byte
	ModTime time.Time
	Misfit  string // in what its access differs from what it should be, "" = in nothing
}

// local delivers to this machine's file system.
type local struct{}

func (l local) put(ctx context.Context, d dispatch) error {
	if err := l.spare(ctx, d); err != nil {
		return err
	}
	opts := atomicfile.Options{Verify: func(written []byte) error {
		if !bytes.Equal(written, d.Content) {
			return errors.New("what was read back is not what was written")
		}
		return nil
	}}
	if d.Group != "" {
		gid, err := groupID(d.Group)
		if err != nil {
			return fmt.Errorf("cannot write %s: %w", d.Target, err)
		}
		opts.Mode, opts.Group = 0o640, &gid
	}
	// Verify reads the temporary file back before the rename; seen, below, what the rename left.
	if err := atomicfile.Write(d.Target, d.Content, opts); err != nil {
		return err
	}
	s, found, err := l.seen(ctx, d.Target, d.Group)
	if err == nil && (!found || !bytes.Equal(s.Content, d.Content)) {
		err = fmt.Errorf("%s was written, and something else lies there now: look who else writes to that folder", d.Target)
	}
	return err
}

// spare keeps a mistyped target from costing somebody a file that has nothing to do with fettle.
func (l local) spare(ctx context.Context, d dispatch) error {
	if !d.First {
		return nil
	}
	s, found, err := l.seen(ctx, d.Target, d.Group)
	if refused, ok := errors.AsType[*atomicfile.Refused](err); ok {
		return refused
	}
	if err == nil && found && !bytes.HasPrefix(s.Content, []byte(ageIntro)) {
		return foreignFile(d.Target)
	}
	return nil
}

func foreignFile(target string) error {
	return &atomicfile.Refused{Path: target, Reason: "another file lies there, which is not a password file", Remedy: "move it away, or choose another place"}
}

// seen never follows a link and never waits for a pipe.
func (local) seen(_ context.Context, target, group string) (s sighting, found bool, err error) {
	info, err := os.Lstat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return sighting{}, false, nil
	}
	if err != nil {
		return sighting{}, false, fmt.Errorf("cannot look at %w", err)
	}
	if !info.Mode().IsRegular() {
		return sighting{}, true, &atomicfile.Refused{Path: target, Reason: "it is " + sshconn.Kind(info.Mode()), Remedy: "remove it, or choose another place"}
	}
	f, err := os.OpenFile(target, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // a place is named by the operator
	if err != nil {
		return sighting{}, true, fmt.Errorf("cannot look at what lies there: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	// Between the two looks somebody may have put a pipe or a link to a device there.
	if now, err := f.Stat(); err != nil || !now.Mode().IsRegular() {
		return sighting{}, true, fmt.Errorf("cannot look at %s: it was replaced meanwhile", target)
	}
	content, err := io.ReadAll(io.LimitReader(f, sizeLimit))
	if err != nil {
		return sighting{}, true, fmt.Errorf("cannot look at %w", err)
	}
	return sighting{Content: content, ModTime: info.ModTime().UTC(), Misfit: misfit(info, target, group)}, true, nil
}

// misfit says in what the access to a file differs from the one it was given.
func misfit(info fs.FileInfo, target, group string) string {
	want := fs.FileMode(0o600)
	has, known := groupOf(info)
	if !known {
		return ""
	}
	if group != "" {
		want = 0o640
		if gid, err := groupID(group); err != nil || gid != has {
			return fmt.Sprintf("%s does not belong to group %s", target, group)
		}
	}
	if mode := info.Mode().Perm(); mode != want {
		return fmt.Sprintf("%s has mode %04o and should have %04o", target, mode, want)
	}
	return ""
}

// groupID finds a group by name or number.
func groupID(group string) (int, error) {
	g, err := user.LookupGroup(group)
	if err != nil {
		g, err = user.LookupGroupId(group)
	}
	if err != nil {
		return 0, fmt.Errorf("there is no group %q on this machine: make it, or choose another with `fettle canvas edit --group`", group)
	}
	return strconv.Atoi(g.Gid)
}
