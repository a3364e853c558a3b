package provider_test

import (
	"strings"
	"testing"
	"testing/quick"

	"fettle/oauthflow/provider"
)

const acmeTOML = "[providers.acme]\nissuer = \"https://a.example\"\n" // two lines: what a case adds begins at line 3

func TestMistakesAreNamedWithFileLineAndKey(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"syntax", "x = \n", "c.toml:3: providers.acme.x: "},
		{"a key twice", "name = \"A\"\nname = \"B\"\n", "c.toml:4: providers.acme"},
		{"a table twice", "[providers.acme.client]\n[providers.acme.client]\n", "c.toml:4: "},
		{"text for a number", "idle_days = \"x\"\n", "c.toml:3: providers.acme.idle_days: the value is of type string, and has to be of type integer"},
		{"number for a text", "name = 3\n", "c.toml:3: providers.acme.name: the value is of type integer, and has to be of type string"},
		{"text for a list", "flows = \"browser\"\n", "c.toml:3: providers.acme.flows: "},
		{"number in a list", "flows = [1]\n", "c.toml:3: providers.acme.flows"},
		{"text for a boolean", "pkce = \"no\"\n", "c.toml:3: providers.acme.pkce: the value is of type string, and has to be of type boolean"},
		{"text for a table", "revoke = \"x\"\n", "c.toml:3: providers.acme.revoke: the value is of type string, and has to be of type table"},
		{"list of tables for a table", "[[providers.acme.deaths]]\nid = \"x\"\n", "c.toml:4: unknown key providers.acme.deaths.id"},
		{"fraction for a number", "idle_days = 1.5\n", "c.toml:3: providers.acme.idle_days"},
		{"huge number", "idle_days = 99999999999999999999\n", "c.toml:3: providers.acme.idle_days"},
		{"unknown key", "tokn_endpoint = \"https://a.example\"\n", "c.toml:3: unknown key providers.acme.tokn_endpoint"},
		{"unknown key in a service", "[providers.acme.services.x]\nprob = 1\n", "c.toml:4: unknown key providers.acme.services.x.prob"},
		{"unknown key in a probe", "[providers.acme.services.x]\nprobe = { uri = \"https://a.example\" }\n", "c.toml:4: unknown key providers.acme.services.x.probe.uri"},
		{"unknown key in a death", "[providers.acme.deaths.x]\nday = 3\n", "c.toml:4: unknown key providers.acme.deaths.x.day"},
		{"unknown key in a kind", "[providers.acme.client_kinds.x]\nsecret = true\n", "c.toml:4: unknown key providers.acme.client_kinds.x.secret"},
		{"unknown key in children", "[providers.acme.services.x.resources]\nurl = \"https://a.example\"\nchildren = { item = \"x\" }\n", "c.toml:5: unknown key providers.acme.services.x.resources.children.item"},
		{"key in capitals", "Issuer_Two = \"x\"\n", "c.toml:3: unknown key providers.acme.Issuer_Two"},
		{"plain http", "token_endpoint = \"http://a.example/t\"\n", "c.toml:3: providers.acme.token_endpoint: "},
		{"plain http for the keys", "jwks_uri = \"http://a.example/k\"\n", "c.toml:3: providers.acme.jwks_uri: "},
		{"localhost is no literal", "token_endpoint = \"http://localhost/t\"\n", "c.toml:3: providers.acme.token_endpoint: "},
		{"ftp", "token_endpoint = \"ftp://a.example/t\"\n", "is not https"},
		{"no host", "token_endpoint = \"https:///t\"\n", "is not an address"},
		{"not an address", "token_endpoint = \"a.example/t\"\n", "c.toml:3: providers.acme.token_endpoint: "},
		{"bad escape", "token_endpoint = \"https://a.example/%zz\"\n", "c.toml:3: providers.acme.token_endpoint: "},
		{"fragment", "token_endpoint = \"https://a.example/#x\"\n", "c.toml:3: providers.acme.token_endpoint: "},
		{"user name", "token_endpoint = \"https://u@a.example/\"\n", "c.toml:3: providers.acme.token_endpoint: "},
		{"revocation page", "revoke = { page = \"a.example\" }\n", "c.toml:3: providers.acme.revoke.page: "},
		{"console", "registration = { console = \"http://a.example\" }\n", "c.toml:3: providers.acme.registration.console: "},
		{"probe over http", "[providers.acme.services.x]\nprobe = { url = \"http://a.example\" }\n", "c.toml:4: providers.acme.services.x.probe.url: "},
		{"listing over http", "[providers.acme.services.x.resources]\nurl = \"http://a.example\"\n", "c.toml:4: providers.acme.services.x.resources.url: "},
		{"flow", "flows = [\"implicit\"]\n", "c.toml:3: providers.acme.flows: \"implicit\" is neither device nor browser"},
		{"verification host with a path", "verification_hosts = [\"a.example/go\"]\n", "c.toml:3: providers.acme.verification_hosts: "},
		{"a public suffix as verification host", "verification_hosts = [\"co.uk\"]\n", "c.toml:3: providers.acme.verification_hosts: "},
		{"redirect elsewhere", "redirects = [\"http://10.0.0.1/\"]\n", "c.toml:3: providers.acme.redirects: "},
		{"redirect with a fragment", "redirects = [\"http://127.0.0.1/#x\"]\n", "c.toml:3: providers.acme.redirects: "},
		{"state overridden", "authorize_params = { state = \"x\" }\n", "c.toml:3: providers.acme.authorize_params: \"state\" is set by fettle itself"},
		{"challenge overridden", "consent_params = { code_challenge_method = \"plain\" }\n", "c.toml:3: providers.acme.consent_params: "},
		{"grant type overridden", "token_params = { grant_type = \"password\" }\n", "c.toml:3: providers.acme.token_params: "},
		{"resource without a scheme", "token_params = { resource = \"api.acme.example\" }\n", "c.toml:3: providers.acme.token_params: "},
		{"resource with a fragment", "authorize_params = { resource = \"https://api.acme.example/#x\" }\n", "c.toml:3: providers.acme.authorize_params: "},
		{"resource that is empty", "authorize_params = { resource = \"\" }\n", "c.toml:3: providers.acme.authorize_params: "},
		{"rotation", "rotation = \"twice\"\n", "c.toml:3: providers.acme.rotation: "},
		{"renew", "renew = \"no\"\n", "c.toml:3: providers.acme.renew: "},
		{"renew without a form", "renew = \"exchange\"\n", "renew_params"},
		{"revoke scope", "revoke = { scope = \"all\" }\n", "c.toml:3: providers.acme.revoke.scope: "},
		{"revoke auth", "[providers.acme.revoke]\nauth = \"x\"\n", "c.toml:4: providers.acme.revoke.auth: "},
		{"scope source", "scope_source = \"guess\"\n", "c.toml:3: providers.acme.scope_source: "},
		{"scope source over http", "scope_source = \"http://a.example/s\"\n", "c.toml:3: providers.acme.scope_source: "},
		{"negative term", "idle_days = -1\n", "c.toml:3: providers.acme.idle_days: "},
		{"term beyond reason", "max_days = 999999\n", "c.toml:3: providers.acme.max_days: "},
		{"duration", "access_ttl = \"soon\"\n", "c.toml:3: providers.acme.access_ttl: "},
		{"huge duration", "access_ttl = \"99999999d\"\n", "90d or 36h"},
		{"auth", "client = { auth = \"jwt\" }\n", "c.toml:3: providers.acme.client.auth: "},
		{"kind of client", "client = { kind = \"x\" }\n", "c.toml:3: providers.acme.client.kind: "},
		{"day", "client = { secret_expires = \"soon\" }\n", "c.toml:3: providers.acme.client.secret_expires: \"soon\" is not a day"},
		{"two secrets", "client = { secret = \"hunter2\", secret_file = \"f\" }\n", "c.toml:3: providers.acme.client: has more than one"},
		{"secret of a wrong type", "client = { secret = [\"hunter2\"] }\n", "c.toml:3: providers.acme.client"},
		{"placeholder", "userinfo_endpoint = \"https://{host}/u\"\n", "c.toml:3: providers.acme.userinfo_endpoint: {host} is filled in by nothing"},
		{"origin with a path", "api_origins = [\"https://a.example/x\"]\n", "c.toml:3: providers.acme.api_origins: "},
		{"service id", "[providers.acme.services.\"X Y\"]\n", "c.toml:3: providers.acme.services.X Y: "},
		{"words for a foreign scope", "[providers.acme.services.x]\npermissions = { b = \"B\" }\n", "c.toml:4: providers.acme.services.x.permissions: "},
		{"scope with a space", "[providers.acme.services.x]\nscopes = [\"a b\"]\n", "c.toml:4: providers.acme.services.x.scopes: "},
		{"empty scope", "[providers.acme.services.x]\nscopes = [\"\"]\n", "c.toml:4: providers.acme.services.x.scopes: "},
		{"identity scope", "identity_scopes = [\"open id\"]\n", "c.toml:3: providers.acme.identity_scopes: "},
		{"grant scope", "grant_scopes = ['a\\b']\n", "c.toml:3: providers.acme.grant_scopes: "},
		{"device scope", "device_scopes = ['\u202e']\n", "c.toml:3: providers.acme.device_scopes: "},
		{"separator", "scope_separator = \";\"\n", "c.toml:3: providers.acme.scope_separator: "},
		{"alias of itself", "scope_aliases = { a = \"a\" }\n", "c.toml:3: providers.acme.scope_aliases: \"a\" leads back to itself"},
		{"aliases in a circle", "[providers.acme.scope_aliases]\na = \"b\"\nb = \"c\"\nc = \"a\"\n", "c.toml:3: providers.acme.scope_aliases: "},
		{"circle through capitals", "[providers.acme.scope_aliases]\na = \"B\"\nb = \"A\"\n", "c.toml:3: providers.acme.scope_aliases: "},
		{"alias for nothing", "scope_aliases = { a = \"\" }\n", "c.toml:3: providers.acme.scope_aliases: "},
		{"includes no scope", "scope_implies = { a = [\"b c\"] }\n", "c.toml:3: providers.acme.scope_implies: "},
		{"prefix", "scope_prefixes = [\"a b/\"]\n", "c.toml:3: providers.acme.scope_prefixes: "},
		{"kind without a flow", "[providers.acme.client_kinds.x]\nauth = \"none\"\n", "c.toml:3: providers.acme.client_kinds.x.flows: needed"},
		{"kind with a foreign flow", "[providers.acme.client_kinds.x]\nauth = \"none\"\nflows = [\"device\"]\n", "c.toml:5: providers.acme.client_kinds.x.flows: "},
		{"kind without authentication", "[providers.acme.client_kinds.x]\nflows = [\"browser\"]\n", "c.toml:3: providers.acme.client_kinds.x.auth: "},
		{"kind for a foreign service", "[providers.acme.client_kinds.x]\nauth = \"none\"\nflows = [\"browser\"]\nservices = [\"y\"]\n", "c.toml:6: providers.acme.client_kinds.x.services: "},
		{"kind without a secret for a flow that it lacks", "[providers.acme.client_kinds.x]\nauth = \"post\"\nflows = [\"browser\"]\nsecretless = [\"device\"]\n", "c.toml:6: providers.acme.client_kinds.x.secretless: "},
		{"id of a kind", "[providers.acme.client_kinds.X]\n", "c.toml:3: providers.acme.client_kinds.X: "},
		{"death from nowhere", "[providers.acme.deaths.x]\nwords = \"w\"\n", "c.toml:3: providers.acme.deaths.x.from: "},
		{"death from something else", "[providers.acme.deaths.x]\nfrom = \"birth\"\nwords = \"w\"\n", "c.toml:4: providers.acme.deaths.x.from: "},
		{"death of an unknown cause", "[providers.acme.deaths.x]\nfrom = \"event\"\ncause = \"bad_luck\"\nwords = \"w\"\n", "c.toml:5: providers.acme.deaths.x.cause: \"bad_luck\" is none of expired, idle"},
		{"term without days", "[providers.acme.deaths.x]\nfrom = \"use\"\nwords = \"w\"\n", "c.toml:3: providers.acme.deaths.x.days: "},
		{"event with days", "[providers.acme.deaths.x]\nfrom = \"event\"\ndays = 3\nwords = \"w\"\n", "c.toml:5: providers.acme.deaths.x.days: "},
		{"negative days", "[providers.acme.deaths.x]\nfrom = \"use\"\ndays = -3\nwords = \"w\"\n", "c.toml:5: providers.acme.deaths.x.days: "},
		{"death without words", "[providers.acme.deaths.x]\nfrom = \"event\"\n", "c.toml:3: providers.acme.deaths.x.words: "},
		{"death by a foreign fact", "[providers.acme.deaths.x]\nfrom = \"event\"\nif = \"raining\"\nwords = \"w\"\n", "c.toml:5: providers.acme.deaths.x.if: "},
		{"death of a foreign service", "[providers.acme.deaths.x]\nfrom = \"event\"\nservices = [\"y\"]\nwords = \"w\"\n", "c.toml:5: providers.acme.deaths.x.services: "},
		{"death of a foreign kind", "[providers.acme.deaths.x]\nfrom = \"event\"\nclient_kinds = [\"y\"]\nwords = \"w\"\n", "c.toml:5: providers.acme.deaths.x.client_kinds: "},
		{"id of a death", "[providers.acme.deaths.\"a b\"]\nfrom = \"event\"\nwords = \"w\"\n", "c.toml:3: providers.acme.deaths.a b: "},
		{"method", "[providers.acme.services.x.probe]\nurl = \"https://a.example\"\nmethod = \"PATCHY\"\n", "c.toml:5: providers.acme.services.x.probe.method: "},
		{"status that proves nothing", "[providers.acme.services.x.probe]\nok = [503]\n", "c.toml:4: providers.acme.services.x.probe.ok: "},
		{"Authorization overridden", "[providers.acme.services.x.resources]\nheaders = { authorization = \"x\" }\n", "c.toml:4: providers.acme.services.x.resources.headers: "},
		{"vars that are no table", "vars = \"x\"\n", "c.toml:3: providers.acme.vars: the value has to be of type table"},
		{"services that are no table", "services = 3\n", "c.toml:3: providers.acme.services: "},
		{"service that is no table", "services = { x = 3 }\n", "c.toml:3: providers.acme.services"},
		{"words that are no table", "[providers.acme.services.x]\nscopes = [\"a\"]\npermissions = [\"A\"]\n", "c.toml:5: providers.acme.services.x.permissions: "},
		{"list of services", "[[providers.acme.services.x]]\nscopes = [\"a\"]\n", "c.toml:3: providers.acme.services.x"},
		{"need of an unknown var", "[providers.acme.services.x.probe]\nneeds = { t = \"T\" }\n", "c.toml:4: providers.acme.services.x.probe.needs: "},
		{"need without words", "vars = { t = \"\" }\n[providers.acme.services.x.probe]\nneeds = { t = \"\" }\n", "c.toml:5: providers.acme.services.x.probe.needs: "},
		{"next body without the token", "[providers.acme.services.x.resources]\nnext = \"n\"\nnext_body = \"{}\"\n", "c.toml:5: providers.acme.services.x.resources.next_body: "},
		{"next page without its member", "[providers.acme.services.x.resources]\nnext_param = \"p\"\n", "c.toml:3: providers.acme.services.x.resources.next: needed"},
		{"next page over http", "[providers.acme.services.x.resources]\nnext = \"n\"\nnext_url = \"http://a.example\"\n", "c.toml:5: providers.acme.services.x.resources.next_url: "},
		{"call for each without the item", "[providers.acme.services.x.resources]\neach = { url = \"https://a.example/x\" }\n", "c.toml:4: providers.acme.services.x.resources.each.url: "},
		{"call for each at the item's own address", "[providers.acme.services.x.resources]\neach = { url = \"{item}/x\" }\n", "c.toml:4: providers.acme.services.x.resources.each.url: "},
		{"call for each over http", "[providers.acme.services.x.resources]\neach = { url = \"http://a.example/{item}\" }\n", "c.toml:4: providers.acme.services.x.resources.each.url: "},
		{"call for each beside children", "[providers.acme.services.x.resources]\neach = { url = \"https://a.example/{item}\" }\nchildren = { items = \"x\" }\n", "c.toml:4: providers.acme.services.x.resources.each: "},
		{"call inside children", "[providers.acme.services.x.resources]\nchildren = { items = \"p\", url = \"http://a.example\" }\n", "c.toml:4: providers.acme.services.x.resources.children.url: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, acmeTOML+tt.text, tt.want)
		})
	}
}

// Mistakes of an entry as a whole stand at its table.
func TestMistakesOfAnEntryAreNamedAtItsTable(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, text, want string }{
		{"not a table", "[providers]\nacme = 3\n", "c.toml:2: providers.acme: the value is of type integer, and has to be of type table"},
		{"not a table of tables", "providers = 3\n", "c.toml:1: providers: "},
		{"no endpoints", "[providers.acme]\nname = \"A\"\n", "c.toml:1: providers.acme.issuer: needed"},
		{"no authorization endpoint", "[providers.acme]\ntoken_endpoint = \"https://a.example/t\"\n", "c.toml:1: providers.acme.authorization_endpoint: needed"},
		{"no device endpoint", "[providers.acme]\nflows = [\"device\"]\ntoken_endpoint = \"https://a.example/t\"\n", "c.toml:1: providers.acme.device_authorization_endpoint: needed"},
		{"provider id", "[providers.Acme]\nissuer = \"https://a.example\"\n", "c.toml: providers.Acme: "},
		{"two of one issuer", acmeTOML + "[providers.twin]\nissuer = \"https://a.example\"\n", "c.toml:2: providers.acme.issuer: providers.twin has the same issuer"},
		{"built-in one broken by a change", "[providers.google]\nrotation = \"x\"\n", "c.toml:2: providers.google.rotation: "},
		{"built-in kind broken by a change", "[providers.google]\nflows = [\"browser\"]\n", "c.toml:1: providers.google.client_kinds.tv.flows: \"device\" is not among the provider's flows"},
		{"too large", strings.Repeat("# filler\n", 1<<17), "c.toml: larger than 1 MiB"},
		{"not text", "\xff\xff", "c.toml:1: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			refused(t, tt.text, tt.want)
		})
	}
}

func refused(t *testing.T, text, want string) {
	t.Helper()
	_, err := builtin(t).With("c.toml", []byte(text))
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Fatalf("got  %v\nwant %s", err, want)
	}
	if s := err.Error(); strings.Contains(s, "hunter2") || strings.ContainsAny(s, "\n\x1b\u202e") {
		t.Errorf("the error shows a secret or is not one line: %q", s)
	}
}

// Whatever a config says, reading it ends in a catalogue or in an error that names the file.
func TestAnyTextIsReadOrRefused(t *testing.T) {
	t.Parallel()
	pieces := []string{"[providers.google", ".services.ads", ".resources]", "\n", "url = ", `"https://a.example"`, "{", "}", "[", "]", "a.b", "=", "deaths", ".x", "'''", `"""`, "#",
		"flows = [\"device\"]\n", "needs = { t = \"x\" }\n", "\\"}
	check := func(picks []uint8) bool {
		var text strings.Builder
		for _, n := range picks {
			text.WriteString(pieces[int(n)%len(pieces)])
		}
		c, err := new(provider.Catalogue).With("c.toml", []byte(text.String()))
		return err == nil && c != nil || strings.HasPrefix(err.Error(), "c.toml:")
	}
	if err := quick.Check(check, &quick.Config{MaxCount: 2000}); err != nil {
		t.Error(err)
	}
}
