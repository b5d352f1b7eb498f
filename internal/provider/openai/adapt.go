package openai

import (
	"bytes"
	"strings"

	"github.com/tidwall/gjson"
)

// adapt renames or leaves out top-level fields of a chat request; see
// Config.Params. It returns the names of those left out; body must hold "model",
// which always stays. A null is a field too: a server that refuses unknown
// fields refuses them with any value.
func adapt(body []byte, params map[string]string) (_ []byte, dropped []string) {
	if !mentions(body, params) {
		return body, nil
	}
	all := membersOf(body)
	var edits []edit
	kept := -1 // the last member that stays
	for i, m := range all {
		name, concerned := params[m.key.Str]
		if concerned && (name == "" || all.has(name)) {
			if m.value.Type != gjson.Null {
				dropped = append(dropped, strings.Clone(m.key.Str))
			}
			continue
		}
		if kept+1 < i { // each goes with the comma behind it
			edits = append(edits, edit{all[kept+1].key.Index, m.key.Index, ""})
		}
		if concerned {
			edits = append(edits, edit{m.key.Index, m.key.Index + len(m.key.Raw), `"` + name + `"`})
		}
		kept = i
	}
	if last := len(all) - 1; kept < last { // or before it, where none follows
		edits = append(edits, edit{all[kept].end(), all[last].end(), ""})
	}
	return apply(body, edits), dropped
}

// mentions is a quick look for names that hardly any request has.
func mentions(body []byte, params map[string]string) bool {
	for name := range params {
		if bytes.Contains(body, []byte(`"`+name+`"`)) {
			return true
		}
	}
	return false
}

type member struct{ key, value gjson.Result }

func (m member) end() int { return m.value.Index + len(m.value.Raw) }

type members []member

func membersOf(body []byte) (all members) {
	parse(body).ForEach(func(key, value gjson.Result) bool {
		all = append(all, member{key, value})
		return true
	})
	return all
}

func (all members) has(name string) bool {
	for _, m := range all {
		if m.key.Str == name {
			return true
		}
	}
	return false
}
