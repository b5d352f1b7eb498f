package prices

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Origin says where a file was made from.
type Origin struct {
	// Name of the source and its version, such as "LiteLLM 1.109.1".
	Name string
	// Date on which it was taken, as 2026-11-22.
	Date string
}

// Prune makes the file of LiteLLM's model_prices_and_context_window.json: the
// same bytes for the same source and origin. It keeps the models of the
// providers below that are paid by the token, and of each what a Price holds.
func Prune(source []byte, origin Origin) ([]byte, error) {
	models := map[string]json.RawMessage{}
	if err := json.Unmarshal(source, &models); err != nil {
		return nil, errors.New("prices: the source is not a JSON object of models")
	}
	lines := map[string]string{}
	for _, key := range slices.Sorted(maps.Keys(models)) {
		var m sourceModel
		if json.Unmarshal(models[key], &m) != nil {
			continue // the source explains its fields by an entry of texts
		}
		id, rank := m.id(key)
		line, ok := m.line(id)
		if _, taken := lines[id]; ok && (!taken || rank == better) {
			lines[id] = line
		}
	}
	if len(lines) == 0 {
		return nil, errors.New("prices: the source has no model that is known here: is it model_prices_and_context_window.json?")
	}
	return write(lines, source, origin), nil
}

func write(lines map[string]string, source []byte, origin Origin) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, header, origin.Name, origin.Date, sha256.Sum256(source), len(lines))
	for _, id := range slices.Sorted(maps.Keys(lines)) {
		out.WriteString(lines[id] + "\n")
	}
	return out.Bytes()
}

const header = `# What models cost, in US dollars per million tokens. Rewritten by: fallow prices refresh
# Pruned from model_prices_and_context_window.json of %s, taken %s, MIT licence: see README.md.
# SHA-256 of the source: %x
# %d models: provider/model, mode, context, max output, then the prices of input, output, cache read,
# cache write for 5 minutes, for 1 hour; then for some the length of input above which other prices hold, and those.
`

// sourceModel is what is read of an entry. Numbers stay text: a float would
// turn 1.1e-06 dollars into something a little else.
type sourceModel struct {
	Provider  string      `json:"litellm_provider"`
	Mode      string      `json:"mode"`
	Context   json.Number `json:"max_input_tokens"`
	MaxOutput json.Number `json:"max_output_tokens"`
	rates     map[string]json.Number
}

// UnmarshalJSON also keeps all numbers by name, for the names say at what
// length of input a price begins.
func (m *sourceModel) UnmarshalJSON(data []byte) error {
	type plain sourceModel
	if err := json.Unmarshal(data, (*plain)(m)); err != nil {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	m.rates = map[string]json.Number{}
	for name, raw := range all {
		var n json.Number
		if json.Unmarshal(raw, &n) == nil && n != "" {
			m.rates[name] = n
		}
	}
	return nil
}

// line returns the entry as the file has it, and false when it has no place there.
func (m *sourceModel) line(id string) (string, bool) {
	input, output := m.rate("input_cost_per_token", ""), m.rate("output_cost_per_token", "")
	modes := []string{"chat", "completion", "responses", "embedding"}
	if id == "" || !slices.Contains(modes, m.Mode) || input == "-" || input == "0" && output == "0" {
		return "", false // free is what previews and placeholders say; unknown is safer
	}
	fields := []string{id, m.Mode, limit(m.Context), limit(m.MaxOutput)}
	fields = append(fields, m.rateFields("")...)
	if above := m.longAbove(); above != "" {
		length := strings.TrimSuffix(strings.TrimPrefix(above, "_above_"), "k_tokens") + "000"
		fields = append(append(fields, length), m.rateFields(above)...)
	}
	return strings.Join(fields, "\t"), true
}

// rateFields are the five prices whose names end in suffix.
func (m *sourceModel) rateFields(suffix string) []string {
	read := cmp.Or(m.rates["cache_read_input_token_cost"+suffix], m.rates["input_cost_per_token_cache_hit"+suffix])
	write := m.rate("cache_creation_input_token_cost", suffix)
	if write == "0" {
		// Storing costs nothing there, but reading what is stored costs what
		// input does.
		write = "-"
	}
	return []string{
		m.rate("input_cost_per_token", suffix), m.rate("output_cost_per_token", suffix), dollars(read), write,
		m.rate("cache_creation_input_token_cost_above_1hr", suffix),
	}
}

// longAbove is the suffix of prices for long input; the shortest length when
// there are several, since a price too high is noticed and one too low is paid.
func (m *sourceModel) longAbove() string {
	for _, k := range []string{"100k", "128k", "200k", "256k", "272k"} {
		suffix := "_above_" + k + "_tokens"
		if m.rate("input_cost_per_token", suffix) != "-" && m.rate("output_cost_per_token", suffix) != "-" {
			return suffix
		}
	}
	return ""
}

func (m *sourceModel) rate(name, suffix string) string { return dollars(m.rates[name+suffix]) }

// dollars turns a price per token into one per million, rounded to a
// microdollar: the source has 7.999999999999999e-08 for 8e-08. A price out of
// all proportion is taken as none; exact arithmetic on its exponent would also
// never end.
func dollars(perToken json.Number) string {
	size, err := perToken.Float64()
	if err != nil || size < 0 || size >= 1 || len(perToken) > 64 {
		return "-"
	}
	if size < 1e-15 {
		return "0"
	}
	price, _ := new(big.Rat).SetString(perToken.String())
	perMillion := price.Mul(price, big.NewRat(1e12, 1)).FloatString(0)
	rate, _ := strconv.ParseInt(perMillion, 10, 64) // 12 digits at most
	return Rate(rate).String()
}

// limit writes a count of tokens, "-" for what is none.
func limit(n json.Number) string {
	if v, err := n.Int64(); err == nil && v > 0 {
		return fmt.Sprint(v)
	}
	return "-"
}
