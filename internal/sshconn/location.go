package sshconn

import (
	"errors"
	"fmt"
	"net/url"
	"path"
	"strconv"
	"strings"

	"fettle/internal/lazyregexp"
)

// Scheme begins the address of a file reached this way.
const Scheme = "sftp"

// Host is whom to connect to. It is comparable: the same Host can share a connection.
type Host struct {
	User string // "" = as ssh decides
	Name string // a host name, an address, or an alias of ssh's configuration
	Port int    // 0 = as ssh decides
}

// String spells the host as in an address.
func (h Host) String() string {
	s := h.Name
	if strings.Contains(s, ":") {
		s = "[" + s + "]"
	}
	if h.User != "" {
		s = h.User + "@" + s
	}
	if h.Port != 0 {
		s += ":" + strconv.Itoa(h.Port)
	}
	return s
}

// Location is a path on a host.
type Location struct {
	Host Host
	Path string // absolute, or relative to the login folder
}

// String spells the location as an address that Parse reads.
func (l Location) String() string {
	p := l.Path
	if !strings.HasPrefix(p, "/") {
		p = path.Join("/~", p)
	}
	return Scheme + "://" + l.Host.String() + (&url.URL{Path: p}).EscapedPath()
}

// User and host end up in ssh's arguments and, by way of the tokens %h and %r, in ProxyCommand lines that a shell reads
// (CVE-2023-51385): nothing that a shell or an option parser would take for more than a name passes.
var (
	userPattern = lazyregexp.New(`^[A-Za-z0-9_][A-Za-z0-9._+@-]*$`)
	hostPattern = lazyregexp.New(`^[A-Za-z0-9_:][A-Za-z0-9._:%-]*$`)
)

// Parse reads sftp://[user@]host[:port]/path. The path is absolute; /~/ begins one that is relative to the login folder.
// A path that ended in a slash keeps it, so that callers can tell a folder.
func Parse(address string) (Location, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != Scheme || u.Opaque != "" || u.RawQuery != "" || u.Fragment != "" {
		return Location{}, errors.New("write the address as sftp://user@host:port/path, special characters as %XX")
	}
	if _, has := u.User.Password(); has {
		return Location{}, errors.New("an address holds no password: use a key, and name its file in ~/.ssh/config")
	}
	l := Location{Host: Host{User: u.User.Username(), Name: u.Hostname()}}
	if !hostPattern().MatchString(l.Host.Name) || l.Host.User != "" && !userPattern().MatchString(l.Host.User) {
		return Location{}, errors.New("the host or the user in the address has characters that ssh would not take as a name")
	}
	if port := u.Port(); port != "" {
		if l.Host.Port, err = strconv.Atoi(port); err != nil || l.Host.Port < 1 || l.Host.Port > 65535 {
			return Location{}, fmt.Errorf("%s is not a port", port)
		}
	}
	l.Path, err = cleanPath(u.Path)
	return l, err
}

func cleanPath(raw string) (string, error) {
	if strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", errors.New("the path in the address has control characters in it")
	}
	folder := strings.HasSuffix(raw, "/")
	p := path.Clean(raw)
	if home, ok := strings.CutPrefix(raw, "/~"); ok && (home == "" || home[0] == '/') {
		p = path.Clean("." + home) // before the dots go: they must not lead out of it
		if p == ".." || strings.HasPrefix(p, "../") {
			return "", errors.New("the path in the address leads out of the login folder: write it absolute")
		}
	}
	if p == "." || raw == "" {
		return "", errors.New("the address has no path: name the file or folder, as in sftp://host/srv/files/")
	}
	if folder && p != "/" {
		p += "/"
	}
	return p, nil
}
