package messages

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"github.com/tidwall/gjson"
)

// maxToolName is the longest name of a function in Chat Completions; that of the
// Messages API is 128, and names of MCP tools reach it.
const maxToolName = 64

// toolName is the name under which a tool is known upstream. A long one is cut
// and ends in a hash of the whole, so that it is the same in each turn.
func toolName(name string) string {
	if len(name) <= maxToolName {
		return name
	}
	sum := sha256.Sum256([]byte(name))
	end := "_" + hex.EncodeToString(sum[:4])
	return strings.ToValidUTF8(name[:maxToolName-len(end)], "") + end
}

// names gives back what toolName cut, by the cut name. It is nil when all names
// were short.
type names map[string]string

func (n *names) add(full string) {
	if short := toolName(full); short != full {
		if *n == nil {
			*n = make(names)
		}
		(*n)[short] = full
	}
}

// restore is the client's name of a tool that the model called, as raw JSON.
func (n names) restore(name gjson.Result) string {
	if full, ok := n[name.Str]; ok {
		return string(appendString(nil, full))
	}
	return rawString(name)
}

// foreignID marks the ids of tool calls that the Messages API would not take,
// such as "functions.Bash:0". They are sent to the client in letters that it
// takes, since the conversation may go on with a provider that checks, and
// decoded when they come back.
const foreignID = "fallow_"

// clientID is the id of a tool call as raw JSON for the client.
func clientID(id gjson.Result) string {
	if isWord(id.Str) && !strings.HasPrefix(id.Str, foreignID) {
		return id.Raw
	}
	return `"` + foreignID + base64.RawURLEncoding.EncodeToString([]byte(id.Str)) + `"`
}

// upstreamID undoes clientID.
func upstreamID(id gjson.Result) string {
	if text, ok := strings.CutPrefix(id.Str, foreignID); ok {
		if plain, err := base64.RawURLEncoding.DecodeString(text); err == nil {
			return string(appendString(nil, string(plain)))
		}
	}
	return rawString(id)
}
