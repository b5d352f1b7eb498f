package gateway

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/fallow-dev/fallow/internal/secret"
)

// FuzzUnmark: JSON stays JSON, nothing grows, and a mark that was put on comes
// off again.
func FuzzUnmark(f *testing.F) {
	g := &Gateway{cfg: Config{Upstreams: map[string]*Upstream{"main": {Keys: map[string]secret.Ref{"k1": {}, "k2": {}}}}}}
	ours := markOf("bot", owner{"main", "k1"})
	for _, seed := range []string{
		`{}`, `{"id":"file-a` + ours + `"}`, `{"id":"file-a~00000000"}`, `{"a":"~","b":["resp_1` + ours + `"]}`,
		`{"text":"\"file-a` + ours + `\""}`, `"~~~~~~~~~~"`, `{"id": "batch_1"}`, `{"file_id" : "file-1"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &exchange{g: g, client: client{name: "bot"}}
		out, err := g.unmark(x, body)
		if err != nil {
			return
		}
		if json.Valid(body) && !json.Valid(out) || len(out) > len(body) {
			t.Fatalf("%q became %q", body, out)
		}
		if x.pin == nil && string(out) != string(body) {
			t.Fatalf("%q became %q and is nobody's", body, out)
		}
		o := owner{"main", "k2"}
		marked := x.mark(out, o)
		if json.Valid(out) && !json.Valid(marked) {
			t.Fatalf("%q was marked %q", out, marked)
		}
		if strings.Contains(string(out), "~") {
			return // it may hold what looks like a mark
		}
		back, err := g.unmark(&exchange{g: g, client: client{name: "bot"}}, marked)
		if err != nil || string(back) != string(out) {
			t.Fatalf("%q, marked %q, came back as %q, %v", out, marked, back, err)
		}
	})
}

// FuzzForm: whatever a client sends for a form, it is read or refused.
func FuzzForm(f *testing.F) {
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nm\r\n--b--\r\n")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--b")
	f.Add("multipart/form-data", "--b")
	f.Add("text/plain", "")
	parse := parseForm("transcriptions")
	f.Fuzz(func(t *testing.T, kind, body string) {
		req, err := parse([]byte(body), map[string][]string{"Content-Type": {kind}})
		if (err == nil) != (req != nil) || err == nil && (req.model() == "" || len(req.model()) > maxFormValue) {
			t.Fatalf("got %+v, %v", req, err)
		}
	})
}

// TestMarks differ for whoever is not the same, and are the same everywhere.
func TestMarks(t *testing.T) {
	t.Parallel()
	const want = "~95f95dde" // it stands in what clients have kept
	if got := markOf("bot", owner{"main", "k1"}); got != want {
		t.Errorf("mark = %s, want %s", got, want)
	}
	seen := map[string]bool{}
	for _, client := range []string{"bot", "other"} {
		for _, o := range []owner{{"main", "k1"}, {"main", "k2"}, {"mai", "nk1"}, {"backup", "k1"}} {
			seen[markOf(client, o)] = true
		}
	}
	if len(seen) != 8 {
		t.Errorf("%d marks for 8 owners", len(seen))
	}
}

// BenchmarkUnmark is what each request pays for files that it nearly never has.
func BenchmarkUnmark(b *testing.B) {
	g := &Gateway{}
	body := []byte(`{"content":"` + strings.Repeat(`rm ~/a/file-b and ~0123abcd; `, 3000) + `"}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.unmark(&exchange{}, body); err != nil {
			b.Fatal(err)
		}
	}
}
