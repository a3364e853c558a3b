package sandbox

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
)

// This file is the resource server: what the granted permissions open.

func (s *Server) apiRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1beta/accountSummaries", s.protected("analytics.readonly", s.accountSummaries))
	mux.HandleFunc("GET /drive/v3/files", s.protected("drive.metadata.readonly", s.files))
	mux.HandleFunc("GET /v1/reports", s.protected("reports.read", s.reports))
	mux.HandleFunc("GET /v1/me", s.protected("", s.me))
}

// protected serves a handler to bearers of a live token that carries the scope.
func (s *Server) protected(scope string, serve func(http.ResponseWriter, *http.Request, *User)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.journal.apiCall()
		at := s.bearer(r)
		if at == nil {
			refuseBearer(w, r, "invalid_token", "")
			return
		}
		recordOf(r.Context()).User = at.grant.user.Email
		if scope != "" && !contains(at.scopes, scope) {
			refuseBearer(w, r, "insufficient_scope", scope)
			return
		}
		serve(w, r, at.grant.user)
	}
}

// bearer is a copy of the live access token of a request, or nil.
func (s *Server) bearer(r *http.Request) *accessToken {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil
	}
	return s.liveToken(token)
}

// liveToken opens a token, which is its id encrypted, and looks whether that lives.
func (s *Server) liveToken(token string) *accessToken {
	packed, err := s.engine.Provider().Crypto().Decrypt(token)
	if err != nil {
		return nil
	}
	id, _, _ := strings.Cut(packed, ":")
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	at := s.store.liveAccess(id)
	if at == nil {
		return nil
	}
	// A copy, because the lock ends here and a revocation may come while the answer is written.
	snapshot := *at
	return &snapshot
}

// refuseBearer answers as RFC 6750 §3 says, with a body like Google's.
func refuseBearer(w http.ResponseWriter, r *http.Request, code, scope string) {
	status, reason, message, name := http.StatusUnauthorized, "ACCESS_TOKEN_EXPIRED", "Request had invalid authentication credentials.", "UNAUTHENTICATED"
	challenge := `Bearer realm="sandbox", error="` + code + `"`
	if scope != "" {
		status, reason, message, name = http.StatusForbidden, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "Request had insufficient authentication scopes.", "PERMISSION_DENIED"
		challenge += `, scope="` + scope + `"`
	}
	w.Header().Set("WWW-Authenticate", challenge)
	recordOf(r.Context()).Error = code
	writeJSON(w, status, map[string]any{"error": map[string]any{
		"code": status, "message": message, "status": name,
		"details": []map[string]string{{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}},
	}})
}

func (s *Server) accountSummaries(w http.ResponseWriter, r *http.Request, u *User) {
	items := make([]any, 0, len(u.Accounts))
	for _, a := range u.Accounts {
		properties := make([]map[string]string, 0, len(a.Properties))
		for _, p := range a.Properties {
			properties = append(properties, map[string]string{
				"property": "properties/" + p.ID, "displayName": p.Name,
				"propertyType": "PROPERTY_TYPE_ORDINARY", "parent": "accounts/" + a.ID,
			})
		}
		items = append(items, map[string]any{
			"name": "accountSummaries/" + a.ID, "account": "accounts/" + a.ID,
			"displayName": a.Name, "propertySummaries": properties,
		})
	}
	s.page(w, r, "accountSummaries", items, 50)
}

func (s *Server) files(w http.ResponseWriter, r *http.Request, u *User) {
	items := make([]any, 0, len(u.Sheets))
	for _, f := range u.Sheets {
		items = append(items, map[string]string{
			"kind": "drive#file", "mimeType": "application/vnd.google-apps.spreadsheet", "id": f.ID, "name": f.Name,
		})
	}
	s.page(w, r, "files", items, 100)
}

func (s *Server) reports(w http.ResponseWriter, r *http.Request, u *User) {
	items := make([]any, 0, len(u.Reports))
	for _, report := range u.Reports {
		items = append(items, map[string]string{"id": report.ID, "title": report.Title, "folder": report.Folder})
	}
	s.page(w, r, "reports", items, 50)
}

func (s *Server) me(w http.ResponseWriter, _ *http.Request, u *User) {
	writeJSON(w, http.StatusOK, map[string]string{"sub": u.Subject, "name": u.Name, "email": u.Email})
}

// page answers one page of a list; page tokens are opaque to the client.
func (s *Server) page(w http.ResponseWriter, r *http.Request, name string, items []any, size int) {
	query := r.URL.Query()
	if n, err := strconv.Atoi(query.Get("pageSize")); err == nil && n > 0 {
		size = n
	}
	// A server may give fewer than asked for: a client that counts on its own page size stops too early.
	size = min(size, s.opts.PageLimit)
	from, err := pageStart(query.Get("pageToken"), len(items))
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": map[string]any{
			"code": http.StatusBadRequest, "message": err.Error(), "status": "INVALID_ARGUMENT",
		}})
		return
	}
	to := min(from+size, len(items))
	answer := map[string]any{name: items[from:to]}
	if to < len(items) {
		answer["nextPageToken"] = base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "from=%d", to))
	}
	writeJSON(w, http.StatusOK, answer)
}

// pageStart reads a page token; one that somebody made up is refused, not taken for the first page.
func pageStart(token string, length int) (int, error) {
	if token == "" {
		return 0, nil
	}
	var from int
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		_, err = fmt.Sscanf(string(raw), "from=%d", &from)
	}
	if err != nil || from < 0 || from > length {
		return 0, fmt.Errorf("page token is invalid")
	}
	return from, nil
}

func (s *Server) userinfo(w http.ResponseWriter, r *http.Request) {
	at := s.bearer(r)
	if at == nil {
		refuseBearer(w, r, "invalid_token", "")
		return
	}
	info := &oidc.UserInfo{}
	if err := s.store.SetUserinfoFromScopes(r.Context(), info, at.grant.user.Subject, at.grant.client, at.scopes); err != nil {
		writeOAuthError(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, info)
}

// tokeninfo tells what an access token is good for. Numbers and booleans are strings, as at Google.
func (s *Server) tokeninfo(w http.ResponseWriter, r *http.Request) {
	at := s.bearer(r)
	if at == nil {
		at = s.liveToken(r.FormValue("access_token"))
	}
	if at == nil {
		recordOf(r.Context()).Error = "invalid_token"
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": "invalid_token", "error_description": "Invalid Value"})
		return
	}
	out := map[string]string{
		"azp": at.grant.client, "aud": at.grant.client, "sub": at.grant.user.Subject, "scope": strings.Join(at.scopes, " "),
		"exp": strconv.FormatInt(at.expires.Unix(), 10), "expires_in": strconv.FormatInt(seconds(at.expires.Sub(s.store.now())), 10),
		"access_type": "offline",
	}
	if contains(at.scopes, oidc.ScopeEmail) {
		out["email"], out["email_verified"] = at.grant.user.Email, "true"
	}
	writeJSON(w, http.StatusOK, out)
}
