package sandbox

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Rotation says what a refresh does to refresh tokens.
type Rotation string

// The three habits of real providers.
const (
	RotationNone      Rotation = "none"       // a refresh answers without a refresh token; every copy of the first one lives on
	RotationReplace   Rotation = "replace"    // each refresh yields a new one, earlier ones stay alive
	RotationSingleUse Rotation = "single-use" // using one kills it; using a dead one kills the whole family
)

// The registered clients and redirects. Loopback redirects may use any port.
const (
	PublicClient = "fettle"       // no secret, PKCE required
	BasicClient  = "fettle-basic" // client_secret_basic, BasicSecret
	PostClient   = "fettle-post"  // client_secret_post, PostSecret
	BasicSecret  = "sandbox-basic"
	PostSecret   = "sandbox-post"

	// PasteRedirect is registered but nobody listens there: its address is meant to be pasted.
	PasteRedirect = "https://fettle.example/signed-in"
)

// Everything secret begins with one of these prefixes, so that a test can search logs, files and screens for leaks.
const (
	AccessTokenPrefix  = "sandbox-at-"
	RefreshTokenPrefix = "sandbox-rt-"
	CodePrefix         = "sandbox-code-"
	DeviceCodePrefix   = "sandbox-dc-"
)

// Options configures a Server; the zero value is a usable provider with three services and three users.
type Options struct {
	Name       string           // shown on the pages; default "Demo"
	Port       int              // 0 = any free port
	Rotation   Rotation         // default RotationNone
	AccessTTL  time.Duration    // default 1 h
	RefreshTTL time.Duration    // 0 = refresh tokens never expire; else each lives that long and answers carry refresh_token_expires_in
	DeviceTTL  time.Duration    // life of a device code and of a pending consent; default 10 min
	Interval   time.Duration    // least time between polls of one device code, whole seconds; default 5 s
	PageLimit  int              // greatest page the API serves; default 200
	Clock      func() time.Time // default time.Now
	Services   []Service        // default DefaultServices()
	Users      []User           // default DefaultUsers(); the first is signed in unless another is chosen
	Quirks     Quirks
}

// Quirks are habits of other real servers that a client must cope with.
type Quirks struct {
	OmitScope             bool // token answers carry no scope
	OmitInterval          bool // device answers carry no interval
	NullMembers           bool // token answers carry extra members that are null
	PlainUserCodes        bool // user codes without dash
	NoRefreshTokens       bool // the provider has no refresh tokens at all
	NoRevocation          bool // no revocation endpoint
	AccessRevocationKills bool // revoking an access token kills the grant
	RotatedInvalidRequest bool // a rotated-away refresh token answers invalid_request instead of invalid_grant
	CancelPage            bool // cancelling shows a 500 page instead of redirecting
}

// Service is what an account is authorized for.
type Service struct {
	ID, Name    string
	Permissions []Permission
	Probe       string  // path and query on this server
	Resources   Listing // none when Path is empty
}

// Permission is one scope and the words the consent page uses for it.
type Permission struct{ Scope, Words string }

// Listing tells where a service's resources are listed and how to read the answer.
type Listing struct {
	Path, Items, ID, Name, Parent string
	Children                      *Listing // a nested list inside each item
}

// User is somebody who can sign in. Empty lists are a user who owns nothing.
type User struct {
	Name, Email, Subject string
	Accounts             []Account
	Sheets               []Sheet
	Reports              []Report
}

// Account is an Analytics account with its properties.
type Account struct {
	ID, Name   string
	Properties []Property
}

// Property is an Analytics property.
type Property struct{ ID, Name string }

// Sheet is a spreadsheet.
type Sheet struct{ ID, Name string }

// Report is a report in a folder.
type Report struct{ ID, Title, Folder string }

// withDefaults fills what was left out and refuses what cannot work.
func (o Options) withDefaults() (Options, error) {
	if o.Name == "" {
		o.Name = "Demo"
	}
	switch o.Rotation {
	case "":
		o.Rotation = RotationNone
	case RotationNone, RotationReplace, RotationSingleUse:
	default:
		return o, fmt.Errorf("sandbox: unknown rotation %q: use none, replace or single-use", o.Rotation)
	}
	o.AccessTTL = orDefault(o.AccessTTL, time.Hour)
	o.DeviceTTL = orDefault(o.DeviceTTL, 10*time.Minute)
	o.Interval = orDefault(o.Interval, 5*time.Second)
	if o.PageLimit <= 0 {
		o.PageLimit = 200
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.Services == nil {
		o.Services = DefaultServices()
	}
	if o.Users == nil {
		o.Users = DefaultUsers()
	}
	return o, o.check()
}

func (o Options) check() error {
	if len(o.Users) == 0 {
		return errors.New("sandbox: at least one user is needed, because somebody must sign in")
	}
	seen := map[string]bool{}
	for _, u := range o.Users {
		// The library packs "id:subject" into access tokens, so a colon would make them unreadable.
		if u.Subject == "" || strings.Contains(u.Subject, ":") {
			return fmt.Errorf("sandbox: user %q needs a subject without a colon", u.Email)
		}
		if seen[u.Subject] || seen[u.Email] {
			return fmt.Errorf("sandbox: user %q appears twice", u.Email)
		}
		seen[u.Subject], seen[u.Email] = true, true
	}
	return nil
}

func orDefault(d, fallback time.Duration) time.Duration {
	if d <= 0 {
		return fallback
	}
	return d
}
