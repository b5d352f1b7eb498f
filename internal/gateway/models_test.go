package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fallow-dev/fallow/internal/config"
	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
)

const listed = `{"object":"list","data":[{"id":"gpt-x","object":"model","created":5,"owned_by":"them"},{"id":"m","object":"model","created":6,"owned_by":"them"}]}`

// ids reads a list of models.
func ids(t *testing.T, body string) []string {
	t.Helper()
	var list struct {
		Object string
		Data   []struct {
			ID, Object string
			Created    *int64
			OwnedBy    string `json:"owned_by"`
		}
	}
	if err := json.Unmarshal([]byte(body), &list); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	var out []string
	for _, m := range list.Data {
		if m.Object != "model" || m.Created == nil || m.OwnedBy == "" {
			t.Errorf("entry %+v lacks what SDKs read", m)
		}
		out = append(out, m.ID)
	}
	return out
}

func (p *inProcess) models(ctx context.Context) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/v1/models", nil))
	return w
}

func TestModels(t *testing.T) {
	t.Parallel()
	u := newProvider(t)
	u.on("main_k1", refuse(200, nil, listed))
	b := newBench(t, u, options{doc: func(d *config.Config) {
		d.Models["alias"] = config.Route{Targets: []config.Target{{Pool: "main", Model: "gpt-x"}}}
	}})
	for range 3 {
		if got := ids(t, b.do(t, "GET", "/v1/models", "").body); !slices.Equal(got, []string{"alias", "gpt-x", "m"}) {
			t.Errorf("models = %v, want alias, gpt-x, m", got)
		}
	}
	if u.total() != 1 {
		t.Errorf("the provider was asked %d times, want once", u.total())
	}
}

// TestModelsForAnthropicsClients: Claude Code takes id and display_name.
func TestModelsForAnthropicsClients(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		listed: `{"data":[{"type":"model","id":"gpt-x","display_name":"gpt-x","created_at":"1970-01-01T00:00:05Z"},` +
			`{"type":"model","id":"m","display_name":"m","created_at":"1970-01-01T00:00:06Z"}],"first_id":"gpt-x","has_more":false,"last_id":"m"}`,
		`{"data":[]}`: `{"data":[],"first_id":null,"has_more":false,"last_id":null}`,
		`{"data":[{"id":"a"}]}`: `{"data":[{"type":"model","id":"a","display_name":"a","created_at":"1970-01-01T00:00:00Z"}],` +
			`"first_id":"a","has_more":false,"last_id":"a"}`,
	} {
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(list)})
		var got bytes.Buffer
		if err := json.Compact(&got, p.do(t.Context(), "GET", "/v1/models?limit=1000", "", "Anthropic-Version", "2023-06-01").Body.Bytes()); err != nil {
			t.Fatal(err)
		}
		if got.String() != want {
			t.Errorf("got %s\nwant %s", got.String(), want)
		}
	}
}

// TestModelsOfARefusedKey: another is asked, a rotated one is read again, and
// none is blamed, since keys may be restricted to generating.
func TestModelsOfARefusedKey(t *testing.T) {
	t.Parallel()
	var keys []string
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1", "k2"}, answer: func(r *http.Request) (*http.Response, error) {
		keys = append(keys, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
		if len(keys) < 3 {
			return refusing(401, nil, `{}`)(r)
		}
		return saying(listed)(r)
	}})
	p.secrets.renewed["k1"] = "fresh"
	if got := ids(t, p.models(t.Context()).Body.String()); len(got) != 2 {
		t.Errorf("models = %v, want two", got)
	}
	if want := []string{"secret-of-k1", "fresh", "secret-of-k2"}; !slices.Equal(keys, want) {
		t.Errorf("asked with %v, want %v", keys, want)
	}
	p.noRest(t)
}

// TestModelsOutliveTrouble: a provider that does not list is asked again soon,
// and until then what it had listed goes out.
func TestModelsOutliveTrouble(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		answer := saying(listed)
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: counted(&calls, func(r *http.Request) (*http.Response, error) { return answer(r) })})
		steps := []struct {
			name   string
			after  time.Duration
			answer transport
			models int
			calls  int
		}{
			{"first", 0, saying(listed), 2, 1},
			{"fresh", 9 * time.Minute, refusing(500, nil, ""), 2, 1},
			{"stale, and trouble", 2 * time.Minute, refusing(500, nil, ""), 2, 2},
			{"left alone for a moment", 20 * time.Second, saying(`{"data":[]}`), 2, 2},
			{"body breaks", 20 * time.Second, breakingOff, 2, 3},
			{"not a list", 40 * time.Second, saying(`hello`), 2, 4},
			{"asked again", 40 * time.Second, saying(`{"data":[]}`), 0, 5},
			{"no answer", 11 * time.Minute, unanswered, 0, 6},
		}
		for _, s := range steps {
			time.Sleep(s.after) // fake time
			answer = s.answer
			began := time.Now()
			w := p.models(t.Context())
			if got := ids(t, w.Body.String()); w.Code != 200 || len(got) != s.models || calls != s.calls {
				t.Errorf("%s: %d with %v after %d calls, want %d models after %d", s.name, w.Code, got, calls, s.models, s.calls)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("%s: took %v", s.name, took)
			}
		}
	})
}

func breakingOff(r *http.Request) (*http.Response, error) { return reply(r, 200, nil, brokenReader{}) }

// TestModelsForWhoComesAfter: the one who asks first may leave; the answer is
// everybody's.
func TestModelsForWhoComesAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: counted(&calls, func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(time.Second):
				return saying(listed)(r)
			case <-r.Context().Done():
				return nil, context.Cause(r.Context())
			}
		})})
		ctx, leave := context.WithCancel(t.Context())
		time.AfterFunc(time.Millisecond, leave)
		p.models(ctx)
		if got := ids(t, p.models(t.Context()).Body.String()); len(got) != 2 || calls != 1 {
			t.Errorf("models = %v after %d calls, want two after one", got, calls)
		}
	})
}

func TestModelsWithoutASecret(t *testing.T) {
	t.Parallel()
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, answer: saying(listed)})
	p.secrets.down = true
	if w := p.models(t.Context()); w.Code != 200 || len(ids(t, w.Body.String())) != 0 {
		t.Errorf("%d %s, want an empty list", w.Code, w.Body)
	}
}

// unlisted is a dialect whose provider has no list of models.
type unlisted struct{ provider.Dialect }

func (unlisted) ModelsCall() *provider.Call { return nil }

// TestModelsOfAProviderWithoutAList: the routes are listed, and nobody is asked.
func TestModelsOfAProviderWithoutAList(t *testing.T) {
	t.Parallel()
	calls := 0
	p := newInProcess(t, upstreamOf{name: "main", keys: []string{"k1"}, dialect: unlisted{openai.New(openai.Config{})}, answer: counted(&calls, saying(listed))})
	if w := p.models(t.Context()); w.Code != 200 || calls != 0 {
		t.Errorf("%d %s after %d calls, want a list after none", w.Code, w.Body, calls)
	}
}
