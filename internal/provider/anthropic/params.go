package anthropic

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// maxUnstreamed is the largest max_tokens for which Anthropic is asked to
// answer in one piece: more could take over ten minutes. (Anthropic's SDKs
// refuse such requests: 3600 s · max_tokens / 128,000 > 600 s.)
const maxUnstreamed = 21_333

// writeMaxTokens writes the one parameter that Anthropic requires and OpenAI
// does not. The default is the most the model gives: max_tokens is not booked
// against a quota there, so a high one costs nothing. For an answer in one
// piece it stays where that ends within ten minutes, when most clients give up.
func (e *encoder) writeMaxTokens() error {
	switch asked := e.req.MaxOutput(); {
	case asked > 0:
		e.maxTokens = asked
	case e.req.Stream, e.get("thinking").Get("budget_tokens").Num >= maxUnstreamed: // more must be left than the budget
		e.maxTokens = e.is.MaxOutput
	default:
		e.maxTokens = min(e.is.MaxOutput, maxUnstreamed)
	}
	e.key("max_tokens")
	e.b = strconv.AppendInt(e.b, e.maxTokens, 10)
	return nil
}

// writeSampling writes temperature, top_p and top_k as far as the model takes
// them; thinking excludes them where they exist at all.
func (e *encoder) writeSampling(thinking bool) error {
	temperature, topP := e.get("temperature"), e.get("top_p")
	if topP.Exists() && (topP.Type != gjson.Number || topP.Num < 0 || topP.Num > 1) {
		return paramError("top_p", "must be a number from 0 to 1")
	}
	accepted := e.is.Sampling
	if thinking {
		accepted = noSampling
	}
	usesTemperature := accepted != noSampling && temperature.Exists()
	if usesTemperature {
		e.raw("temperature", clampToOne(temperature))
	} else if temperature.Exists() && temperature.Num != 1 {
		e.drop("temperature")
	}
	if topP.Exists() && topP.Num != 1 {
		e.keepOrDrop("top_p", accepted == anySampling || accepted == oneSampling && !usesTemperature)
	}
	if e.get("top_k").Exists() {
		e.keepOrDrop("top_k", accepted != noSampling)
	}
	return nil
}

func (e *encoder) keepOrDrop(name string, keep bool) {
	if keep {
		e.raw(name, e.get(name).Raw)
	} else {
		e.drop(name)
	}
}

// clampToOne brings OpenAI's range of 0 to 2 into Anthropic's of 0 to 1. To
// halve it instead would change what 0.7 means to everybody.
func clampToOne(v gjson.Result) string {
	if v.Num > 1 {
		return "1"
	}
	return v.Raw
}

// writeStop writes the stop sequences without the blank ones, which Anthropic
// refuses.
func (e *encoder) writeStop() error {
	stop := e.get("stop")
	if !stop.Exists() {
		return nil
	}
	if stop.Type != gjson.String && !stop.IsArray() {
		return paramError("stop", "must be a string or a list of strings")
	}
	var kept []string
	for i, s := range stop.Array() {
		if !isString(s) {
			return paramError("stop["+strconv.Itoa(i)+"]", "must be a string")
		}
		if !isBlank(s) {
			kept = append(kept, s.Raw)
		}
	}
	if len(kept) > 0 {
		e.raw("stop_sequences", "["+strings.Join(kept, ",")+"]")
	}
	return nil
}

// writeUser writes metadata.user_id, by which Anthropic tells end users apart
// when it looks into abuse. It must not hold personal data, and clients put
// e-mail addresses into "user": so it is hashed. (Without a key, so that it stays
// the same whoever serves the request; an address that is known can be
// recognised in it, but not read from it.) One that comes as
// metadata.user_id is in Anthropic's own form already and stays as it is.
func (e *encoder) writeUser() error {
	metadata := e.get("metadata")
	native := metadata.Get("user_id")
	rest := false
	metadata.ForEach(func(name, _ gjson.Result) bool {
		rest = rest || name.Str != "user_id"
		return true
	})
	if rest {
		e.drop("metadata")
	}
	if isString(native) {
		e.raw("metadata", `{"user_id":`+native.Raw+`}`)
		return nil
	}
	user := e.get("safety_identifier")
	if !user.Exists() {
		user = e.get("user") // the name before
	}
	if isString(user) && user.Str != "" {
		sum := sha256.Sum256([]byte(user.Str))
		e.raw("metadata", `{"user_id":"`+hex.EncodeToString(sum[:])+`"}`)
	}
	return nil
}

func (e *encoder) writeServiceTier() error {
	tier := e.get("service_tier")
	switch tier.Str {
	case "auto":
		e.raw("service_tier", `"auto"`)
	case "default", "standard_only":
		e.raw("service_tier", `"standard_only"`)
	default:
		if tier.Exists() {
			e.drop("service_tier")
		}
	}
	return nil
}

// extras are the fields of Anthropic's that are passed on when OpenAI's SDKs
// send them as extra_body.
var extras = [...]string{"inference_geo", "context_management", "container", "speed", "fallbacks", "input_transformations", "diagnostics"}

func (e *encoder) writeExtras() error {
	for _, name := range extras {
		if v := e.get(name); !isInert(v) {
			e.raw(name, v.Raw)
		}
	}
	return nil
}
