package dynamo

import (
	"bytes"
	"io"
	"net/http"
	"testing"
)

type doFunc func(*http.Request) (*http.Response, error)

func (f doFunc) Do(r *http.Request) (*http.Response, error) { return f(r) }

// What it is good for, the conformance suite shows on a busy machine: without
// it "query of many pages" now and then loses an answer.
func TestPlainBodies(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		body io.Reader
		want string
	}{
		{"bytes, which can WriteTo", bytes.NewReader([]byte("{}")), "{}"},
		{"none", nil, ""},
		{"no body", http.NoBody, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(http.MethodPost, "http://127.0.0.1", tt.body)
			if err != nil {
				t.Fatal(err)
			}
			client := plainBodies{doFunc(func(r *http.Request) (*http.Response, error) {
				if tt.want == "" {
					if r.Body != nil && r.Body != http.NoBody {
						t.Errorf("a request without body got %T", r.Body)
					}
					return nil, nil
				}
				if _, ok := r.Body.(io.WriterTo); ok {
					t.Error("the body still has WriteTo")
				}
				if got, err := io.ReadAll(r.Body); err != nil || string(got) != tt.want {
					t.Errorf("got body %q, %v; want %q", got, err, tt.want)
				}
				return nil, nil
			})}
			if _, err := client.Do(req); err != nil {
				t.Error(err)
			}
		})
	}
}
