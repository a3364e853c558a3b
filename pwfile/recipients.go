package pwfile

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"fettle/internal/safetext"
	"fettle/internal/secret"
)

// scryptWork is the work factor of files that are encrypted to a passphrase, about a second. A file that asks for
// more was not written by fettle, and would cost its reader gigabytes.
const scryptWork = 18

// ParseRecipient reads an age or SSH public key and returns it in its canonical spelling, without comment. A secret
// key that was given by mistake is not repeated in the error.
func ParseRecipient(text string) (recipient age.Recipient, canonical string, err error) {
	text = strings.TrimSpace(text)
	switch {
	case strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") || strings.Contains(text, "PRIVATE KEY"):
		return nil, "", errors.New("that is a secret key: name its public half (`age-keygen -y`, `ssh-keygen -y`), and replace the key if others may have seen it")
	// Before age1, which it begins with, too.
	case strings.HasPrefix(text, "age1pq1"):
		return nil, "", errors.New("post-quantum recipients cannot be opened by most age programs yet: name one that begins with age1 and was made by plain `age-keygen`")
	case strings.HasPrefix(text, "age1"):
		r, err := age.ParseX25519Recipient(text)
		if err != nil {
			return nil, "", fmt.Errorf("recipient %q is not an age public key: copy it again, it has 62 characters", safetext.Cut(text, 24))
		}
		return r, r.String(), nil
	case strings.HasPrefix(text, "ssh-"):
		return parseSSHRecipient(text)
	}
	return nil, "", errors.New("a recipient is an age public key (age1…) or an SSH public key (ssh-ed25519 …, ssh-rsa …)")
}

func parseSSHRecipient(text string) (age.Recipient, string, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil || strings.ContainsAny(text, "\r\n") { // the parser would take the first key and leave out the rest
		return nil, "", fmt.Errorf("recipient %q is not one SSH public key: give the one line of its .pub file", safetext.Cut(text, 24))
	}
	canonical := spellSSH(key) // options and comment go: they would make two recipients of one key
	r, err := agessh.ParseRecipient(canonical)
	if err != nil {
		return nil, "", fmt.Errorf("recipient %q cannot be used: only ssh-ed25519, and ssh-rsa of 2048 bits or more", safetext.Cut(text, 24))
	}
	return r, canonical, nil
}

func spellSSH(key ssh.PublicKey) string {
	return key.Type() + " " + base64.StdEncoding.EncodeToString(key.Marshal())
}

// ParseIdentity reads an age identity file or an SSH private key without passphrase. Errors quote nothing of it.
func ParseIdentity(content []byte) ([]age.Identity, error) {
	if bytes.Contains(content, []byte("PRIVATE KEY-----")) {
		signer, err := ssh.ParsePrivateKey(content)
		if _, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
			return nil, errors.New("the SSH key has a passphrase: an unattended job needs a key without one, or the server's own identity")
		}
		if err != nil {
			return nil, errors.New("the SSH private key cannot be read")
		}
		id, err := agessh.ParseIdentity(content)
		if err != nil {
			return nil, errors.New("only SSH keys of type ed25519 and rsa can open a password file")
		}
		return []age.Identity{sshIdentity{id, spellSSH(signer.PublicKey())}}, nil
	}
	ids, err := age.ParseIdentities(bytes.NewReader(content))
	if err != nil {
		return nil, errors.New("this is no age identity (AGE-SECRET-KEY-1…) and no SSH private key")
	}
	return ids, nil
}

// sshIdentity remembers its public half, which the payload's recipients are compared with.
type sshIdentity struct {
	age.Identity
	public string
}

// recipientOf spells the recipient that an identity belongs to, or "".
func recipientOf(id age.Identity) string {
	switch id := id.(type) {
	case *age.X25519Identity:
		return id.Recipient().String()
	case sshIdentity:
		return id.public
	case *age.ScryptIdentity:
		return RecipientPassphrase
	}
	return ""
}

// passphraseRecipient is the recipient of a file that is encrypted to a passphrase.
func passphraseRecipient(passphrase secret.Text) (age.Recipient, error) {
	if passphrase.Empty() {
		return nil, errors.New("the passphrase is empty")
	}
	r, err := age.NewScryptRecipient(passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(scryptWork)
	return r, nil
}

func passphraseIdentity(passphrase secret.Text) (age.Identity, error) {
	id, err := age.NewScryptIdentity(passphrase.Reveal())
	if err != nil {
		return nil, err
	}
	id.SetMaxWorkFactor(scryptWork) // age takes 22 by default: sixteen times the memory and time
	return id, nil
}
