package rebalance

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// Upstream is how the keys of a pool reach their provider.
type Upstream struct {
	Dialect provider.Dialect
	// BaseURL is without a slash at its end.
	BaseURL string
	// Keys are the references of the keys' secrets, by name.
	Keys map[string]secret.Ref
	// Admin is the reference of an admin key; nil when there is none. Only
	// Anthropic has an API for it.
	Admin *secret.Ref
	// Client sends the calls. It must not follow redirects, which would carry
	// the credential to another host.
	Client Client
}

// Client is what is needed of an *http.Client.
type Client interface {
	Do(*http.Request) (*http.Response, error)
}

var _ Client = (*http.Client)(nil)

// Secrets reads credentials; it is safe for concurrent use.
type Secrets interface {
	Get(ctx context.Context, ref secret.Ref) (secret.Value, error)
	// Renew reads a credential anew that a provider refused, and says whether
	// it has changed.
	Renew(ctx context.Context, ref secret.Ref, old secret.Value) (secret.Value, bool, error)
}

var _ Secrets = (*secret.Cache)(nil)

const (
	// callTime bounds one call. A list of models takes a fraction of a second.
	callTime = 10 * time.Second
	// maxAnswer bounds what is read of an answer: a thousand models take some
	// hundred kilobytes.
	maxAnswer = 8 << 20
)

// answer is what came of a call.
type answer struct {
	// fault is nil when the provider gave what was asked for.
	fault *upstream.Fault
	// owner is the hashed organisation that answered; empty when unknown.
	owner string
	body  []byte
	sent  time.Time
}

// ask makes a call with the credential behind a reference, and once more if
// that was refused and has been replaced since it was read. The error says
// that the credential could not be read; nothing was sent then.
func (r *Runner) ask(ctx context.Context, u Upstream, call *provider.Call, ref secret.Ref) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	value, err := r.cfg.Secrets.Get(ctx, ref)
	if err != nil {
		return answer{}, err
	}
	a := r.send(ctx, u, call, value)
	if a.fault != nil && a.fault.Class == upstream.Auth {
		if fresh, changed, _ := r.cfg.Secrets.Renew(ctx, ref, value); changed {
			a = r.send(ctx, u, call, fresh)
		}
	}
	return a, nil
}

func (r *Runner) send(ctx context.Context, u Upstream, call *provider.Call, key secret.Value) answer {
	a := answer{sent: r.cfg.Now()}
	resp, body, err := exchange(ctx, u, call, key)
	if err != nil {
		a.fault = upstream.AsFault(err)
		return a
	}
	now := r.cfg.Now()
	if owner := u.Dialect.Signals(resp.Header, now).Owner; owner != "" {
		a.owner = records.OwnerName(owner)
	}
	if resp.StatusCode/100 != 2 {
		a.fault = u.Dialect.Classify(resp.StatusCode, resp.Header, body, now)
	}
	a.body = body
	return a
}

func exchange(ctx context.Context, u Upstream, call *provider.Call, key secret.Value) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, call.Method, u.BaseURL+call.Path, bytes.NewReader(call.Body))
	if err != nil {
		return nil, nil, err
	}
	for name, values := range call.Header {
		req.Header[name] = values
	}
	u.Dialect.Authorize(req, key)
	resp, err := u.Client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err == nil && len(body) > maxAnswer {
		err = fmt.Errorf("an answer of more than %d bytes", maxAnswer)
	}
	return resp, body, err
}
