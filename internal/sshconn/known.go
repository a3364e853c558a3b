package sshconn

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// known is what a connection has learnt of the other side. It is asked once, not for each of a thousand files: a folder
// that holds them all would be listed a thousand times.
type known struct {
	mu     sync.Mutex               // held while the other side is asked, so that it is asked once
	left   map[string][]fs.FileInfo // folder → temporary files that lay there when it was first looked at
	groups map[string]int           // name → number
}

// group finds a group's number in the other side's own list; -1 = none wanted. SFTP knows numbers only.
func (c *Client) group(name string) (int, error) {
	if name == "" {
		return -1, nil
	}
	if gid, err := strconv.Atoi(name); err == nil && gid >= 0 {
		return gid, nil
	}
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	if gid, ok := c.known.groups[name]; ok {
		return gid, nil
	}
	// Groups of a directory service are not in it; those go by number.
	list, err := c.Read("/etc/group", 1<<20)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
		return -1, err
	}
	for line := range strings.Lines(string(list)) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		if len(fields) < 3 || fields[0] != name {
			continue
		}
		if gid, err := strconv.Atoi(fields[2]); err == nil {
			if c.known.groups == nil {
				c.known.groups = map[string]int{}
			}
			c.known.groups[name] = gid
			return gid, nil
		}
	}
	return -1, &Error{Cause: Failed, Host: c.host, Path: "/etc/group", Text: fmt.Sprintf("it has no group %q", said(name)), Remedy: "name the group by its number"}
}

// sweep removes what earlier attempts left: those under the same tag, and those of anybody that are old. It is best
// effort: the file is in place already.
func (c *Client) sweep(folder, tag string, now time.Time) {
	for _, name := range c.takeLeft(folder, tag, now) {
		_ = c.Remove(path.Join(folder, name)) // somebody else's stays: the server refuses
	}
}

// takeLeft takes what is to be swept out of what is known to lie in a folder. What this connection leaves by itself it
// removes by itself; if it cannot any more, the next one looks again.
func (c *Client) takeLeft(folder, tag string, now time.Time) (names []string) {
	c.known.mu.Lock()
	defer c.known.mu.Unlock()
	left, looked := c.known.left[folder]
	if !looked {
		infos, err := c.List(folder)
		if err != nil {
			return nil
		}
		for _, info := range infos {
			if strings.HasPrefix(info.Name(), tempPrefix) && strings.HasSuffix(info.Name(), tempSuffix) && info.Mode().IsRegular() {
				left = append(left, info)
			}
		}
	}
	stay := []fs.FileInfo{}
	for _, info := range left {
		if strings.HasPrefix(info.Name(), tag) || now.Sub(info.ModTime()) > abandoned {
			names = append(names, info.Name())
		} else {
			stay = append(stay, info)
		}
	}
	if c.known.left == nil {
		c.known.left = map[string][]fs.FileInfo{}
	}
	c.known.left[folder] = stay
	return names
}
