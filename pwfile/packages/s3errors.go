package packages

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"fettle/internal/safetext"
)

// noConditions says within this package that a server knows no conditional writes.
const noConditions Code = "no_conditions"

// said is what a cause and a remedy are for one of S3's error codes.
type said struct {
	code         Code
	text, remedy string
}

// s3Said holds the codes that people meet. Servers that are not Amazon's use the same words; what is missing here is
// told by its HTTP status.
var s3Said = map[string]said{
	"NoSuchBucket":                 {NoTarget, "there is no such bucket", "make the bucket, or correct its name, the endpoint or the region"},
	"NoSuchKey":                    {notThere, "there is no such object", ""},
	"AccessDenied":                 {Denied, "access is denied", "let these credentials list, read, write and delete there (s3:ListBucket, GetObject, PutObject, DeleteObject)"},
	"InvalidAccessKeyId":           {Denied, "the access key is not known there", "correct AWS_ACCESS_KEY_ID or the profile"},
	"SignatureDoesNotMatch":        {Denied, "the secret key is not the one that belongs to the access key", "correct AWS_SECRET_ACCESS_KEY or the profile"},
	"ExpiredToken":                 {Denied, "the session of these credentials is over", "get new ones, such as with `aws sso login`"},
	"InvalidToken":                 {Denied, "the session token is not accepted", "get new credentials"},
	"RequestTimeTooSkewed":         {ClockSkew, "this machine's clock differs too much from the server's", "set the clock, such as with `timedatectl set-ntp true`"},
	"PermanentRedirect":            {WrongRegion, "the bucket is in another region", "correct region=… at the end of the destination"},
	"AuthorizationHeaderMalformed": {WrongRegion, "the bucket is in another region", "correct region=… at the end of the destination"},
	"PreconditionFailed":           {Conflict, "somebody else synced to it meanwhile", "look at `fettle package plan`, then sync again"},
	"ConditionalRequestConflict":   {Conflict, "somebody else synced to it meanwhile", "look at `fettle package plan`, then sync again"},
	"NotImplemented":               {noConditions, "the server knows no conditional writes", ""},
	"QuotaExceeded":                {Full, "the quota there is used up", "make room there"},
	"StorageFull":                  {Full, "the storage there is full", "make room there"},
	"XMinioStorageFull":            {Full, "the storage there is full", "make room there"},
	"SlowDown":                     {Unreachable, "the server asks to slow down", "run the same again later"},
	"InternalError":                {Unreachable, "the server failed", "run the same again later"},
	"ServiceUnavailable":           {Unreachable, "the server is not available", "run the same again later"},
	"XAmzContentSHA256Mismatch":    {Damaged, "what arrived is not what was sent", "run the same again"},
	"BadDigest":                    {Damaged, "what arrived is not what was sent", "run the same again"},
	"InvalidBucketName":            {BadTarget, "that is no name of a bucket", "correct the destination"},
	"InvalidObjectState":           {Denied, "the object was moved to an archive", "restore it, or keep such rules away from this prefix"},
	"KeyTooLongError":              {BadTarget, "the name is too long there", "choose shorter names in the package"},
	"MethodNotAllowed":             {WrongServer, "the server does not let this be done", "check the endpoint and the bucket's policy"},
	"OperationAborted":             {Unreachable, "the server is busy with the same object", "run the same again"},
	"RequestTimeout":               {Unreachable, "the upload was too slow for the server", "run the same again"},
}

// explain turns what the SDK says into an *Error. Nothing of it is shown but error codes: an answer may quote a request.
func (t target) explain(name string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	// The SDK wraps the end of a context as a failed request; to the caller it is the caller's own doing.
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s: interrupted: %w", t.name(name), context.Canceled)
	}
	e := &Error{Code: Unreachable, Target: t.name(name), Text: "there is no answer", Remedy: "check the endpoint and the network, then run the same again", Err: err}
	status := 0
	if answered, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status = answered.HTTPStatusCode()
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		if s, known := s3Said[api.ErrorCode()]; known {
			e.Code, e.Text, e.Remedy = s.code, s.text, s.remedy
			return e
		}
		// An unknown code still says more than its status alone; it is a server's word and may hold anything.
		e.Text = fmt.Sprintf("the server says %s", safetext.Cut(api.ErrorCode(), 60))
	}
	e.byStatus(status)
	if status == 0 {
		e.byTransport(err)
	}
	return e
}

// byStatus judges an answer whose code says nothing: HEAD has no body, and a web server is no storage.
func (e *Error) byStatus(status int) {
	switch {
	case status == 0:
	// 412: the tag has changed; 409: two conditional writes met. Either way somebody else was there.
	case status == http.StatusPreconditionFailed, status == http.StatusConflict:
		e.Code, e.Text, e.Remedy = Conflict, "somebody else synced to it meanwhile", "look at `fettle package plan`, then sync again"
	case status == http.StatusForbidden, status == http.StatusUnauthorized:
		e.Code, e.Text, e.Remedy = Denied, "access is denied", "check the credentials and the bucket's policy"
	case status == http.StatusNotImplemented:
		e.Code, e.Text, e.Remedy = noConditions, "the server knows no conditional writes", ""
	// The SDK does not follow a 301: its signature names the host.
	case status >= 300 && status < 400:
		e.Code, e.Text, e.Remedy = WrongRegion, "the bucket is at another address", "correct endpoint=… and region=… at the end of the destination"
	case status == http.StatusInsufficientStorage:
		e.Code, e.Text, e.Remedy = Full, "the storage there is full", "make room there"
	case status >= 500 || status == http.StatusTooManyRequests:
		e.Text, e.Remedy = fmt.Sprintf("the server failed (HTTP %d)", status), "run the same again later"
	default:
		e.Code, e.Text = WrongServer, fmt.Sprintf("what answers there does not speak like S3 storage (HTTP %d)", status)
		e.Remedy = "check endpoint=… at the end of the destination"
	}
}

// byTransport judges a request that got no answer. The order matters: a name that does not resolve is a failed dial, too,
// and the SDK wraps everything into an OperationError.
func (e *Error) byTransport(err error) {
	var unknown *net.DNSError
	var refused *net.OpError
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var verification *tls.CertificateVerificationError
	var profile config.SharedConfigProfileNotExistError
	var decoding *smithy.DeserializationError
	var operation *smithy.OperationError
	switch {
	case errors.As(err, &profile):
		e.Code, e.Text, e.Remedy = Denied, "there is no such profile in ~/.aws", "correct profile=… at the end of the destination, or AWS_PROFILE"
	case errors.As(err, &unknown):
		e.Text, e.Remedy = "the name of the server cannot be resolved", "check endpoint=… and region=… at the end of the destination, and DNS"
	case errors.As(err, &authority), errors.As(err, &host), errors.As(err, &verification):
		e.Code, e.Text, e.Remedy = WrongServer, "its certificate is not trusted for this name", "check the endpoint; a private authority goes into the system's store or SSL_CERT_FILE"
	case errors.Is(err, errStalled):
		e.Text = errStalled.Error()
	case errors.As(err, &refused) && refused.Op == "dial":
		e.Text = "nothing answers at that address"
	case credentials(err):
		e.Code, e.Text = Denied, "no credentials were found"
		e.Remedy = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile of ~/.aws with profile=…"
	case errors.As(err, &decoding):
		e.Code, e.Text, e.Remedy = WrongServer, "what answers there does not speak like S3 storage", "check endpoint=… at the end of the destination"
	case errors.As(err, &operation):
		e.Text = "the connection broke off"
	}
}

// credentials reports whether the chain found none. The SDK has no type for that, only these words.
func credentials(err error) bool {
	return strings.Contains(err.Error(), "get identity: get credentials:")
}
