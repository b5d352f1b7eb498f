package lambdabed

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
)

const nuls = "\x00\x00\x00\x00\x00\x00\x00\x00"

func TestReadPrelude(t *testing.T) {
	tests := []struct {
		name, contentType, input string
		status                   int
		rest                     string
		wantErr                  string
	}{
		{"full", preludeType, `{"statusCode":201,"headers":{"a":"b"}}` + nuls + "body", 201, "body", ""},
		{"no status", preludeType, `{}` + nuls, 200, "", ""},
		{"body begins with nuls", preludeType, `{}` + nuls + "\x00x", 200, "\x00x", ""},
		{"no prelude at all", "application/json", `{"statusCode":201}`, 200, `{"statusCode":201}`, ""},
		{"cut off", preludeType, `{"statusCode":201}` + nuls[:7], 0, "", "ended in its prelude"},
		{"empty", preludeType, "", 0, "", "ended in its prelude"},
		{"not JSON", preludeType, `{` + nuls, 0, "", "not JSON"},
		{"impossible status", preludeType, `{"statusCode":99}` + nuls, 0, "", "must be 200 to 599"},
		{"endless", preludeType, strings.Repeat(" ", preludeLimit+1), 0, "", "no end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := bufio.NewReader(strings.NewReader(tt.input))
			got, err := readPrelude(tt.contentType, body)
			if tt.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), tt.wantErr) {
					t.Errorf("got %v, want an error with %q", err, tt.wantErr)
				}
				return
			}
			rest, _ := io.ReadAll(body)
			if err != nil || got.StatusCode != tt.status || string(rest) != tt.rest {
				t.Errorf("got %d, %q, %v, want %d, %q", got.StatusCode, rest, err, tt.status, tt.rest)
			}
		})
	}
}

func FuzzReadPrelude(f *testing.F) {
	f.Add([]byte(`{"statusCode":200,"headers":{"content-type":"text/plain"},"cookies":["a=b"]}` + nuls + "data: 1\n\n"))
	f.Add([]byte(nuls))
	f.Fuzz(func(t *testing.T, raw []byte) {
		body := bufio.NewReader(bytes.NewReader(raw))
		head, err := readPrelude(preludeType, body)
		if err != nil {
			return
		}
		if head.StatusCode < 200 || head.StatusCode > 599 {
			t.Errorf("got status %d", head.StatusCode)
		}
		rest, _ := io.ReadAll(body)
		if !bytes.HasSuffix(raw, append([]byte(nuls), rest...)) {
			t.Errorf("the body %q is not what follows the prelude of %q", rest, raw)
		}
	})
}

func TestWholeReply(t *testing.T) {
	tests := []struct {
		name    string
		body    io.Reader
		trailer http.Header
		limit   int64
		wantErr string
	}{
		{"complete", strings.NewReader("answer"), nil, 6, ""},
		{"too large", strings.NewReader("answer"), nil, 5, "ResponseSizeTooLarge"},
		{"announced failure", strings.NewReader("answer"), http.Header{"Lambda-Runtime-Function-Error-Type": {"errorString"}}, 6, "errorString"},
		{"cut connection", io.MultiReader(strings.NewReader("ans"), broken{}), nil, 6, io.ErrUnexpectedEOF.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &reply{body: tt.body, trailer: func() http.Header { return tt.trailer }}
			got, err := r.whole(tt.limit)
			switch {
			case tt.wantErr == "" && (err != nil || string(got) != "answer"):
				t.Errorf("got %q, %v, want the answer", got, err)
			case tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)):
				t.Errorf("got %v, want an error with %q", err, tt.wantErr)
			}
		})
	}
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
