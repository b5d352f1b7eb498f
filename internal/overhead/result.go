package overhead

import "time"

// Result is what a run has measured. Its JSON form is for programs.
type Result struct {
	Began   time.Time `json:"began"`
	Command string    `json:"command,omitempty"`
	Machine Machine   `json:"machine"`
	// LoadBefore and LoadAfter are the machine's load averages. What the run
	// itself does is in the latter.
	LoadBefore string   `json:"load_before"`
	LoadAfter  string   `json:"load_after"`
	Rounds     int      `json:"rounds"`
	Cells      []Cell   `json:"cells"`
	Reports    []Report `json:"contestants"`
}

// Machine is where it ran.
type Machine struct {
	Processors int    `json:"processors"`
	System     string `json:"system"`
	Go         string `json:"go"`
}

// Report is what was measured of one contestant.
type Report struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	// Problem is why it has no figures, or the first failure of a request.
	Problem string `json:"problem,omitempty"`
	// Starts are the milliseconds from the start to the end of the first answer.
	Starts []float64 `json:"start_ms,omitempty"`
	// Idle is its memory after the first answer, in MB of 10^6 bytes.
	Idle float64 `json:"idle_mb,omitempty"`
	// Samples are those of each cell by its name, one a round.
	Samples map[string][]Sample `json:"samples"`
}

// Sample is one round of one cell. Times are microseconds.
type Sample struct {
	// Items are answers, in a closed loop of streams events; Failed are requests.
	Items, Failed float64
	// PerSecond is how many items there were, in a closed loop.
	PerSecond float64
	// Processor is the time of the contestant's processes for each item.
	Processor float64
	// Memory is the most that was seen of its processes, in MB.
	Memory float64
	// P50 and P99 of the latency: in an open loop from the moment that the
	// request was due. FirstP50 and FirstP99 until the first content.
	P50, P99, FirstP50, FirstP99 float64
	// Added are these less those of the twins that went to the upstream itself.
	AddedP50, AddedP99, AddedFirstP50, AddedFirstP99 float64
	// Paired is the median of the differences of each request and its twin.
	Paired float64
}

// Of returns the medians of a cell's rounds; ok is false if it was not measured.
func (r *Report) Of(cell string) (s Sample, ok bool) {
	rounds := r.Samples[cell]
	if len(rounds) == 0 {
		return Sample{}, false
	}
	for i, into := range s.fields() {
		var values []float64
		for _, round := range rounds {
			values = append(values, *round.fields()[i])
		}
		*into = median(values)
	}
	return s, true
}

// fields are those that have a median.
func (s *Sample) fields() []*float64 {
	return []*float64{
		&s.Items, &s.Failed, &s.PerSecond, &s.Processor, &s.Memory, &s.P50, &s.P99, &s.FirstP50, &s.FirstP99,
		&s.AddedP50, &s.AddedP99, &s.AddedFirstP50, &s.AddedFirstP99, &s.Paired,
	}
}

// find returns the report of that name, nil if it took no part.
func (r *Result) find(name string) *Report {
	for i := range r.Reports {
		if r.Reports[i].Name == name {
			return &r.Reports[i]
		}
	}
	return nil
}
