package responses

import (
	"strconv"
	"strings"
)

// clientNames are the fields of Chat Completions that are called otherwise here.
var clientNames = map[string]string{
	"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens",
	"reasoning_effort": "reasoning.effort", "verbosity": "text.verbosity",
	"response_format": "text.format", "logprobs": "include",
}

// path turns the path of a parameter of the translated request into that of the
// one the client sent. Within a message or a tool it may name the whole: an
// assistant message is made of several items.
func (t *Translation) path(path string) string {
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		end = len(path)
	}
	field, rest := path[:end], path[end:]
	switch field {
	case "messages":
		return origin(t.messages, field, rest)
	case "tools":
		return origin(t.functions, field, rest)
	}
	name, ok := clientNames[field]
	if !ok {
		return path
	}
	return name
}

// origin is the path of what rest, such as "[3].content", begins with the index of.
func origin(paths []string, field, rest string) string {
	digits, _, _ := strings.Cut(strings.TrimPrefix(rest, "["), "]")
	if i, err := strconv.Atoi(digits); err == nil && 0 <= i && i < len(paths) {
		return paths[i]
	}
	if field == "messages" {
		return "input"
	}
	return field
}
