package lookalike

import (
	"bytes"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"fettle/oauthflow/provider"
)

// builtin is the built-in entry, with these vars set.
func builtin(id string, vars map[string]string) (provider.Provider, error) {
	catalogue, err := provider.Builtin()
	if err != nil {
		return provider.Provider{}, err
	}
	if len(vars) > 0 {
		var text bytes.Buffer
		if err := toml.NewEncoder(&text).Encode(object{"providers": object{id: object{"vars": vars}}}); err != nil {
			return provider.Provider{}, err
		}
		if catalogue, err = catalogue.With("vars", text.Bytes()); err != nil {
			return provider.Provider{}, err
		}
	}
	entry, ok := catalogue.Get(id)
	if !ok {
		return entry, fmt.Errorf("the catalogue has no provider %q", id)
	}
	return entry, nil
}

// Config is the [providers.NAME] block for config.toml: Hosts with the client that the server knows.
func (s *Server) Config() string {
	client := fmt.Sprintf("\n[providers.%s.client]\nid = %q\n", s.id, s.clientID)
	if s.secret != "" {
		client += fmt.Sprintf("secret = %q\nauth = \"post\"\n", s.secret)
	}
	return s.Hosts() + client
}

// Hosts is the block that sends the built-in entry's addresses here and changes nothing else of it.
func (s *Server) Hosts() string {
	var text bytes.Buffer
	p := s.entry
	// Only these parts of an entry hold addresses that fettle calls.
	part := struct {
		Issuer      string `toml:"issuer"`
		ScopeSource string `toml:"scope_source"`
		provider.Endpoints
		APIOrigins    []string                    `toml:"api_origins"`
		InstanceHosts []string                    `toml:"instance_hosts"`
		Identity      provider.Identity           `toml:"identity"`
		Revoke        provider.Revoke             `toml:"revoke"`
		Services      map[string]provider.Service `toml:"services"`
	}{p.Issuer, p.ScopeSource, p.Endpoints, p.APIOrigins, p.InstanceHosts, p.Identity, p.Revoke, p.Services}
	var entry map[string]any
	if err := toml.NewEncoder(&text).Encode(part); err == nil {
		_, err = toml.Decode(text.String(), &entry)
		if err != nil {
			return "# " + err.Error()
		}
	}
	text.Reset()
	moved := s.moved(entry)
	if len(p.InstanceHosts) > 0 {
		moved["instance_hosts"] = append(slices.Clone(p.InstanceHosts), strings.TrimPrefix(s.base, "http://"))
	}
	if len(s.Vars) > 0 {
		moved["vars"] = s.Vars
	}
	out := toml.NewEncoder(&text)
	out.Indent = ""
	if err := out.Encode(object{"providers": object{s.id: moved}}); err != nil {
		return "# " + err.Error()
	}
	// Without the bare [providers] line, blocks of several servers fit into one file.
	return strings.TrimPrefix(text.String(), "[providers]\n")
}

// moved keeps the members of a table that are addresses, each sent here.
func (s *Server) moved(table map[string]any) map[string]any {
	out := map[string]any{}
	for key, value := range table {
		switch value := value.(type) {
		case string:
			if key != "page" && strings.HasPrefix(value, "https://") && s.isAddress(key) {
				out[key] = s.base + "/" + strings.TrimPrefix(value, "https://")
			}
		case map[string]any:
			if sub := s.moved(value); len(sub) > 0 {
				out[key] = sub
			}
		}
	}
	return out
}

// isAddress tells the keys whose text is an address from those where one is a name, such as Google's scopes.
func (s *Server) isAddress(key string) bool {
	return key == "url" || key == "next_url" || key == "issuer" || key == "jwks_uri" || key == "scope_source" || strings.HasSuffix(key, "_endpoint")
}

// pathOf is HOST/PATH of a real address.
func pathOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host + u.EscapedPath()
}
