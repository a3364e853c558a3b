package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
)

// Refused says that a file or folder was left alone because of what it is or whose it is.
type Refused struct {
	Path   string
	Reason string // "it is a symbolic link"
	Remedy string // "remove it, or name the file it points to"
}

// Error implements error with path, reason and remedy in one line.
func (r *Refused) Error() string {
	return fmt.Sprintf("%s is refused: %s; %s", r.Path, r.Reason, r.Remedy)
}

// examine returns what lies at path, without following a link; nil if there is nothing. It refuses whatever
// a replacement could harm or be led astray by.
func examine(dir *os.Root, path string) (fs.FileInfo, error) {
	info, err := dir.Lstat(filepath.Base(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot examine %s: %w", path, err)
	}
	if r := refuseKind(path, info); r != nil {
		return nil, r
	}
	uid, links, known := owner(info)
	switch {
	case known && uid != os.Geteuid():
		return nil, &Refused{path, "it belongs to " + userName(uid),
			"run this as that user, or: sudo chown " + userName(os.Geteuid()) + " " + shellQuote(path)}
	case known && links > 1:
		return nil, &Refused{path, fmt.Sprintf("it has %d names (hard links), the others would keep the former content", links),
			"remove it first: rm " + shellQuote(path)}
	}
	return info, nil
}

// refuseKind refuses everything that is not a plain file.
func refuseKind(path string, info fs.FileInfo) error {
	remove := "remove it first: rm " + shellQuote(path)
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode&fs.ModeSymlink != 0:
		return &Refused{path, "it is a symbolic link", "remove it, or name the file it points to"}
	case mode.IsDir():
		return &Refused{path, "it is a folder", "name a file inside it"}
	case mode&fs.ModeNamedPipe != 0:
		return &Refused{path, "it is a named pipe", remove}
	case mode&fs.ModeSocket != 0:
		return &Refused{path, "it is a socket", remove}
	default:
		return &Refused{path, "it is a device", "name a plain file"}
	}
}

func userName(uid int) string {
	id := strconv.Itoa(uid)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}

// shellQuote makes a remedy safe to paste.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("/._-+,:@%", r)
	}
	if s != "" && !strings.HasPrefix(s, "-") && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
