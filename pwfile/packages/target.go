package packages

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
)

// target is a destination as an operator names it: a folder, sftp://… or s3://….
type target struct {
	spelled string // canonical
	scheme  string // "" = a folder
	folder  string

	bucket, prefix, endpoint, region, profile string
	pathStyle                                 bool
}

// Connection says how remote destinations are reached.
type Connection struct {
	SSHConfig string // passed to ssh as -F; "" = ssh's own
	// Ask answers when ssh wants a key unlocked; nil: nobody is asked.
	Ask func(ctx context.Context, q sshconn.Question) (secret.Text, error)
}

// parseTarget reads a destination. Errors quote no part that could hold a secret.
func parseTarget(text string) (target, error) {
	scheme, rest, ok := strings.Cut(text, "://")
	switch {
	case text == "" || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return target{}, badTarget("a destination is missing or has control characters in it", "name a folder, sftp://… or s3://…")
	case !ok:
		return folderTarget(text)
	case scheme == "s3":
		return s3Target(text)
	case scheme == "sftp":
		return sftpTarget(text)
	case scheme == "file" && strings.HasPrefix(rest, "/"):
		return folderTarget(rest)
	}
	return target{}, badTarget(fmt.Sprintf("%s:// is no kind of destination", safetext.Cut(scheme, 20)), "name a folder, sftp://user@host:port/path or s3://bucket/prefix?endpoint=…&region=…")
}

func badTarget(text, remedy string) error {
	return &Error{Code: BadTarget, Text: text, Remedy: remedy}
}

func folderTarget(text string) (target, error) {
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		home, err := os.UserHomeDir()
		if err != nil {
			return target{}, fmt.Errorf("%s: %w", text, err)
		}
		text = filepath.Join(home, rest)
	}
	at, err := filepath.Abs(text)
	if err == nil && at == filepath.Dir(at) {
		return target{}, badTarget("a package needs a folder of its own", "name a folder")
	}
	return target{spelled: at, folder: at}, err
}

// s3Target reads s3://bucket/prefix?endpoint=…&region=…&profile=…&path_style=….
func s3Target(text string) (target, error) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil || u.Fragment != "" || u.Port() != "" {
		return target{}, badTarget("the destination is no address like s3://bucket/prefix?endpoint=…&region=…",
			"leave keys out of it: they come from the environment, a profile in ~/.aws or the machine's role")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return target{}, badTarget("what follows the question mark cannot be read", "write it like endpoint=https://s3.example.com&region=eu-1")
	}
	t := target{scheme: "s3", bucket: u.Host, prefix: strings.Trim(path.Clean("/"+u.Path), "/")}
	for key, values := range query {
		value := values[len(values)-1]
		switch key {
		case "endpoint":
			t.endpoint = strings.TrimSuffix(value, "/")
			t.pathStyle = t.pathStyle || !query.Has("path_style") // what most servers other than Amazon's need
		// region, profile: what is not named is left to the SDK, which asks the environment and ~/.aws.
		case "region":
			t.region = value
		case "profile":
			t.profile = value
		case "path_style":
			t.pathStyle = value == "true"
		default:
			return target{}, badTarget(fmt.Sprintf("%q is nothing that an s3:// destination can say", safetext.Cut(key, 30)), "it can say endpoint, region, profile and path_style")
		}
	}
	// An underscore was allowed once and breaks the bucket's host name; the rest would change the request's path.
	if t.bucket == "" || strings.ContainsAny(t.bucket, "/%_ ") {
		return target{}, badTarget("the destination names no bucket", "write it like s3://bucket/prefix")
	}
	if err := checkEndpoint(t.endpoint); err != nil {
		return target{}, err
	}
	t.spelled = t.spell(query)
	return t, nil
}

// spell writes an s3 target in one way, whatever order its parts came in: spellings are compared.
func (t target) spell(query url.Values) string {
	s := "s3://" + t.bucket
	if t.prefix != "" {
		s += "/" + (&url.URL{Path: t.prefix}).EscapedPath()
	}
	keys := []string{}
	for key := range query {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for i, key := range keys {
		mark := "&"
		if i == 0 {
			mark = "?"
		}
		value := query.Get(key)
		if key == "endpoint" {
			value = t.endpoint // readable: an operator reads it again in lists
		} else {
			value = url.QueryEscape(value)
		}
		s += mark + key + "=" + value
	}
	return s
}

// checkEndpoint wants TLS, except on this very machine: keys are signed with, not sent, but what is stored would travel open.
func checkEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return badTarget("the endpoint is no address like https://s3.example.com", "correct endpoint=…")
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http":
		if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() {
			return nil
		}
	}
	return badTarget("the endpoint is not https, and it is not on this machine", "write https:// in endpoint=…")
}

// name of a thing at the target, for errors.
func (t target) name(name string) string {
	base, _, _ := strings.Cut(t.spelled, "?")
	return base + "/" + name
}

// open connects to the target. create says that it may be made, as far as that is usual.
func (t target) open(ctx context.Context, c Connection, create bool) (depot, error) {
	switch t.scheme {
	case "s3":
		return openS3(ctx, t)
	case "sftp":
		return openSFTP(ctx, t, c, create)
	case "":
		return openFolder(t.folder, create)
	}
	return nil, errors.ErrUnsupported
}
