package sshconn

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"

	"fettle/internal/secret"
)

// Defaults of Options. A minute for the whole handshake lets a chain of jump hosts and a slow directory service answer;
// somebody who is asked may first have to find the passphrase.
const (
	defaultConnectTimeout = 15 * time.Second
	defaultStall          = 30 * time.Second
	handshakeTime         = time.Minute
	askedHandshakeTime    = 10 * time.Minute
)

// Options says how to connect. The zero value connects as ssh would, asking nobody.
type Options struct {
	// Config is ssh's configuration file (its -F); "" = the operator's and the system's.
	Config string
	// Ask answers when ssh wants a key unlocked, from another goroutine; nil: nobody is asked.
	Ask func(ctx context.Context, q Question) (secret.Text, error)
	// Program is the ssh program; "" = ssh in PATH.
	Program string
	// ConnectTimeout bounds each attempt to reach a host; 0 = 15 s.
	ConnectTimeout time.Duration
	// Stall is how long the other side may be silent while something is wanted of it; 0 = 30 s.
	Stall time.Duration
}

// Question is what ssh wants to know.
type Question struct {
	Host   Host
	Prompt string // as ssh words it, sanitised
	Again  bool   // the same was answered before on this connection, and was wrong
}

// Client is a connection to a host. Its methods may be called concurrently; they fail once the context it was made
// with has ended.
type Client struct {
	host    Host
	stall   time.Duration
	ssh     *process
	sftp    *sftp.Client
	traffic atomic.Int64 // bytes that crossed, in both directions
	known   known
}

var (
	errStalled   = errors.New("the other side said nothing for too long")
	errHandshake = errors.New("the connection was not made in time")
	errClosed    = errors.New("the connection was closed")
)

// Connect starts ssh and waits until SFTP answers. The connection ends with ctx, or by Close, which must be called.
// The error is ctx's, or an *Error.
func Connect(ctx context.Context, host Host, opts Options) (*Client, error) {
	if opts.Program == "" {
		opts.Program = "ssh"
	}
	if opts.ConnectTimeout <= 0 {
		opts.ConnectTimeout = defaultConnectTimeout
	}
	if opts.Stall <= 0 {
		opts.Stall = defaultStall
	}
	program, err := exec.LookPath(opts.Program)
	if err != nil {
		return nil, &Error{Cause: NoProgram, Host: host, Text: "there is no ssh program on this machine",
			Remedy: "install OpenSSH's client (Debian, Ubuntu: apt install openssh-client), or name places on this machine", Err: err}
	}
	// An include that is not there is passed over by ssh, as -F would not be.
	if _, err := os.Stat(opts.Config); opts.Config != "" && !strings.HasPrefix(opts.Config, "~/") && err != nil {
		return nil, &Error{Cause: BadConfig, Host: host, Text: "ssh's configuration cannot be read: " + said(err.Error()), Remedy: "correct [ssh] config in config.toml", Err: err}
	}
	p, err := start(ctx, program, host, opts)
	if err != nil {
		return nil, &Error{Cause: Failed, Host: host, Text: "ssh could not be started", Remedy: err.Error(), Err: err}
	}
	c := &Client{host: host, stall: opts.Stall, ssh: p}
	limit := handshakeTime
	if opts.Ask != nil {
		limit = askedHandshakeTime
	}
	timer := time.AfterFunc(limit, func() { p.kill(errHandshake) })
	defer timer.Stop()
	c.sftp, err = sftp.NewClientPipe(counted{p.out, &c.traffic}, &privately{to: p.in, traffic: &c.traffic}, sftp.UseConcurrentWrites(true))
	if err != nil {
		failure := c.lost(err)
		p.end()
		return nil, failure
	}
	return c, nil
}

// Host is whom the client is connected to.
func (c *Client) Host() Host { return c.host }

// Close ends the connection.
func (c *Client) Close() error {
	// sftp's Close would wait for an answer that a stalled server never gives; the end of ssh ends sftp, too.
	c.ssh.hangUp()
	_ = c.sftp.Close() // the pipes are closed: this collects its goroutines
	c.ssh.end()
	return nil
}

// Alive reports whether the connection still stands, as far as is known.
func (c *Client) Alive() bool { return !c.ssh.ended() }

// arguments are ssh's. The host comes after "--": whatever it looks like, it is no option.
func arguments(config string, host Host) []string {
	args := []string{"-F", config}
	if host.Port != 0 {
		args = append(args, "-p", strconv.Itoa(host.Port))
	}
	if host.User != "" {
		args = append(args, "-l", host.User)
	}
	return append(args, "-s", "--", host.Name, "sftp")
}
