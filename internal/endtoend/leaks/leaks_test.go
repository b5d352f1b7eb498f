package leaks_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/endtoend/leaks"
)

func plant(t *testing.T) (marks *leaks.Marks, key string) {
	t.Helper()
	marks = &leaks.Marks{}
	marks.Plant("another key", "sk-")
	key = marks.Plant("provider key", "sk-ant-")
	if again := marks.Plant("provider key", "sk-ant-"); again != key {
		t.Fatalf("the same name gave another secret")
	}
	return marks, key
}

// TestFind: whoever leaks a secret, whole, cut or encoded, is found out, and told
// without repeating it.
func TestFind(t *testing.T) {
	t.Parallel()
	marks, key := plant(t)
	quoted, err := json.Marshal(map[string]string{"error": "Incorrect API key provided: " + key})
	if err != nil {
		t.Fatal(err)
	}
	basic := func(user string) string { return base64.StdEncoding.EncodeToString([]byte(user + ":" + key)) }
	tests := []struct{ name, text, want string }{
		{"nothing", "the key is sk-ant-[redacted]", ""},
		{"log line", "level=INFO\nlevel=WARN msg=refused key=" + key + " status=401\n", `provider key came out as it is in log, line 2, after "level=WARN msg=refused key="`},
		{"JSON", string(quoted), `provider key came out as it is in log, line 1, after "{\"error\":\"Incorrect API key provided: "`},
		{"beginning", "key=" + key[:24] + "...", `after "key="`},
		{"end", "key=..." + key[len(key)-20:], `after "key="`},
		{"masked in the middle", key[:23] + "****" + key[len(key)-4:], "provider key"},
		{"query", "GET /v1?" + url.Values{"key": {key}}.Encode(), `after "GET /v1?key="`},
		{"basic 0", "Basic " + basic("abc"), "in base64"},
		{"basic 1", "Basic " + basic("abcd"), "in base64"},
		{"basic 2", "Basic " + basic("abcde"), "in base64"},
		{"hexadecimal", hex.EncodeToString([]byte("x" + key)), "in hexadecimal"},
		{"hexadecimal, upper case", strings.ToUpper(hex.EncodeToString([]byte(key + "x"))), "in hexadecimal"},
		{"two", "first=" + marks.Plant("another key", "sk-") + ", then some fifty bytes of other text until the second one=" + key, "another key"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var told []string
			for _, l := range marks.Find("log", []byte(tt.text)) {
				told = append(told, l.String())
			}
			got := strings.Join(told, "\n")
			if !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
				t.Errorf("got %q, want %q in it", got, tt.want)
			}
			if again := marks.Find("report", []byte(got)); len(again) > 0 {
				t.Errorf("the report itself tells a secret: %v", again)
			}
		})
	}
}

// TestFindWherever a secret stands, in whatever text and in base64 at any offset,
// it is found, and nothing is found without it.
func TestFindWherever(t *testing.T) {
	t.Parallel()
	marks, key := plant(t)
	rapid.Check(t, func(t *rapid.T) {
		before, after := rapid.StringN(0, 50, -1).Draw(t, "before"), rapid.StringN(0, 50, -1).Draw(t, "after")
		coding := rapid.SampledFrom([]func([]byte) string{
			func(b []byte) string { return string(b) },
			base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString, hex.EncodeToString,
		}).Draw(t, "coding")
		if found := marks.Find("x", []byte(coding([]byte(before+after)))); len(found) > 0 {
			t.Fatalf("found %v where nothing was planted", found)
		}
		found := marks.Find("x", []byte(coding([]byte(before+key+after))))
		if len(found) != 1 || found[0].Mark != "provider key" {
			t.Fatalf("found %v, want the provider key", found)
		}
		if again := marks.Find("report", []byte(found[0].String())); len(again) > 0 {
			t.Fatalf("the report tells the secret: %v", again)
		}
	})
}

func TestAdd(t *testing.T) {
	t.Parallel()
	var marks leaks.Marks
	marks.Add("organisation", "0b54c1f4-9d1c-4f1e-8a52-3a3f6f0d9a11")
	if found := marks.Find("x", []byte("org 0b54c1f4-9d1c-4f1e…")); len(found) != 1 || found[0].Mark != "organisation" {
		t.Errorf("found %v, want the organisation by its first half", found)
	}
	defer func() {
		if recover() == nil {
			t.Error("a text that is met by chance was planted")
		}
	}()
	marks.Add("short", "fifteen letters")
}

// TestCollectorCanFail: a fake gateway that leaks in each way that one can is
// found out in each; without this, a suite that finds nothing says nothing.
func TestCollectorCanFail(t *testing.T) {
	t.Parallel()
	marks, key := plant(t)
	tests := []struct {
		name string
		leak func(w http.ResponseWriter, log *slog.Logger)
		want string // kind of the place; empty if it is discreet
	}{
		{"discreet", func(w http.ResponseWriter, log *slog.Logger) { log.Info("ok"); fmt.Fprint(w, "ok") }, ""},
		{"log", func(_ http.ResponseWriter, log *slog.Logger) {
			log.Info("refused", "headers", http.Header{"X-Api-Key": {key}})
		}, "log"},
		{"header", func(w http.ResponseWriter, _ *slog.Logger) { w.Header().Set("Set-Cookie", "session="+key) }, "answer head"},
		{"body", func(w http.ResponseWriter, _ *slog.Logger) {
			w.WriteHeader(401)
			fmt.Fprintf(w, `{"error":{"message":"bad key %s"}}`, key)
		}, "answer body"},
		{"cut stream", func(w http.ResponseWriter, _ *slog.Logger) {
			fmt.Fprintf(w, "data: %s\n\n", key)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, "answer body"},
		{"trailer", func(w http.ResponseWriter, _ *slog.Logger) {
			w.Header().Set("Trailer", "X-Error")
			fmt.Fprint(w, "ok")
			w.Header().Set("X-Error", key)
		}, "answer trailer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := leaks.NewCollector(marks)
			var printed strings.Builder
			log := slog.New(slog.NewTextHandler(&printed, nil))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { tt.leak(w, log) }))
			client := &http.Client{Transport: leaks.Transport{Next: &http.Transport{}, Of: func(*http.Request) *leaks.Collector { return c }}}
			resp, err := client.Get(server.URL + "/v1/models")
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			client.CloseIdleConnections()
			server.Close()
			c.Take("log", []byte(printed.String()))
			found := c.Leaks()
			if tt.want == "" {
				if len(found) > 0 {
					t.Errorf("found %v in a discreet gateway", found)
				}
				return
			}
			if len(found) != 1 || !strings.HasPrefix(found[0].Where, tt.want) || found[0].Mark != "provider key" {
				t.Errorf("found %v, want the provider key in: %s", found, tt.want)
			}
		})
	}
}

// TestTransportLeavesOthersAlone: calls that nobody collects for, and those that
// fail, pass as they are.
func TestTransportLeavesOthersAlone(t *testing.T) {
	t.Parallel()
	marks, key := plant(t)
	c := leaks.NewCollector(marks)
	failed := errors.New("no such host")
	body := io.NopCloser(strings.NewReader(key))
	for name, tt := range map[string]struct {
		of   *leaks.Collector
		resp *http.Response
		err  error
	}{"nobody's": {nil, &http.Response{Body: body}, nil}, "failed": {c, nil, failed}} {
		transport := leaks.Transport{
			Next: roundTrip(func(*http.Request) (*http.Response, error) { return tt.resp, tt.err }),
			Of:   func(*http.Request) *leaks.Collector { return tt.of },
		}
		resp, err := transport.RoundTrip(httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
		if resp != tt.resp || !errors.Is(err, tt.err) || resp != nil && resp.Body != body {
			t.Errorf("%s: got %v, %v; want the answer as it was", name, resp, err)
		}
	}
	if missing := c.Missing("answer head", "answer body"); len(missing) != 2 {
		t.Errorf("missing = %v, want all", missing)
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestLeaksAreFew: one leak in each of a thousand lines of several kinds is told
// once for each kind; and many marks are told up to a bound.
func TestLeaksAreFew(t *testing.T) {
	t.Parallel()
	marks, key := plant(t)
	c := leaks.NewCollector(marks)
	var takers sync.WaitGroup
	for i := range 100 {
		takers.Go(func() {
			c.Take(fmt.Sprintf("answer: %d", i), []byte(key))
			c.Take("log", []byte(key))
		})
	}
	takers.Wait()
	if found := c.Leaks(); len(found) != 2 {
		t.Errorf("%d leaks were told, want one of answers and one of the log: %v", len(found), found)
	}
	for i := range 30 {
		c.Take("table", []byte(marks.Plant(fmt.Sprint("key ", i), "")))
	}
	if found := c.Leaks(); len(found) != 20 {
		t.Errorf("%d leaks were told, want 20 at most", len(found))
	}
	if diff := cmp.Diff([]string{"metrics"}, c.Missing("log", "metrics", "answer", "table")); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}

// BenchmarkFind is what the suite pays for each KiB that leaves.
func BenchmarkFind(b *testing.B) {
	var marks leaks.Marks
	for i := range 30 {
		marks.Plant(fmt.Sprint("key ", i), "sk-")
	}
	text := []byte(strings.Repeat(`{"time":"2026-11-22T09:00:00Z","level":"INFO","msg":"request","status":200}`+"\n", 14))[:1024]
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if len(marks.Find("log", text)) > 0 {
			b.Fatal("found something")
		}
	}
}
