package lookalike

import (
	"encoding/json"
	"net/http"
)

// Answer is one HTTP answer. A body that begins with { or [ is JSON, one with < a page, unless the header says otherwise.
type Answer struct {
	Status int // 0 = 200
	Header map[string]string
	Body   string
}

// write sends an answer.
func (s *Server) write(w http.ResponseWriter, a Answer) {
	h := w.Header()
	if a.Body != "" {
		h.Set("Content-Type", kindOf(a.Body[0]))
	}
	for name, value := range a.Header {
		h.Set(name, value)
	}
	if a.Status == 0 {
		a.Status = http.StatusOK
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write([]byte(a.Body)) // the client went away
}

func kindOf(first byte) string {
	switch first {
	case '{', '[':
		return "application/json; charset=utf-8"
	case '<':
		return "text/html; charset=utf-8"
	}
	return "text/plain; charset=utf-8"
}

// reply is a good answer with a JSON body.
func reply(v any) Answer { return refuse(http.StatusOK, v) }

// refuse is an answer with a status and a JSON body.
func refuse(status int, v any) Answer {
	body, err := json.Marshal(v)
	if err != nil { // the tables hold nothing but maps, lists, texts and numbers
		return Answer{Status: http.StatusInternalServerError, Body: err.Error()}
	}
	return Answer{Status: status, Body: string(body)}
}

// object is a JSON object as it stands in the tables.
type object = map[string]any
