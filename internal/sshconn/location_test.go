package sshconn_test

import (
	"testing"

	"fettle/internal/sshconn"
)

func TestAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]sshconn.Location{
		"sftp://host/srv/f":           {Host: sshconn.Host{Name: "host"}, Path: "/srv/f"},
		"sftp://u@host:2222/srv/d/":   {Host: sshconn.Host{User: "u", Name: "host", Port: 2222}, Path: "/srv/d/"},
		"sftp://host/~/d/f":           {Host: sshconn.Host{Name: "host"}, Path: "d/f"},
		"sftp://[::1]:22/a%20b":       {Host: sshconn.Host{Name: "::1", Port: 22}, Path: "/a b"},
		"sftp://u.v@my-alias/a//b/..": {Host: sshconn.Host{User: "u.v", Name: "my-alias"}, Path: "/a"},
	} {
		got, err := sshconn.Parse(address)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", address, got, err, want)
		}
		if again, err := sshconn.Parse(got.String()); err != nil || again != got {
			t.Errorf("%s is spelled %s, which is %+v, %v", address, got, again, err)
		}
	}
	for _, address := range []string{
		"", "sftp://", "sftp://host", "sftp:/host/f", "sftp://host/~", "sftp://host/~/../etc/x", "sftp://u:secret@host/f", "ftp://host/f",
		"sftp://-oProxyCommand=x/f", "sftp://-o@host/f", "sftp://a$(id)@host/f", "sftp://`id`/f", "sftp://host:0/f", "sftp://host:70000/f",
		"sftp://host/f?x", "sftp://host/f#x", "sftp://host/a%0ab", "sftp://host/%zz", "sftp://a;b@host/f",
	} {
		if got, err := sshconn.Parse(address); err == nil {
			t.Errorf("%s is taken as %+v", address, got)
		}
	}
}
