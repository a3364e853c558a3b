package sshconn

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

const (
	maxWords = 64 << 10
	// hangUpTime is how long ssh may take to end by itself once its input has ended.
	hangUpTime = 2 * time.Second
	// drainTime is how long a killed ssh's pipes are waited for: a program it started may hold them open.
	drainTime = 500 * time.Millisecond
)

// process is a running ssh.
type process struct {
	in, out *os.File // our ends of its stdin and stdout
	words   *tail    // what it says on stderr
	parent  context.Context
	ctx     context.Context
	kill    context.CancelCauseFunc
	done    chan struct{} // closed when it has ended
	dir     string        // holds its configuration and the socket that answers its questions
	asking  *answering
}

// start starts ssh in a session of its own: no controlling terminal to ask at, and Ctrl-C at ours does not reach it.
func start(ctx context.Context, program string, host Host, opts Options) (_ *process, err error) {
	p := &process{parent: ctx, words: &tail{}, done: make(chan struct{})}
	if p.dir, err = os.MkdirTemp("", "fettle-ssh-"); err != nil { // mode 0700
		return nil, err
	}
	defer func() {
		if err != nil {
			p.clean()
		}
	}()
	config, err := writeConfig(p.dir, opts)
	if err != nil {
		return nil, err
	}
	p.ctx, p.kill = context.WithCancelCause(ctx)
	cmd := exec.CommandContext(p.ctx, program, arguments(config, host)...) //nolint:gosec // ssh, its arguments checked by Parse
	if cmd.Env, err = p.environment(host, opts); err != nil {
		return nil, err
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		return nil, errors.Join(err, theirIn.Close(), in.Close())
	}
	p.in, p.out = in, out
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = theirIn, theirOut, p.words, drainTime
	detach(cmd)
	err = cmd.Start()
	err = errors.Join(err, theirIn.Close(), theirOut.Close())
	if err != nil {
		return nil, errors.Join(err, in.Close(), out.Close())
	}
	go func() {
		_ = cmd.Wait() // what it has to say is in words
		close(p.done)
	}()
	return p, nil
}

// environment says who answers ssh's questions: the askpass of this program, or nobody.
func (p *process) environment(host Host, opts Options) ([]string, error) {
	env := []string{}
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "SSH_ASKPASS") && !strings.HasPrefix(kv, askpassVar+"=") {
			env = append(env, kv)
		}
	}
	if opts.Ask == nil {
		return append(env, "SSH_ASKPASS_REQUIRE=never"), nil
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if p.asking, err = answer(p.ctx, p.dir, host, opts.Ask); err != nil {
		return nil, err
	}
	// Before 8.4 ssh ran its askpass only where it thought that there was a display.
	if os.Getenv("DISPLAY") == "" {
		env = append(env, "DISPLAY=none")
	}
	return append(env, "SSH_ASKPASS="+self, "SSH_ASKPASS_REQUIRE=force", askpassVar+"="+p.asking.socket), nil
}

func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return p.ctx.Err() != nil
	}
}

// hangUp lets ssh end by itself, and kills it if it does not.
func (p *process) hangUp() {
	_ = p.in.Close() // closed already if the connection was lost
	select {
	case <-p.done:
	case <-p.ctx.Done():
	case <-time.After(hangUpTime):
	}
	p.kill(errClosed)
	<-p.done
}

// end collects what is left of ssh.
func (p *process) end() {
	p.kill(errClosed)
	<-p.done
	_ = p.in.Close()  // closed already, mostly
	_ = p.out.Close() // nothing was written
	p.clean()
}

func (p *process) clean() {
	if p.kill != nil {
		p.kill(errClosed)
	}
	if p.asking != nil {
		p.asking.close()
	}
	_ = os.RemoveAll(p.dir) // it holds no secret
}

// tail keeps the last of what is written to it. The end is what counts: ssh says last why it gave up.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write implements io.Writer.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if over := len(t.kept) - maxWords; over > 0 {
		t.kept = bytes.Clone(t.kept[over:])
	}
	return len(b), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}
