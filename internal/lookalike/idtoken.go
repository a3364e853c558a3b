package lookalike

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"sync"
	"time"
)

const keyID = "lookalike-1"

// signingKey is RSA because all of these providers sign with RS256; one serves the whole process, making it takes long.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })

// idToken signs what is known about the person (OpenID Connect Core §2). A failure yields "", which nobody accepts.
func (s *Server) idToken(g *grant) string {
	key, err := signingKey()
	if err != nil {
		return ""
	}
	now := s.Clock()
	claims := s.claims(g)
	standard := object{
		"iss": s.URL(s.issuer), "aud": s.clientID, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "sub": g.person.Subject,
	}
	for name, value := range standard {
		if _, own := claims[name]; !own {
			claims[name] = value
		}
	}
	signed := part(object{"alg": "RS256", "typ": "JWT", "kid": keyID}) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		return ""
	}
	return signed + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func part(m object) string {
	text, _ := json.Marshal(m) // maps of texts and numbers always encode
	return base64.RawURLEncoding.EncodeToString(text)
}

// keys is the JWKS document.
func (s *Server) keys(*http.Request) Answer {
	key, err := signingKey()
	if err != nil {
		return Answer{Status: http.StatusInternalServerError, Body: err.Error()}
	}
	return reply(object{"keys": []object{{
		"kty": "RSA", "use": "sig", "alg": "RS256", "kid": keyID,
		"n": base64.RawURLEncoding.EncodeToString(key.N.Bytes()),
		"e": base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.E)).Bytes()),
	}}})
}
