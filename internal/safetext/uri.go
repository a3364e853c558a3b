package safetext

import (
	"errors"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// errURL says nothing about the address itself, which may carry a code or a token.
var errURL = errors.New("not a usable web address: use https with a host name and without a user name (http only for a loopback address such as 127.0.0.1)")

// Host returns the host of an address the way the network knows it: lower case, in ASCII (international names as
// punycode, so that look-alike letters show), with a port if one is given. It is empty if there is no valid host.
func Host(uri string) string {
	u, err := url.Parse(strings.TrimSpace(uri))
	if err != nil {
		return ""
	}
	return asciiHost(u)
}

// URL returns raw written anew if it is an address one may show, open or copy: https, or http to a loopback literal;
// no user name; nothing but printable ASCII, the host in punycode and the rest percent-encoded.
func URL(raw string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.User != nil || u.Opaque != "" {
		return "", errURL
	}
	host := asciiHost(u)
	if host == "" || u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return "", errURL
	}
	clean := url.URL{
		Scheme: u.Scheme, Host: host, Path: u.Path, RawPath: u.RawPath,
		ForceQuery: u.ForceQuery, RawQuery: encode(u.RawQuery),
		Fragment: u.Fragment, RawFragment: u.RawFragment,
	}
	return clean.String(), nil
}

// asciiHost returns host[:port] in ASCII, or nothing if either is not valid.
func asciiHost(u *url.URL) string {
	host := u.Hostname()
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return "" // a zone names an interface of this machine; no address from outside has one
		}
		host = addr.String()
		if addr.Is6() {
			host = "[" + host + "]"
		}
	} else {
		if !plain(host) {
			if host, err = idna.Lookup.ToASCII(host); err != nil {
				return ""
			}
		}
		if host = strings.ToLower(host); !isHostName(host) {
			return ""
		}
	}
	if u.Port() == "" {
		return host
	}
	port, err := strconv.ParseUint(u.Port(), 10, 16)
	if err != nil || port == 0 {
		return ""
	}
	return host + ":" + strconv.FormatUint(port, 10)
}

// isHostName reports whether s holds only what a host name may hold; the underscore is common in internal names.
func isHostName(s string) bool {
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return false
		}
	}
	return s != "" && len(s) <= 253
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Zone() == "" && addr.IsLoopback()
}

// encode percent-encodes what a query may not hold as it is; package url hands the raw query through unchanged.
func encode(query string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(query) {
		if c <= ' ' || c > '~' || strings.IndexByte("\"<>\\^`{|}#", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}
