package oauthflow

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"fettle/oauthflow/provider"
)

// CheckState is what a check of a provider came to.
type CheckState string

// A check that is skipped says why: it does not apply, or nothing can be told without signing in.
const (
	CheckOK      CheckState = "ok"
	CheckFailed  CheckState = "failed"
	CheckSkipped CheckState = "skipped"
)

// ProviderCheck is one thing that was looked at, for a line of a list.
type ProviderCheck struct {
	ID        string // metadata, issuer, moved, s256, the name of an endpoint, api:SERVICE, clock, device:SERVICE
	What      string // in words
	State     CheckState
	Address   string // what was asked, "" = nothing of its own
	Detail    string // one sentence, safe to show; may be empty
	Essential bool   // nobody can sign in while it fails
}

// The bounds of a check: an endpoint that takes longer would not serve a sign-in either.
const (
	checkTimeout = 10 * time.Second
	skewWarn     = 5 * time.Minute // id tokens and device codes begin to fail about there
)

// CheckProvider asks a provider everything that can be asked without signing in, stores nothing, and sends no secret: of
// the client its id alone, and no client at all where it is empty. Each result is reported as it comes; the
// server is the one that flows would use.
func CheckProvider(ctx context.Context, hc *http.Client, p provider.Provider, clientID string, report func(ProviderCheck)) (Server, []ProviderCheck) {
	c := &checker{ctx: ctx, hc: guarded(hc), p: p, clientID: clientID, report: report, dead: map[string]string{},
		server: Server{Issuer: p.Issuer, Endpoints: p.Endpoints, IssParameter: p.IssParameter}}
	c.metadata()
	c.endpoints()
	c.clock()
	c.device()
	return c.server, c.done
}

type checker struct {
	ctx      context.Context
	hc       *http.Client
	p        provider.Provider
	clientID string
	server   Server
	report   func(ProviderCheck)
	done     []ProviderCheck
	dead     map[string]string // origin → why it could not be reached; it is not tried again
}

func (c *checker) say(essential bool, id, what string, state CheckState, detail string) {
	c.tell(ProviderCheck{ID: id, What: what, State: state, Detail: detail, Essential: essential})
}

func (c *checker) tell(check ProviderCheck) {
	c.done = append(c.done, check)
	if c.report != nil {
		c.report(check)
	}
}

// metadata asks for the issuer's document even where the entry has every endpoint: it shows what moved.
func (c *checker) metadata() {
	const what = "metadata of the issuer"
	needed := !complete(c.p)
	// Microsoft's issuer is a template until somebody has signed in; GitHub and Meta have none.
	if c.p.Issuer == "" || strings.Contains(c.p.Issuer, "{") {
		c.say(false, "metadata", what, CheckSkipped, "there is no issuer that could be asked; the entry gives the endpoints")
		return
	}
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	m, err := metadata(ctx, c.hc, c.p)
	if e := asErrorOrNil(err); e != nil {
		switch {
		case e.Code == CodeIssuerMismatch:
			c.say(true, "issuer", "the metadata is the issuer's own", CheckFailed, e.Description)
		// Plenty of providers publish nothing; their entries say it all.
		case e.Status == http.StatusNotFound && !needed:
			c.say(false, "metadata", what, CheckSkipped, "none is published; the entry gives the endpoints")
		default:
			c.note(c.p.Issuer, e)
			c.say(needed, "metadata", what, CheckFailed, brief(e))
		}
		return
	}
	c.say(needed, "metadata", what, CheckOK, "")
	c.say(true, "issuer", "the metadata is the issuer's own", CheckOK, clean(c.p.Issuer))
	c.differences(m)
	c.pkce(m)
	// The same steps as a flow takes, so that what is checked is what will be used.
	s, err := merge(c.server, m, c.p)
	if err != nil {
		c.say(true, "metadata", what, CheckFailed, brief(asError(err, PlaceDiscovery, c.p.ID)))
		return
	}
	c.server = s
}

// differences names endpoints of the entry that the metadata gives otherwise. The entry wins, and may be right.
func (c *checker) differences(m *answer) {
	for _, e := range []struct{ member, own string }{
		{"authorization_endpoint", c.p.Authorization}, {"token_endpoint", c.p.Token}, {"device_authorization_endpoint", c.p.Device},
		{"revocation_endpoint", c.p.Revocation}, {"userinfo_endpoint", c.p.Userinfo}, {"jwks_uri", c.p.JWKS},
	} {
		if told := m.text(e.member); e.own != "" && told != "" && told != e.own {
			c.say(false, "moved", e.member, CheckSkipped, "the entry says "+clean(e.own)+", the metadata "+shorten(clean(told)))
		}
	}
}

// pkce looks whether S256 is announced (RFC 8414 §2); silence means nothing, for many servers predate the member.
func (c *checker) pkce(m *answer) {
	const id, what = "s256", "PKCE with S256"
	methods, told := m.object["code_challenge_methods_supported"]
	switch {
	case !slices.Contains(c.p.Flows, provider.Browser):
	case !c.p.UsesPKCE():
		c.say(false, id, what, CheckSkipped, "the entry turns it off")
	case !told:
		c.say(false, id, what, CheckSkipped, "not announced; it is sent all the same")
	case slices.Contains(texts(methods), "S256"):
		c.say(false, id, what, CheckOK, "announced")
	default:
		c.say(true, id, what, CheckFailed, "the metadata announces other methods only: set pkce = false if the server refuses S256")
	}
}

// clock compares the clocks by the Date header of the answers so far.
func (c *checker) clock() {
	skew, known := ClockSkew(c.hc)
	switch {
	case !known:
		c.say(false, "clock", "this machine's clock", CheckSkipped, "no server told its time")
	case skew.Abs() > skewWarn:
		way := map[bool]string{true: "ahead of", false: "behind"}[skew > 0]
		c.say(false, "clock", "this machine's clock", CheckFailed, fmt.Sprintf("%s %s the provider's; set it, best by NTP", skew.Abs().Round(time.Second), way))
	default:
		c.say(false, "clock", "this machine's clock", CheckOK, "")
	}
}

// device asks for a device code for the scopes of each service. The codes are thrown away: nobody can have entered them.
func (c *checker) device() {
	if !slices.Contains(c.p.Flows, provider.Device) {
		return
	}
	for _, svc := range c.p.ServiceList() {
		id, what := "device:"+svc.ID, "device flow for "+clean(svc.Name)
		scopes, err := c.p.RequestScopes([]string{svc.ID})
		if err == nil {
			err = c.p.Supports(provider.Device, scopes)
		}
		switch {
		case err != nil:
			c.say(false, id, what, CheckSkipped, clean(err.Error()))
		case c.ctx.Err() != nil:
			c.say(false, id, what, CheckSkipped, "stopped")
		case c.clientID == "":
			c.say(false, id, what, CheckSkipped, "no client is known to ask with")
		case c.dead[provider.Origin(c.server.Device)] != "":
			c.say(false, id, what, CheckSkipped, "the server could not be reached")
		default:
			c.askDevice(id, what, scopes)
		}
	}
}

func (c *checker) askDevice(id, what string, scopes []string) {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	f, err := StartDevice(ctx, c.hc, Request{Provider: c.p, Server: c.server, Client: Client{ID: c.clientID, Auth: provider.AuthNone}, Scopes: scopes})
	e := asErrorOrNil(err)
	switch {
	case e == nil && err == nil:
		said := "codes are given out; to be entered at " + f.VerificationURI
		if f.ForeignHost != "" {
			said += "; " + f.ForeignHost + " is not a site of the provider: if it is right, name it in verification_hosts"
		}
		c.say(false, id, what, CheckOK, said)
	case e == nil:
		c.say(false, id, what, CheckFailed, clean(err.Error()))
	// Asked without the secret, so this proves nothing against the client.
	case e.Code == "invalid_client" || e.Code == "unauthorized_client":
		c.say(false, id, what, CheckSkipped, "this client cannot do it without its secret, or at all: "+brief(e))
	default:
		c.note(c.server.Device, e)
		c.say(false, id, what, CheckFailed, brief(e))
	}
}

// note remembers that a server did not answer at all.
func (c *checker) note(address string, e *Error) {
	if e.Status == 0 && e.Err != nil {
		c.dead[provider.Origin(address)] = brief(e)
	}
}

// brief is an error in few words: where it happened stands beside it.
func brief(e *Error) string {
	var words []string
	if e.Code != "" {
		words = append(words, e.Code)
	}
	if e.Description != "" {
		words = append(words, e.Description)
	}
	if len(words) == 0 && e.Err != nil {
		words = append(words, networkWords(e.Err))
	}
	text := strings.Join(words, ": ")
	if e.Status != 0 {
		text = strings.TrimSpace(fmt.Sprintf("%s (HTTP %d)", text, e.Status))
	}
	return text
}

func asErrorOrNil(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// withoutQuery is an address without what could be long or personal.
func withoutQuery(raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		return ""
	}
	u.RawQuery = ""
	return clean(u.String())
}
