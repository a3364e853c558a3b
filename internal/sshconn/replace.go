package sshconn

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/pkg/sftp"
)

// Temporary files are named as internal/atomicfile names its own. The tag tells whose attempt left one.
const (
	tempPrefix = ".fettle-"
	tempSuffix = ".tmp"
	// abandoned is how old a temporary file of anybody is before it counts as left behind: no upload of a file this
	// small takes so long.
	abandoned = time.Hour
)

// Replacement says how a file is exchanged.
type Replacement struct {
	Content []byte
	Group   string // non-empty: 0640 and this group, by name or number; else 0600
	// Tag is letters and digits that name the writer. What an earlier attempt under the same tag has left is removed,
	// so no two writers may use one at the same time.
	Tag string
}

// Replace exchanges the file at a path, or creates it. Whoever reads there finds the former file or the new one, whole:
// it is written under another name in the same folder, synced, read back, renamed, and read back again. A link, a folder
// or somebody else's file at the path is refused, and nothing is written through it.
func (c *Client) Replace(at string, r Replacement) error {
	gid, err := c.group(r.Group)
	if err != nil {
		return c.at(at, err)
	}
	former, err := c.examine(at)
	if err != nil {
		return err
	}
	folder := folderOf(at)
	tag := tempPrefix + r.Tag + "-"
	temp := path.Join(folder, tag+rand.Text()+tempSuffix)
	var now time.Time // by the other side's clock
	err = c.do(at, func() error {
		return c.create(temp, bytes.NewReader(r.Content), func(f *sftp.File) error {
			info, err := f.Stat()
			if err != nil {
				return err
			}
			now = info.ModTime()
			if err := c.sameOwner(at, former, info); err != nil {
				return err
			}
			return c.giveAccess(f, info, gid)
		})
	})
	if err != nil {
		return c.at(at, err)
	}
	if err = c.compare(temp, r.Content, at); err == nil {
		err = c.Rename(temp, at)
	}
	// From the rename on, the new file is what readers find; what fails after it is told, and nothing is taken back.
	if err != nil {
		_ = c.Remove(temp) // if the connection is gone, the next attempt does it
		return err
	}
	c.sweep(folder, tag, now)
	return c.compare(at, r.Content, at)
}

// examine refuses what a replacement could harm or be led astray by.
func (c *Client) examine(at string) (fs.FileInfo, error) {
	info, err := c.Lstat(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil || info.Mode().IsRegular() {
		return info, err
	}
	return nil, &Error{Cause: Unsafe, Host: c.host, Path: at, Text: "it is " + Kind(info.Mode()), Remedy: "remove it, or choose another place"}
}

// Kind names what is not a plain file.
func Kind(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode.IsDir():
		return "a folder"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	}
	return "not a plain file"
}

// sameOwner compares the owners of the former file and of the new one. Whom we are logged in as is not known otherwise.
func (c *Client) sameOwner(at string, former, fresh fs.FileInfo) error {
	was, is := owner(former), owner(fresh)
	if former == nil || was == nil || is == nil || was.UID == is.UID {
		return nil
	}
	return &Error{Cause: Unsafe, Host: c.host, Path: at, Text: fmt.Sprintf("it belongs to user %d, and you are logged in as user %d", was.UID, is.UID),
		Remedy: "remove it, give it to that user (chown), or log in as its owner"}
}

func owner(info fs.FileInfo) *sftp.FileStat {
	if info == nil {
		return nil
	}
	stat, _ := info.Sys().(*sftp.FileStat)
	return stat
}

// giveAccess sets group and mode of a file that nobody knows yet.
func (c *Client) giveAccess(f *sftp.File, info fs.FileInfo, gid int) error {
	if gid < 0 { // privately has made it 0600, unless the server ignores the mode of an open
		if info.Mode().Perm() == 0o600 {
			return nil // as it was created
		}
		return f.Chmod(0o600)
	}
	stat := owner(info)
	if stat == nil {
		return errors.New("the server does not say whose its files are")
	}
	if err := f.Chown(int(stat.UID), gid); err != nil {
		return &Error{Cause: Denied, Host: c.host, Text: fmt.Sprintf("it cannot be given to group %d", gid),
			Remedy: "make the user you log in as a member of that group", Err: err}
	}
	return f.Chmod(0o640)
}

// Misfit says in what the access to a file differs from what Replace gives it; "" = in nothing.
func (c *Client) Misfit(info fs.FileInfo, group string) (string, error) {
	gid, err := c.group(group)
	if err != nil {
		return "", err
	}
	want := fs.FileMode(0o600)
	if gid >= 0 {
		want = 0o640
		if stat := owner(info); stat != nil && int(stat.GID) != gid {
			return fmt.Sprintf("it does not belong to group %s", group), nil
		}
	}
	if mode := info.Mode().Perm(); mode != want {
		return fmt.Sprintf("it has mode %04o and should have %04o", mode, want), nil
	}
	return "", nil
}

// compare reads a file back.
func (c *Client) compare(temp string, want []byte, at string) error {
	got, err := c.Read(temp, int64(len(want))+1)
	if err == nil && !bytes.Equal(got, want) {
		err = &Error{Cause: Failed, Host: c.host, Path: at, Text: "what was read back is not what was written", Remedy: "look at that disk, and who else writes to that folder"}
	}
	return c.at(at, err)
}

// at names the path that an error is about to the caller, who knows no temporary names.
func (c *Client) at(at string, err error) error {
	if e, ok := errors.AsType[*Error](err); ok {
		e.Path = at
	}
	return err
}
