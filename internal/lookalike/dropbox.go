package lookalike

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"

	"fettle/oauthflow/provider"
)

// dropbox shows its code on a page where no redirect is given, lists by POST with a cursor, refuses bodies of a
// type it does not expect, and names a scope that is missing.
type dropbox struct{ *Server }

const (
	dropboxAPI      = "api.dropboxapi.com/2/"
	dropboxFolder   = dropboxAPI + "files/list_folder"
	dropboxContinue = dropboxFolder + "/continue"
)

func startDropbox(o Options) (*Server, error) {
	d := &dropbox{}
	s, err := start(o, habits{
		id: "dropbox", clientID: "lookalikeappkey", secret: secretIf(o.Confidential),
		authorize: "www.dropbox.com/oauth2/authorize", exchange: "api.dropboxapi.com/oauth2/token",
		denied:    url.Values{"error": {"access_denied"}, "error_description": {"The user chose not to give your app access to their Dropbox account."}},
		refreshes: func(a *asking) bool { return a.params.Get("token_access_type") == "offline" },
		rotation:  provider.RotationNone, lasts: 14400, refusals: dropboxRefusals,
		speak: func(g *grant, m object) {
			m["token_type"] = "bearer"
			if _, first := m["refresh_token"]; first {
				m["uid"], m["account_id"] = "12345", "dbid:"+g.person.Subject
			} else {
				delete(m, "scope") // a refresh answers with the token, its type and its term alone
			}
		},
	})
	if err != nil {
		return nil, err
	}
	d.Server = s
	s.route("POST "+dropboxAPI+"users/get_current_account", d.open("account_info.read", func(t access, _ *http.Request) Answer {
		return reply(object{"account_id": "dbid:" + t.person.Subject, "email": t.person.Email, "email_verified": true, "name": object{"display_name": t.person.Name}, "account_type": object{".tag": "business"}})
	}))
	s.route("POST "+dropboxAPI+"auth/token/revoke", d.open("", func(t access, _ *http.Request) Answer {
		// Revoking the access token ends the refresh token with it.
		t.dead = true
		return Answer{Header: map[string]string{"Content-Type": "application/json"}, Body: "null"}
	}))
	s.route("POST "+dropboxFolder, d.open("files.metadata.read", d.list))
	s.route("POST "+dropboxContinue, d.open("files.metadata.read", d.list))
	s.items[dropboxFolder] = []any{
		object{".tag": "folder", "id": "id:1", "name": "Reports", "path_display": "/Reports"},
		object{".tag": "file", "id": "id:2", "name": "Budget.xlsx", "path_display": "/Budget.xlsx"},
		object{".tag": "file", "id": "id:3", "name": "Leads.csv", "path_display": "/Leads.csv"},
	}
	return d.Server, nil
}

// dropboxRefusals put a sentence behind the code of a bad client: whoever compares whole codes does not know it.
var dropboxRefusals = map[reason]Answer{
	badClient:   refuse(400, object{"error": "invalid_client: Invalid client_id or client_secret", "error_description": "Invalid client_id or client_secret"}),
	badCode:     refuse(400, object{"error": "invalid_grant", "error_description": "code doesn't exist or has expired"}),
	badVerifier: refuse(400, object{"error": "invalid_grant", "error_description": "invalid code verifier"}),
	deadToken:   refuse(400, object{"error": "invalid_grant", "error_description": "refresh token is invalid or revoked"}),
	badType:     refuse(400, object{"error": "unsupported_grant_type"}),
}

// tagged is an error of the API: the summary ends in dots that mean nothing.
func tagged(status int, tag string, more object) Answer {
	e := object{".tag": tag}
	for name, value := range more {
		e[name] = value
	}
	return refuse(status, object{"error_summary": tag + "/..", "error": e})
}

// open serves a call to a live token with that scope; "" = any token.
func (d *dropbox) open(scope string, h func(t access, r *http.Request) Answer) handler {
	return func(r *http.Request) Answer {
		t, ok := d.bearer(r)
		switch kind := r.Header.Get("Content-Type"); {
		// Judged before the token is: a form body with a good token is refused, too.
		case kind != "" && kind != "application/json":
			return Answer{Status: http.StatusBadRequest, Body: `Error in call to API function: Bad HTTP "Content-Type" header: "` + kind + `".`}
		case !ok && (t.grant == nil || t.dead):
			return tagged(401, "invalid_access_token", nil)
		case !ok:
			return tagged(401, "expired_access_token", nil)
		case scope != "" && !t.has(scope):
			return tagged(401, "missing_scope", object{"required_scope": scope})
		}
		return h(t, r)
	}
}

// list answers the first page, and further ones at another address by the cursor, which the last page has too.
func (d *dropbox) list(_ access, r *http.Request) Answer {
	var asked struct{ Cursor string }
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || (asked.Cursor != "") != (r.URL.Path == "/"+dropboxContinue) {
		return Answer{Status: http.StatusBadRequest, Body: "Error in call to API function: request body: could not decode input as JSON"}
	}
	some, next := d.leaf(dropboxFolder, asked.Cursor)
	cursor := next
	if next == 0 {
		cursor = len(d.items[dropboxFolder])
	}
	return reply(object{"entries": some, "cursor": strconv.Itoa(cursor), "has_more": next > 0})
}
