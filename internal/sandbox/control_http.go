package sandbox

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// The controls for a shell: what the Go methods do, as forms. They are reachable from this machine only.

func (s *Server) controlRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+controlPrefix+"faults", s.listFaults)
	mux.HandleFunc("POST "+controlPrefix+"faults", s.orderFault)
	mux.HandleFunc("DELETE "+controlPrefix+"faults", func(w http.ResponseWriter, r *http.Request) {
		s.Faults.Clear()
		s.listFaults(w, r)
	})
	mux.HandleFunc("POST "+controlPrefix+"revoke", s.orderRevoke)
	mux.HandleFunc("POST "+controlPrefix+"expire", s.orderExpire)
	mux.HandleFunc("GET "+controlPrefix+"stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Stats()) })
	mux.HandleFunc("GET "+controlPrefix+"grants", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Grants()) })
	mux.HandleFunc("GET "+controlPrefix+"requests", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, s.Requests()) })
}

func (s *Server) listFaults(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Faults.Pending())
}

func (s *Server) orderFault(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("clear") != "" {
		s.Faults.Clear()
		s.listFaults(w, r)
		return
	}
	fault := Fault{
		Kind: FaultKind(r.FormValue("kind")), On: Target(r.FormValue("on")), Grant: r.FormValue("grant"),
		Code: r.FormValue("code"), Description: r.FormValue("description"), Subtype: r.FormValue("subtype"),
	}
	read := formReader{r: r}
	fault.Times, fault.Status = read.number("times"), read.number("status")
	fault.Delay, fault.RetryAfter = read.duration("delay"), read.duration("retry_after")
	if read.err == nil {
		read.err = s.Faults.Add(fault)
	}
	if read.err != nil {
		http.Error(w, read.err.Error(), http.StatusBadRequest)
		return
	}
	s.listFaults(w, r)
}

func (s *Server) orderRevoke(w http.ResponseWriter, r *http.Request) {
	user, scope := r.FormValue("user"), r.FormValue("scope")
	n := 0
	if scope == "" {
		n = s.RevokeEverything(user)
	} else {
		n = s.RevokeScope(user, scope)
	}
	writeJSON(w, http.StatusOK, map[string]int{"grants": n})
}

func (s *Server) orderExpire(w http.ResponseWriter, r *http.Request) {
	read := formReader{r: r}
	d := read.duration("in")
	if read.err != nil {
		http.Error(w, read.err.Error(), http.StatusBadRequest)
		return
	}
	if r.FormValue("what") == "access" {
		writeJSON(w, http.StatusOK, map[string]int{"access_tokens": s.ExpireAccessIn(r.FormValue("user"), d)})
		return
	}
	writeJSON(w, http.StatusOK, map[string]int{"grants": s.ExpireIn(r.FormValue("user"), d)})
}

// formReader reads optional fields and keeps the first mistake.
type formReader struct {
	r   *http.Request
	err error
}

func (f *formReader) number(name string) int {
	text := f.r.FormValue(name)
	if text == "" || f.err != nil {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		f.err = fmt.Errorf("%s must be a whole number", name)
	}
	return n
}

// duration takes "1500ms", "2s" or plain seconds.
func (f *formReader) duration(name string) time.Duration {
	text := f.r.FormValue(name)
	if text == "" || f.err != nil {
		return 0
	}
	if n, err := strconv.Atoi(text); err == nil {
		return time.Duration(n) * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		f.err = fmt.Errorf("%s must be a duration such as 2s", name)
	}
	return d
}
