package plan

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func read(text string, maxBad int) (*Log, error) {
	return Read(strings.NewReader(text), Options{Name: "f", MaxBad: maxBad})
}

func TestFallowsOwnLog(t *testing.T) {
	t.Parallel()
	log, err := read(`{"time":"2026-11-23T09:00:30Z","level":"INFO","msg":"request","status":200,"wait_ms":2000,"total_ms":30000,"input_tokens":100,"output_tokens":50,"cache_read_tokens":700,"cache_write_tokens":200,"usage_exact":true}
{"time":"2026-11-23T09:00:01Z","level":"INFO","msg":"draining"}

{"time":"2026-11-23T09:00:20Z","level":"WARN","msg":"request","status":429,"code":"pool_exhausted","total_ms":15000,"wait_ms":15000,"input_tokens":0,"output_tokens":0}
{"time":"2026-11-23T09:00:40Z","level":"INFO","msg":"request","status":401,"input_tokens":0,"output_tokens":0}
`, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := &Log{Skipped: 2, Calls: []Call{
		{At: nine, Input: 1000, Cached: 700, Output: 50, Latency: 28 * time.Second},
		{At: nine.Add(5 * time.Second), Input: 1000, Cached: 700, Output: 50, Latency: 28 * time.Second, Refused: true},
	}}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestCSV(t *testing.T) {
	t.Parallel()
	log, err := read("\uFEFFTime,user,input_tokens,output_tokens,cached_tokens,latency_ms\n"+
		"2026-11-23 09:00:10,ann,200,60,,\n"+
		"\"2026-11-23T10:00:00+01:00\",bob,100,10,40,2500\n"+
		"1795424405,cy, 300 ,120,0,0\n"+
		"1795424406500,di,400,0,400,100\n", 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []Call{
		{At: nine, Input: 100, Cached: 40, Output: 10, Latency: 2500 * time.Millisecond},
		{At: nine.Add(5 * time.Second), Input: 300, Output: 120, Latency: 3 * time.Second},
		{At: nine.Add(6500 * time.Millisecond), Input: 400, Cached: 400, Latency: 100 * time.Millisecond},
		{At: nine.Add(10 * time.Second), Input: 200, Output: 60, Latency: 2 * time.Second},
	}
	if diff := cmp.Diff(want, log.Calls, cmp.Comparer(time.Time.Equal)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestBadLines(t *testing.T) {
	t.Parallel()
	const header = "time,input_tokens,output_tokens,cached_tokens\n"
	const good = "2026-11-23T09:00:00Z,1,1,0\n"
	tests := []struct {
		name, text string
		says       []string
	}{
		{"nothing", "", []string{"f: holds no request"}},
		{"header alone", header, []string{"f: holds no request"}},
		{"neither form", "time=2026 level=INFO msg=request\n", []string{"f:1: the first line is neither JSON nor a header"}},
		{"the log as text", "time=2026 level=INFO msg=request\n", []string{"--log-json"}},
		{"semicolons", "time;input_tokens;output_tokens\n", []string{"separate them by commas"}},
		{"no form anywhere", "when,in,out\n1,2,3\n", []string{"f:1: the first line is neither JSON nor a header"}},
		{"a log far behind", strings.Repeat("words\n", maxPreface) + `{"time":"2026-11-23T09:00:30Z","msg":"request","status":200}`, []string{"f:1: the first line"}},
		{"column twice", "time,time,input_tokens,output_tokens\n", []string{`f:1: column "time" stands twice`}},
		{"broken quotes", header + good + "\"2026,1,1,0\n", []string{"f:3: not CSV"}},
		{"fields", header + "2026-11-23T09:00:00Z,1,1\n", []string{"f:2: has 3 fields, the header has 4"}},
		{"all at once", header + good + "\nnoon,-1,x,0\n", []string{`f:4: input_tokens "-1"`, `output_tokens "x"`, `time "noon" is neither RFC 3339`}},
		{"missing size", header + "2026-11-23T09:00:00Z,,1,0\n", []string{`f:2: input_tokens ""`}},
		{"more cached than there is", header + "2026-11-23T09:00:00Z,1,1,2\n", []string{"f:2: cached_tokens 2 are more"}},
		{"too many tokens", header + "2026-11-23T09:00:00Z,99000000000,1,2\n", []string{"not a whole number between 0 and 10000000"}},
		{"cut JSON", `{"time":"2026-11-23T09:00:30Z","msg":"req`, []string{"f:1: not JSON", "at byte"}},
		{"wrong kind", `{"msg":"request","input_tokens":"many"}`, []string{"f:1: not a line of Fallow's log"}},
		{"no time", `{"msg":"request","input_tokens":1}`, []string{"f:1: time is missing"}},
		{"negative", `{"time":"2026-11-23T09:00:30Z","msg":"request","input_tokens":-1}`, []string{"f:1: input_tokens -1"}},
		{"long ago", `{"time":"2026-11-23T09:00:30Z","msg":"request","input_tokens":1,"total_ms":99000000000}`, []string{"f:1: total_ms"}},
		{"a line without an end", header + strings.Repeat("x", maxLine+1), []string{"f:2: ", "too long"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := read(tt.text, 0)
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, text := range tt.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("%v\nwant %q in it", err, text)
				}
			}
		})
	}
}

// TestWordsBeforeTheLog: `fallow serve --log-json 2> FILE` begins with what it
// says to people.
func TestWordsBeforeTheLog(t *testing.T) {
	t.Parallel()
	words := "Fallow serves http://127.0.0.1:8080/v1\n  pool claude: 4 keys of anthropic\n\nTry it:\n\n  curl …\n  -d '{\"model\": …}'\n"
	for _, tt := range []struct{ name, text string }{
		{"JSON", `{"time":"2026-11-23T09:00:30Z","msg":"request","status":200,"input_tokens":1}` + "\n"},
		{"CSV", "time,input_tokens,output_tokens\n2026-11-23T09:00:00Z,1,1\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			log, err := read(words+tt.text, 0)
			if err != nil || len(log.Calls) != 1 || len(log.Bad) != 0 {
				t.Errorf("got %+v, %v; want one call", log, err)
			}
		})
	}
	if _, err := read(words+`{"msg":"request"}`+"\n", 0); err == nil || !strings.Contains(err.Error(), "f:8: ") {
		t.Errorf("got %v, want the number of the line in the file", err)
	}
}

// TestSomeBadLinesPass, and are told of, up to the number that is allowed.
func TestSomeBadLinesPass(t *testing.T) {
	t.Parallel()
	text := "time,input_tokens,output_tokens\n" + "x,1,1\n" + "2026-11-23T09:00:00Z,1,1\n" + "y,1,1\n"
	log, err := read(text, 2)
	if err != nil || len(log.Calls) != 1 || len(log.Bad) != 2 || !strings.HasPrefix(log.Bad[1].Error(), "f:4: ") {
		t.Errorf("got %+v, %v", log, err)
	}
	if _, err := read(text, 1); err == nil || !strings.Contains(err.Error(), "2 bad lines, at most 1") || !strings.Contains(err.Error(), "f:2: ") {
		t.Errorf("got %v", err)
	}
}

func TestUnreadable(t *testing.T) {
	t.Parallel()
	broken := errors.New("disk on fire")
	if _, err := Read(iotest.ErrReader(broken), Options{Name: "f"}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := Read(io.MultiReader(strings.NewReader("{}\n"), iotest.ErrReader(broken)), Options{Name: "f"}); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// FuzzRead: whatever a log holds, its calls are in order and make sense.
func FuzzRead(f *testing.F) {
	f.Add([]byte("time,input_tokens,output_tokens,cached_tokens,latency_ms\n2026-11-23T09:00:00Z,10,1,2,3\n1795424405,1,1,,\n"))
	f.Add([]byte(`{"time":"2026-11-23T09:00:30Z","msg":"request","status":200,"input_tokens":100,"total_ms":20}` + "\n" + `{"time":"2026-11-23T09:00:30Z","msg":"request","status":429}`))
	f.Add([]byte("\"time\",\"input_tokens\",output_tokens\n\"a\"\"b\",1,1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		log, err := Read(strings.NewReader(string(data)), Options{MaxBad: 3})
		if err != nil {
			return
		}
		if len(log.Calls) == 0 || len(log.Bad) > 3 {
			t.Fatalf("taken with %d calls and %d bad lines", len(log.Calls), len(log.Bad))
		}
		for i, c := range log.Calls {
			if c.Input < 0 || c.Cached > c.Input || c.Cached < 0 || c.Output < 0 || c.Latency <= 0 || i > 0 && c.At.Before(log.Calls[i-1].At) {
				t.Fatalf("call %d makes no sense: %+v", i, c)
			}
		}
	})
}
