package openai_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/provider/openai"
	"github.com/fallow-dev/fallow/internal/upstream"
)

func TestOwnBaseURLAndFamily(t *testing.T) {
	t.Parallel()
	d := openai.New(openai.Config{Compatible: true, BaseURL: "https://a/v1", Family: strings.ToUpper})
	if d.DefaultBaseURL() != "https://a/v1" || d.Family("m-2024-08-06") != "M-2024-08-06" {
		t.Errorf("got %q and %q, want the config's", d.DefaultBaseURL(), d.Family("m-2024-08-06"))
	}
}

func TestParams(t *testing.T) {
	t.Parallel()
	params := map[string]string{"max_completion_tokens": "max_tokens", "store": "", "seed": ""}
	const messages = `"messages":[{"role":"user","content":"\"store\":1"}]`
	tests := []struct {
		name, body, want string
		dropped          []string
	}{
		{"nothing", `{"model":"up",` + messages + `}`, `{"model":"up",` + messages + `}`, nil},
		{"first", `{ "store" : true , "model":"up",` + messages + `}`, `{ "model":"up",` + messages + `}`, []string{"store"}},
		{"first two", `{"store":true,"seed":1,"model":"up",` + messages + `}`, `{"model":"up",` + messages + `}`, []string{"store", "seed"}},
		{"within", `{"model":"up","store":{"a":[1,2]},` + messages + `}`, `{"model":"up",` + messages + `}`, []string{"store"}},
		{"last", `{"model":"up",` + messages + `,"seed":1 }`, `{"model":"up",` + messages + ` }`, []string{"seed"}},
		{"last two", `{"model":"up",` + messages + `, "store":1 ,"seed":1}`, `{"model":"up",` + messages + `}`, []string{"store", "seed"}},
		{"all around", "{\"seed\":1,\"model\":\"up\",\"store\":1," + messages + ",\n\"x\":1 }", "{\"model\":\"up\"," + messages + ",\n\"x\":1 }", []string{"seed", "store"}},
		{"a null goes without a word", `{"model":"up",` + messages + `,"store":null}`, `{"model":"up",` + messages + `}`, nil},
		{"renamed", `{"model":"up","max_completion_tokens":7,` + messages + `}`, `{"model":"up","max_tokens":7,` + messages + `}`, nil},
		{"renamed behind one left out", `{"model":"up","store":1,"max_completion_tokens":7,` + messages + `}`, `{"model":"up","max_tokens":7,` + messages + `}`, []string{"store"}},
		{"its other name is used", `{"model":"up","max_completion_tokens":7,"max_tokens":8,` + messages + `}`, `{"model":"up","max_tokens":8,` + messages + `}`, []string{"max_completion_tokens"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			req, err := chat.Parse([]byte(strings.Replace(tt.body, `"up"`, `"m"`, 1)))
			if err != nil {
				t.Fatal(err)
			}
			c, err := openai.New(openai.Config{Params: params}).EncodeChat(req, "up")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(c.Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.dropped, c.Dropped); diff != "" {
				t.Errorf("dropped (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever is left out, the rest is what it was, in its order.
func TestParamsKeepTheRest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		names := []string{"model", "messages", "a", "b", "c", "d"}
		names = rapid.Permutation(names).Draw(t, "order")
		params, blank := map[string]string{}, rapid.SampledFrom([]string{"", " ", "\n\t"})
		var body, want strings.Builder
		for i, name := range names {
			if i > 0 {
				body.WriteString("," + blank.Draw(t, "blank"))
			}
			value := map[string]string{"model": `"up"`, "messages": `[{"role":"user","content":"x"}]`}[name]
			if value == "" {
				value = rapid.SampledFrom([]string{"1", `"a,\"b\":"`, `{"a":[1,2]}`, "null"}).Draw(t, "value")
			}
			if len(name) == 1 && rapid.Bool().Draw(t, "leave out") {
				params[name] = ""
			} else {
				want.WriteString(name + "=" + value + ";")
			}
			body.WriteString(`"` + name + `":` + value + blank.Draw(t, "blank"))
		}
		req, err := chat.Parse([]byte("{" + body.String() + "}"))
		if err != nil {
			t.Fatal(err)
		}
		c, _ := openai.New(openai.Config{Params: params}).EncodeChat(req, "up")
		if got := inOrder(t, c.Body); got != want.String() {
			t.Fatalf("got %s, want %s from %s", got, want.String(), body.String())
		}
	})
}

func inOrder(t *rapid.T, body []byte) string {
	var out strings.Builder
	dec := json.NewDecoder(strings.NewReader(string(body)))
	if _, err := dec.Token(); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	for dec.More() {
		name, err := dec.Token()
		var value json.RawMessage
		if err == nil {
			err = dec.Decode(&value)
		}
		if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		out.WriteString(name.(string) + "=" + string(value) + ";")
	}
	return out.String()
}

func TestRules(t *testing.T) {
	t.Parallel()
	d := openai.New(openai.Config{Rules: openai.Rules{
		{Status: 429, Text: "upstream", Class: upstream.Overload},
		{Word: "insufficient_quota", Class: upstream.SpendCap},
		{Status: 418, Class: upstream.Timeout},
	}})
	tests := []struct {
		name   string
		status int
		body   string
		want   upstream.Class
	}{
		{"text and status", 429, oai("", "null", "limited Upstream"), upstream.Overload},
		{"text of another status", 400, oai("", "null", "limited upstream"), upstream.Client},
		{"code, before what holds for all", 429, oai("x", `"insufficient_quota"`, "x"), upstream.SpendCap},
		{"type", 400, oai("insufficient_quota", "null", "x"), upstream.SpendCap},
		{"the first that applies", 429, oai("insufficient_quota", "null", "upstream"), upstream.Overload},
		{"status alone, even of an empty body", 418, "", upstream.Timeout},
		{"none", 429, oai("x", "null", "x"), upstream.RateLimit},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := d.Classify(tt.status, http.Header{}, []byte(tt.body), now).Class; got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// Rules hold inside answers and streams too, with the status that a code is.
func TestRulesInAnswers(t *testing.T) {
	t.Parallel()
	cfg := openai.Config{Rules: openai.Rules{{Status: 429, Text: "upstream", Class: upstream.Overload}}}
	const body = `{"error":{"code":429,"message":"limited upstream"}}`
	_, whole := call(t, cfg, "").Answer.Whole([]byte(body))
	_, streamed := call(t, cfg, asked).Answer.Stream(strings.NewReader("data: " + body + "\n\n")).Next()
	for name, err := range map[string]error{"whole": whole, "stream": streamed} {
		if f := upstream.AsFault(err); err == nil || f.Class != upstream.Overload {
			t.Errorf("%s: got %v, want class overload", name, err)
		}
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	d := openai.New(openai.Config{Limits: []openai.Limit{
		openai.XRateLimit(upstream.Requests, "requests").PerDay(),
		openai.XRateLimit(upstream.Tokens, "tokens-minute"),
		{Dimension: upstream.Tokens, Size: "Own-Limit", Remaining: "Own-Left"},
	}})
	tests := []struct {
		name   string
		header http.Header
		want   []upstream.Limit
	}{
		{"a day's limit is not a minute's", headers(trio("requests", "14400", "14370", "2m59.56s")...), nil},
		{"own suffix", headers(trio("tokens-minute", "100", "50", "26.5")...), tokens(100, 50, 26500*time.Millisecond)},
		{"own names", headers("Own-Limit", "7", "Own-Left", "0"), tokens(7, 0, -1)},
		{"the tighter of two", headers(append(trio("tokens-minute", "100", "50", "1s"), "Own-Limit", "70", "Own-Left", "49")...), tokens(70, 49, -1)},
		{"OpenAI's mean nothing here", headers(trio("tokens", "100", "50", "1s")...), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, d.Signals(tt.header, now).Limits); diff != "" {
				t.Errorf("limits (-want +got):\n%s", diff)
			}
		})
	}
	if got := openai.New(openai.Config{Limits: []openai.Limit{}}).Signals(headers(trio("tokens", "9", "8", "1s")...), now); len(got.Limits) != 0 {
		t.Errorf("a server without limits: got %+v", got)
	}
}

func TestRetryAfterOfAServer(t *testing.T) {
	t.Parallel()
	cfg := openai.Config{RetryHeader: "X-Back", Limits: []openai.Limit{
		openai.XRateLimit(upstream.Requests, "requests-day").PerDay(), openai.XRateLimit(upstream.Tokens, "tokens")}}
	const inBody = `{"error":{"code":429,"message":"x","metadata":{"headers":{"X-RateLimit-Reset":"1795338030000"}}}}`
	millis := strconv.FormatInt(now.Add(90*time.Second).UnixMilli(), 10)
	tests := []struct {
		name   string
		header http.Header
		body   string
		want   time.Duration
	}{
		{"seconds", headers("X-Back", "1.5"), "", 1500 * time.Millisecond},
		{"duration", headers("X-Back", "6m0s"), "", 6 * time.Minute},
		{"Unix milliseconds", headers("X-Back", millis), "", 90 * time.Second},
		{"Unix seconds", headers("X-Back", strconv.FormatInt(now.Add(time.Minute).Unix(), 10)), "", time.Minute},
		{"past", headers("X-Back", strconv.FormatInt(now.Add(-time.Minute).Unix(), 10)), "", 0},
		{"distant", headers("X-Back", strconv.FormatInt(now.AddDate(1, 0, 0).Unix(), 10)), "", 24 * time.Hour},
		{"many seconds", headers("X-Back", "900000000"), "", 24 * time.Hour},
		{"negative", headers("X-Back", "-5s"), "", 0},
		{"no number", headers("X-Back", "NaN"), "", 0},
		{"beyond a date", headers("X-Back", "1e300"), "", 0},
		{"retry-after goes before", headers("X-Back", "9", "Retry-After", "3"), "", 3 * time.Second},
		{"in the body", headers(), inBody, time.UnixMilli(1795338030000).Sub(now)},
		{"the header before the body", headers("X-Back", "9"), inBody, 9 * time.Second},
		{"a day used up", headers(trio("requests-day", "1000", "0", "3600")...), "", time.Hour},
		{"a day not used up", headers(trio("requests-day", "1000", "1", "3600")...), "", 0},
		{"a minute used up is for others to judge", headers(trio("tokens", "1000", "0", "50s")...), "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := openai.New(cfg).Classify(429, tt.header, []byte(tt.body), now).RetryAfter; got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestZeroIsNone(t *testing.T) {
	t.Parallel()
	zero := headers(trio("requests", "0", "0", "")...)
	strict := openai.New(openai.Config{ZeroIsNone: true})
	if got := strict.Classify(429, zero, nil, now).Class; got != upstream.Permission {
		t.Errorf("a limit of 0: got %s, want permission", got)
	}
	if got := strict.Classify(429, headers(trio("requests", "10", "0", "")...), nil, now).Class; got != upstream.RateLimit {
		t.Errorf("nothing left: got %s, want rate_limit", got)
	}
	if got := strict.Classify(402, zero, nil, now).Class; got != upstream.Billing {
		t.Errorf("another refusal: got %s, want billing", got)
	}
	if got := openai.New(openai.Config{}).Classify(429, zero, nil, now).Class; got != upstream.RateLimit {
		t.Errorf("by default: got %s, want rate_limit", got)
	}
}

func FuzzParams(f *testing.F) {
	f.Add([]byte(`{"store":1,"model":"m","messages":[{"role":"user","content":"x"}],"seed":null}`))
	f.Add([]byte(`{"a":1,"model":"m","messages":[{"role":"user","content":"x"}],"b":2}`))
	d := openai.New(openai.Config{Params: map[string]string{"store": "", "seed": "", "a": "b", "b": "a"}})
	f.Fuzz(func(t *testing.T, body []byte) {
		req, err := chat.Parse(slices.Clone(body))
		if err != nil {
			return
		}
		c, err := d.EncodeChat(req, "up")
		if err != nil || !json.Valid(c.Body) {
			t.Errorf("%v: %q became %q", err, body, c.Body)
		}
	})
}

func BenchmarkParams(b *testing.B) {
	text := strings.Repeat(`+\tif err := run(ctx, \"main\"); err != nil {\n`, 2000)
	d := openai.New(openai.Config{Params: map[string]string{"store": "", "seed": "", "max_completion_tokens": "max_tokens"}})
	for _, bm := range []struct{ name, fields string }{{"nothing to do", ""}, {"one left out", `,"store":false`}} {
		b.Run(bm.name, func(b *testing.B) {
			req, err := chat.Parse([]byte(`{"model":"m","messages":[{"role":"user","content":"` + text + `"}]` + bm.fields + `}`))
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			b.SetBytes(int64(len(req.Raw)))
			for b.Loop() {
				if _, err := d.EncodeChat(req, "up"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkClassify(b *testing.B) {
	d := openai.New(openai.Config{Rules: openai.Rules{{Status: 429, Text: "upstream", Class: upstream.Overload}}})
	body, h := []byte(oai("tokens", `"rate_limit_exceeded"`, "Rate limit reached for gpt-5 in organization org-AbCdEf0123456789")), headers("Retry-After", "1")
	b.ReportAllocs()
	for b.Loop() {
		d.Classify(429, h, body, now)
	}
}
