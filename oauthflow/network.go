package oauthflow

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"syscall"
)

// NetCause says what part of the way to a provider failed.
type NetCause string

// The causes NetworkCause tells apart.
const (
	NetDNS        NetCause = "dns"
	NetTLS        NetCause = "tls"
	NetClock      NetCause = "clock" // a certificate not yet or no longer valid: often the local clock
	NetProxy      NetCause = "proxy"
	NetTimeout    NetCause = "timeout"
	NetConnection NetCause = "connection"
	NetTooLarge   NetCause = "too_large"
	NetRefused    NetCause = "refused" // by fettle's own guards
)

// NetworkCause classifies an error of net/http.
func NetworkCause(err error) NetCause {
	var (
		dns     *net.DNSError
		invalid x509.CertificateInvalidError
		verify  *tls.CertificateVerificationError
		alert   tls.AlertError
		record  tls.RecordHeaderError
		timeout net.Error
	)
	switch {
	case errors.Is(err, errTooLarge), errors.Is(err, errTooMany):
		return NetTooLarge
	case errors.Is(err, errPlainHTTP), errors.Is(err, errLinkLocal):
		return NetRefused
	// Before DNS and TLS: a proxy that cannot be reached fails in their words.
	case isProxyRefusal(err), isProxyText(err):
		return NetProxy
	case errors.As(err, &dns):
		return NetDNS
	// Before NetTLS: "not yet valid" on a fresh virtual machine is its clock, and trusting another authority would not help.
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return NetClock
	case errors.As(err, &verify), errors.As(err, &alert), errors.As(err, &record), isCertText(err):
		return NetTLS
	// Last, because DNS and TLS errors say Timeout() too, and their kind tells more.
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return NetTimeout
	}
	return NetConnection
}

// isProxyText recognises the proxy errors that net/http gives no type: a malformed address, a refused CONNECT.
func isProxyText(err error) bool {
	s := strings.ToLower(err.Error())
	return strings.Contains(s, "invalid proxy") || strings.Contains(s, "proxy authentication required") || strings.Contains(s, "socks connect")
}

func isCertText(err error) bool {
	// None of them has a type: the first is net/http's, the others are about the file of further authorities.
	s := err.Error()
	return strings.Contains(s, "server gave HTTP response to HTTPS client") || strings.HasPrefix(s, "read the certificate authorities") ||
		strings.Contains(s, "certificate in PEM form")
}

// networkWords describes a network error without repeating it: such texts can hold URLs and proxy passwords.
func networkWords(err error) string {
	if errors.Is(err, context.Canceled) {
		return "cancelled"
	}
	if errors.Is(err, ErrExpired) || errors.Is(err, ErrDenied) {
		return err.Error()
	}
	switch NetworkCause(err) {
	case NetDNS:
		var dns *net.DNSError
		errors.As(err, &dns)
		return "the name " + clean(dns.Name) + " cannot be resolved; check DNS"
	case NetTLS:
		return "the server's certificate cannot be trusted; check for a proxy that needs its own certificate authority (SSL_CERT_FILE)"
	case NetClock:
		return "the server's certificate is not valid at this machine's time; check the clock"
	case NetProxy:
		if refusal, ok := errors.AsType[*proxyRefusal](err); ok {
			return refusal.Error() + "; check HTTPS_PROXY and NO_PROXY"
		}
		return "the proxy could not be used; check HTTPS_PROXY"
	case NetTimeout:
		return "no answer in time"
	case NetTooLarge, NetRefused:
		return unwrapURL(err).Error()
	}
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the connection ended in the middle of the answer"
	}
	return "the connection failed"
}

// unwrapURL takes off net/http's wrapper, whose text holds the whole URL.
func unwrapURL(err error) error {
	var u *url.Error
	for errors.As(err, &u) {
		err = u.Err
	}
	return err
}
