package sshtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Network is some servers and one user who may log in to them. Each server is an alias in the user's configuration.
type Network struct {
	t      testing.TB
	dir    string
	User   string // who logs in: whoever runs the test
	Config string // the ssh configuration to use
	Key    string // the user's private key

	keyFor map[string]string // alias → another private key
	hosts  map[string]*Server
	extra  map[string]string // alias → further lines
}

// Server is an OpenSSH server.
type Server struct {
	Alias string
	Port  int

	net    *Network
	sftp   string // what serves SFTP there
	daemon *exec.Cmd
	ended  chan struct{} // closed when the daemon has
	keys   int           // host keys it has had
}

// New prepares a user. The test is skipped where there is no OpenSSH.
func New(t testing.TB) *Network {
	t.Helper()
	for _, program := range []string{"ssh", "ssh-keygen"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("there is no %s on this machine", program)
		}
	}
	if sshd() == "" {
		t.Skip("there is no sshd on this machine")
	}
	me, err := user.Current()
	if err != nil {
		t.Skipf("whoever runs this has no account: %v", err)
	}
	n := &Network{t: t, dir: t.TempDir(), User: me.Username, keyFor: map[string]string{}, hosts: map[string]*Server{}, extra: map[string]string{}}
	n.Config = filepath.Join(n.dir, "config")
	n.Key = n.NewKey("id", "")
	if os.Geteuid() == 0 { // an sshd of root's wants its folder, which the system's start script makes
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { //nolint:gosec // the mode that sshd asks for
			t.Skipf("sshd has no folder to run in: %v", err)
		}
	}
	return n
}

func sshd() string {
	for _, path := range []string{"/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return ""
}

// NewKey makes a key that every server accepts which is started afterwards, and returns the private half's path.
func (n *Network) NewKey(name, passphrase string) string {
	n.t.Helper()
	path := filepath.Join(n.dir, name)
	n.keygen(path, passphrase)
	public, err := os.ReadFile(path + ".pub") //nolint:gosec // made above
	n.must(err)
	list, err := os.OpenFile(filepath.Join(n.dir, "authorized_keys"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	n.must(err)
	_, err = list.Write(public)
	n.must(errors.Join(err, list.Close()))
	return path
}

func (n *Network) keygen(path, passphrase string) {
	n.t.Helper()
	out, err := exec.CommandContext(n.t.Context(), "ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "test", "-f", path).CombinedOutput() //nolint:gosec // a test's own key
	if err != nil {
		n.t.Fatalf("ssh-keygen: %v %s", err, out)
	}
}

// Start starts a server under an alias, with a host key that the user knows. It ends with the test.
func (n *Network) Start(alias string) *Server {
	n.t.Helper()
	return n.start(alias, "internal-sftp")
}

// StartPlain is Start for a server that cannot rename over a file, as those of other makers.
func (n *Network) StartPlain(alias string) *Server {
	n.t.Helper()
	return n.start(alias, "internal-sftp -P posix-rename")
}

func (n *Network) start(alias, sftp string) *Server {
	n.t.Helper()
	s := &Server{Alias: alias, net: n, sftp: sftp}
	n.hosts[alias] = s
	s.NewHostKey()
	n.t.Cleanup(s.Down)
	words := ""
	for range 5 { // somebody else may take the free port first
		s.Port = freePort(n.t)
		n.Know(s)
		if words = s.up(); !strings.Contains(words, "Address already in use") {
			break
		}
	}
	if words != "" {
		n.t.Fatalf("sshd does not start: %s", words)
	}
	return s
}

// Use gives an alias a key of its own.
func (n *Network) Use(alias, key string) { n.keyFor[alias] = key; n.write() }

// Set adds lines to an alias, such as "ProxyJump other".
func (n *Network) Set(alias, lines string) { n.extra[alias] = lines; n.write() }

// Know puts the present key of a server into known_hosts, in place of another.
func (n *Network) Know(s *Server) {
	n.t.Helper()
	public, err := os.ReadFile(s.hostKey() + ".pub")
	n.must(err)
	fields := strings.Fields(string(public))
	n.must(os.WriteFile(n.knownHosts(s.Alias), fmt.Appendf(nil, "[127.0.0.1]:%d %s %s\n", s.Port, fields[0], fields[1]), 0o600)) //nolint:gosec // the test's own folder
	n.write()
}

// Forget takes a server out of known_hosts.
func (n *Network) Forget(s *Server) {
	n.t.Helper()
	n.must(os.WriteFile(n.knownHosts(s.Alias), nil, 0o600))
}

// Fingerprint is that of the server's present host key.
func (s *Server) Fingerprint() string {
	s.net.t.Helper()
	out, err := exec.CommandContext(s.net.t.Context(), "ssh-keygen", "-lf", s.hostKey()+".pub").Output() //nolint:gosec // a test's own key
	s.net.must(err)
	return strings.Fields(string(out))[1]
}

func (n *Network) knownHosts(alias string) string { return filepath.Join(n.dir, "known-"+alias) }

// write writes the configuration anew. The operator's own agent and keys stay out of it.
func (n *Network) write() {
	n.t.Helper()
	var b strings.Builder
	for alias, s := range n.hosts {
		key := n.Key
		if own := n.keyFor[alias]; own != "" {
			key = own
		}
		fmt.Fprintf(&b, "Host %s\n  HostName 127.0.0.1\n  Port %d\n  User %s\n  IdentityFile %s\n  UserKnownHostsFile %s\n", alias, s.Port, n.User, key, n.knownHosts(alias))
		if extra := n.extra[alias]; extra != "" {
			fmt.Fprintf(&b, "  %s\n", extra)
		}
	}
	b.WriteString("Host *\n  IdentitiesOnly yes\n  IdentityAgent none\n  GlobalKnownHostsFile none\n")
	n.must(os.WriteFile(n.Config, []byte(b.String()), 0o600))
}

func (n *Network) must(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (s *Server) hostKey() string {
	return filepath.Join(s.net.dir, fmt.Sprintf("host-%s-%d", s.Alias, s.keys))
}

// NewHostKey gives the server another host key, which it shows once it is started again.
func (s *Server) NewHostKey() {
	s.net.t.Helper()
	s.keys++
	s.net.keygen(s.hostKey(), "")
}

// Up starts the server and waits until it answers.
func (s *Server) Up() {
	s.net.t.Helper()
	if words := s.up(); words != "" {
		s.net.t.Fatalf("sshd does not start: %s", words)
	}
}

// up returns what the server says if it ends instead of answering, however slow the machine is.
func (s *Server) up() (words string) {
	t := s.net.t
	t.Helper()
	config := filepath.Join(s.net.dir, "sshd-"+s.Alias)
	s.net.must(os.WriteFile(config, fmt.Appendf(nil, "ListenAddress 127.0.0.1\nPort %d\nHostKey %s\nPidFile none\nAuthorizedKeysFile %s\n"+
		"StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nMaxStartups 1000\nSubsystem sftp %s\n",
		s.Port, s.hostKey(), filepath.Join(s.net.dir, "authorized_keys"), s.sftp), 0o600))
	log := config + ".log"
	s.net.must(os.WriteFile(log, nil, 0o600))
	daemon, ended := exec.CommandContext(context.WithoutCancel(t.Context()), sshd(), "-D", "-f", config, "-E", log), make(chan struct{}) //nolint:gosec // the system's sshd
	s.net.must(daemon.Start())
	go func() {
		_ = daemon.Wait() // it was stopped, or its log says why
		close(ended)
	}()
	s.daemon, s.ended = daemon, ended
	for {
		if conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", s.Port)); err == nil {
			banner, _ := bufio.NewReader(conn).ReadString('\n') // empty if it hung up
			_ = conn.Close()                                    // nothing was written
			if strings.HasPrefix(banner, "SSH-2.0-") {
				return ""
			}
		}
		select {
		case <-ended:
			said, err := os.ReadFile(log) //nolint:gosec // the test's own folder
			return fmt.Sprintf("it ended: %s %v", said, err)
		default:
			pause(t.Context())
		}
	}
}

// pause waits a moment for a process that says nothing when it is ready.
func pause(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Millisecond)
	defer cancel()
	<-ctx.Done()
}

// Down stops the server; connections that stand go on.
func (s *Server) Down() {
	if s.daemon == nil {
		return
	}
	_ = s.daemon.Process.Signal(syscall.SIGTERM) // gone already: all the better
	<-s.ended
	s.daemon = nil
}

// Cut breaks the connections that stand and returns how many; the server goes on. It looks for the processes that the
// server started, in /proc: where there is none the test is skipped.
func (s *Server) Cut() (cuts int) {
	s.net.t.Helper()
	list := func(pid int) []string {
		children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
		if err != nil {
			s.net.t.Skipf("the server's processes are not to be seen here: %v", err)
		}
		return strings.Fields(string(children))
	}
	for _, child := range list(s.daemon.Process.Pid) {
		pid, err := strconv.Atoi(child)
		if err != nil {
			continue
		}
		if p, err := os.FindProcess(pid); err == nil && p.Kill() == nil {
			cuts++
		}
	}
	return cuts
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port //nolint:errcheck // of a TCP listener
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}
