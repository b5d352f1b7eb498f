package chat

import (
	"bytes"
	"slices"

	"github.com/tidwall/gjson"
)

// WithModel returns the body with the value of the top-level field "model"
// replaced and every other byte as the client sent it. The result may be Raw
// itself, so it must not be modified.
//
// The body is cut at the places that Parse found. sjson, the usual means, would
// search for them again and does not promise to leave the rest as it was.
func (r *Request) WithModel(model string) []byte {
	if model == r.Model {
		return r.Raw
	}
	return r.patch(r.modelPatch(model))
}

// WithModelAndUsage does as WithModel and also sets stream_options.include_usage,
// for a provider that is to report the usage of a stream whose client did not
// ask for it. The request must be one with Stream set.
func (r *Request) WithModelAndUsage(model string) []byte {
	if r.IncludeUsage {
		return r.WithModel(model)
	}
	return r.patch(r.modelPatch(model), r.usagePatch())
}

// patch replaces body[at:end] by text.
type patch struct {
	at, end int
	text    string
}

func (r *Request) patch(patches ...patch) []byte {
	size := len(r.Raw)
	for _, p := range patches {
		size += len(p.text)
	}
	slices.SortFunc(patches, func(a, b patch) int { return a.at - b.at })
	body, done := make([]byte, 0, size), 0
	for _, p := range patches {
		body = append(append(body, r.Raw[done:p.at]...), p.text...)
		done = p.end
	}
	return append(body, r.Raw[done:]...)
}

func (r *Request) modelPatch(model string) patch {
	return replace(r.fields.get("model"), string(gjson.AppendJSONString(nil, model)))
}

func replace(old gjson.Result, text string) patch {
	return patch{old.Index, old.Index + len(old.Raw), text}
}

func (r *Request) usagePatch() patch {
	const usage = `"include_usage":true`
	options := r.fields.get("stream_options")
	switch old := options.Get("include_usage"); {
	case old.Exists():
		return replace(old, "true")
	case options.IsObject():
		return insertFirst(options, usage)
	case options.Exists(): // null
		return replace(options, "{"+usage+"}")
	}
	end := bytes.LastIndexByte(r.Raw, '}')
	return patch{end, end, `,"stream_options":{` + usage + `}`}
}

// insertFirst puts a member at the front of an object.
func insertFirst(object gjson.Result, member string) patch {
	for range Members(object.Raw) {
		member += ","
		break
	}
	at := object.Index + 1
	return patch{at, at, member}
}
