package oauthflow

import "net/http"

// ParseError reads an answer that refused something just as the flows of this package read theirs. It serves whoever
// has the answer by other means, such as a recorded one.
func ParseError(place Place, providerID string, status int, header http.Header, body []byte) *Error {
	a := &answer{status: status, header: header}
	a.decode(body)
	return a.failure(place, providerID, nil)
}
