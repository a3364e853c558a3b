package backend

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/99designs/keyring"

	_ "fettle/internal/busguard" // must be initialized before keyring
	"fettle/internal/keyringhelper"
)

// maxSecret bounds what is stored: a vault's key has 75 bytes.
const maxSecret = 64 << 10

// backends in order of preference; of each platform's own only those that outlive a reboot.
var backends = []keyring.BackendType{
	keyring.WinCredBackend, keyring.KeychainBackend, keyring.SecretServiceBackend, keyring.KWalletBackend,
}

// Main does what the arguments after "keyring-helper" ask for and returns the exit code.
func Main(args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	defer func() {
		// The D-Bus libraries index into answers they did not check.
		if recover() != nil {
			code = fail(stderr, keyringhelper.ExitUnavailable, errors.New("the keyring's answer makes no sense, or its prompt was dismissed"))
		}
	}()
	if len(args) != 2 || args[1] == "" {
		return fail(stderr, keyringhelper.ExitUsage, errors.New("usage: fettle keyring-helper get|set|delete ITEM"))
	}
	ring, err := open()
	if err == nil {
		err = perform(ring, args[0], args[1], stdin, stdout)
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, keyring.ErrKeyNotFound):
		return fail(stderr, keyringhelper.ExitNotFound, err)
	case errors.Is(err, errUsage):
		return fail(stderr, keyringhelper.ExitUsage, err)
	default:
		return fail(stderr, keyringhelper.ExitUnavailable, err)
	}
}

var errUsage = errors.New("the request is get, set or delete")

func perform(ring keyring.Keyring, verb, item string, stdin io.Reader, stdout io.Writer) error {
	switch verb {
	case keyringhelper.VerbGet:
		found, err := ring.Get(item)
		if err != nil {
			return err
		}
		_, err = stdout.Write(found.Data)
		return err
	case keyringhelper.VerbSet:
		value, err := io.ReadAll(io.LimitReader(stdin, maxSecret+1))
		if err != nil {
			return err
		}
		if len(value) == 0 || len(value) > maxSecret {
			return fmt.Errorf("a secret of %d bytes cannot be stored", len(value))
		}
		return ring.Set(keyring.Item{Key: item, Data: value, Label: "fettle", Description: "fettle vault key"})
	case keyringhelper.VerbDelete:
		return ring.Remove(item)
	}
	return errUsage
}

// open opens the first keyring that answers. If none does, the error says what each of them said.
func open() (keyring.Keyring, error) {
	var causes []string
	for _, backend := range keyring.AvailableBackends() {
		if !allowed(backend) {
			continue
		}
		ring, cause, err := openOne(backend)
		if err == nil {
			return ring, nil
		}
		causes = append(causes, fmt.Sprintf("%s: %s", backend, cause))
	}
	if len(causes) == 0 {
		return nil, errors.New("no session bus answers, so there is no Secret Service and no KWallet")
	}
	return nil, errors.New(strings.Join(causes, "; "))
}

func allowed(backend keyring.BackendType) bool {
	for _, b := range backends {
		if b == backend {
			return true
		}
	}
	return false
}

// openOne opens one keyring. The library hides why it failed behind one fixed error and tells only its debug log.
func openOne(backend keyring.BackendType) (ring keyring.Keyring, cause string, err error) {
	var debug bytes.Buffer
	log.SetOutput(&debug)
	log.SetFlags(0)
	keyring.Debug = true
	defer func() {
		keyring.Debug = false
		log.SetOutput(io.Discard)
	}()

	cfg := keyring.Config{
		AllowedBackends:         []keyring.BackendType{backend},
		ServiceName:             "fettle",
		LibSecretCollectionName: "login",
		KWalletAppID:            "fettle",
		KWalletFolder:           "fettle",
		WinCredPrefix:           "fettle",
	}
	if backend == keyring.KWalletBackend {
		cfg.ServiceName = "kdewallet" // here it names the wallet, and a new one would ask for a password
	}
	ring, err = keyring.Open(cfg)
	if err != nil {
		_, cause, _ = strings.Cut(strings.TrimSpace(debug.String()), "Failed backend "+string(backend)+": ")
		if cause == "" {
			cause = err.Error()
		}
	}
	return ring, cause, err
}

// fail reports one line; the exit code carries the outcome even if nobody reads it.
func fail(stderr io.Writer, code int, err error) int {
	_, _ = fmt.Fprintln(stderr, strings.ReplaceAll(err.Error(), "\n", " "))
	return code
}
