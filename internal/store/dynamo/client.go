package dynamo

import (
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// NewClient builds a client for a Table from what config.LoadDefaultConfig
// returned, which also honours AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_DYNAMODB.
// An HTTP client set in cfg is replaced. It does not retry.
func NewClient(cfg aws.Config) *dynamodb.Client {
	return dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) {
		o.HTTPClient = plainBodies{awshttp.NewBuildableClient().WithTransportOptions(tune)}
		o.Retryer = aws.NopRetryer{}
	})
}

// tune fits the SDK's transport to many small calls. In server mode dozens
// run at once, and the SDK's 10 idle connections would have the others make a
// TLS handshake each; a Lambda environment serves one request at a time and
// never opens more than it uses. The timeouts only catch what outlives the
// attempt: a dial goes on after the attempt that wanted it has given up.
func tune(t *http.Transport) {
	t.MaxIdleConns = 256
	t.MaxIdleConnsPerHost = 256
	t.TLSHandshakeTimeout = 3 * time.Second
	t.ResponseHeaderTimeout = 5 * time.Second
}

// plainBodies hides io.WriterTo on request bodies. The SDK closes the body as
// soon as the reply begins, and its WriteTo then reports io.EOF as an error
// (smithy-go v1.28.8, transport/http/internal/io/safe.go). If net/http has not
// made its last, empty read by then, it takes that for a failed request and
// closes the connection: an answer longer than the read buffer is lost, after
// the write was applied, and any other costs the next call a new connection.
// The more often, the faster the server and the busier the CPU. Read reports
// io.EOF as net/http expects.
type plainBodies struct{ client aws.HTTPClient }

// Do implements aws.HTTPClient.
func (p plainBodies) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil && req.Body != http.NoBody {
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	return p.client.Do(req)
}
