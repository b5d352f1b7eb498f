package scenarios

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

//go:embed *.yaml
var ready embed.FS

// maxFile bounds a scenario file, in bytes.
const maxFile = 64 << 10

// order is that of Names: from the ordinary to the odd.
var order = []string{
	"morning", "stuck-key", "tight", "halved-limits", "burst-1000", "two-organisations",
	"overload-529", "store-outage", "mixed-batch",
}

// Names lists the ready scenarios.
func Names() []string { return slices.Clone(order) }

// Load finds a ready scenario by its name, or reads the file of that path. The
// error of a file lists everything that is wrong with it.
func Load(name string) (*Scenario, error) {
	if slices.Contains(order, name) {
		data, err := ready.ReadFile(name + ".yaml")
		if err != nil {
			return nil, err
		}
		return Parse(data, name)
	}
	file, err := os.Open(name)
	if errors.Is(err, os.ErrNotExist) && !strings.ContainsAny(name, "./") {
		return nil, fmt.Errorf("%q is neither a scenario (%s) nor a file", name, strings.Join(order, ", "))
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Parse(data, name)
}

// Parse reads a scenario, fills in the defaults and checks it. from stands
// before what is wrong.
func Parse(data []byte, from string) (*Scenario, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: larger than %d KiB", from, maxFile>>10)
	}
	s := &Scenario{}
	if err := decode(data, s); err != nil {
		return nil, fmt.Errorf("%s: %s", from, strings.TrimSpace(yaml.FormatError(err, false, false)))
	}
	s.setDefaults()
	if faults := s.check(); len(faults) > 0 {
		return nil, fmt.Errorf("%s: %s", from, strings.Join(faults, "\n"+from+": "))
	}
	return s, nil
}

// decode turns what the YAML library panics at, such as a tag without a name,
// into an error. A decoder of our own, as the config document has one, would be
// out of proportion for a file that no service reads.
func decode(data []byte, s *Scenario) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("this YAML cannot be read: write it without tags, anchors and aliases")
		}
	}()
	err = yaml.NewDecoder(bytes.NewReader(data), yaml.Strict()).Decode(s)
	if errors.Is(err, io.EOF) { // an empty file
		return nil
	}
	return err
}

func (s *Scenario) setDefaults() {
	s.Provider = cmp.Or(s.Provider, "anthropic")
	s.Model = cmp.Or(s.Model, map[string]string{"openai": "gpt-5"}[s.Provider], "claude-sonnet-5")
	s.Patience = cmp.Or(s.Patience, 10*time.Minute)
	s.WaitBudget = cmp.Or(s.WaitBudget, 30*time.Second)
	if s.OneKey == (Limits{}) && len(s.Organisations) > 0 {
		s.OneKey = s.Organisations[0].Limits
	}
	for i := range s.Traffic {
		t := &s.Traffic[i]
		t.Input.Most = cmp.Or(t.Input.Most, 100_000)
		t.Latency.Most = cmp.Or(t.Latency.Most, 3*time.Minute)
		t.Latency.P95 = cmp.Or(t.Latency.P95, t.Latency.P50)
	}
}
