package accounts

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"fettle/internal/safetext"
	"fettle/internal/secret"
	"fettle/oauthflow/provider"
)

// clientFileLimit is far above any real client file (about 500 bytes).
const clientFileLimit = 64 << 10

// whereGoogleClients says where the right file comes from.
const whereGoogleClients = `download the OAuth client's JSON (client_secret_….json) from the Google Cloud console, "Clients"`

// googleFile holds the members that tell Google's many JSON downloads apart.
type googleFile struct {
	Installed *googleClient `json:"installed"`
	Web       *googleClient `json:"web"`

	Type         string          `json:"type"` // service_account, authorized_user, external_account, …
	RefreshToken json.RawMessage `json:"refresh_token"`
	ProjectInfo  json.RawMessage `json:"project_info"` // Firebase's google-services.json
	ClientID     json.RawMessage `json:"client_id"`
}

type googleClient struct {
	ID        string      `json:"client_id"`
	Secret    secret.Text `json:"client_secret"`
	ProjectID string      `json:"project_id"`
	TokenURI  string      `json:"token_uri"`
	Redirects []string    `json:"redirect_uris"`
}

// ReadGoogleClientFile reads the client_secret_*.json that Google's console offers for download. Every
// other file that people take for it is named as what it is.
func ReadGoogleClientFile(data []byte) (NewClient, error) {
	if len(data) > clientFileLimit {
		return NewClient{}, errors.New("this file is too long for an OAuth client: " + whereGoogleClients)
	}
	var f googleFile
	if err := json.Unmarshal(data, &f); err != nil {
		return NewClient{}, errors.New("this file is not JSON as Google writes it: " + whereGoogleClients)
	}
	switch {
	case f.Installed != nil && f.Web != nil:
		return NewClient{}, errors.New("this file describes two clients: " + whereGoogleClients)
	case f.Installed != nil:
		return f.Installed.client("installed")
	case f.Web != nil:
		return f.Web.client("web")
	}
	return NewClient{}, fmt.Errorf("%s: %s", f.mistake(), whereGoogleClients)
}

// mistake names the file that was given instead of an OAuth client.
func (f googleFile) mistake() string {
	switch {
	// The order matters: the kinds below share members with those above.
	case f.Type == "service_account":
		return "this is a service account key, which acts for itself and cannot sign a person in"
	case f.Type == "authorized_user":
		return "this holds one user's credential (authorized_user), not a client to authorize with"
	case f.Type == "external_account" || f.Type == "external_account_authorized_user":
		return "this configures workload identity federation, not an OAuth client"
	case f.RefreshToken != nil:
		return "this is a saved token, not an OAuth client"
	case f.ProjectInfo != nil:
		return "this is Firebase's google-services.json, not an OAuth client"
	case f.ClientID != nil:
		return `this has a client id, but not under "installed" or "web" as Google writes it`
	}
	return "this is not an OAuth client"
}

func (c googleClient) client(kind string) (NewClient, error) {
	// The id is printed and put into URLs from here on.
	if c.ID == "" || len(c.ID) > 200 || safetext.Line(c.ID) != c.ID || strings.ContainsAny(c.ID, " \t") {
		return NewClient{}, errors.New("this file has no usable client id: " + whereGoogleClients)
	}
	if c.Secret.Empty() {
		return NewClient{}, errors.New("this file has no client secret; Google shows a secret only once, so create a new one and download again")
	}
	// The secret would be sent to Google while the file was written for somebody else: a mock server, or a fraud.
	if c.TokenURI != "" && !googleHost(c.TokenURI) {
		return NewClient{}, fmt.Errorf("this client belongs to %s, not to Google", safetext.Host(c.TokenURI))
	}
	// What people call the client in the console is not in the file; the project is the nearest.
	label := safetext.Line(c.ProjectID)
	if label == "" {
		label = "google"
	}
	return NewClient{
		Provider: "google", Label: label + " (" + kind + ")", OAuthID: c.ID, Secret: c.Secret,
		Auth: provider.AuthPost, Kind: kind, Redirects: c.Redirects,
	}, nil
}

func googleHost(raw string) bool {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" {
		return false
	}
	host := u.Hostname()
	return host == "oauth2.googleapis.com" || host == "accounts.google.com" || host == "www.googleapis.com"
}
