package sandbox

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// authorize is the authorization endpoint. Errors the client may hear go to its redirect, with iss;
// anything wrong with the client or the redirect itself is shown here and goes nowhere (RFC 6749 §4.1.2.1).
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	id, req, err := s.begin(r)
	switch {
	case err == nil && decides(r):
		s.answerRequest(w, r, id)
	case err == nil:
		http.Redirect(w, r, consentPath+"?request="+id, http.StatusSeeOther) //nolint:gosec // our own page and a random id
	case req != nil:
		s.redirectError(w, r, req, err)
	default:
		s.showError(w, http.StatusBadRequest, describe(err))
	}
}

// begin validates an authorization request and stores it. The request comes back beside an error
// when that error may be sent to its redirect.
func (s *Server) begin(r *http.Request) (string, *oidc.AuthRequest, error) {
	if err := r.ParseForm(); err != nil {
		return "", nil, oidc.ErrInvalidRequest().WithDescription("the request cannot be read")
	}
	ctx, provider := r.Context(), s.engine.Provider()
	req, err := op.ParseAuthorizeRequest(r, provider.Decoder())
	if err != nil {
		return "", nil, err
	}
	client, err := s.store.GetClientByClientID(ctx, req.ClientID)
	if err != nil {
		return "", nil, err
	}
	recordOf(ctx).Client = client.GetID()
	if err := op.ValidateAuthReqRedirectURI(client, req.RedirectURI, req.ResponseType); err != nil {
		return "", nil, err
	}
	if err := s.stricter(req, client); err != nil {
		return "", req, err
	}
	if _, err := op.ValidateAuthRequestClient(ctx, req, client, provider.IDTokenHintVerifier(ctx)); err != nil {
		return "", req, err
	}
	stored, err := s.store.CreateAuthRequest(ctx, req, "")
	if err != nil {
		return "", req, err
	}
	return stored.GetID(), req, nil
}

// stricter refuses early what the library lets pass or drops silently.
func (s *Server) stricter(req *oidc.AuthRequest, client op.Client) error {
	switch {
	case slices.ContainsFunc(req.Scopes, s.store.unknown):
		return errUnknownScope()
	case req.CodeChallenge == "" && client.AuthMethod() == oidc.AuthMethodNone:
		return oidc.ErrInvalidRequest().WithDescription("code_challenge required")
	case req.CodeChallenge != "" && req.CodeChallengeMethod != oidc.CodeChallengeMethodS256:
		return oidc.ErrInvalidRequest().WithDescription("code_challenge_method must be S256")
	case req.ResponseMode != "" && req.ResponseMode != oidc.ResponseModeQuery:
		return oidc.ErrInvalidRequest().WithDescription("response_mode must be query")
	case req.RequestParam != "":
		return oidc.ErrRequestNotSupported()
	case slices.Contains(req.Prompt, oidc.PromptNone):
		return oidc.ErrInteractionRequired()
	}
	return nil
}

// answerRequest carries out what the person chose and sends the browser back to the client.
func (s *Server) answerRequest(w http.ResponseWriter, r *http.Request, id string) {
	if refuses(r) && s.opts.Quirks.CancelPage {
		s.showError(w, http.StatusInternalServerError, "an unexpected error occurred")
		return
	}
	back, err := s.finish(r.Context(), id, r)
	if err != nil {
		s.showError(w, http.StatusBadRequest, err.Error())
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // the client's registered redirect
}

func (s *Server) finish(ctx context.Context, id string, r *http.Request) (string, error) {
	var user *User
	if !refuses(r) {
		var err error
		if user, err = s.signedIn(id, r.PostForm.Get("user")); err != nil {
			return "", err
		}
	}
	req, err := s.store.decide(id, user, consentFrom(r))
	if err != nil {
		return "", err
	}
	if user == nil {
		return s.errorURL(req.AuthRequest, oidc.ErrAccessDenied().WithDescription("The user cancelled."))
	}
	code, err := op.CreateAuthRequestCode(ctx, req, s.store, randomCodes{})
	if err != nil {
		return "", err
	}
	return s.backURL(req.AuthRequest, &op.CodeResponseType{Code: code, State: req.State})
}

// signedIn is who answers a request: the one the form names, else the one the client hinted at, as the
// page preselects it, else the first user.
func (s *Server) signedIn(id, named string) (*User, error) {
	if named == "" {
		if req, err := s.store.pending(id); err == nil {
			if hinted, err := s.store.user(req.LoginHint); err == nil {
				return hinted, nil
			}
		}
	}
	return s.store.user(named)
}

// backURL is the client's redirect with an answer and, as RFC 9207 wants, the issuer.
func (s *Server) backURL(req *oidc.AuthRequest, answer any) (string, error) {
	back, err := op.AuthResponseURL(req.RedirectURI, req.ResponseType, oidc.ResponseModeQuery, answer, s.engine.Provider().Encoder())
	if err != nil {
		return "", err
	}
	u, err := url.Parse(back)
	if err != nil {
		return "", err
	}
	query := u.Query()
	query.Set("iss", s.issuer)
	u.RawQuery = query.Encode()
	return u.String(), nil
}

func (s *Server) errorURL(req *oidc.AuthRequest, err error) (string, error) {
	e := oidc.DefaultToServerError(err, "internal error")
	e.State = req.State
	return s.backURL(req, e)
}

func (s *Server) redirectError(w http.ResponseWriter, r *http.Request, req *oidc.AuthRequest, err error) {
	recordOf(r.Context()).Error = describe(err)
	back, err := s.errorURL(req, err)
	if err != nil {
		s.showError(w, http.StatusBadRequest, describe(err))
		return
	}
	http.Redirect(w, r, back, http.StatusSeeOther) //nolint:gosec // the client's registered redirect
}

// describe is an error in words for the person, without the library's internals.
func describe(err error) string {
	var e *oidc.Error
	if errors.As(err, &e) {
		if e.Description != "" {
			return e.Description
		}
		return strings.ReplaceAll(string(e.ErrorType), "_", " ")
	}
	return err.Error()
}
