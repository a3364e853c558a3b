package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ProviderTOML is the [providers.ID] block with which fettle uses this server through the public client.
// Extra lines such as `max_days = 7` are added to the block's own keys.
func (s *Server) ProviderTOML(id string, extra ...string) string {
	return s.ProviderTOMLFor(id, PublicClient, extra...)
}

// ProviderTOMLFor is ProviderTOML for one of the registered clients.
func (s *Server) ProviderTOMLFor(id, clientID string, extra ...string) string {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) } // a Builder never fails
	line("[providers.%s]", id)
	line("name = %s", quote(s.opts.Name))
	line("issuer = %s", quote(s.issuer))
	line(`flows = ["device", "browser"]`)
	line("rotation = %s", quote(string(s.opts.Rotation)))
	line(`identity_scopes = ["openid", "email"]`)
	line(`grant_scopes = ["offline_access"]`)
	line(`authorize_params = { prompt = "consent" }`)
	line(`redirects = ["http://127.0.0.1:0/callback", "http://localhost:0/callback", %s]`, quote(PasteRedirect))
	if s.opts.Quirks.OmitScope {
		line("introspection_endpoint = %s\nscope_source = \"tokeninfo\"", quote(s.issuer+tokeninfoPath))
	}
	for _, text := range extra {
		line("%s", text)
	}
	c := s.store.clients[clientID]
	line("\n[providers.%s.client]\nid = %s", id, quote(clientID))
	if c.secret != "" {
		line("secret = %s", quote(c.secret))
	}
	line("auth = %s", quote(map[string]string{BasicClient: "basic", PostClient: "post"}[clientID], "none"))
	for _, service := range s.opts.Services {
		line("\n%s", s.serviceTOML(id, service))
	}
	return b.String()
}

func (s *Server) serviceTOML(id string, service Service) string {
	scopes, words := []string{}, []string{}
	for _, p := range service.Permissions {
		scopes = append(scopes, quote(p.Scope))
		words = append(words, quote(p.Scope)+" = "+quote(p.Words))
	}
	lines := []string{
		fmt.Sprintf("[providers.%s.services.%s]", id, service.ID),
		"name = " + quote(service.Name),
		"scopes = [" + strings.Join(scopes, ", ") + "]",
		"permissions = { " + strings.Join(words, ", ") + " }",
		"probe = { url = " + quote(s.issuer+service.Probe) + " }",
	}
	if service.Resources.Path != "" {
		paging := `, next = "nextPageToken", next_param = "pageToken"`
		lines = append(lines, "resources = { url = "+quote(s.issuer+service.Resources.Path)+", "+service.Resources.fields()+paging+" }")
	}
	return strings.Join(lines, "\n")
}

// fields are the keys that tell how to read a list, children included.
func (l Listing) fields() string {
	out := []string{}
	for _, f := range [][2]string{{"items", l.Items}, {"id", l.ID}, {"name", l.Name}, {"parent", l.Parent}} {
		if f[1] != "" {
			out = append(out, f[0]+" = "+quote(f[1]))
		}
	}
	if l.Children != nil {
		out = append(out, "children = { "+l.Children.fields()+" }")
	}
	return strings.Join(out, ", ")
}

// quote is a TOML basic string of the first text that is not empty. Go's quoting of control characters
// differs from TOML's, but names on this server have none.
func quote(texts ...string) string {
	if i := slices.IndexFunc(texts, func(t string) bool { return t != "" }); i >= 0 {
		return strconv.Quote(texts[i])
	}
	return `""`
}

func (s *store) scopes() []string {
	out := slices.Clone(implied)
	for _, service := range s.opts.Services {
		for _, p := range service.Permissions {
			out = append(out, p.Scope)
		}
	}
	return out
}
