package anthropic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fallow-dev/fallow/internal/chat"
	"github.com/fallow-dev/fallow/internal/golden"
	"github.com/fallow-dev/fallow/internal/provider"
	simulated "github.com/fallow-dev/fallow/internal/simprovider/anthropic"
	"github.com/fallow-dev/fallow/internal/simprovider/catalogue"
	"github.com/fallow-dev/fallow/internal/simprovider/dialogue"
	"github.com/fallow-dev/fallow/internal/upstream"
	"github.com/tidwall/gjson"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

func newTestDialect() *Dialect {
	return New(Config{Now: func() time.Time { return noon }})
}

// TestRequests holds testdata/request/NAME.json, a client's request, against
// NAME.want.json, the call that is made of it, or the error. What is called is
// also shown to the simulated provider, which is as strict as the real one.
func TestRequests(t *testing.T) {
	t.Parallel()
	judge := simulated.Dialect{Models: catalogue.New([]string{"*"})}
	for name, body := range golden.Inputs(t, "request", ".json", ".request.json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			call, err := tryEncode(t, string(body))
			var bad *chat.ParamError
			if errors.As(err, &bad) {
				golden.Check(t, name+".want.json", readable(t, map[string]any{"Error": bad}))
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			golden.Check(t, name+".want.json", readable(t, struct {
				Header  http.Header
				Stream  bool     `json:",omitempty"`
				Dropped []string `json:",omitempty"`
				Body    json.RawMessage
			}{call.Header, call.Stream, call.Dropped, call.Body}))
			if _, refused := judge.Parse(resigned(t, call.Body), call.Header); refused != nil && !inventedMedia[filepath.Base(name)] {
				t.Errorf("the provider would refuse it: %s", refused.Message)
			}
		})
	}
}

// inventedMedia are the requests whose files are none, since it is the name of
// their type that is looked at.
var inventedMedia = map[string]bool{"060_image_type_by_its_format": true}

// resigned signs the thinking blocks of a body as the simulated provider does,
// so that the signatures in the files can be short.
func resigned(t *testing.T, body []byte) []byte {
	t.Helper()
	out := string(body)
	for _, b := range gjson.GetBytes(body, "messages.#.content|@flatten|#(type==thinking)#").Array() {
		signed := strings.Replace(b.Raw, b.Get("signature").Raw, strconv.Quote(dialogue.Sign(b.Get("thinking").Str, 1)), 1)
		out = strings.Replace(out, b.Raw, signed, 1)
	}
	return []byte(out)
}

func readable(t *testing.T, v any) []byte {
	t.Helper()
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// answerTo is the answer's reader, made by the request in NAME.request.json if
// there is one.
func answerTo(t *testing.T, name string) provider.Answer {
	t.Helper()
	body, err := os.ReadFile(name + ".request.json")
	if errors.Is(err, fs.ErrNotExist) {
		return &answer{now: newTestDialect().now}
	}
	if err != nil {
		t.Fatal(err)
	}
	return encode(t, string(body)).Answer
}

// TestAnswers holds testdata/answer/NAME.json, a message, against
// NAME.want.json, the completion that is made of it.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "answer", ".json", ".request.json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			reply, err := answerTo(t, name).Whole(body)
			if err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			if err := json.Indent(&out, reply.Body, "", "  "); err != nil {
				t.Fatalf("completion is not JSON: %v: %s", err, reply.Body)
			}
			fmt.Fprintf(&out, "\n\n%s\n", describeUsage(reply.Usage))
			golden.Check(t, name+".want.json", out.Bytes())
		})
	}
}

// TestStreams holds testdata/stream/NAME.sse against NAME.want.txt. There each
// line is what one call of Next gave: "+" is content, "-" any other chunk, "."
// a sign of life and "=" the end.
func TestStreams(t *testing.T) {
	t.Parallel()
	for name, body := range golden.Inputs(t, "stream", ".sse", ".request.json") {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			golden.Check(t, name+".want.txt", []byte(transcript(t, answerTo(t, name).Stream(bytes.NewReader(body)))))
		})
	}
}

func transcript(t *testing.T, s provider.Stream) string {
	t.Helper()
	var out strings.Builder
	for {
		chunk, err := s.Next()
		if err != nil {
			fmt.Fprintf(&out, "= %s\n= %s\n", describe(err), describeUsage(s.Usage()))
			return out.String()
		}
		switch {
		case len(chunk.Data) == 0:
			out.WriteString(".\n")
			continue
		case chunk.Content:
			out.WriteString("+ ")
		default:
			out.WriteString("- ")
		}
		if chunk.Event != "" {
			out.WriteString(chunk.Event + " ")
		}
		if !json.Valid(chunk.Data) {
			t.Fatalf("chunk is not JSON: %s", chunk.Data)
		}
		out.Write(append(chunk.Data, '\n'))
	}
}

func describe(err error) string {
	var f *upstream.Fault
	if errors.As(err, &f) {
		return fmt.Sprintf("%+v", *f)
	}
	return err.Error()
}

// describeUsage lists the fields that are not zero.
func describeUsage(u upstream.Usage) string {
	var fields []string
	for v, i := reflect.ValueOf(u), 0; i < v.NumField(); i++ {
		if !v.Field(i).IsZero() {
			fields = append(fields, fmt.Sprintf("%s:%v", v.Type().Field(i).Name, v.Field(i)))
		}
	}
	return "{" + strings.Join(fields, " ") + "}"
}

// encode parses and encodes a request that is expected to be fine.
func encode(t *testing.T, body string) *provider.Call {
	t.Helper()
	call, err := tryEncode(t, body)
	if err != nil {
		t.Fatalf("EncodeChat: %v", err)
	}
	return call
}

func tryEncode(t *testing.T, body string) (*provider.Call, error) {
	t.Helper()
	req, err := chat.Parse([]byte(body))
	if err != nil {
		t.Fatalf("chat.Parse: %v", err)
	}
	return newTestDialect().EncodeChat(req, req.Model)
}
