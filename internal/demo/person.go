package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// everyBox ticks all boxes of a consent page.
const everyBox = "all"

// person answers the providers' pages over HTTP, with the requests that HOW-TO-APPROVE.txt shows as curl lines.
type person struct{ http *http.Client }

func newPerson() person {
	return person{&http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// approveCode enters a user code at the device page and ticks boxes.
func (p person) approveCode(ctx context.Context, page, code, email string, boxes ...string) error {
	_, err := p.post(ctx, page, url.Values{"user_code": {code}, "user": {email}, "allow": boxes}, http.StatusOK)
	return err
}

// approveAddress opens an authorization URL, ticks boxes, and returns the address that the browser would be sent to.
func (p person) approveAddress(ctx context.Context, address, email string, boxes ...string) (string, error) {
	return p.post(ctx, address, url.Values{"user": {email}, "allow": boxes, "go": {"1"}}, http.StatusSeeOther)
}

// post sends a form to a page that has to answer with status, and returns where it leads.
func (p person) post(ctx context.Context, page string, form url.Values, status int) (leads string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, page, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := p.http.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, answer.Body.Close()) }()
	if answer.StatusCode != status {
		return "", fmt.Errorf("the provider's page answered %s", answer.Status)
	}
	_, err = io.Copy(io.Discard, io.LimitReader(answer.Body, 1<<20))
	return answer.Header.Get("Location"), err
}
