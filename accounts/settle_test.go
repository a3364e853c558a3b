package accounts_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"syscall"
	"testing"

	"fettle/accounts"
	"fettle/oauthflow"
)

// After these failures a strict provider may, or cannot, have used the token up.
func TestMayHaveArrived(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		err     oauthflow.Error
		arrived bool
	}{
		{"refused", oauthflow.Error{Status: 400, Code: "invalid_grant"}, false},
		{"refused in a 200 answer", oauthflow.Error{Status: 200, Code: "bad_refresh_token"}, false},
		{"too many requests", oauthflow.Error{Status: 429}, false},
		{"an answer that cannot be read", oauthflow.Error{Status: 200, Code: oauthflow.CodeInvalidResponse}, true},
		{"a fault of the server", oauthflow.Error{Status: 500}, true},
		{"a fault that says invalid_grant", oauthflow.Error{Status: 500, Code: "invalid_grant"}, true},
		{"a proxy's time ran out", oauthflow.Error{Status: 504}, true},
		{"the server's time ran out", oauthflow.Error{Status: 408}, true},
		{"our time ran out", oauthflow.Error{Err: context.DeadlineExceeded}, true},
		{"cut", oauthflow.Error{Err: io.ErrUnexpectedEOF}, true},
		{"reset", oauthflow.Error{Err: &net.OpError{Op: "read", Err: syscall.ECONNRESET}}, true},
		{"nobody listens", oauthflow.Error{Err: &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}}, false},
		{"the proxy refused", oauthflow.Error{Err: &net.OpError{Op: "proxyconnect", Err: syscall.ECONNREFUSED}}, false},
		{"no such host", oauthflow.Error{Err: &net.DNSError{IsNotFound: true}}, false},
		{"unknown authority", oauthflow.Error{Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := accounts.MayHaveArrived(&tt.err); got != tt.arrived {
				t.Errorf("got %v, want %v", got, tt.arrived)
			}
		})
	}
}
