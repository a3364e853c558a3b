package otheras

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/ory/fosite"
)

// itemCount and pageSize make three pages, the last one short.
const (
	itemCount = 5
	pageSize  = 2
)

// me tells whose token it is.
func (s *Server) me(w http.ResponseWriter, r *http.Request) {
	if session := s.bearer(w, r); session != nil {
		writeJSON(w, map[string]any{"sub": session.GetSubject(), "email": session.GetUsername()})
	}
}

// items lists the resources a page at a time: {"items": [{"id", "title", "folder"}], "next": "2"}, next only while there
// is more; ?page=N continues.
func (s *Server) items(w http.ResponseWriter, r *http.Request) {
	if s.bearer(w, r, ScopeRead) == nil {
		return
	}
	page := 1
	if text := r.URL.Query().Get("page"); text != "" {
		number, err := strconv.Atoi(text)
		if err != nil || number < 1 || number > (itemCount+pageSize-1)/pageSize {
			http.Error(w, "no such page", http.StatusBadRequest)
			return
		}
		page = number
	}
	list := []map[string]string{}
	for i := (page-1)*pageSize + 1; i <= min(page*pageSize, itemCount); i++ {
		list = append(list, map[string]string{"id": strconv.Itoa(i), "title": fmt.Sprintf("Item %d", i), "folder": fmt.Sprintf("Folder %d", page)})
	}
	answer := map[string]any{"items": list}
	if page*pageSize < itemCount {
		answer["next"] = strconv.Itoa(page + 1)
	}
	writeJSON(w, answer)
}

// bearer returns the session of the access token in the header, or answers itself as RFC 6750 says and returns nil.
func (s *Server) bearer(w http.ResponseWriter, r *http.Request, scopes ...string) fosite.Session {
	token := fosite.AccessTokenFromRequest(r)
	use, request, err := s.oauth.IntrospectToken(r.Context(), token, fosite.AccessToken, new(fosite.DefaultSession))
	if err != nil || use != fosite.AccessToken {
		w.Header().Set("WWW-Authenticate", `Bearer error="invalid_token"`)
		http.Error(w, "invalid token", http.StatusUnauthorized)
		return nil
	}
	if !request.GetGrantedScopes().Has(scopes...) {
		w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope"`)
		http.Error(w, "insufficient scope", http.StatusForbidden)
		return nil
	}
	return request.GetSession()
}
