package packages

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

const (
	s3Attempts     = 4
	s3Pause        = 4 * time.Second  // at most, between two of them
	s3Headers      = 60 * time.Second // until an answer begins
	s3ObjectLimit  = 5 << 30          // what one PUT may carry
	s3LoggedRegion = "us-east-1"      // where an endpoint is named, any region will do for the signature
)

// bucket keeps packages in S3-compatible object storage. PUT is atomic there by itself.
type bucket struct {
	target
	client *s3.Client
}

// openS3 makes a client with the credentials of the SDK's usual chain: environment, ~/.aws, the machine's role.
func openS3(ctx context.Context, t target) (depot, error) {
	opts := []func(*config.LoadOptions) error{
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTransportOptions(func(tr *http.Transport) {
			tr.ResponseHeaderTimeout = s3Headers
			tr.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		})),
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = s3Attempts, s3Pause })
		}),
		config.WithLogger(logging.Nop{}), // the SDK would write to stderr, over the screens
	}
	if t.region != "" {
		opts = append(opts, config.WithRegion(t.region))
	}
	if t.profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(t.profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return nil, t.explain("", err)
	}
	// The SDK refuses to sign without a region; servers other than Amazon's take any.
	if cfg.Region == "" && t.endpoint != "" {
		cfg.Region = s3LoggedRegion
	}
	if cfg.Region == "" {
		return nil, &Error{Code: WrongRegion, Target: t.spelled, Text: "no region is known", Remedy: "write ?region=… at its end, or set AWS_REGION"}
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = t.pathStyle
		// Servers other than Amazon's stumble over the checksums that the SDK adds by itself. Content is checked by its
		// SHA-256 here in any case.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		if t.endpoint != "" {
			o.BaseEndpoint = aws.String(t.endpoint)
		}
	})
	return &bucket{target: t, client: client}, nil
}

func (b *bucket) key(name string) *string {
	if b.prefix == "" {
		return &name
	}
	return aws.String(b.prefix + "/" + name)
}

func (b *bucket) read(ctx context.Context, name string) ([]byte, string, error) {
	var content []byte
	var tag string
	err := b.again(ctx, name, func(ctx context.Context, alive func(int64)) error {
		out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.bucket, Key: b.key(name)})
		if err != nil {
			return err
		}
		defer func() { _ = out.Body.Close() }() // it was read
		content, err = io.ReadAll(&countingReader{io.LimitReader(out.Body, manifestLimit+1), alive})
		tag = aws.ToString(out.ETag)
		return err
	})
	return content, tag, err
}

func (b *bucket) get(ctx context.Context, name string, w io.Writer) error {
	// Once: w has what came so far. Who reads with it knows how to begin anew.
	return b.once(ctx, name, func(ctx context.Context, alive func(int64)) error {
		out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.bucket, Key: b.key(name)})
		if err != nil {
			return err
		}
		defer func() { _ = out.Body.Close() }() // it was read
		_, err = io.Copy(w, &countingReader{out.Body, alive})
		return err
	})
}

func (b *bucket) put(ctx context.Context, name string, s source) error {
	if s.size > s3ObjectLimit {
		return &Error{Code: BadTarget, Target: s.path, Text: "it is larger than 5 GiB, the most that one upload to object storage can carry", Remedy: "leave it out of the package"}
	}
	sum, err := hex.DecodeString(s.sha256)
	if err != nil {
		return err
	}
	return b.again(ctx, name, func(ctx context.Context, alive func(int64)) error {
		from, err := s.open()
		if err != nil {
			return folderError(s.path, err)
		}
		defer func() { _ = from.Close() }() // nothing was written
		moved := s.moved
		s := s
		s.moved = func(n int64) {
			alive(n)
			if moved != nil {
				moved(n)
			}
		}
		body := newCheckedReader(from, s)
		in := &s3.PutObjectInput{Bucket: &b.bucket, Key: b.key(name), Body: body, ContentLength: &s.size}
		in.ChecksumSHA256 = aws.String(base64.StdEncoding.EncodeToString(sum)) // a server that knows it refuses anything else
		if _, err = b.client.PutObject(ctx, in, s3.WithAPIOptions(unsignedPayload)); err != nil {
			body.takeBack() // the SDK reads no more of it once it has returned
		}
		if errors.Is(err, errContent) {
			return folderError(s.path, errContent)
		}
		return err
	})
}

// unsignedPayload spares reading a file twice: the signature covers the checksum, and the checksum the content.
var unsignedPayload = v4.SwapComputePayloadSHA256ForUnsignedPayloadMiddleware

// swap relies on conditional writes where the server has them. Where it has not, it looks once more and then writes:
// what somebody else wrote between these two is noticed when the manifest is read back.
func (b *bucket) swap(ctx context.Context, name string, content []byte, tag string) error {
	in := func() *s3.PutObjectInput {
		return &s3.PutObjectInput{
			Bucket: &b.bucket, Key: b.key(name), Body: bytes.NewReader(content),
			ContentLength: aws.Int64(int64(len(content))), ContentType: aws.String("application/json"),
		}
	}
	err := b.once(ctx, name, func(ctx context.Context, _ func(int64)) error {
		conditional := in()
		if conditional.IfMatch = &tag; tag == "" { // only where there is none yet
			conditional.IfMatch, conditional.IfNoneMatch = nil, aws.String("*")
		}
		_, err := b.client.PutObject(ctx, conditional)
		return err
	})
	if !isCode(err, noConditions) {
		return err
	}
	if _, now, err := b.read(ctx, name); err != nil && !isCode(err, notThere) {
		return err
	} else if now != tag {
		return conflict(b.name(name))
	}
	return b.once(ctx, name, func(ctx context.Context, _ func(int64)) error {
		_, err := b.client.PutObject(ctx, in())
		return err
	})
}

func (b *bucket) list(ctx context.Context, prefix string, each func(object) error) error {
	base := *b.key("")
	var next *string
	for {
		var page *s3.ListObjectsV2Output
		err := b.once(ctx, prefix, func(ctx context.Context, _ func(int64)) (err error) {
			page, err = b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &b.bucket, Prefix: aws.String(base + prefix), ContinuationToken: next})
			return err
		})
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			name, ok := strings.CutPrefix(aws.ToString(o.Key), base)
			if !ok || name == "" { // some consoles make an empty object for a folder
				continue
			}
			if err := each(object{Name: name, Size: aws.ToInt64(o.Size), ModTime: aws.ToTime(o.LastModified)}); err != nil {
				return err
			}
		}
		if !aws.ToBool(page.IsTruncated) || page.NextContinuationToken == nil {
			return nil
		}
		next = page.NextContinuationToken
	}
}

func (b *bucket) remove(ctx context.Context, name string) error {
	err := b.once(ctx, name, func(ctx context.Context, _ func(int64)) error {
		_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.bucket, Key: b.key(name)})
		return err
	})
	if isCode(err, notThere) {
		return nil
	}
	return err
}

func (b *bucket) close() error { return nil }

// countingReader tells that bytes are still coming.
type countingReader struct {
	from  io.Reader
	alive func(int64)
}

// Read implements io.Reader.
func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.alive(int64(n))
	return n, err
}
