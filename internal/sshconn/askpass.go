package sshconn

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fettle/internal/safetext"
	"fettle/internal/secret"
)

// askpassVar names, in ssh's environment, the socket at which its questions are answered. No secret is in any
// environment or argument: ssh's askpass, which is this program again, asks at the socket and prints the answer to ssh.
const askpassVar = "FETTLE_SSH_ASKPASS" //nolint:gosec // a name, no password

// askpassTime is how long ssh's askpass waits for a person.
const askpassTime = 10 * time.Minute

// answered precedes an answer at the socket; nothing comes if there is none.
const answered = '+'

// Askpass does the work of ssh's askpass if that is what this process was started for, and returns its exit code.
// main calls it first of all.
func Askpass(args []string) (code int, was bool) {
	socket := os.Getenv(askpassVar)
	if socket == "" {
		return 0, false
	}
	// With "confirm" and "none" ssh wants a yes or tells that a key waits to be touched. A yes to a host's key is not
	// ours to give, and neither needs words.
	if os.Getenv("SSH_ASKPASS_PROMPT") != "" || len(args) != 1 {
		return 1, true
	}
	if err := relay(socket, args[0]); err != nil {
		return 1, true
	}
	return 0, true
}

func relay(socket, prompt string) error {
	conn, err := (&net.Dialer{Timeout: askpassTime}).DialContext(context.Background(), "unix", socket)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing is lost with it
	if err := conn.SetDeadline(time.Now().Add(askpassTime)); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(conn, safetext.Line(prompt)); err != nil {
		return err
	}
	answer, err := io.ReadAll(io.LimitReader(conn, 4096))
	if err != nil {
		return err
	}
	if len(answer) == 0 || answer[0] != answered {
		return errors.New("there is no answer")
	}
	_, err = fmt.Println(string(answer[1:]))
	return err
}

// answering answers the questions of one ssh and of the ssh of its jump hosts.
type answering struct {
	socket   string
	listener net.Listener
	wait     sync.WaitGroup
}

// answer listens in dir, which only this user may enter.
func answer(ctx context.Context, dir string, host Host, ask func(context.Context, Question) (secret.Text, error)) (*answering, error) {
	a := &answering{socket: filepath.Join(dir, "ask")}
	var err error
	if a.listener, err = (&net.ListenConfig{}).Listen(ctx, "unix", a.socket); err != nil {
		return nil, err
	}
	a.wait.Go(func() {
		before := map[string]bool{}
		for {
			conn, err := a.listener.Accept()
			if err != nil {
				return
			}
			serve(ctx, conn, before, host, ask)
		}
	})
	return a, nil
}

// serve answers one question. It takes them one after the other: there is one person.
func serve(ctx context.Context, conn net.Conn, before map[string]bool, host Host, ask func(context.Context, Question) (secret.Text, error)) {
	defer func() {
		_ = recover()    // what answers is not ours; without an answer ssh gives up
		_ = conn.Close() // nothing is lost with it
	}()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends a read that waits
	defer stop()
	line, err := bufio.NewReader(io.LimitReader(conn, 8192)).ReadString('\n')
	if err != nil {
		return
	}
	prompt := safetext.Line(line)
	text, err := ask(ctx, Question{Host: host, Prompt: prompt, Again: before[prompt]})
	if err != nil || text.Empty() {
		return
	}
	before[prompt] = true
	_, _ = fmt.Fprintf(conn, "%c%s", answered, text.Reveal()) // ssh asks again if it did not arrive
}

func (a *answering) close() {
	_ = a.listener.Close() // it removes the socket, too
	a.wait.Wait()
}
