package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// wire is a Fault as JSON, with durations as people write them ("20m").
type wire struct {
	ID           string   `json:"id,omitempty"`
	Effect       Effect   `json:"effect"`
	Key          string   `json:"key,omitempty"`
	Organisation string   `json:"organisation,omitempty"`
	Model        string   `json:"model,omitempty"`
	Probability  float64  `json:"probability,omitempty"`
	For          duration `json:"for,omitempty"`
	FromFirstHit bool     `json:"from_first_hit,omitempty"`
	Count        int      `json:"count,omitempty"`
	RetryAfter   duration `json:"retry_after,omitempty"`
	Chunks       int      `json:"chunks,omitempty"`
	Delay        duration `json:"delay,omitempty"`
	Factor       float64  `json:"factor,omitempty"`
	Message      string   `json:"message,omitempty"`
}

// MarshalJSON writes the fault with durations as text.
func (f Fault) MarshalJSON() ([]byte, error) {
	return json.Marshal(wire{f.ID, f.Effect, f.Key, f.Organisation, f.Model, f.Probability, duration(f.For),
		f.FromFirstHit, f.Count, duration(f.RetryAfter), f.Chunks, duration(f.Delay), f.Factor, f.Message})
}

// UnmarshalJSON reads what MarshalJSON writes. A field it does not know is an
// error: a misspelt one would make a fault that strikes everything.
func (f *Fault) UnmarshalJSON(data []byte) error {
	var w wire
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&w); err != nil {
		return fmt.Errorf("fault: %w", err)
	}
	*f = Fault{w.ID, w.Effect, w.Key, w.Organisation, w.Model, w.Probability, time.Duration(w.For),
		w.FromFirstHit, w.Count, time.Duration(w.RetryAfter), w.Chunks, time.Duration(w.Delay), w.Factor, w.Message}
	return nil
}

type duration time.Duration

func (d duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

func (d *duration) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = duration(parsed)
	return err
}
