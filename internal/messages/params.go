package messages

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// maxStop is how many stop sequences OpenAI takes.
const maxStop = 4

// writeLimits writes max_tokens and the stop sequences.
func (t *translation) writeLimits() error {
	if limit := t.get("max_tokens"); limit.Num > 0 {
		name := "max_tokens"
		if t.is.reasons {
			name = "max_completion_tokens"
		}
		t.raw(name, limit.Raw)
	} else if limit.Exists() {
		return fault("max_tokens", "must be at least 1: this model's provider has no cache that is filled in advance")
	}
	var stop []string
	for _, s := range t.get("stop_sequences").Array() {
		if isString(s) && !isBlank(s) {
			stop = append(stop, s.Raw)
		}
	}
	if most := t.mostStops(); len(stop) > most {
		t.drop("stop_sequences")
		stop = stop[:most]
	}
	if len(stop) > 0 {
		t.raw("stop", "["+strings.Join(stop, ",")+"]")
	}
	return nil
}

func (t *translation) mostStops() int {
	switch {
	case t.opt.Extended:
		return len(t.req.Raw) // no bound of its own
	case t.is.reasons:
		return 0
	}
	return maxStop
}

// writeSampling writes temperature and top_p. Both are 1 by default everywhere, and
// many models refuse even that to be said.
func (t *translation) writeSampling() error {
	for _, name := range [...]string{"temperature", "top_p"} {
		v := t.get(name)
		if v.Exists() && (v.Type != gjson.Number || v.Num < 0 || v.Num > 1) {
			return fault(name, "must be a number from 0 to 1")
		}
		if !v.Exists() || v.Num == 1 {
			continue
		}
		t.keepOrDrop(name, !t.is.reasons)
	}
	if t.get("top_k").Exists() {
		t.keepOrDrop("top_k", t.opt.Extended)
	}
	return nil
}

func (t *translation) keepOrDrop(name string, keep bool) {
	if keep {
		t.raw(name, t.get(name).Raw)
	} else {
		t.drop(name)
	}
}

// writeEffort writes how much is to be thought. A dialect of our own also gets
// the client's exact words.
func (t *translation) writeEffort() error {
	thinking := t.get("thinking")
	if t.opt.Extended && thinking.Exists() {
		t.raw("thinking", thinking.Raw)
	}
	effort := t.get("output_config").Get("effort").Str
	asked := "output_config"
	if effort == "" || thinking.Get("type").Str == "disabled" {
		effort, asked = effortOf(thinking), "thinking"
	}
	if effort == "" {
		return nil
	}
	if !slices.Contains(efforts[:], effort) {
		return fault("output_config.effort", "must be one of low, medium, high, xhigh and max")
	}
	if !t.opt.Extended {
		effort = t.is.clamp(effort)
	}
	if effort == "" {
		t.drop(asked)
		return nil
	}
	t.raw("reasoning_effort", `"`+effort+`"`)
	return nil
}

// effortOf is the effort that a thinking field stands for. Budgets are taken by
// their size, not by their share of max_tokens: Claude Code always asks for nearly
// all of it. The steps are the budgets of its three levels of thinking, 4,000,
// 10,000 and 31,999 tokens.
func effortOf(thinking gjson.Result) string {
	budget := thinking.Get("budget_tokens").Num
	switch kind := thinking.Get("type").Str; {
	case kind == "disabled":
		return "none"
	case kind != "enabled":
		return "" // adaptive: the model's default
	case budget <= 4_000:
		return "low"
	case budget <= 16_000:
		return "medium"
	}
	return "high"
}

// writeFormat writes response_format.
func (t *translation) writeFormat() error {
	path, format := "output_config.format", t.get("output_config").Get("format")
	if !given(format) {
		path, format = "output_format", t.get("output_format") // its name as a beta
	}
	if !given(format) {
		return nil
	}
	schema := format.Get("schema")
	if format.Get("type").Str != "json_schema" || !schema.IsObject() {
		return fault(path, "must be of type json_schema, with a schema")
	}
	strict := ""
	if t.opt.Extended || fitsStrict(schema) {
		strict = `,"strict":true`
	}
	t.raw("response_format", `{"type":"json_schema","json_schema":{"name":"answer"`+strict+`,"schema":`+schema.Raw+`}}`)
	return nil
}

// maxUser is the longest "user" that OpenAI takes. Claude Code's is longer: a
// device, an account and a session in one.
const maxUser = 64

// writeUserID writes metadata.user_id, which is opaque already, so only its
// length matters.
func (t *translation) writeUserID() error {
	id := t.get("metadata").Get("user_id")
	switch {
	case id.Str == "":
	case len(id.Str) <= maxUser:
		t.raw("user", id.Raw)
	default:
		sum := sha256.Sum256([]byte(id.Str))
		t.raw("user", `"`+hex.EncodeToString(sum[:])+`"`)
	}
	return nil
}

func (t *translation) writeTier() error {
	switch t.get("service_tier").Str {
	case "auto":
		t.raw("service_tier", `"auto"`)
	case "standard_only":
		t.raw("service_tier", `"default"`)
	}
	return nil
}
