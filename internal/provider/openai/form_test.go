package openai_test

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/fallow-dev/fallow/internal/provider"
	"github.com/fallow-dev/fallow/internal/provider/openai"
)

// lines joins the lines of a form as they go over the wire.
func lines(text ...string) string { return strings.Join(text, "\r\n") }

const formType = `multipart/form-data; boundary="b 1"`

func TestForms(t *testing.T) {
	t.Parallel()
	file := lines("--b 1", `Content-Disposition: form-data; name="file"; filename="model.mp3"`, "Content-Type: audio/mpeg", "", "\x00--b\r\n--b 1x\x00", "")
	model := func(name string) string {
		return lines("--b 1", `Content-Disposition: form-data; name="model"`, "", name, "")
	}
	field := func(name, value string) string {
		return lines("--b 1", `content-disposition: form-data; name=`+name, "", value, "")
	}
	const end = "--b 1--\r\n"
	good := lines("--b 1", `Content-Disposition: form-data; name="file"`, "", "\x00\r\n--c\x00", "")
	tests := []struct {
		name, body, want string
		events           bool
		kind             string
	}{
		{"model first", model("m") + good + end, model("up") + good + end, false, ""},
		{"model last, empty", good + model("") + end, good + model("up") + end, false, ""},
		{"no model", good + end, model("up") + good + end, false, ""},
		{"model twice", model("a") + good + model("b") + end, model("up") + good + model("up") + end, false, ""},
		{"preamble and epilogue", "hello\r\n" + model("m") + end + "--b 1 bye", "hello\r\n" + model("up") + end + "--b 1 bye", false, ""},
		{"stream", field("stream", "true") + model("m") + end, field("stream", "true") + model("up") + end, true, ""},
		{"text", field(`"response_format"`, "srt") + model("m") + end, field(`"response_format"`, "srt") + model("up") + end, false, "text/plain; charset=utf-8"},
		{"a delimiter that goes on is read as a part", file + model("m") + end, "", false, ""},
		{"no end", model("m") + good, "", false, ""},
		{"no parts", end, "", false, ""},
		{"bare line feeds", strings.ReplaceAll(model("m")+end, "\r\n", "\n"), "", false, ""},
		{"part without a name", lines("--b 1", "Content-Type: text/plain", "", "x", "") + model("m") + end, "", false, ""},
		{"part without a header's end", lines("--b 1", `Content-Disposition: form-data; name="a"`, "") + end, "", false, ""},
		{"two names", lines("--b 1", `Content-Disposition: form-data; name="a"`, `Content-Disposition: form-data; name="model"`, "", "x", "") + end, "", false, ""},
		{"no delimiter", "model=m", "", false, ""},
		{"too many parts", strings.Repeat(field("a", "b"), 300) + model("m") + end, "", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, ok := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{
				API: provider.Transcriptions, Body: []byte(tt.body), Model: "up", Header: headers("Content-Type", formType)})
			if ok != (tt.want != "") {
				t.Fatalf("taken: %v, want %v", ok, tt.want != "")
			}
			if !ok {
				return
			}
			if diff := cmp.Diff(tt.want, string(c.Body)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
			if got := c.Header.Get("Content-Type"); got != formType {
				t.Errorf("Content-Type %q, want the client's", got)
			}
			if c.Stream != tt.events || c.Path != "/audio/transcriptions" {
				t.Errorf("%s, stream %v; want stream %v", c.Path, c.Stream, tt.events)
			}
			if reply, err := c.Answer.Whole([]byte(`{"text":"hi"}`)); err != nil || reply.Type != tt.kind {
				t.Errorf("answer of type %q, %v; want %q", reply.Type, err, tt.kind)
			}
		})
	}
}

func TestFormsNeedAForm(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"", "application/json", "multipart/form-data", "multipart/mixed; boundary=b", "multipart/form-data; boundary"} {
		r := provider.NativeRequest{API: provider.Translations, Body: []byte("--b--"), Model: "up", Header: http.Header{"Content-Type": {kind}}}
		if _, ok := openai.New(openai.Config{}).EncodeNative(r); ok {
			t.Errorf("%q was taken for a form", kind)
		}
	}
}

// Whisper answers as a whole whatever it is asked, and translations always do.
func TestWhatDoesNotStream(t *testing.T) {
	t.Parallel()
	body, kind := writeForm(t, [][2]string{{"model", "m"}, {"stream", "true"}})
	for _, tt := range []struct {
		api   provider.API
		model string
		want  bool
	}{
		{provider.Transcriptions, "gpt-4o-transcribe", true},
		{provider.Transcriptions, "whisper-1", false},
		{provider.Translations, "gpt-4o-transcribe", false},
	} {
		c, ok := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: tt.api, Body: body, Model: tt.model, Header: headers("Content-Type", kind)})
		if !ok || c.Stream != tt.want {
			t.Errorf("%s with %s: taken %v, want stream %v", tt.api, tt.model, ok, tt.want)
		}
	}
}

func writeForm(tb interface{ Fatal(...any) }, fields [][2]string) (body []byte, kind string) {
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	for _, f := range fields {
		if err := w.WriteField(f[0], f[1]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes(), w.FormDataContentType()
}

// What the standard library reads of a form is afterwards what it was, but for
// the model.
func TestFormsKeepEveryOtherField(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var fields [][2]string
		for range rapid.IntRange(0, 6).Draw(t, "fields") {
			name := rapid.SampledFrom([]string{"model", "file", "stream", "a b", "Model"}).Draw(t, "name")
			fields = append(fields, [2]string{name, rapid.String().Draw(t, "value")})
		}
		fields = append(fields, [2]string{"last", "x"})
		body, kind := writeForm(t, fields)
		c, ok := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: provider.Transcriptions, Body: body, Model: "up", Header: headers("Content-Type", kind)})
		if !ok {
			t.Fatalf("not taken: %q", body)
		}
		want, named := [][2]string(nil), false
		for _, f := range fields {
			if f[0] == "model" {
				f[1], named = "up", true
			}
			want = append(want, f)
		}
		if !named {
			want = append([][2]string{{"model", "up"}}, want...)
		}
		if diff := cmp.Diff(want, readForm(t, c.Body, kind)); diff != "" {
			t.Fatalf("fields (-want +got):\n%s", diff)
		}
	})
}

func readForm(tb interface{ Fatal(...any) }, body []byte, kind string) (fields [][2]string) {
	_, params, err := mime.ParseMediaType(kind)
	if err != nil {
		tb.Fatal(err)
	}
	r := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			return fields
		}
		if err != nil {
			tb.Fatal(err)
		}
		value, err := io.ReadAll(p)
		if err != nil {
			tb.Fatal(err)
		}
		fields = append(fields, [2]string{p.FormName(), string(value)})
	}
}

func FuzzForm(f *testing.F) {
	f.Add([]byte(lines("--b", `Content-Disposition: form-data; name="model"`, "", "m", "--b--", "")), "multipart/form-data; boundary=b")
	f.Add([]byte("--b\r\n\r\n\r\n--b--"), "multipart/form-data; boundary=b")
	f.Add([]byte("--b--b--"), "multipart/form-data; boundary=b")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		c, ok := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: provider.Transcriptions, Body: body, Model: "up", Header: http.Header{"Content-Type": {kind}}})
		if !ok {
			return
		}
		// What is taken, and read again, asks for our model and nothing else.
		again, ok := openai.New(openai.Config{}).EncodeNative(provider.NativeRequest{API: provider.Transcriptions, Body: c.Body, Model: "up", Header: http.Header{"Content-Type": {kind}}})
		if !ok || !bytes.Equal(again.Body, c.Body) {
			t.Errorf("a second time %v: %q, want %q", ok, again.Body, c.Body)
		}
	})
}
