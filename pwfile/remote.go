package pwfile

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"golang.org/x/sync/errgroup"

	"fettle/accounts/store"
	"fettle/internal/secret"
	"fettle/internal/sshconn"
)

const (
	// reconnects is how often one run connects to the same host.
	reconnects = 3
	// parallelDials is how many connections are made at once: each is a process that computes for a moment.
	parallelDials = 32
)

// Remote says how places on other machines are reached.
type Remote struct {
	// Config is ssh's configuration file; "" = the operator's and the system's.
	Config string
	// Program is the ssh program; "" = ssh in PATH.
	Program string
}

// remote delivers to other machines by SFTP: over one connection to each host, which lasts as long as the run. What
// failed for good is not tried again for each of a thousand files.
type remote struct {
	ctx     context.Context // of the run: connections end with it
	options sshconn.Options
	mu      sync.Mutex
	links   map[sshconn.Host]*link
	dialing errgroup.Group
}

// link is the connection to one host.
type link struct {
	mu     sync.Mutex
	client *sshconn.Client // nil: none was made yet, or the last one is gone
	made   int
	failed error // no further connection is tried
}

func newRemote(ctx context.Context, r Remote, ask func(context.Context, sshconn.Question) (secret.Text, error)) *remote {
	return &remote{ctx: ctx, links: map[sshconn.Host]*link{}, options: sshconn.Options{Config: r.Config, Program: r.Program, Ask: once(ask)}}
}

// once answers a question about one key once for all hosts, one question after the other; an answer that was wrong is
// asked for again.
func once(ask func(context.Context, sshconn.Question) (secret.Text, error)) func(context.Context, sshconn.Question) (secret.Text, error) {
	if ask == nil {
		return nil
	}
	var (
		mu    sync.Mutex
		known = map[string]secret.Text{}
	)
	return func(ctx context.Context, q sshconn.Question) (secret.Text, error) {
		mu.Lock()
		defer mu.Unlock()
		if text, ok := known[q.Prompt]; ok && !q.Again {
			return text, nil
		}
		text, err := ask(ctx, q)
		if err == nil {
			known[q.Prompt] = text
		}
		return text, err
	}
}

// dial begins to connect to all hosts of these places, so that a run waits for those that are down at the same time and
// not for one after the other.
func (r *remote) dial(places []store.Place) {
	hosts := map[sshconn.Host]bool{}
	for _, p := range places {
		if at, err := sshconn.Parse(p.Target); p.Kind == store.PlaceSFTP && err == nil {
			hosts[at.Host] = true
		}
	}
	r.dialing.Go(func() error { // the limit must not hold up the caller
		var all errgroup.Group
		all.SetLimit(parallelDials)
		for host := range hosts {
			all.Go(func() error {
				_, _ = r.connected(host) // whoever needs the host gets the error
				return nil
			})
		}
		return all.Wait()
	})
}

func (r *remote) close() {
	_ = r.dialing.Wait() // its function returns nil
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.links {
		l.mu.Lock()
		if l.client != nil {
			_ = l.client.Close() // its error is always nil; what was written has been read back
			l.client = nil
		}
		l.mu.Unlock()
	}
}

// connected returns the connection to a host, made now if there is none.
func (r *remote) connected(host sshconn.Host) (*sshconn.Client, error) {
	r.mu.Lock()
	l := r.links[host]
	if l == nil {
		l = &link{}
		r.links[host] = l
	}
	r.mu.Unlock()

	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != nil && l.client.Alive() {
		return l.client, nil
	}
	if l.client != nil {
		_ = l.client.Close() // it is gone already
		l.client = nil
	}
	if l.failed != nil {
		return nil, l.failed
	}
	l.made++
	client, err := sshconn.Connect(r.ctx, host, r.options)
	if err != nil {
		l.failed = err
		return nil, err
	}
	l.client = client
	if l.made == reconnects {
		l.failed = &sshconn.Error{Cause: sshconn.Dropped, Host: host, Text: fmt.Sprintf("the connection ended %d times in the middle", reconnects),
			Remedy: "look at the line to that host, then run the same again"}
	}
	return client, nil
}

// on runs something at a location; once more if the connection breaks in the middle of it.
func (r *remote) on(ctx context.Context, target string, run func(c *sshconn.Client, path string) error) error {
	at, err := sshconn.Parse(target)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	for attempt := 0; ; attempt++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		c, err := r.connected(at.Host)
		if err == nil {
			err = run(c, at.Path)
		}
		e, ours := errors.AsType[*sshconn.Error](err)
		if attempt > 0 || !ours || e.Cause != sshconn.Dropped {
			return err
		}
	}
}

// put implements delivery.
func (r *remote) put(ctx context.Context, d dispatch) error {
	if d.First {
		s, found, err := r.seen(ctx, d.Target, d.Group)
		if err != nil {
			return err
		}
		if found && !bytes.HasPrefix(s.Content, []byte(ageIntro)) {
			return foreignFile(d.Target)
		}
	}
	return r.on(ctx, d.Target, func(c *sshconn.Client, path string) error {
		return c.Replace(path, sshconn.Replacement{Content: d.Content, Group: d.Group, Tag: d.Tag})
	})
}

// seen implements delivery. What is no plain file is not opened: a named pipe would keep the server waiting.
func (r *remote) seen(ctx context.Context, target, group string) (s sighting, found bool, err error) {
	err = r.on(ctx, target, func(c *sshconn.Client, path string) error {
		s, found = sighting{}, false
		info, err := c.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		found = true
		if !info.Mode().IsRegular() {
			return &sshconn.Error{Cause: sshconn.Unsafe, Host: c.Host(), Path: path, Text: "it is " + sshconn.Kind(info.Mode()), Remedy: "remove it, or choose another place"}
		}
		misfit, err := c.Misfit(info, group)
		if err != nil {
			return err
		}
		if misfit != "" {
			misfit = target + ": " + misfit
		}
		content, err := c.Read(path, sizeLimit)
		s = sighting{Content: content, ModTime: info.ModTime().UTC(), Misfit: misfit}
		return err
	})
	return s, found, err
}
