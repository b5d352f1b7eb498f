package plan

import (
	"encoding/json"
	"io"
	"time"
)

// Schema names the form of a Result as JSON.
const Schema = "fallow-plan/1"

// Result is the answer.
type Result struct {
	Schema string `json:"schema"`
	// Requests, From and To describe the log; Refused of its requests had no
	// answer, and were given the middle size of the others. Bad lines were left
	// out.
	Requests int       `json:"requests"`
	Refused  int       `json:"refused"`
	Bad      int       `json:"bad_lines"`
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Limits   Limits    `json:"limits"`
	// Demand is what was asked for in each minute.
	Demand []Minute `json:"demand"`
	// The settings.
	Wait          float64 `json:"wait_budget"`
	MaxLimited    float64 `json:"enough_limited_percent"`
	MaxWait       float64 `json:"enough_wait_p95"`
	Cached        float64 `json:"cached_share"`
	FallbackAfter float64 `json:"fallback_after"`
	// Enough is the least number of groups with which all goes well; 0 when that
	// is none of those tried. WithCaching and WithFallback are the same with
	// these.
	Enough       int `json:"enough"`
	WithCaching  int `json:"enough_with_caching"`
	WithFallback int `json:"enough_with_fallback"`
	// Rows are the numbers of groups tried.
	Rows []Row `json:"rows"`
}

// Row is one number of groups.
type Row struct {
	Plain Outcome `json:"plain"`
	// Caching lets the provider read a share of the input from its cache.
	Caching Outcome `json:"caching"`
	// Fallback sends those elsewhere who would wait too long: its Limited are
	// the requests that a fallback would have to take.
	Fallback Outcome `json:"fallback"`
}

// Minute is what arrived in one minute, whenever it was sent.
type Minute struct {
	Requests int64 `json:"requests"`
	Input    int64 `json:"input_tokens"` // without what was cached
	Output   int64 `json:"output_tokens"`
}

// JSON writes the answer, indented.
func JSON(w io.Writer, r *Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(r)
}
