package otheras

import "strings"

// entry is the catalogue entry; ID and ISSUER are replaced.
const entry = `[providers.ID]
name = "Other"
issuer = "ISSUER"
flows = ["browser"]
rotation = "single-use"
grant_scopes = ["offline"]
redirects = ["http://127.0.0.1:0/callback"]
identity = { url = "ISSUER/me", subject = "sub", email = "email" }

[providers.ID.revoke]
scope = "grant"

[providers.ID.client]
id = "CLIENT"
auth = "none"

[providers.ID.services.read]
name = "Other Items"
scopes = ["items.read"]
permissions = { "items.read" = "See your items" }
probe = { url = "ISSUER/me" }
resources = { url = "ISSUER/items", items = "items", id = "id", name = "title", parent = "folder", next = "next", next_param = "page" }

[providers.ID.services.write]
name = "Other Items (editing)"
scopes = ["items.read", "items.write"]
permissions = { "items.read" = "See your items", "items.write" = "Change your items" }
probe = { url = "ISSUER/me" }
`

// ProviderTOML returns this server as a table for config.toml, under the given provider id.
func (s *Server) ProviderTOML(id string) string {
	return strings.NewReplacer("ID", id, "ISSUER", s.issuer, "CLIENT", ClientID).Replace(entry)
}
