// Package bedrock puts the wire format of Amazon Bedrock's runtime in front of
// the simulated provider: InvokeModel for Claude models and Converse for all,
// whole and as streams in AWS's event stream encoding, with AWS's errors and
// credentials.
//
// It knows nothing of quotas, faults and answers. It turns each request into one
// of Anthropic's Messages, which the simulated provider serves with all that it
// does there, and turns what comes back into Bedrock's form. The framing is the
// AWS SDK's own encoder, so that a decoder tested against it is tested against
// AWS.
package bedrock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
)

// maxBody is more than the simulated provider behind takes, so that it is the
// one to refuse.
const maxBody = 64 << 20

// Front serves Bedrock's operations below /model/. It is an http.Handler, safe
// for concurrent use.
type Front struct {
	next http.Handler
	mux  *http.ServeMux
}

// New puts the front before next, which must serve POST /v1/messages as
// Anthropic does.
func New(next http.Handler) *Front {
	f := &Front{next: next, mux: http.NewServeMux()}
	f.handle("invoke", invoke{}, false)
	f.handle("invoke-with-response-stream", invoke{}, true)
	f.handle("converse", converse{}, false)
	f.handle("converse-stream", converse{}, true)
	f.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		refuse(w, &exception{http.StatusNotFound, "UnknownOperationException", "The operation is not known."})
	})
	return f
}

// ServeHTTP implements http.Handler.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.mux.ServeHTTP(w, r) }

// form is one of the two wire formats.
type form interface {
	// messages makes a Messages body of a request's.
	messages(body []byte, model string, stream bool) ([]byte, http.Header, *exception)
	// whole makes an answer of a message.
	whole(message []byte) []byte
	// frames makes frames of one event of Messages.
	frames(s *stream, kind string, event []byte)
}

func (f *Front) handle(operation string, as form, stream bool) {
	f.mux.HandleFunc("POST /model/{model}/"+operation, func(w http.ResponseWriter, r *http.Request) {
		key, bad := credentialOf(r)
		if bad != nil {
			refuse(w, bad)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
		if err != nil {
			panic(http.ErrAbortHandler) // the client went away while it was still talking
		}
		if bad := checkBody(r, body); bad != nil {
			refuse(w, bad)
			return
		}
		model := r.PathValue("model")
		messages, header, bad := as.messages(body, nameOf(model), stream)
		if bad != nil {
			refuse(w, bad)
			return
		}
		f.serve(w, r, as, stream, ask(r, key, messages, header))
	})
}

// ask makes the request to the provider behind.
func ask(r *http.Request, key string, body []byte, h http.Header) *http.Request {
	inner := r.Clone(r.Context())
	inner.URL.Path, inner.URL.RawPath, inner.RequestURI = "/v1/messages", "", "/v1/messages"
	inner.Header = h
	h.Set("X-Api-Key", key)
	h.Set("Anthropic-Version", "2023-06-01")
	h.Set("Content-Type", "application/json")
	inner.Body, inner.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return inner
}

func (f *Front) serve(w http.ResponseWriter, r *http.Request, as form, streamed bool, inner *http.Request) {
	a := &answer{w: w, form: as, streamed: streamed, header: http.Header{}, bearer: isBearer(r)}
	f.next.ServeHTTP(a, inner)
	a.finish()
}

// nameOf is the name under which the provider behind knows a model: Anthropic's
// own for Claude models. Others get "claude-" before their id, since Messages
// serves nothing else there; simprovider.Config.Models can name them so, by
// patterns such as "claude-amazon.*".
func nameOf(model string) string {
	id := model[strings.LastIndexByte(model, '/')+1:]
	_, name, ok := strings.Cut(id, "anthropic.")
	if !ok {
		return "claude-" + id
	}
	if i := strings.LastIndex(name, "-v"); i >= 0 {
		name = name[:i]
	}
	return name
}

// checkBody refuses a body whose hash is signed and differs.
func checkBody(r *http.Request, body []byte) *exception {
	sum := sha256.Sum256(body)
	if sent := r.Header.Get("X-Amz-Content-Sha256"); sent != "" && sent != hex.EncodeToString(sum[:]) {
		return &exception{http.StatusForbidden, "InvalidSignatureException", "The body is not the one that was signed."}
	}
	return nil
}
