package oauthflow

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"fettle/oauthflow/provider"
)

// ask says how an endpoint is asked so that it shows itself and does nothing.
type ask int

const (
	askPage  ask = iota // a page for people: whatever it answers but "not found"
	askOAuth            // a form with too little in it: the OAuth error proves that this is the endpoint (RFC 6749 §5.2)
	askForm             // the same, where a success is no surprise (RFC 7009 §2.2, RFC 7662 §2.2)
	askKeys             // the keys of id tokens
	askAPI              // an API without a token: the refusal proves that it is there
)

// endpoints asks each address that the entry or the metadata names.
func (c *checker) endpoints() {
	s, browser, device := c.server, slices.Contains(c.p.Flows, provider.Browser), slices.Contains(c.p.Flows, provider.Device)
	revocation := askForm
	if s.Revocation == "" || c.p.Revoke.URL != "" {
		s.Revocation, revocation = c.p.Revoke.URL, askAPI // an API method; only its server is asked, nothing is revoked
	}
	for _, e := range []struct {
		id, url   string
		how       ask
		essential bool
		form      url.Values
	}{
		{"authorization", s.Authorization, askPage, browser, nil},
		// A refresh without a token: RFC 6749 §5.2 wants invalid_request, and no server can give anything out for it.
		{"token", s.Token, askOAuth, true, url.Values{"grant_type": {"refresh_token"}}},
		{"device authorization", s.Device, askForm, device, url.Values{}},
		{"revocation", s.Revocation, revocation, false, url.Values{}},
		{"introspection", s.Introspection, askForm, false, url.Values{}},
		{"userinfo", s.Userinfo, askAPI, false, nil},
		{"identity", c.p.Identity.URL, askAPI, false, nil},
		{"keys", s.JWKS, askKeys, false, nil},
	} {
		// An address that no flow of the entry uses may be wrong without hurting anybody.
		if e.url == "" || e.id == "device authorization" && !device {
			continue
		}
		c.endpoint(e.id, e.url, e.how, e.essential, e.form)
	}
	for _, svc := range c.p.ServiceList() {
		id, what := "api:"+svc.ID, "API of "+clean(svc.Name)
		switch {
		case svc.Probe.Blocked != "":
			c.say(false, id, what, CheckSkipped, clean(svc.Probe.Blocked))
		case svc.Probe.URL == "":
		case provider.Origin(svc.Probe.URL) == "":
			c.say(false, id, what, CheckSkipped, "its address is known after a sign-in")
		default:
			c.look(id, what, svc.Probe.URL, askAPI, false, nil)
		}
	}
}

func (c *checker) endpoint(id, address string, how ask, essential bool, form url.Values) {
	what := id + " endpoint"
	// A part of it comes with the token answer: Salesforce's instance, Microsoft's tenant.
	if strings.Contains(address, "{") && how != askAPI {
		c.say(false, id, what, CheckSkipped, "its address is known after a sign-in")
		return
	}
	c.look(id, what, address, how, essential, form)
}

// look asks one address and says what the answer proves.
func (c *checker) look(id, what, address string, how ask, essential bool, form url.Values) {
	address = fill(address, nil, c.clientID)
	check := ProviderCheck{ID: id, What: what, Address: withoutQuery(address), State: CheckFailed, Essential: essential}
	if c.ctx.Err() != nil {
		check.State, check.Detail = CheckSkipped, "stopped"
		// Each endpoint of a server that is down would wait its ten seconds otherwise.
	} else if check.Detail = c.dead[provider.Origin(address)]; check.Detail == "" {
		a, err := c.fetch(address, how, form)
		if e := asErrorOrNil(err); e != nil {
			c.note(address, e)
			check.Detail = brief(e)
		} else {
			check.State, check.Detail = judge(how, a, c.p)
		}
	}
	c.tell(check)
}

func (c *checker) fetch(address string, how ask, form url.Values) (*answer, error) {
	ctx, cancel := context.WithTimeout(c.ctx, checkTimeout)
	defer cancel()
	if how == askOAuth || how == askForm {
		a, _, err := post(ctx, c.hc, PlaceDiscovery, c.p.ID, address, form, Client{ID: c.clientID, Auth: provider.AuthNone})
		return a, err
	}
	method := http.MethodGet
	if how == askPage {
		method = http.MethodHead // a sign-in page is large, and nobody reads it here
	}
	one := call{place: PlaceDiscovery, provider: c.p.ID, method: method, url: address, header: http.Header{}}
	return one.do(ctx, c.hc)
}

// judge reads what an answer says about the address it came from.
func judge(how ask, a *answer, p provider.Provider) (CheckState, string) {
	e := a.failure(PlaceDiscovery, p.ID, nil)
	// A proxy or a load balancer answers 502 for anything, so that it proves nothing about the address.
	if a.status >= 500 {
		return CheckFailed, brief(e)
	}
	switch how {
	case askPage:
		if a.status == http.StatusNotFound || a.status == http.StatusGone {
			return CheckFailed, brief(e)
		}
	case askOAuth, askForm:
		return judgeForm(how, a, e)
	case askKeys:
		if keys, ok := a.object["keys"].([]any); !ok || len(keys) == 0 {
			return CheckFailed, "the answer holds no keys"
		}
	case askAPI:
		if a.status >= 300 && a.status <= 399 || a.status == http.StatusNotFound { // GitHub hides what needs a token
			return CheckSkipped, "the server answers; whether the address is right shows with a token: " + brief(e)
		}
	}
	return CheckOK, ""
}

// judgeForm reads the answer to a form with too little in it.
func judgeForm(how ask, a *answer, e *Error) (CheckState, string) {
	switch {
	// Whatever the error says: only an OAuth endpoint says it in this form.
	case hasError(a.object["error"]) && e.Code != "":
		return CheckOK, "answers with " + e.Code
	case how == askForm && (a.status == http.StatusOK || a.status == http.StatusUnauthorized):
		return CheckOK, ""
	case a.status == http.StatusNotFound, a.status == http.StatusGone, a.status >= 300 && a.status <= 399:
		return CheckFailed, brief(e)
	}
	return CheckSkipped, "the server answers, but not in OAuth's words: " + brief(e)
}
