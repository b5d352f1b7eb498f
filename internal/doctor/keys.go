package doctor

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/records"
	"github.com/fallow-dev/fallow/internal/secret"
	"github.com/fallow-dev/fallow/internal/upstream"
)

// maxAnswer bounds what is read of a list of models.
const maxAnswer = 8 << 20

// atOnce bounds the calls to providers under way.
const atOnce = 16

// trial is what came of trying a key.
type trial struct {
	key     config.Key
	owner   string // hashed; empty when nobody knows
	finding Finding
}

// pools tries all keys of all pools at once.
func (x *examination) pools(ctx context.Context) []Pool {
	names := slices.Sorted(maps.Keys(x.Document.Pools))
	trials := make([][]trial, len(names))
	places := make(chan struct{}, atOnce)
	var trying sync.WaitGroup
	for i, name := range names {
		keys := x.Document.Pools[name].Keys
		trials[i] = make([]trial, len(keys))
		for k := range keys {
			trying.Go(func() {
				places <- struct{}{}
				defer func() { <-places }()
				trials[i][k] = x.try(ctx, name, keys[k])
			})
		}
	}
	trying.Wait()
	pools := make([]Pool, len(names))
	for i, name := range names {
		pools[i] = poolOf(name, x.Document.Pools[name].Provider, trials[i])
	}
	return pools
}

// try asks the provider for its models with one key. Who holds the quota is
// taken from the answer, or else from what instances have learned.
func (x *examination) try(ctx context.Context, name string, k config.Key) trial {
	t := trial{key: k, finding: Finding{About: "key " + name + "/" + k.Name}}
	u, ok := x.Upstreams[name]
	ref, err := secret.ParseRef(k.Secret)
	var value secret.Value
	if err == nil {
		value, err = x.Secrets.Get(ctx, ref)
	}
	if err != nil || !ok {
		t.finding.Level, t.finding.What, t.finding.Fix = Warn, "was not tried: its secret cannot be read", "see the secret's own finding"
	} else {
		t.owner, t.finding = x.ask(ctx, u, value, name, k.Name)
	}
	if t.owner == "" {
		t.owner = x.learned(ctx, name, k.Name)
	}
	return t
}

func (x *examination) ask(ctx context.Context, u Upstream, value secret.Value, name, key string) (owner string, f Finding) {
	about := "key " + name + "/" + key
	if u.Dialect.ModelsCall() == nil {
		return "", Finding{about, Warn, "was not tried: its provider has no call that is free", "send a request by way of pool " + name}
	}
	begin := x.Now()
	resp, body, err := list(ctx, u, value)
	if err != nil {
		return "", verdict(about, name, key, upstream.AsFault(err))
	}
	if owner = u.Dialect.Signals(resp.Header, x.Now()).Owner; owner != "" {
		owner = records.OwnerName(owner)
	}
	if resp.StatusCode/100 != 2 {
		return owner, verdict(about, name, key, u.Dialect.Classify(resp.StatusCode, resp.Header, body, x.Now()))
	}
	models, err := u.Dialect.ParseModels(body)
	if err != nil {
		return owner, Finding{about, Fail, "the answer is not a list of models; something else listens at " + u.BaseURL, "correct pools." + name + ".base_url"}
	}
	return owner, good(about, fmt.Sprintf("works: %s listed in %d ms", plural(len(models), "model"), x.Now().Sub(begin).Milliseconds()))
}

// list makes the free call.
func list(ctx context.Context, u Upstream, value secret.Value) (*http.Response, []byte, error) {
	call := u.Dialect.ModelsCall()
	req, err := http.NewRequestWithContext(ctx, call.Method, u.BaseURL+call.Path, bytes.NewReader(call.Body))
	if err != nil {
		return nil, nil, err
	}
	maps.Copy(req.Header, call.Header)
	u.Dialect.Authorize(req, value)
	resp, err := u.Client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return resp, body, err
}

// learned is the organisation that instances found behind a key; empty when
// they found none, or the table does not answer.
func (x *examination) learned(ctx context.Context, name, key string) string {
	if x.Table == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	item, _, err := x.Table.Get(ctx, records.Key(name, key))
	if err != nil {
		return ""
	}
	return item.Str(records.AttrOwner)
}
